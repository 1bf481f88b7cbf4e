"""The shared problems of the course, each with the best that its family can do: for PyMC, for NumPyro, and published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pymc as pm
from scipy import special, stats

from helpers.fits import FlatModel, GaussianFit
from helpers.models import moons, sensor_data
from helpers.truth import best_gaussian, best_gaussian_2d, divergences, loss_2d, targets

DRAWS = 20_000  # to estimate an ELBO with


@dataclass(frozen=True)
class Problem:
    """A posterior and a family of Gaussians.

    Parameters
    ----------
    model, numpyro_model : callable
        Without arguments: the PyMC model; the NumPyro model, whose sites have the same names (it is given a batch).
    best : callable
        Without arguments: the largest ELBO of the family, in nats.
    allowed : float
        A fit has arrived when its ELBO is at most so many nats behind the best.
    published : dict
        Arguments of `pm.fit` in the source; PyMC's own defaults where the source is not about PyMC.
    starts : int
        Fits from that many draws of the prior, of which the best counts; 0: one fit from the default start.
    minibatch : bool
        Fit by batches of 500 rows of "x".
    draws : tuple of int
        How many draws in each step are tried.
    setting : tuple of (float, bool, int), optional
        The chapter's (rate, whether it decays, draws), where tuning by short fits leads astray: of the minibatches the
        rate 0.1, ahead after 1,000 steps, stays 9 nats behind.
    """

    model: Callable
    numpyro_model: Callable
    best: Callable
    allowed: float
    published: dict
    family: str = "mean-field"
    starts: int = 0
    minibatch: bool = False
    draws: tuple[int, ...] = (1, 8)
    setting: tuple[float, bool, int] | None = None

    @property
    def start_sd(self) -> float:
        """Standard deviation of q at the start."""
        return 0.1 if self.minibatch or self.starts else 1.0

    def flat(self) -> FlatModel:
        return FlatModel(self.model(), minibatch="x") if self.minibatch else FlatModel(self.model())

    def behind(self, fit: GaussianFit) -> float:
        """Nats of ELBO behind the best of the family."""
        if self.minibatch:
            return self.best() - sensors_elbo(fit)
        return self.best() - (quadrature_elbo(fit) if fit.model.size <= 2 else fit.elbo(DRAWS, seed=1)[0])


def quadrature_elbo(fit: GaussianFit, points: int = 100) -> float:
    """ELBO of a Gaussian over one or two parameters, by Gauss–Hermite quadrature."""
    node, weight = np.polynomial.hermite_e.hermegauss(points)
    nodes = np.stack(np.meshgrid(*[node] * fit.model.size), axis=-1).reshape(-1, fit.model.size)
    weights = np.prod(np.stack(np.meshgrid(*[weight / weight.sum()] * fit.model.size), axis=-1), axis=-1).ravel()
    log_p = np.asarray(fit.model.log_densities(fit.mean + nodes @ fit.factor.T))
    return weights @ log_p + np.log(np.diag(fit.factor)).sum() + fit.model.size / 2 * np.log(2 * np.pi * np.e)


# One parameter


def student_t():
    with pm.Model() as model:
        pm.StudentT("theta", nu=3)
    return model


def student_t_numpyro():
    numpyro.sample("theta", dist.StudentT(3.0))


def logit_beta():
    with pm.Model() as model:
        pm.Beta("theta", 1001, 2)
    return model


def logit_beta_numpyro():
    numpyro.sample("theta", dist.Beta(1001.0, 2.0))


def best_1d(target: targets.Target) -> float:
    """The densities are normalised: the largest ELBO is the least KL divergence, with its sign turned."""
    return -divergences.kl(best_gaussian(target, "KL(q‖p)"), target)


# Logistic regression


@cache
def climbers():
    rng = np.random.default_rng(303)
    x = rng.normal(size=100)
    return x, (rng.random(100) < special.expit(-1 + 2 * x)).astype(int)


def logistic():
    x, y = climbers()
    with pm.Model() as model:
        w = pm.Normal("w", 0, 5, shape=2)
        pm.Bernoulli("y", logit_p=w[0] + w[1] * x, observed=y)
    return model


def logistic_numpyro():
    x, y = climbers()
    w = numpyro.sample("w", dist.Normal(jnp.zeros(2), 5).to_event(1))
    numpyro.sample("y", dist.Bernoulli(logits=w[0] + w[1] * x), obs=y)


def logistic_best(full_rank: bool) -> float:
    x, y = climbers()

    def log_p(w):
        z = w[..., :1] + w[..., 1:] * x
        return (y * z - np.logaddexp(0, z)).sum(-1) + stats.norm.logpdf(w, 0, 5).sum(-1)

    return -loss_2d(log_p, *best_gaussian_2d(log_p, np.array([-1.0, 2.0]), 0.1 * np.eye(2), full_rank=full_rank))


# Two modes


def mixture():
    with pm.Model() as model:
        pm.NormalMixture("w", w=[0.2, 0.8], mu=[-0.3, 0.5], sigma=[0.1, 0.1])
    return model


def mixture_numpyro():
    parts = dist.Normal(jnp.array([-0.3, 0.5]), 0.1)
    numpyro.sample("w", dist.MixtureSameFamily(dist.Categorical(jnp.array([0.2, 0.8])), parts))


# A hundred sensors, by minibatches

ROWS, COLUMNS, BATCH = 400_000, 100, 500


@cache
def readings():
    rng = np.random.default_rng(505)
    data = rng.random((ROWS, COLUMNS), dtype=np.float32)
    data *= rng.integers(1, 5, COLUMNS).astype(np.float32)
    data += 2 * rng.random(COLUMNS, dtype=np.float32)
    return data


def sensors(x=None, total_size=None):
    with pm.Model() as model:
        x = pm.Data("x", readings()) if x is None else x
        mu = pm.Normal("mu", 0, 5, shape=COLUMNS)
        sigma = pm.HalfNormal("sigma", 5, shape=COLUMNS)
        pm.Normal("reading", mu, sigma, observed=x, total_size=total_size)
    return model


def sensors_numpyro(batch):
    """Of a batch of rows: `plate(..., subsample_size=500)` would shuffle all 400,000 rows in each step, at 20 ms."""
    mu = numpyro.sample("mu", dist.Normal(jnp.zeros(COLUMNS), 5).to_event(1))
    sigma = numpyro.sample("sigma", dist.HalfNormal(5 * jnp.ones(COLUMNS)).to_event(1))
    with numpyro.handlers.scale(scale=ROWS / BATCH):
        numpyro.sample("reading", dist.Normal(mu, sigma).expand([BATCH, COLUMNS]).to_event(2), obs=batch)


@cache
def sums():
    return readings().mean(axis=0, dtype=float), ROWS * readings().var(axis=0, dtype=float)


def expected(a, b, s, t):
    """Exact ELBO of N(a, s²) N(b, t²) over μ and log σ of each column (the chapter on minibatches derives it)."""
    mean, squares = sums()
    spread = squares + ROWS * ((mean - a) ** 2 + s**2)
    log_p = -ROWS / 2 * np.log(2 * np.pi) - ROWS * b - spread / 2 * np.exp(-2 * b + 2 * t**2)
    log_p += -np.log(5) - 0.5 * np.log(2 * np.pi) - (a**2 + s**2) / 50
    log_p += 0.5 * np.log(2 / np.pi) - np.log(5) - np.exp(2 * b + 2 * t**2) / 50 + b
    return (log_p + np.log(2 * np.pi * np.e * s * t)).sum()


def sensors_elbo(fit: GaussianFit) -> float:
    return expected(*np.split(fit.mean, 2), *np.split(fit.sd, 2))


@cache
def sensors_best() -> float:
    """At Laplace's approximation, which for 400,000 rows is the best mean-field Gaussian to 1e-3 nats."""
    mean, squares = sums()
    sigma = np.sqrt(squares / ROWS)
    return expected(mean, np.log(sigma), sigma / np.sqrt(ROWS), np.full(COLUMNS, np.sqrt(0.5 / ROWS)))


# Networks


def moons_numpyro():
    x, label, *_ = moons.two_moons()
    w1 = numpyro.sample("w1", dist.Normal(jnp.zeros((2, 5)), 1).to_event(2))
    w2 = numpyro.sample("w2", dist.Normal(jnp.zeros((5, 5)), 1).to_event(2))
    w3 = numpyro.sample("w3", dist.Normal(jnp.zeros(5), 1).to_event(1))
    numpyro.sample("class", dist.Bernoulli(logits=jnp.tanh(jnp.tanh(x @ w1) @ w2) @ w3), obs=label)


def sine_numpyro():
    x, y = sensor_data.sensor()
    w1, b1, w2 = (numpyro.sample(name, dist.Normal(jnp.zeros(5), 1).to_event(1)) for name in ("w1", "b1", "w2"))
    b2 = numpyro.sample("b2", dist.Normal(0, 1))
    hidden = jnp.maximum(x[:, None] * w1 + b1, 0)
    numpyro.sample("y", dist.Normal(hidden @ w2 + b2, 0.1), obs=y)


PROBLEMS = {
    "student-t": Problem(student_t, student_t_numpyro, lambda: best_1d(targets.student_t(df=3)), 0.01, {"n": 10_000}),
    "logit-beta": Problem(
        logit_beta, logit_beta_numpyro, lambda: best_1d(targets.logit_beta(1001, 2)), 0.01, {"n": 10_000}
    ),
    "logistic": Problem(logistic, logistic_numpyro, lambda: logistic_best(False), 0.01, {"n": 10_000}),
    "logistic-full": Problem(
        logistic,
        logistic_numpyro,
        lambda: logistic_best(True),
        0.01,
        {"n": 10_000, "method": "fullrank_advi"},
        family="full-rank",
    ),
    "mixture": Problem(mixture, mixture_numpyro, lambda: np.log(0.8), 0.01, {"n": 10_000}),
    "minibatch": Problem(
        sensors,
        sensors_numpyro,
        sensors_best,
        2.0,
        {"n": 10_000},
        minibatch=True,
        setting=(0.02, True, 2),
    ),
    "moons": Problem(
        lambda: moons.network(*moons.two_moons()[:2]),
        moons_numpyro,
        lambda: -111.7,  # what the best of 64 starts with 4,000 steps reach
        1.0,
        {"n": 30_000},
        starts=8,
        draws=(1, 2, 8),
    ),
    "sine": Problem(
        lambda: sensor_data.network(*sensor_data.sensor()),
        sine_numpyro,
        lambda: -23.3,  # the best of ten starts for each of twenty seeds
        1.0,
        {"n": 10_000},
        starts=8,
        draws=(1, 2, 8),
    ),
}
