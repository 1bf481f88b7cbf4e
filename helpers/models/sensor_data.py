"""Readings of a sensor, and a line and a network for them. (The chapters show `bayesian_line` and `network`.)"""

from __future__ import annotations

import numpy as np
import pymc as pm

NOISE = 0.1
GRID = np.linspace(-4.5, 4.5, 200)  # the data lie in (−3, 3)


def sensor(rows: int = 20, *, seed: int = 42) -> tuple[np.ndarray, np.ndarray]:
    """Readings y = sin x + N(0, 0.1²) at x uniform on (−3, 3), sorted by x: two arrays of shape (rows,).

    The recipe, and with `seed` 42 the 20 readings, of Fuge (2025), hence NumPy's legacy generator: x first, then the
    noise, and only then sorted.
    """
    x, y = readings(rows, seed=seed)
    order = np.argsort(x)
    return x[order], y[order]


def readings(rows: int = 20, *, seed: int = 42) -> tuple[np.ndarray, np.ndarray]:
    """The same as `sensor` in the order in which they were made, so that the first few are spread out."""
    rng = np.random.RandomState(seed)
    x = rng.uniform(-3, 3, rows)
    return x, np.sin(x) + NOISE * rng.normal(size=rows)


def bayesian_line(features, y, alpha=1.0, beta=100.0):
    """Posterior mean and covariance of the weights, and the log evidence: y ~ N(Φw, 1/β), w ~ N(0, I/α).

    Parameters
    ----------
    features : array of NumPy or JAX, shape (..., rows, size)
        Φ, or a stack of them.
    y : array, shape (rows,)
        Readings.
    alpha : float
        Precision of the prior of each weight.
    beta : float
        Precision of the noise.
    """
    xp = features.__array_namespace__()
    rows, size = features.shape[-2:]
    precision = alpha * xp.eye(size) + beta * features.mT @ features
    mean = beta * xp.linalg.solve(precision, features.mT @ y[:, None])[..., 0]
    error = y - (features @ mean[..., None])[..., 0]
    misfit = beta * (error**2).sum(axis=-1) + alpha * (mean**2).sum(axis=-1)
    log_det = xp.linalg.slogdet(precision)[1]
    log_evidence = 0.5 * (size * xp.log(alpha) + rows * xp.log(beta / (2 * np.pi)) - log_det - misfit)
    return mean, xp.linalg.inv(precision), log_evidence


def network(x, y, width=5, prior_sd=1.0):
    """One input, `width` ReLU units, one output: 3 · width + 1 parameters, all Normal(0, prior_sd).

    Parameters
    ----------
    x, y : array, shape (rows,)
        Where the readings were taken, and the readings.
    width : int
        Hidden units.
    prior_sd : float
        Of every weight.
    """
    with pm.Model(coords={"unit": np.arange(width)}) as model:
        w1 = pm.Normal("w1", 0, prior_sd, dims="unit")
        b1 = pm.Normal("b1", 0, prior_sd, dims="unit")
        w2 = pm.Normal("w2", 0, prior_sd, dims="unit")
        b2 = pm.Normal("b2", 0, prior_sd)
        hidden = pm.math.maximum(x[:, None] * w1 + b1, 0)
        pm.Normal("y", hidden @ w2 + b2, 0.1, observed=y)
    return model


def features(first, x):
    """Hidden units and a column of ones, shape (..., points, width + 1), which the last layer combines.

    Parameters
    ----------
    first : array of NumPy or JAX, shape (..., 2, width)
        The first layer, w1 and b1.
    x : array, shape (points,)
    """
    xp = first.__array_namespace__()  # NumPy, or jax.numpy
    hidden = xp.maximum(x[:, None] * first[..., :1, :] + first[..., 1:, :], 0)
    return xp.concatenate([hidden, xp.ones_like(hidden[..., :1])], axis=-1)


def outputs(weights, x):
    """The network's function at x, shape (..., points), for weights of shape (..., 3 · width + 1) in FlatModel's order."""
    width, one = divmod(weights.shape[-1], 3)
    if one != 1:
        raise ValueError(f"weights must have 3 · width + 1 entries in the last axis; got {weights.shape[-1]}")
    weights = np.asarray(weights)
    first = weights[..., : 2 * width].reshape(*weights.shape[:-1], 2, width)
    return (features(first, np.asarray(x)) @ weights[..., 2 * width :, None])[..., 0]
