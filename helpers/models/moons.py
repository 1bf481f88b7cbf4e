"""Two moons: the data and the network of a classification, which its gold draws need, too. (`network` stands in the chapter.)"""

from __future__ import annotations

import numpy as np
import pymc as pm

DATA_SEED = 606


def two_moons(points: int = 1000, *, seed: int = DATA_SEED) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scaled two moons with noise 0.2, split in halves: x and label to learn from, x and label held out.

    Each x has shape (points / 2, 2); a label is 0 or 1, stored as a float, which `pm.Minibatch` can take.
    """
    x, label = _moons(points, seed)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    learn, held_out = np.array_split(np.random.default_rng(seed).permutation(points), 2)
    return x[learn], label[learn].astype(float), x[held_out], label[held_out].astype(float)


def _moons(points: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles, shuffled, with noise 0.2: the numbers of scikit-learn's `make_moons`."""
    rng = np.random.RandomState(seed)
    upper, lower = (np.linspace(0, np.pi, count) for count in (points // 2, points - points // 2))
    x = np.vstack(
        [
            np.column_stack([np.cos(upper), np.sin(upper)]),
            np.column_stack([1 - np.cos(lower), 1 - np.sin(lower) - 0.5]),
        ]
    )
    order = np.arange(points)
    rng.shuffle(order)
    return x[order] + rng.normal(scale=0.2, size=x.shape), (order >= len(upper)).astype(int)


def network(x, label, total_size=None, prior_sd=1):
    """Two inputs, two layers of five tanh, one logit: 40 weights, no biases, built on the data it is given.

    Parameters
    ----------
    x : array, shape (rows, 2)
    label : array of 0 and 1, shape (rows,)
    total_size : int, optional
        Rows of the whole data set, where these are a minibatch.
    prior_sd : float
        Of each weight, whose prior has the mean 0.
    """
    coords = {"input": ["x1", "x2"], "first": np.arange(5), "second": np.arange(5)}
    with pm.Model(coords=coords) as model:
        if isinstance(x, np.ndarray):  # else they are batches already
            x, label = pm.Data("x", x, dims=("point", "input")), pm.Data("label", label, dims="point")
        w1 = pm.Normal("w1", 0, prior_sd, dims=("input", "first"))
        w2 = pm.Normal("w2", 0, prior_sd, dims=("first", "second"))
        w3 = pm.Normal("w3", 0, prior_sd, dims="second")
        logit = pm.math.tanh(pm.math.tanh(x @ w1) @ w2) @ w3
        pm.Bernoulli("class", logit_p=logit, observed=label, total_size=total_size)
    return model


def logits(weights, x, width: int = 5):
    """The network's logits, shape (..., points).

    Parameters
    ----------
    weights : array of NumPy or JAX, shape (..., 3 · width + width²)
        In the order of `FlatModel`.
    x : array, shape (points, 2)
    width : int
        Units of each hidden layer.
    """
    xp, draws = weights.__array_namespace__(), weights.shape[:-1]  # NumPy, or jax.numpy
    w1, w2, w3 = xp.split(weights, [2 * width, 2 * width + width**2], axis=-1)
    first = xp.tanh(x @ w1.reshape(*draws, 2, width))
    return (xp.tanh(first @ w2.reshape(*draws, width, width)) @ w3[..., None])[..., 0]
