"""A million visitors of a shop: the data and the model of a logistic regression by minibatches, and of its gold draws."""

from __future__ import annotations

import numpy as np
import pymc as pm
from scipy import special

DATA_SEED = 505
FEATURES = 20
COEFFICIENTS = np.random.default_rng(DATA_SEED).normal(0, 0.5, 1 + FEATURES)  # that made the data: intercept, slopes


def visitors(rows: int = 1_000_000, *, seed: int = DATA_SEED) -> tuple[np.ndarray, np.ndarray]:
    """Features, shape (rows, 20), each standard normal, correlation 0.5^|i − j|; and who bought, 0.0 or 1.0."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, FEATURES), dtype=np.float32)
    for j in range(1, FEATURES):
        x[:, j] = 0.5 * x[:, j - 1] + np.sqrt(0.75, dtype=np.float32) * x[:, j]
    p = special.expit(COEFFICIENTS[0] + x @ COEFFICIENTS[1:].astype(np.float32))
    return x, (rng.random(rows, dtype=np.float32) < p).astype(float)


def purchases(x, bought, total_size=None):
    """Logistic regression with an intercept, built on the data it is given.

    Parameters
    ----------
    x : array, shape (rows, features)
    bought : array of 0 and 1, shape (rows,)
    total_size : int, optional
        Rows of the whole table, where these are a minibatch.
    """
    with pm.Model() as model:
        if isinstance(x, np.ndarray):  # else they are batches already
            x, bought = pm.Data("x", x), pm.Data("bought", bought)
        intercept = pm.Normal("intercept", 0, 2)
        slopes = pm.Normal("slopes", 0, 2, shape=20)
        pm.Bernoulli("purchase", logit_p=intercept + x @ slopes, observed=bought, total_size=total_size)
    return model
