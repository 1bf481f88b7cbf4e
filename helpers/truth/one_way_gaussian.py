"""The Gaussian with the largest ELBO for the one-way model, without a draw, for any degree of centring.

q is a normal over (μ, log τ, log σ) and over one number x_j for each group, with θ_j = μ + τ^(1−c) (x_j − c μ) and so
x_j ~ N(c μ, τ^(2c)): centred at c = 1 (x_j = θ_j), non-centred at c = 0 (Gorinova, Moore and Hoffman 2020,
arXiv:1906.03028). Every term of the ELBO is the mean of a quadratic times an exponential of a linear function, for which
there is a formula. At the optimum the precision matrix of q is the mean of −∇² log p, which has zeros between two groups,
so that full-rank needs only a regression of each x_j on the three hyperparameters, and not all of its numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy import optimize, special

from helpers.truth.one_way import OneWay

MU, TAU, SIGMA = np.eye(3)
ROUNDS = 3  # of the optimiser: what it remembers of slopes can lead it astray, so it begins anew where it stopped


@dataclass(frozen=True)
class BestGaussian:
    """The best q of a family.

    Parameters
    ----------
    centring : array, shape (groups,)
        c of each group.
    mean, factor : array, shapes (3,) and (3, 3)
        Of (μ, log τ, log σ): mean, and Cholesky factor of the covariance.
    level, slope, sd : arrays, shapes (groups,), (groups, 3) and (groups,)
        x_j given the three: mean where they are at their means, slope and sd.
    elbo : float
    """

    centring: np.ndarray
    mean: np.ndarray
    factor: np.ndarray
    level: np.ndarray
    slope: np.ndarray
    sd: np.ndarray
    elbo: float

    @property
    def hyper_sd(self) -> np.ndarray:
        """Of μ, log τ and log σ."""
        return np.sqrt((self.factor**2).sum(axis=1))

    def draws(self, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(μ, log τ, log σ), shape (draws, 3); x, shape (draws, groups); and log q."""
        rng = np.random.default_rng(seed)
        eta, own = rng.standard_normal((draws, 3)), rng.standard_normal((draws, len(self.level)))
        away = eta @ self.factor.T
        log_q = -0.5 * ((eta**2).sum(axis=1) + (own**2).sum(axis=1) + (3 + own.shape[1]) * np.log(2 * np.pi))
        log_q -= np.log(np.diag(self.factor)).sum() + np.log(self.sd).sum()
        return self.mean + away, self.level + away @ self.slope.T + self.sd * own, log_q

    def levels(self, hyper: np.ndarray, x: np.ndarray) -> np.ndarray:
        """θ of each draw, shape (draws, groups)."""
        mu, tau = hyper[:, :1], np.exp(hyper[:, 1:2])
        return mu + tau ** (1 - self.centring) * (x - self.centring * mu)


def constant(data: OneWay) -> float:
    """What the ELBO, and log p itself, have beside all terms that depend on q."""
    logs = np.log(data.mu_sd) + np.log(data.tau_sd) + np.log(data.sigma_sd) - 2 * np.log(2)
    return -0.5 * (data.size.sum() + len(data.size) + 3) * np.log(2 * np.pi) - logs


def _parts(phi, centring, full_rank: bool, learn, xp=np) -> dict:
    """What the entries of φ are: hyperparameters, then groups, then logits of c, then correlations; `xp` makes arrays."""
    groups = len(centring)
    ends = [int(end) for end in np.cumsum([3, 3, groups, groups, groups, 3 * full_rank])]
    m, omega, level, log_sd, logits, below, slope = xp.split(phi, ends)
    b = below if full_rank else xp.zeros(3)
    return {
        "mean": m,
        "omega": omega,
        "level": level,
        "log_sd": log_sd,
        "below": xp.array([[0, 0, 0], [b[0], 0, 0], [b[1], b[2], 0]]),
        "slope": slope.reshape(-1, 3) if full_rank else xp.zeros((groups, 3)),
        "centring": xp.where(learn, 1 / (1 + xp.exp(-logits)), centring),
    }


@partial(jax.jit, static_argnums=7)
@jax.value_and_grad
def _loss(phi, centring, mean, size, squares, scales, learn, full_rank):
    """−ELBO but for constants; `scales` are mu_sd, tau_sd and sigma_sd. (`learn` is not static: one compilation for both.)"""
    q = _parts(phi, centring, full_rank, learn, jnp)
    m, c = q["mean"], q["centring"]
    factor = jnp.diag(jnp.exp(q["omega"])) + q["below"]
    cov, s2 = factor @ factor.T, jnp.exp(2 * q["log_sd"])
    g = q["slope"] - c[:, None] * MU  # of u_j = x_j − c μ in the three hyperparameters
    u, away = q["level"] - c * m[0], mean - m[0]
    spread = jnp.einsum("ji,ik,jk->j", g, cov, g) + s2

    def tilted(k):
        """E exp(k·h), and how far it moves the means of h; k of shape (groups, 3)."""
        moved = k @ cov
        return jnp.exp(k @ m + 0.5 * (k * moved).sum(-1)), moved

    own, moved = tilted(-2 * c[:, None] * TAU)
    prior = own * ((u + (g * moved).sum(-1)) ** 2 + spread)
    t, moved = tilted(-2 * jnp.ones_like(c)[:, None] * SIGMA)
    fit = size * t * ((away - moved[:, 0]) ** 2 + cov[0, 0])
    all_squares = squares * t[0]
    t, moved = tilted((1 - c)[:, None] * TAU - 2 * SIGMA)
    fit -= 2 * size * t * ((away - moved[:, 0]) * (u + (g * moved).sum(-1)) - g @ cov[0])
    t, moved = tilted(2 * (1 - c)[:, None] * TAU - 2 * SIGMA)
    fit += size * t * ((u + (g * moved).sum(-1)) ** 2 + spread)
    hyper = (m[0] ** 2 + cov[0, 0]) / scales[0] ** 2 - 2 * m[1] - 2 * m[2]
    hyper += (jnp.exp(2 * m[1:] + 2 * jnp.diag(cov)[1:]) / scales[1:] ** 2).sum()
    log_p = -size.sum() * m[2] - c.sum() * m[1] - 0.5 * (all_squares + fit.sum() + prior.sum() + hyper)
    return -log_p - q["omega"].sum() - q["log_sd"].sum() - 0.5 * (3 + c.size) * jnp.log(2 * jnp.pi * jnp.e)


def best_one_way(data: OneWay, centring, *, full_rank: bool = False, learn: bool = False) -> BestGaussian:
    """The Gaussian with the largest ELBO; JAX must be in double precision, as `helpers.start` sets it with PyMC.

    Parameters
    ----------
    data : OneWay
    centring : float or array, shape (groups,)
        c, from 0 (non-centred) to 1 (centred); where it is learned, to begin with.
    full_rank : bool
        With correlations; else mean-field.
    learn : bool
        Choose c, of each group its own, so that the ELBO is largest.
    """
    groups, sure = len(data.mean), np.sqrt(data.squares / data.size.sum() / data.size)
    c = np.broadcast_to(np.asarray(centring, float), groups)
    middle, between = data.mean.mean(), max(data.mean.std(), sure.mean())
    x = c * middle + between ** (c - 1) * (data.mean - middle)
    start = [middle, np.log(between), 0.5 * np.log(data.squares / data.size.sum()), *np.full(3, np.log(0.3))]
    start += [*x, *np.log(between ** (c - 1) * np.minimum(sure, between))]
    start += [*special.logit(np.clip(c, 0.05, 0.95))]
    start += [0.0] * (3 + 3 * groups) if full_rank else []
    scales = np.array([data.mu_sd, data.tau_sd, data.sigma_sd])
    known = c, data.mean, data.size.astype(float), data.squares, scales
    for _ in range(ROUNDS):
        found = optimize.minimize(
            lambda phi: _finite(*_loss(phi, *known, learn, full_rank)),
            start,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 5_000, "maxfun": 10_000, "maxcor": 30, "ftol": 1e-14, "gtol": 1e-7},
        )
        start = found.x
    q = _parts(found.x, c, full_rank, learn)
    factor = np.diag(np.exp(q["omega"])) + q["below"]
    parts = q["centring"], q["mean"], factor, q["level"], q["slope"], np.exp(q["log_sd"])
    return BestGaussian(*parts, float(constant(data) - found.fun))


def _finite(value, slope) -> tuple[float, np.ndarray]:
    """The same; where a step was so long that something overflowed, a value that sends the search back."""
    if np.isfinite(value):
        return float(value), np.asarray(slope, float)
    return 1e30, np.zeros(len(slope))
