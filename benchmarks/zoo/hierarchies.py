"""Groups: growth curves, hospitals, schools, counties, pupils and items."""

from __future__ import annotations

from functools import partial

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from scipy import special

from benchmarks.zoo.entry import Entry

EFFECTS = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
STANDARD_ERRORS = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])


def rats() -> pm.Model:
    """Weights of 30 rats on five days, in grams: each rat has its own line."""
    rng = np.random.default_rng(301)
    day = np.array([8.0, 15, 22, 29, 36]) - 22
    level, slope = rng.normal(243, 14, 30), rng.normal(6.2, 0.5, 30)
    weight = rng.normal(level[:, None] + slope[:, None] * day, 6)
    with pm.Model() as model:
        mu_a, mu_b = pm.Normal("mu_a", 250, 50), pm.Normal("mu_b", 6, 5)
        a = pm.Normal("a", mu_a, pm.HalfNormal("sigma_a", 30), shape=30)
        b = pm.Normal("b", mu_b, pm.HalfNormal("sigma_b", 2), shape=30)
        mu = a[:, None] + b[:, None] * day
        pm.Normal("weight", mu, pm.HalfNormal("sigma", 20), observed=weight)
    return model


def seeds() -> pm.Model:
    """Seeds that germinate on 21 plates, two by two kinds."""
    rng = np.random.default_rng(302)
    kind, extract = np.repeat([0, 1], [11, 10]), np.tile([0, 1], 11)[:21]
    n = rng.integers(10, 80, 21)
    logit = rng.normal(-0.55 + 0.1 * kind + 1.3 * extract - 0.8 * kind * extract, 0.3)
    x = np.column_stack([kind, extract, kind * extract])
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 2), pm.Normal("b", 0, 2, shape=3)
        z, sigma = pm.Normal("z", 0, 1, shape=21), pm.HalfNormal("sigma", 1)
        observed = rng.binomial(n, special.expit(logit))
        pm.Binomial("germinated", n=n, logit_p=a + x @ b + sigma * z, observed=observed)
    return model


def pumps() -> pm.Model:
    hours = np.array([94.3, 15.7, 62.9, 126, 5.24, 31.4, 1.05, 1.05, 2.1, 10.5])
    with pm.Model() as model:
        alpha, beta = pm.Exponential("alpha", 1), pm.Gamma("beta", 0.1, 1)
        rate = pm.Gamma("rate", alpha, beta, shape=10)
        pm.Poisson("failures", rate * hours, observed=[5, 1, 5, 14, 3, 19, 1, 1, 4, 22])
    return model


def surgical() -> pm.Model:
    n = [47, 148, 119, 810, 211, 196, 148, 215, 207, 97, 256, 360]
    r = [0, 18, 8, 46, 8, 13, 9, 31, 14, 8, 29, 24]
    with pm.Model() as model:
        mu, sigma = pm.Normal("mu", 0, 5), pm.HalfNormal("sigma", 1)
        b = pm.Normal("b", mu, sigma, shape=12)
        pm.Binomial("deaths", n=n, logit_p=b, observed=r)
    return model


def dogs() -> pm.Model:
    """30 dogs, 25 trials each: shocks received and avoided so far make the next shock less likely."""
    rng = np.random.default_rng(303)
    shocked, avoided, shock = np.zeros((30, 25)), np.zeros((30, 25)), np.zeros((30, 25))
    for t in range(25):
        shocked[:, t], avoided[:, t] = shock[:, :t].sum(axis=1), (1 - shock[:, :t]).sum(axis=1)
        shock[:, t] = rng.random(30) < special.expit(1.8 - 0.25 * avoided[:, t] - 0.2 * shocked[:, t])
    with pm.Model() as model:
        b = pm.Normal("b", 0, 2, shape=3)
        pm.Bernoulli("shock", logit_p=b[0] + b[1] * avoided + b[2] * shocked, observed=shock)
    return model


def eight_schools(centred: bool, twin: bool = False) -> pm.Model:
    """`twin`: the non-centred form, for the draws of the centred one."""
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 5), pm.HalfCauchy("tau", 5)
        if centred:
            theta = pm.Normal("theta", mu, tau, shape=8)
        else:
            theta = mu + tau * pm.Normal("z", 0, 1, shape=8)
            theta = pm.Deterministic("theta", theta) if twin else theta
        pm.Normal("y", theta, STANDARD_ERRORS, observed=EFFECTS)
    return model


def radon() -> pm.Model:
    """Log radon of 919 houses in 85 counties, some with one house: the county's own level, and the floor."""
    rng = np.random.default_rng(304)
    size = 1 + rng.multinomial(919 - 85, rng.dirichlet(np.full(85, 0.6)))
    county, floor = np.repeat(np.arange(85), size), rng.binomial(1, 0.17, 919)
    uranium = rng.normal(0, 0.4, 85)
    level = rng.normal(1.45 + 0.7 * uranium, 0.25)
    y = rng.normal(level[county] - 0.67 * floor, 0.75)
    with pm.Model() as model:
        a, b, c = pm.Normal("a", 0, 5), pm.Normal("b", 0, 2), pm.Normal("c", 0, 2)
        z, sigma_a = pm.Normal("z", 0, 1, shape=85), pm.HalfNormal("sigma_a", 1)
        levels = a + c * uranium + sigma_a * z
        pm.Normal("y", levels[county] + b * floor, pm.HalfNormal("sigma", 2), observed=y)
    return model


def rasch() -> pm.Model:
    rng = np.random.default_rng(305)
    right = rng.random((100, 10)) < special.expit(rng.normal(0, 1.2, (100, 1)) - np.linspace(-2, 2, 10))
    with pm.Model() as model:
        sigma = pm.HalfNormal("sigma", 2)
        ability, difficulty = pm.Normal("ability", 0, 1, shape=100), pm.Normal("difficulty", 0, 2, shape=10)
        logit = sigma * ability[:, None] - difficulty
        pm.Bernoulli("right", logit_p=logit, observed=right)
    return model


def batting() -> pm.Model:
    """Hits of 18 players in their first 45 times at bat."""
    rng = np.random.default_rng(306)
    hits = rng.binomial(45, rng.beta(30, 84, 18))
    with pm.Model() as model:
        mean, kappa = pm.Beta("mean", 2, 5), pm.Gamma("kappa", 2, 0.02)
        p = pm.Beta("p", mean * kappa, (1 - mean) * kappa, shape=18)
        pm.Binomial("hits", n=45, p=p, observed=hits)
    return model


def varying_slopes() -> pm.Model:
    """20 cafés, mornings and afternoons: level and slope correlated from café to café."""
    rng = np.random.default_rng(307)
    cafe, afternoon = np.repeat(np.arange(20), 10), np.tile([0, 1], 100)
    own = rng.multivariate_normal([3.5, -1], [[1, -0.35], [-0.35, 0.25]], 20)
    wait = rng.normal(own[cafe, 0] + own[cafe, 1] * afternoon, 0.5)
    with pm.Model() as model:
        ab = pm.Normal("ab", [5, -1], [2, 1], shape=2)
        sd = pm.Exponential.dist(1, shape=2)
        chol, _, _ = pm.LKJCholeskyCov("chol", n=2, eta=2, sd_dist=sd, compute_corr=True, store_in_trace=False)
        own_ab = ab + pt.dot(pm.Normal("z", 0, 1, shape=(20, 2)), chol.T)
        mu = own_ab[cafe, 0] + own_ab[cafe, 1] * afternoon
        pm.Normal("wait", mu, pm.Exponential("sigma", 1), observed=wait)
    return model


CENTRED = {"hard": "funnel: mode at the edge", "twin": partial(eight_schools, centred=False, twin=True)}
ENTRIES = {
    "rats": Entry(rats, "Growth of 30 rats, centred, as Gelfand et al. 1990; simulated"),
    "seeds": Entry(seeds, "Germination on 21 plates, as Crowder 1978; simulated"),
    "pumps": Entry(pumps, "Failures of ten pumps: George, Makov & Smith 1993"),
    "surgical": Entry(surgical, "Deaths in 12 hospitals, no bound at scale zero: Spiegelhalter et al. 1996"),
    "dogs": Entry(dogs, "Avoidance learning of 30 dogs, as Solomon & Wynne 1953; simulated"),
    "eight-schools": Entry(partial(eight_schools, centred=False), "Eight schools, non-centred: Rubin 1981"),
    "eight-schools-centred": Entry(partial(eight_schools, centred=True), "Eight schools: Rubin 1981", **CENTRED),
    "radon": Entry(radon, "Radon in 85 counties, as Gelman & Hill 2007, ch. 12; simulated"),
    "rasch": Entry(rasch, "100 persons, ten items: Rasch 1960; simulated"),
    "batting": Entry(batting, "Batting averages of 18 players, as Efron & Morris 1975; simulated"),
    "varying-slopes": Entry(varying_slopes, "Waiting in 20 cafés, as McElreath 2020, ch. 14; simulated"),
}
