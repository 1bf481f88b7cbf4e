"""Mean-field fits of the sensor's network to many sets of readings, all in one compiled call."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from helpers.fits import loop
from helpers.models.sensor_data import NOISE, features

WIDTH = 5  # hidden units
STARTS, STEPS = 4, 2_000  # fits to each set, and steps in each
DRAWS = 2  # of η in each step: one, and its mirror image


def mean_field(x, y, *, seed: int) -> np.ndarray:
    """Mean-field ADVI for many sets of readings at once: mean and log sd of every weight, shape (sets, 2, 16).

    Of the fits to each set the one of the smallest loss is kept. The prior of every weight is N(0, 1).

    Parameters
    ----------
    x, y : array, shape (sets, rows)
    seed : int
    """
    rng, size = np.random.default_rng(seed), 3 * WIDTH + 1
    means = rng.standard_normal((STARTS, size))
    etas = rng.standard_normal((STARTS, STEPS, DRAWS // 2, size))
    phi = _fit_sets(means, np.concatenate([etas, -etas], axis=2), x, y)
    return np.asarray(phi).reshape(len(x), 2, size)


@jax.jit
def _fit_sets(means, etas, x, y):
    def log_p(weights, readings):
        x, y = readings
        first, last = jnp.split(weights, [2 * (weights.size // 3)])
        error = y - features(first.reshape(2, -1), x) @ last
        return -0.5 * jnp.sum(weights**2) - 0.5 * jnp.sum(error**2) / NOISE**2

    def fit(mean, etas, x, y):
        start = jnp.hstack([mean, jnp.full(mean.size, jnp.log(0.1))])
        phi, losses = loop.fit_phi(lambda w, _: log_p(w, (x, y)), loop.mean_field, start, etas, None)
        return phi, losses[-len(losses) // 4 :].mean()

    phi, loss = jax.vmap(jax.vmap(fit, (0, 0, None, None)), (None, None, 0, 0))(means, etas, x, y)
    return jax.vmap(lambda phi, loss: phi[loss.argmin()])(phi, loss)
