"""The loop in coordinates in which the posterior is nearly a standard normal, again and again until nothing is gained."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from helpers.fits.gaussian_fit import GaussianFit, times
from helpers.fits.loop import FAMILIES, fit_phi, normals

STEPS, PAIRS, RATE = 500, 4, 0.05  # of one round: steps of Adam, antithetic pairs in each, rate at the start
FULL_RANK = 150  # parameters up to which all of L is learned; beyond, a standard deviation for each direction of it


def first_rate(q: GaussianFit) -> float:
    """The rate to begin with: each row of a full L takes as many random steps as it has numbers."""
    return RATE * min(1, (10 / q.mean.size) ** 0.5) if q.mean.size <= FULL_RANK else RATE


def improve(q: GaussianFit, *, seed: int, round_: int, rate: float) -> GaussianFit:
    """One round of Adam on −ELBO from q, in q's own coordinates u = L⁻¹(ζ − mean).

    Parameters
    ----------
    q : GaussianFit
    seed : int
    round_ : int
        Which one it is: each has draws of its own.
    rate : float
        At the start of the round; it falls to zero.
    """
    size = q.mean.size
    eta = normals(jax.random.fold_in(jax.random.key(seed), round_), (STEPS, PAIRS, size), q.model.start.dtype)
    etas = jnp.concatenate([eta, -eta], axis=1)
    family = "full-rank" if size <= FULL_RANK else "mean-field"
    mean, scale, losses = _round(q.model.full_log_density, family, q.mean, q.scale, etas, rate)
    return replace(q, mean=np.asarray(mean), scale=np.asarray(scale), losses=np.append(q.losses, losses))


@partial(jax.jit, static_argnames=("log_p", "family"))
def _round(log_p, family, mean, scale, etas, rate):
    size = mean.size
    below = size * (size - 1) // 2 if family == "full-rank" else 0
    inside = pulled_back(lambda u: log_p(mean + times(scale, u)))
    return fit_in_units(inside, family, mean, scale, jnp.zeros(2 * size + below), etas, rate)


def fit_in_units(log_p, family, mean, scale, phi, etas, rate=RATE):
    """`fit_phi` for u, where ζ = mean + scale u: the mean and scale of ζ that it ends in, and the losses.

    Parameters
    ----------
    log_p : function of u
    family : str
        "mean-field" or "full-rank"; mean-field in units of a full L keeps its directions.
    mean : array, shape (size,)
    scale : array, shape (size,) or (size, size)
    phi : array
        Of u, to begin with.
    etas : array, shape (steps, draws, size)
    rate : float
    """
    phi, losses = fit_phi(lambda u, _: log_p(u), FAMILIES[family], phi, etas, None, rate=rate)
    mu, omega, rest = jnp.split(phi, [mean.size, 2 * mean.size])
    if family == "full-rank":
        found = scale @ jnp.diag(jnp.exp(omega)).at[jnp.tril_indices(mean.size, -1)].set(rest)
    else:
        found = scale * jnp.exp(omega)
    return mean + times(scale, mu), found, losses


def pulled_back(log_p):
    """log p̃ of u, with the slope of a standard normal, −u, where its own is not a number.

    A draw beyond what floating point can hold then pulls the fit back to its middle, in place of ending it.
    """

    @jax.custom_jvp
    def guarded(u):
        return log_p(u)

    @guarded.defjvp
    def slope(place, direction):
        value, gradient = jax.value_and_grad(log_p)(place[0])
        fine = jnp.isfinite(value) & jnp.isfinite(gradient).all()
        return value, jnp.where(fine, gradient, -place[0]) @ direction[0]

    return guarded
