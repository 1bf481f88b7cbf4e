"""A stand-in for the log density of many rows, which reads some of them.

At one place, the peak of all rows, its value, slope and curvature are those of all rows; only what bends more than a
parabola comes from the sample, scaled up (Bardenet, Doucet and Holmes 2017, "On Markov chain Monte Carlo methods for tall
data", arXiv:1505.02827, section 7, for a sample that stays the same). The more rows there are, the less of that there is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy import optimize

from helpers.fits.flat_model import FlatModel
from helpers.fits.gaussian_fit import GaussianFit
from helpers.fits.starting_places import DENSE
from helpers.validate import check_count

PASSES = 60  # over all rows, at most, from the sample's peak to that of all rows
CHECKED = 40  # draws of q at which all rows are read in the end
GAP = 0.2  # nats, sd: the log weights of q's draws may be wrong by so much


def check_rows(flat: FlatModel, rows: int) -> None:
    """Raise `ValueError` unless so many rows can stand for all."""
    if not flat.minibatch:
        raise ValueError(
            "rows needs a FlatModel whose minibatch names the data with rows: "
            'approximate(FlatModel(model, minibatch=["x", "y"]), rows=10_000, seed=1)'
        )
    if flat.size > DENSE:
        raise ValueError(f"rows takes models of at most {DENSE:,} parameters, got {flat.size:,}")
    check_count(1, flat.rows, rows=rows)


def with_density(flat: FlatModel, log_density: Callable) -> FlatModel:
    """The same model, with another function of ζ for its log density."""
    other = copy.copy(flat)
    other.__dict__.pop("log_densities", None)  # cached: of the old one
    other.full_log_density = lambda zeta, rows=None: log_density(zeta)
    return other


def sampled(flat: FlatModel, rows: int, seed: int) -> Callable:
    """log p̃ from a random sample of the rows, scaled up: about as wide as that of all rows, and sds away from it.

    Parameters
    ----------
    flat : FlatModel
    rows : int
    seed : int
    """
    some = jnp.asarray(np.random.default_rng(seed).permutation(flat.rows)[:rows])
    return lambda zeta: flat.log_density(zeta, some)


def stand_in(flat: FlatModel, log_sample: Callable, peak: jax.Array) -> FlatModel:
    """The model with `log_sample`, corrected at the peak of all rows, for its log density.

    Parameters
    ----------
    flat : FlatModel
    log_sample : function of ζ
    peak : array, shape (size,)
    """
    all_rows, its_own = _parabola(flat.full_log_density, peak), _parabola(log_sample, peak)
    value, slope, bend = (a - b for a, b in zip(all_rows, its_own, strict=True))

    def corrected(zeta):
        away = zeta - peak
        return log_sample(zeta) + value + away @ slope + 0.5 * away @ bend @ away

    return with_density(flat, corrected)


def peak_of(log_p: Callable, q: GaussianFit) -> jax.Array:
    """Where log p̃ of all rows is greatest, by an optimiser that starts from q and works in its coordinates."""
    kind = q.model.start.dtype
    value_and_slope = jax.jit(jax.value_and_grad(log_p))

    def loss(u):
        value, slope = value_and_slope(q.push(u[None])[0].astype(kind))
        slope = np.asarray(slope, float)
        if not (np.isfinite(value) and np.isfinite(slope).all()):
            return 1e300, np.zeros_like(u)  # a step too far: the optimiser goes back and tries a shorter one
        return -float(value), -(slope * q.scale if q.family == "mean-field" else slope @ q.scale)

    options = {"maxfun": PASSES, "maxcor": 20, "ftol": 1e-15, "gtol": 1e-3}  # in sds
    found = optimize.minimize(loss, np.zeros(q.mean.size), jac=True, method="L-BFGS-B", options=options)
    return jnp.asarray(q.push(found.x[None])[0], kind)


@partial(jax.jit, static_argnames="log_p")
def _parabola(log_p, zeta):
    """Value, gradient, and Hessian, its columns one by one: with many rows all at once would not fit into memory."""
    value, slope = jax.value_and_grad(log_p)(zeta)
    columns = jax.lax.map(lambda v: jax.jvp(jax.grad(log_p), (zeta,), (v,))[1], jnp.eye(zeta.size, dtype=zeta.dtype))
    return value, slope, columns


def gap(q: GaussianFit, flat: FlatModel, *, seed: int) -> float:
    """sd, in nats, of what the stand-in's log density, that of q's model, differs by from that of all rows, `flat`.

    Parameters
    ----------
    q : GaussianFit
    flat : FlatModel
    seed : int
    """
    zeta = q.push(np.random.default_rng(seed).standard_normal((CHECKED, q.mean.size))).astype(flat.start.dtype)
    differ = np.asarray(flat.log_densities(zeta)) - np.asarray(q.model.log_densities(zeta))
    return float(differ.std())
