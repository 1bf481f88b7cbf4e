"""More optimisation of a fit, and fits of its family from other starts: what it is compared with."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from helpers.fits.gaussian_fit import GaussianFit, times
from helpers.fits.loop import normals
from helpers.fits.whitened import fit_in_units

PAIRS = 2  # antithetic pairs of draws in each step of the optimiser
SPREAD_DRAWS = 50  # of the prior, for its spread


def fit_again(q: GaussianFit, seed: int, restarts: int, steps: int) -> list[GaussianFit | None]:
    """q continued, and fits of the same family from elsewhere; None for each that ended in NaN or infinity.

    Twice `steps`: first q in units of its own scale and the others in units of the prior's spread, so that far starts
    arrive; then each in units of the scale that it has found, so that narrow posteriors are met with precision.

    Parameters
    ----------
    q : GaussianFit
    seed : int
    restarts : int
        Fits from draws of the prior.
    steps : int
        Steps of Adam in each of the two runs.
    """
    starts, spread = _starts(q, seed, restarts)
    unit, below = spread, 0  # and how many numbers of L are below its diagonal
    if q.family == "full-rank":
        unit, below = np.diag(spread), q.mean.size * (q.mean.size - 1) // 2
    means, scales = np.stack([q.mean, *starts]), np.stack([q.scale, *[unit] * restarts])
    log_sds = np.stack([np.zeros(q.mean.size), *[np.log(np.minimum(q.sd / spread, 1))] * restarts])
    for stage in range(2):
        key = jax.random.fold_in(jax.random.key(seed), stage)
        eta = normals(key, (steps, PAIRS, q.mean.size), q.model.start.dtype)
        etas = jnp.concatenate([eta, -eta], axis=1)
        phi = np.hstack([np.zeros_like(means), log_sds, np.zeros((len(means), below))])
        found = _fit_all_in_units(q.model.full_log_density, q.family, means, scales, phi, etas)
        means, scales = (np.asarray(part) for part in found)
        log_sds = np.zeros_like(log_sds)
    fine = np.isfinite(means).all(axis=1) & np.isfinite(scales.reshape(len(means), -1)).all(axis=1)
    return [GaussianFit(q.model, *each) if ok else None for *each, ok in zip(means, scales, fine, strict=True)]


def _starts(q: GaussianFit, seed: int, restarts: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws of the prior and how widely each parameter scatters in it; where it cannot be drawn from, q widened."""
    number = max(restarts, SPREAD_DRAWS) if restarts else 0
    try:
        starts = np.asarray(q.model.prior_draws(number, seed=seed))
    except (NotImplementedError, FloatingPointError):  # pm.Flat and its like; or never within a transformation
        starts = q.mean + 5 * q.sd * np.random.default_rng(seed).standard_normal((number, q.mean.size))
    starts = starts.reshape(number, q.mean.size)
    if not restarts:
        return starts, q.sd
    low, high = np.quantile(starts, [0.16, 0.84], axis=0)  # half of it is the sd of a normal; heavy tails do no harm
    spread = (high - low) / 2
    return starts[:restarts], np.where(spread > 0, spread, q.sd)


@partial(jax.jit, static_argnames=("log_p", "family"))
def _fit_all_in_units(log_p, family, means, scales, phi, etas):
    def one(mean, scale, phi):
        return fit_in_units(lambda u: log_p(mean + times(scale, u)), family, mean, scale, phi, etas)[:2]

    return jax.vmap(one)(means, scales, phi)
