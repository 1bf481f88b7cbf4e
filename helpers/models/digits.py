"""Handwritten digits of 8 × 8 pixels, which come with scikit-learn, and a network like that of the two moons, only wider."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm

DATA_SEED = 606
LEARN, WIDTH, CLASSES = 900, 20, 10


def pictures() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """900 pictures and their digits to learn from, and the 897 others, held out.

    A picture is a row of 64 pixels, from 0 to 1, each less its mean over all pictures.
    """
    from sklearn.datasets import load_digits  # a second: only for those who ask

    pixels, digit = load_digits(return_X_y=True)
    x = (pixels - pixels.mean(axis=0)) / 16
    learn, held_out = np.split(np.random.default_rng(DATA_SEED).permutation(len(x)), [LEARN])
    return x[learn], digit[learn], x[held_out], digit[held_out]


def network(x, digit, prior_sd=1):
    """64 pixels, two layers of twenty tanh, ten logits: 1,880 weights, no biases.

    Parameters
    ----------
    x : array, shape (pictures, 64)
    digit : array of int, shape (pictures,)
    prior_sd : float
        Of each weight.
    """
    with pm.Model() as model:
        x, digit = pm.Data("x", x), pm.Data("label", digit)
        w1 = pm.Normal("w1", 0, prior_sd, shape=(64, WIDTH))
        w2 = pm.Normal("w2", 0, prior_sd, shape=(WIDTH, WIDTH))
        w3 = pm.Normal("w3", 0, prior_sd, shape=(WIDTH, CLASSES))
        pm.Categorical("digit", logit_p=pm.math.tanh(pm.math.tanh(x @ w1) @ w2) @ w3, observed=digit)
    return model


def _last_hidden(weights, x):
    """The outputs of the last hidden layer for one draw of the weights, shape (pictures, 20)."""
    w1, w2 = jnp.split(weights[: -WIDTH * CLASSES], [64 * WIDTH])
    return jnp.tanh(jnp.tanh(x @ w1.reshape(64, WIDTH)) @ w2.reshape(WIDTH, WIDTH))


@jax.jit
def probabilities(weights, x):
    """P(digit) of each picture for each draw of the weights, shape (draws, pictures, 10)."""

    def one(w):
        return jax.nn.softmax(_last_hidden(w, x) @ w[-WIDTH * CLASSES :].reshape(WIDTH, CLASSES))

    return jax.lax.map(one, weights, batch_size=20)


def last_layer_laplace(weights: np.ndarray, x: np.ndarray, prior_sd: float, *, draws: int, seed: int) -> np.ndarray:
    """Draws of the weights, shape (draws, 1880), of which only those of the last layer differ.

    Laplace's approximation there: the logits are linear in these weights, so that the Hessian is a formula.

    Parameters
    ----------
    weights : array, shape (1880,)
        The peak of the posterior.
    x : array, shape (pictures, 64)
        The pictures that it learnt from.
    prior_sd : float
    draws : int
    seed : int
    """
    features, p = np.asarray(_last_hidden(weights, x)), np.asarray(probabilities(weights[None], x))[0]
    curvature = p[:, :, None] * (np.eye(CLASSES) - p[:, None, :])  # of −log softmax in the logits
    size = WIDTH * CLASSES
    precision = np.einsum("ni,nab,nj->iajb", features, curvature, features, optimize=True).reshape(size, size)
    factor = np.linalg.cholesky(precision + np.eye(size) / prior_sd**2)
    away = np.linalg.solve(factor.T, np.random.default_rng(seed).standard_normal((size, draws))).T
    return np.hstack([np.tile(weights[:-size], (draws, 1)), weights[-size:] + away])
