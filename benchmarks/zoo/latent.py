"""Gaussian processes, mixtures, sparse regressions, covariances, factors."""

from __future__ import annotations

from functools import partial

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from benchmarks.zoo.entry import Entry

LINE = np.linspace(-2, 2, 11)


def gp_regression() -> pm.Model:
    rng = np.random.default_rng(501)
    x = np.sort(rng.uniform(0, 10, 30))
    y = rng.normal(np.sin(x) + 0.1 * x, 0.25)
    with pm.Model() as model:
        length, height = pm.InverseGamma("length", 5, 8), pm.HalfNormal("height", 2)
        gp = pm.gp.Marginal(cov_func=height**2 * pm.gp.cov.ExpQuad(1, ls=length))
        gp.marginal_likelihood("y", X=x[:, None], y=y, sigma=pm.HalfNormal("sigma", 1))
    return model


def gp_counts() -> pm.Model:
    """Eleven counts, whose log rate is a latent Gaussian process with unknown length and height."""
    counts = np.random.default_rng(502).poisson(np.exp(1 + np.sin(2 * LINE)))
    with pm.Model() as model:
        length, height = pm.InverseGamma("length", 5, 5), pm.HalfNormal("height", 2)
        z = pm.Normal("z", 0, 1, shape=11)
        distance = np.subtract.outer(LINE, LINE) ** 2
        covariance = pt.exp(-0.5 * distance / length**2) + 1e-6 * np.eye(11)
        log_rate = pm.Normal("a", 0, 2) + height * (pt.linalg.cholesky(covariance) @ z)
        pm.Poisson("counts", pt.exp(log_rate), observed=counts)
    return model


def waits() -> np.ndarray:
    """120 waits between eruptions, in minutes, short and long."""
    rng = np.random.default_rng(503)
    return rng.normal(np.where(rng.random(120) < 0.36, 54.5, 80), 5.9)


def mixture() -> pm.Model:
    ordered = pm.distributions.transforms.ordered
    with pm.Model() as model:
        w, sigma = pm.Beta("w", 2, 2), pm.HalfNormal("sigma", 20, shape=2)
        mu = pm.Normal("mu", 70, 20, shape=2, transform=ordered, initval=np.array([60.0, 80.0]))
        pm.NormalMixture("wait", w=pt.stack([w, 1 - w]), mu=mu, sigma=sigma, observed=waits())
    return model


def sparse() -> tuple[np.ndarray, np.ndarray]:
    """60 rows of ten columns, of which three matter."""
    rng = np.random.default_rng(504)
    x = rng.normal(size=(60, 10))
    slopes = np.zeros(10)
    slopes[[0, 3, 7]] = 2, -1.5, 0.6
    return x, rng.normal(x @ slopes, 1)


def horseshoe() -> pm.Model:
    x, y = sparse()
    with pm.Model() as model:
        tau, own = pm.HalfCauchy("tau", 0.1), pm.HalfCauchy("own", 1, shape=10)
        z, sigma = pm.Normal("z", 0, 1, shape=10), pm.HalfNormal("sigma", 3)
        pm.Normal("y", x @ (z * own * tau), sigma, observed=y)
    return model


def regularised_horseshoe() -> pm.Model:
    x, y = sparse()
    with pm.Model() as model:
        tau, own = pm.HalfCauchy("tau", 0.1), pm.HalfStudentT("own", nu=3, sigma=1, shape=10)
        slab, z = pm.InverseGamma("slab", 2, 8), pm.Normal("z", 0, 1, shape=10)
        width = tau * own * pt.sqrt(slab / (slab + tau**2 * own**2))
        pm.Normal("y", x @ (z * width), pm.HalfNormal("sigma", 3), observed=y)
    return model


def lkj() -> pm.Model:
    """50 draws of three correlated measurements: means, scales and correlations."""
    rng = np.random.default_rng(505)
    covariance = np.array([[4.0, 1.5, -0.6], [1.5, 1.0, 0.0], [-0.6, 0.0, 0.5]])
    y = rng.multivariate_normal([10, 0, 3], covariance, 50)
    with pm.Model() as model:
        sd = pm.HalfNormal.dist(3, shape=3)
        chol, _, _ = pm.LKJCholeskyCov("chol", n=3, eta=2, sd_dist=sd, compute_corr=True, store_in_trace=False)
        pm.MvNormal("y", mu=pm.Normal("mu", 0, 10, shape=3), chol=chol, observed=y)
    return model


def factor() -> pm.Model:
    """One factor behind five tests; the first loading is positive."""
    rng = np.random.default_rng(506)
    loadings = np.array([1.0, 0.8, 0.7, -0.6, 0.9])
    y = rng.normal(rng.normal(size=(200, 1)) * loadings, 0.6)
    with pm.Model() as model:
        first, rest = pm.HalfNormal("first", 2), pm.Normal("rest", 0, 2, shape=4)
        load, noise = pt.concatenate([first[None], rest]), pm.HalfNormal("noise", 1, shape=5)
        covariance = pt.outer(load, load) + pt.diag(noise**2)
        pm.MvNormal("y", mu=np.zeros(5), cov=covariance, observed=y)
    return model


def mirrored(twin: bool = False) -> pm.Model:
    """Two slopes of which only the product shows; `twin`: both positive, and then a coin for the sign of both."""
    rng = np.random.default_rng(507)
    x = rng.normal(size=50)
    with pm.Model() as model:
        if twin:
            u, v, coin = pm.HalfNormal("u_size", 1), pm.HalfNormal("v_size", 1), pm.Normal("coin", 0, 1)
            pm.Deterministic("u", pt.sign(coin) * u)
            pm.Deterministic("v", pt.sign(coin) * v)
        else:
            u, v = pm.Normal("u", 0, 1), pm.Normal("v", 0, 1)
        pm.Normal("y", u * v * x, 0.5, observed=rng.normal(1.2 * x, 0.5))
    return model


def exchangeable(twin: bool = False) -> pm.Model:
    """Two normals of equal weights, means in no order; `twin`: in order, and then a coin for which comes first."""
    with pm.Model() as model:
        sigma = pm.HalfNormal("sigma", 20)
        if twin:
            ordered = pm.distributions.transforms.ordered
            mu = pm.Normal("in_order", 70, 20, shape=2, transform=ordered, initval=np.array([60.0, 80.0]))
            pm.Deterministic("mu", pt.where(pm.Normal("coin", 0, 1) > 0, mu, mu[::-1]))
        else:
            mu = pm.Normal("mu", 70, 20, shape=2)
        pm.NormalMixture("wait", w=[0.5, 0.5], mu=mu, sigma=sigma, observed=waits())
    return model


def two_images(model, about: str) -> Entry:
    return Entry(model, about, unimodal=False, hard="mirror images", twin=partial(model, twin=True))


ENTRIES = {
    "gp-regression": Entry(gp_regression, "Gaussian process, three hyperparameters, 30 points; simulated"),
    "gp-counts": Entry(gp_counts, "Latent Gaussian process of 11 counts; simulated", hard="funnel: height and z"),
    "mixture": Entry(mixture, "Two normals, means in order, as Azzalini & Bowman 1990; simulated"),
    "horseshoe": Entry(horseshoe, "Horseshoe: Carvalho et al. 2010; simulated", hard="funnels, tails of Cauchy"),
    "regularised-horseshoe": Entry(
        regularised_horseshoe, "Piironen & Vehtari 2017; simulated", hard="funnels, tails of Student's t"
    ),
    "lkj": Entry(lkj, "Covariance of three measurements, LKJ prior: Lewandowski et al. 2009; simulated"),
    "factor": Entry(
        factor, "One factor, five tests (and a false mode, first near 0), as Lawley & Maxwell 1971; simulated"
    ),
    "mirrored": two_images(mirrored, "A product of two slopes; simulated"),
    "exchangeable": two_images(exchangeable, "Two normals, means in no order, as Azzalini & Bowman 1990; simulated"),
}
