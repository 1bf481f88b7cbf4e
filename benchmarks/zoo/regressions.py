"""Linear regressions, most of them on raw columns: far from centred, and of very different scales."""

from __future__ import annotations

import numpy as np
import pymc as pm

from benchmarks.zoo.entry import Entry


def scores() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """IQ of 434 mothers, whether they finished school, and the scores of their children."""
    rng = np.random.default_rng(101)
    iq, school = rng.normal(100, 15, 434), rng.binomial(1, 0.79, 434)
    return iq, school, rng.normal(-11 + 51 * school + (1.1 - 0.48 * school) * iq, 18)


def score_on_iq() -> pm.Model:
    iq, _, score = scores()
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 100), pm.Normal("b", 0, 10)
        pm.Normal("score", a + b * iq, pm.HalfNormal("sigma", 50), observed=score)
    return model


def score_on_school() -> pm.Model:
    _, school, score = scores()
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 100), pm.Normal("b", 0, 50)
        pm.Normal("score", a + b * school, pm.HalfNormal("sigma", 50), observed=score)
    return model


def score_interaction() -> pm.Model:
    iq, school, score = scores()
    with pm.Model() as model:
        a, b_school = pm.Normal("a", 0, 100), pm.Normal("b_school", 0, 100)
        b_iq, both = pm.Normal("b_iq", 0, 10), pm.Normal("both", 0, 10)
        mu = a + b_school * school + b_iq * iq + both * school * iq
        pm.Normal("score", mu, pm.HalfNormal("sigma", 50), observed=score)
    return model


def log_earnings() -> pm.Model:
    rng = np.random.default_rng(102)
    male = rng.binomial(1, 0.4, 1200)
    height = np.round(rng.normal(64.5 + 5.5 * male, 2.7))
    earnings = rng.normal(8.4 + 0.017 * height - 0.08 * male + 0.007 * male * height, 0.88)
    with pm.Model() as model:
        a, b_height = pm.Normal("a", 0, 20), pm.Normal("b_height", 0, 1)
        b_male, both = pm.Normal("b_male", 0, 20), pm.Normal("both", 0, 1)
        mu = a + b_height * height + b_male * male + both * male * height
        pm.Normal("log_earnings", mu, pm.HalfNormal("sigma", 2), observed=earnings)
    return model


def tight() -> pm.Model:
    rng = np.random.default_rng(103)
    x = rng.normal(size=(1000, 6))
    y = rng.normal(2 + x @ np.array([1.0, -0.5, 0.3, 0.0, 2.0, -1.5]), 0.01)
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 10), pm.Normal("b", 0, 10, shape=6)
        pm.Normal("y", a + x @ b, pm.HalfNormal("sigma", 1), observed=y)
    return model


def temperature_trend() -> pm.Model:
    year = np.arange(1900, 2021)
    warmer = np.random.default_rng(104).normal(9 + 0.008 * (year - 1960), 0.45)
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 100), pm.Normal("b", 0, 1)
        pm.Normal("degrees", a + b * year, pm.HalfNormal("sigma", 5), observed=warmer)
    return model


def house_columns() -> tuple[np.ndarray, np.ndarray]:
    """24 columns of 400 houses, as they stand in the file, and the prices."""
    rng = np.random.default_rng(105)
    size = rng.gamma(9, 14, 400)  # of the house, in square metres
    year, rooms = rng.integers(1880, 2021, 400), np.round(1 + size / 28 + rng.normal(0, 0.8, 400))
    plot, distance = size * rng.gamma(6, 0.9, 400), rng.gamma(2, 4_000, 400)
    income, crime = rng.normal(42_000, 9_000, 400), rng.gamma(1.5, 2, 400)
    yes = rng.random((400, 9)) < np.array([0.5, 0.3, 0.1, 0.7, 0.6, 0.2, 0.15, 0.05, 0.4])
    marks = rng.integers(1, 11, (400, 4))
    air, noise = rng.normal(0.04, 0.012, 400), rng.normal(55, 8, 400)
    latitude, longitude = rng.normal(52.37, 0.04, 400), rng.normal(4.9, 0.06, 400)
    columns = [size, year, rooms, plot, distance, income, crime, *yes.T, *marks.T, air, noise, latitude, longitude]
    x = np.column_stack([np.asarray(c, float) for c in columns])
    slope = rng.normal(size=24) * 12_000 / x.std(axis=0)
    slope[0] = 2_100
    return x, 320_000 + (x - x.mean(axis=0)) @ slope + rng.normal(0, 40_000, 400)


def house_prices() -> pm.Model:
    x, price = house_columns()
    assert x.shape == (400, 24)
    with pm.Model() as model:
        a = pm.Normal("a", 0, 1e8)
        b = pm.Normal("b", 0, 1e6 / x.std(axis=0), shape=24)
        pm.Normal("price", a + x @ b, pm.HalfNormal("sigma", 2e5), observed=price)
    return model


def parabola() -> pm.Model:
    rng = np.random.default_rng(106)
    power = rng.gamma(8, 13, 392)
    miles = rng.normal(57 - 0.47 * power + 0.0012 * power**2, 4.4)
    with pm.Model() as model:
        a, b, c = pm.Normal("a", 0, 100), pm.Normal("b", 0, 10), pm.Normal("c", 0, 1)
        pm.Normal("miles", a + b * power + c * power**2, pm.HalfNormal("sigma", 20), observed=miles)
    return model


def robust() -> pm.Model:
    rng = np.random.default_rng(107)
    x = rng.uniform(0, 20, 100)
    y = 3 + 1.5 * x + rng.standard_t(3, 100)
    y[:6] += 25
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 20), pm.Normal("b", 0, 5)
        nu, sigma = pm.Gamma("nu", 2, 0.1), pm.HalfNormal("sigma", 10)
        pm.StudentT("y", nu=nu, mu=a + b * x, sigma=sigma, observed=y)
    return model


def ridge() -> pm.Model:
    """Ten columns, pairwise nearly the same, with one scale for all slopes."""
    rng = np.random.default_rng(108)
    half = rng.normal(size=(80, 5))
    x = np.hstack([half, half + 0.1 * rng.normal(size=(80, 5))])
    y = rng.normal(x @ rng.normal(0, 0.7, 10), 1)
    with pm.Model() as model:
        tau = pm.HalfNormal("tau", 1)
        a, b = pm.Normal("a", 0, 5), pm.Normal("b", 0, tau, shape=10)
        pm.Normal("y", a + x @ b, pm.HalfNormal("sigma", 5), observed=y)
    return model


GELMAN_HILL = "Gelman & Hill 2007"
ENTRIES = {
    "score-iq": Entry(score_on_iq, f"Test score on mother's raw IQ, as {GELMAN_HILL}, ch. 3; simulated"),
    "score-school": Entry(score_on_school, f"Test score on one indicator, as {GELMAN_HILL}, ch. 3; simulated"),
    "score-interaction": Entry(score_interaction, f"Test score with interaction, as {GELMAN_HILL}, ch. 3; simulated"),
    "log-earnings": Entry(log_earnings, f"Log earnings on inches and sex, as {GELMAN_HILL}, ch. 4; simulated"),
    "tight": Entry(tight, "1,000 rows, 6 columns, hardly any noise; simulated"),
    "temperature-trend": Entry(temperature_trend, "Temperature on the raw year, 1900-2020; simulated"),
    "house-prices": Entry(house_prices, "Prices on 24 raw columns, of scales from 0.01 to 10,000; simulated"),
    "parabola": Entry(parabola, "Miles per gallon on horse power and its square, as James et al. 2013; simulated"),
    "robust": Entry(robust, "Student-t regression with outliers, as Lange, Little & Taylor 1989; simulated"),
    "ridge": Entry(ridge, "Ridge with a learnt penalty, columns nearly the same in pairs; simulated"),
}
