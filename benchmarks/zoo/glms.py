"""Regressions of counts, yes and no, marks, shares and times."""

from __future__ import annotations

import numpy as np
import pymc as pm
from scipy import special

from benchmarks.zoo.entry import Entry


def wells() -> pm.Model:
    rng = np.random.default_rng(201)
    distance, arsenic = rng.gamma(1.6, 30, 1000).clip(1, 300), 0.5 + rng.gamma(1.3, 0.9, 1000)
    school, member = rng.choice([0, 0, 4, 5, 8, 10, 12], 1000), rng.binomial(1, 0.42, 1000)
    logit = -0.16 - 0.009 * distance + 0.47 * arsenic + 0.04 * school - 0.12 * member
    x = np.column_stack([distance, arsenic, school, member])
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 5), pm.Normal("b", 0, 2, shape=4)
        pm.Bernoulli("switched", logit_p=a + x @ b, observed=rng.random(1000) < special.expit(logit))
    return model


def traps() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Raw columns of 262 flats (roaches before, treated, senior building), days of exposure, roaches after."""
    rng = np.random.default_rng(202)
    before = np.where(rng.random(262) < 0.3, 0, rng.gamma(0.6, 90, 262)).round().clip(0, 300)
    treated, senior = rng.binomial(1, 0.6, 262), rng.binomial(1, 0.3, 262)
    exposure = rng.choice([0.8, 1.0, 1.0, 1.1, 1.3], 262)
    mean = exposure * np.exp(2.8 + 0.007 * before - 0.5 * treated - 0.4 * senior)
    after = rng.poisson(mean * rng.gamma(1.5, 1 / 1.5, 262))
    return np.column_stack([before, treated, senior]), exposure, after


def roaches_poisson() -> pm.Model:
    x, exposure, after = traps()
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 5), pm.Normal("b", 0, 2.5, shape=3)
        pm.Poisson("roaches", pm.math.exp(a + x @ b + np.log(exposure)), observed=after)
    return model


def roaches_negative_binomial() -> pm.Model:
    x, exposure, after = traps()
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 5), pm.Normal("b", 0, 2.5, shape=3)
        mean = pm.math.exp(a + x @ b + np.log(exposure))
        pm.NegativeBinomial("roaches", mu=mean, alpha=pm.Exponential("alpha", 0.2), observed=after)
    return model


def poisson_on_age() -> pm.Model:
    rng = np.random.default_rng(21)
    age = rng.uniform(20, 80, 150)
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 5), pm.Normal("b", 0, 1)
        pm.Poisson("y", pm.math.exp(a + b * age), observed=rng.poisson(np.exp(-1 + 0.04 * age)))
    return model


def ordered_logistic() -> pm.Model:
    rng = np.random.default_rng(203)
    x = np.column_stack([rng.binomial(1, 0.5, 400), rng.normal(0, 1, 400)])
    latent = x @ np.array([0.8, -0.6]) + rng.logistic(size=400)
    with pm.Model() as model:
        b = pm.Normal("b", 0, 2, shape=2)
        start = np.array([-2.0, -1.0, 0.0, 1.0])
        cuts = pm.Normal("cuts", 0, 3, shape=4, transform=pm.distributions.transforms.ordered, initval=start)
        pm.OrderedLogistic("mark", eta=x @ b, cutpoints=cuts, observed=np.digitize(latent, [-1.8, -0.4, 0.7, 2.0]))
    return model


def bioassay() -> pm.Model:
    dose = np.array([-0.86, -0.30, -0.05, 0.73])
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 2), pm.Normal("b", 10, 10)
        pm.Binomial("deaths", n=5, logit_p=a + b * dose, observed=[0, 1, 3, 5])
    return model


def challenger() -> pm.Model:
    degrees = [66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58]
    failed = [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1]
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 20), pm.Normal("b", 0, 1)
        pm.Bernoulli("failed", logit_p=a + b * np.array(degrees), observed=failed)
    return model


def softmax() -> pm.Model:
    """Three classes, the first as the reference, from two measurements in millimetres."""
    rng = np.random.default_rng(204)
    kind = np.repeat([0, 1, 2], 60)
    means = np.array([[14.0, 60.0], [20.0, 63.0], [23.0, 67.0]])
    x = rng.normal(means[kind], [4, 5])
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 10, shape=2), pm.Normal("b", 0, 2, shape=(2, 2))
        logits = pm.math.concatenate([np.zeros((180, 1)), a + x @ b], axis=1)
        pm.Categorical("kind", logit_p=logits, observed=kind)
    return model


def claims() -> pm.Model:
    rng = np.random.default_rng(205)
    age, power = rng.uniform(18, 80, 300), rng.integers(4, 13, 300)
    mean = np.exp(7.5 - 0.012 * age + 0.05 * power)
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 10), pm.Normal("b", 0, 1, shape=2)
        alpha, mu = pm.Exponential("alpha", 0.5), pm.math.exp(a + b[0] * age + b[1] * power)
        pm.Gamma("claim", alpha=alpha, beta=alpha / mu, observed=rng.gamma(1.4, mean / 1.4))
    return model


def gasoline() -> pm.Model:
    """Share of crude oil that becomes petrol, on raw degrees Fahrenheit."""
    rng = np.random.default_rng(206)
    degrees = rng.uniform(205, 444, 60)
    mean, size = special.expit(-4.5 + 0.0095 * degrees), 100
    share = rng.beta(mean * size, (1 - mean) * size)
    with pm.Model() as model:
        a, b, kappa = pm.Normal("a", 0, 10), pm.Normal("b", 0, 1), pm.HalfNormal("kappa", 200)
        mu = pm.math.invlogit(a + b * degrees)
        pm.Beta("share", alpha=mu * kappa, beta=(1 - mu) * kappa, observed=share)
    return model


def survival() -> pm.Model:
    """Weibull times of 150 patients, a third of them still alive; time enters by its log density and survival."""
    rng = np.random.default_rng(207)
    treated, age = rng.binomial(1, 0.5, 150), rng.normal(60, 10, 150)
    time = np.exp(5.2 + 0.5 * treated - 0.02 * age) * rng.weibull(1.4, 150)
    end = rng.uniform(20, 120, 150)
    dead, seen = time <= end, np.minimum(time, end)
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 10), pm.Normal("b", 0, 1, shape=2)
        k = pm.Gamma("k", 2, 1)
        log_ratio = np.log(seen) - (a + b[0] * treated + b[1] * age)
        hazard = pm.math.log(k) + k * log_ratio - np.log(seen)
        pm.Potential("survival", (dead * hazard - pm.math.exp(k * log_ratio)).sum())
    return model


def zero_inflated() -> pm.Model:
    rng = np.random.default_rng(208)
    people, child = rng.integers(1, 5, 250), rng.integers(0, 4, 250)
    fish = rng.binomial(1, 0.6, 250) * rng.poisson(np.exp(0.3 + 0.5 * people - 0.8 * child))
    with pm.Model() as model:
        a, b, psi = pm.Normal("a", 0, 3), pm.Normal("b", 0, 2, shape=2), pm.Beta("psi", 1, 1)
        mu = pm.math.exp(a + b[0] * people + b[1] * child)
        pm.ZeroInflatedPoisson("fish", psi=psi, mu=mu, observed=fish)
    return model


BDA = "Gelman et al. 2013"
ENTRIES = {
    "wells": Entry(wells, "Logistic regression on metres and arsenic, as Gelman & Hill 2007, ch. 5; simulated"),
    "roaches-poisson": Entry(roaches_poisson, "Counts with exposure, as Gelman & Hill 2007, ch. 6; simulated"),
    "roaches-negbin": Entry(roaches_negative_binomial, "The same counts, negative binomial; simulated"),
    "poisson-age": Entry(poisson_on_age, "Counts on raw ages 20-80; simulated"),
    "ordered-logistic": Entry(ordered_logistic, "Five ordered answers, as McCullagh 1980; simulated"),
    "bioassay": Entry(bioassay, f"Deaths at four doses: Racine et al. 1986, with the prior of {BDA}, sec. 3.7"),
    "challenger": Entry(challenger, "O-ring failures on degrees Fahrenheit: Dalal, Fowlkes & Hoadley 1989"),
    "softmax": Entry(softmax, "Three species from two measurements, as Fisher 1936; simulated"),
    "claims": Entry(claims, "Gamma regression of claims, as McCullagh & Nelder 1989, ch. 8; simulated"),
    "gasoline": Entry(gasoline, "Beta regression, as Ferrari & Cribari-Neto 2004; simulated"),
    "survival": Entry(survival, "Weibull regression with censored times, as Kalbfleisch & Prentice 2002; simulated"),
    "zero-inflated": Entry(zero_inflated, "Fish caught, many none, as Lambert 1992; simulated"),
}
