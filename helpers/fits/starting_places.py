"""A Gaussian to start from: the curvature of log p̃ at the best place on an optimiser's way.

The mode alone can be at an edge where no mass is (a hierarchy's sd of zero). So every place on the way is asked, by its
own Hessian and the ELBO of the Gaussian that follows from it: the idea of Pathfinder (Zhang, Carpenter, Gelman and
Vehtari 2022, arXiv:2108.03782), with exact second derivatives (beyond 1,000 parameters, an estimate of
the Hessian's diagonal).
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from scipy import optimize

from helpers.fits.flat_model import FlatModel

ITERATIONS = 300  # of the optimiser, for each start
PLACES = 20, 4  # on each way that are looked at, with few parameters and with many
BREAKS = ValueError, np.linalg.LinAlgError, UnboundLocalError  # SciPy's, where numbers overflow in its trust region
PAIRS = 50  # antithetic pairs of draws behind the ELBO of a place
NEWTON, DENSE = 200, 1_000  # parameters up to which the optimiser takes the Hessian, and up to which a place does
BEYOND = 1e6  # nats that a draw costs where log p̃ is not finite: the place with the fewest of them is the best
PROBES = 64  # random signs behind the Hessian's diagonal, where the whole would be too large


def jittered(model: FlatModel, starts: int, rng: np.random.Generator) -> np.ndarray:
    """PyMC's initial point, and others within 1 of it in every ζ, as NUTS begins; shape (starts, size).

    The others come in pairs on opposite sides, as far as the number allows: where swapped labels have modes of their own,
    both are started from.

    Parameters
    ----------
    model : FlatModel
    starts : int
    rng : numpy Generator
    """
    away = rng.uniform(-1, 1, (starts // 2, model.size))
    around = np.stack([away, -away], axis=1).reshape(-1, model.size)
    return np.asarray(model.start) + np.vstack([np.zeros(model.size), around])[:starts]


def best_on_the_way(log_p, start: np.ndarray, rng: np.random.Generator) -> tuple[float, np.ndarray, np.ndarray] | None:
    """Go uphill from `start`; the greatest ELBO on the way, and the mean and L of its Gaussian.

    None where log p̃ is finite at no place on the way.

    Parameters
    ----------
    log_p : function of ζ, shape (size,)
    start : array, shape (size,)
    rng : numpy Generator
    """
    way = _uphill(log_p, start)
    count = min(len(way), PLACES[start.size > NEWTON])
    some = way[np.unique(np.linspace(len(way) - 1, 0, count).astype(int))]
    eta = rng.standard_normal((PAIRS, start.size))
    eta = np.concatenate([eta, -eta]).astype(start.dtype)
    signs = rng.choice([-1.0, 1.0], (PROBES, start.size)).astype(start.dtype) if start.size > DENSE else None
    found = [_with_elbo(log_p, jnp.asarray(zeta, start.dtype), eta, signs) for zeta in some]
    elbos = np.array([float(elbo) for elbo, _ in found])
    elbos[~np.isfinite(elbos)] = -np.inf
    k = int(elbos.argmax())
    return (elbos[k], some[k], np.asarray(found[k][1])) if np.isfinite(elbos[k]) else None


def _uphill(log_p, start: np.ndarray) -> np.ndarray:
    """Every place that the optimiser visits, shape (places, size): Newton's method where the Hessian is small enough."""

    def loss(zeta):
        value, slope = (-np.asarray(part, float) for part in _slope(log_p, zeta.astype(start.dtype)))
        if np.isfinite(value) and np.isfinite(slope).all():
            return float(value), slope
        return 1e300, np.zeros_like(slope)  # a step too far: the optimiser goes back and tries a shorter one

    way = [np.asarray(start, float)]
    loss(way[0])  # what JAX cannot differentiate is said here, and not hidden below
    options = {"maxiter": ITERATIONS}
    if start.size <= NEWTON:
        bend = {"hess": lambda zeta: -np.nan_to_num(np.asarray(_hessian(log_p, zeta.astype(start.dtype)), float))}
        method, options = "trust-exact", options | {"max_trust_radius": 1e8, "gtol": 1e-6}
    else:
        bend, method, options = {}, "L-BFGS-B", options | {"maxcor": 20}
    step = {"callback": lambda zeta: way.append(np.array(zeta))}
    with suppress(*BREAKS):  # the way up to there is kept
        optimize.minimize(loss, way[0], jac=True, method=method, options=options, **bend, **step)
    return np.array(way)


@partial(jax.jit, static_argnames="log_p")
def _slope(log_p, zeta):
    return jax.value_and_grad(log_p)(zeta)


@partial(jax.jit, static_argnames="log_p")
def _hessian(log_p, zeta):
    return jax.hessian(log_p)(zeta)


def scale_at(log_p, zeta: np.ndarray) -> np.ndarray:
    """L of the Gaussian from the curvature of log p̃ at ζ, shape (size, size)."""
    return np.asarray(inverse_root(-_hessian(log_p, zeta)))


def _with_elbo(log_p, zeta, eta, signs):
    """The ELBO, in nats, of the Gaussian from the curvature at ζ; and its L, or its sds where `signs` are given."""
    # the optimiser has compiled the same Hessian, and `inverse_root` serves all models of this size
    scale = inverse_root(-np.asarray(_hessian(log_p, zeta))) if signs is None else _sds(log_p, zeta, signs)
    return _elbo(log_p, zeta, eta, scale), scale


@partial(jax.jit, static_argnames="log_p")
def _elbo(log_p, zeta, eta, scale):
    diagonal = jnp.diag(scale) if scale.ndim == 2 else scale
    draws = zeta + (eta @ scale.T if scale.ndim == 2 else eta * scale)
    entropy = jnp.log(diagonal).sum() - norm.logpdf(eta).sum(axis=1).mean()
    values, middle = jax.vmap(log_p)(draws), log_p(zeta)
    return jnp.where(jnp.isfinite(values), values, middle - BEYOND).mean() + entropy


@partial(jax.jit, static_argnames="log_p")
def _sds(log_p, zeta, signs):
    """One over the root of the Hessian's diagonal, which the average of v ∘ Hv over random signs v estimates."""
    products = jax.lax.map(lambda v: v * jax.jvp(jax.grad(log_p), (zeta,), (v,))[1], signs)
    curvature = jnp.abs(products.mean(axis=0))
    return 1 / jnp.sqrt(jnp.where((curvature > 0) & jnp.isfinite(curvature), curvature, 1))


@jax.jit
def inverse_root(precision):
    """Lower triangular L with L Lᵀ = the inverse of `precision`, whose negative eigenvalues are made positive.

    The eigenvalues are those after every parameter has been brought to a curvature of one, so that units do not matter.
    """
    size = precision.shape[0]
    unit = jnp.sqrt(jnp.abs(jnp.diag(precision)))
    unit = jnp.where((unit > 0) & jnp.isfinite(unit), unit, 1)
    precision = jnp.where(jnp.isfinite(precision), precision, 0) / unit[:, None] / unit
    values, vectors = jnp.linalg.eigh(precision)
    least = 10 * size * jnp.finfo(values.dtype).eps
    root = vectors / jnp.sqrt(jnp.maximum(jnp.abs(values), least)) / unit[:, None]
    upper = jnp.linalg.qr(root.T, mode="r")
    return (upper * jnp.sign(jnp.diag(upper))[:, None]).T
