"""Sequential Monte Carlo (Del Moral, Doucet and Jasra 2006, doi:10.1111/j.1467-9868.2006.00553.x): from a standard normal
prior to the posterior in steps of β, prior · likelihood^β.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp


def anneal(log_likelihood, given, size: int, key, *, particles: int, moves: int, keep: float):
    """Sequential Monte Carlo from N(0, I) to N(0, I) · likelihood.

    Parameters
    ----------
    log_likelihood : callable
        (u, *given) → number, for one u of shape (size,).
    given : tuple
        What else the likelihood needs.
    size : int
        Numbers in u.
    key : JAX key
    particles : int
    moves : int
        Metropolis moves of every particle after each step of β.
    keep : float
        Every step of β is as long as leaves an effective number of keep · particles.

    Returns
    -------
    tuple
        Particles, shape (particles, size), equally weighted; log evidence; the values of β.
    """
    key, first = jax.random.split(key)
    u = jax.random.normal(first, (particles, size))
    log_l = _each(log_likelihood, given, u)
    log_z, betas = 0.0, [0.0]
    while betas[-1] < 1:
        delta = next_step(log_l, 1 - betas[-1], keep)
        betas.append(1.0 if delta == 1 - betas[-1] else float(betas[-1] + delta))
        log_z += float(logsumexp(delta * log_l) - jnp.log(particles))
        key, one, two = jax.random.split(key, 3)
        chosen = resample(one, delta * log_l)
        u, log_l = _move(log_likelihood, given, two, u[chosen], log_l[chosen], betas[-1], moves)
    return u, log_z, betas


@partial(jax.jit, static_argnames="log_likelihood")
def _each(log_likelihood, given, u):
    """The log likelihood of every particle.

    Parameters
    ----------
    log_likelihood, given
        As for `anneal`.
    u : array, shape (particles, size)
    """
    return jax.vmap(lambda u: log_likelihood(u, *given))(u)


@jax.jit
def next_step(log_l, most, keep):
    """How far β may go: the effective number falls as it grows, so halve the interval until keep · particles is met.

    Parameters
    ----------
    log_l : array, shape (particles,)
        Their log likelihoods.
    most : float
        The longest step, to β = 1.
    keep : float
        As for `anneal`.
    """

    def enough(delta):
        return 2 * logsumexp(delta * log_l) - logsumexp(2 * delta * log_l) >= jnp.log(keep * len(log_l))

    def halve(_, ends):
        middle = sum(ends) / 2
        return jnp.where(enough(middle), middle, ends[0]), jnp.where(enough(middle), ends[1], middle)

    return jnp.where(enough(most), most, jax.lax.fori_loop(0, 40, halve, (0.0, most))[0])


@jax.jit
def resample(key, log_w):
    """Systematic resampling: which particles live on, in proportion to their weights."""
    upto = jnp.cumsum(jax.nn.softmax(log_w))
    places = (jnp.arange(len(log_w)) + jax.random.uniform(key)) / len(log_w)
    return jnp.searchsorted(upto, places * upto[-1]).clip(max=len(log_w) - 1)


def step(log_likelihoods, u, log_l, s, keys, beta=1.0):
    """A Metropolis step of every particle on its own, which leaves N(0, I) · likelihood^β as it is.

    The proposal u √(1 − s²) + s · noise leaves the prior as it is (preconditioned Crank and Nicolson; Neal 1999), so that only
    the likelihood decides.

    Parameters
    ----------
    log_likelihoods : callable
        The log likelihood of every particle of an array like u.
    u : array, shape (particles, size)
    log_l : array, shape (particles,)
        Their log likelihoods.
    s : array
        Length of the step, from 0 to 1, of each particle or of each of its numbers.
    keys : two keys of JAX
        For the noise, and for the choice.
    beta : float

    Returns
    -------
    tuple
        Particles, their log likelihoods, and which of them moved.
    """
    noise, accept = keys
    proposal = jnp.sqrt(1 - s**2) * u + s * jax.random.normal(noise, u.shape, u.dtype)
    proposed = log_likelihoods(proposal)
    yes = jnp.log(jax.random.uniform(accept, (len(u),))) < beta * (proposed - log_l)
    return jnp.where(yes[:, None], proposal, u), jnp.where(yes, proposed, log_l), yes


@partial(jax.jit, static_argnames=("log_likelihood", "moves"))
def _move(log_likelihood, given, key, u, log_l, beta, moves: int):
    """Metropolis moves that leave N(0, I) · likelihood^β as it is, for every particle on its own.

    Every particle draws its own length of a step, from 0.003 to 1, and a random half of the numbers stays.

    Parameters
    ----------
    log_likelihood, given, key, moves
        As for `anneal`.
    u : array, shape (particles, size)
    log_l : array, shape (particles,)
        Their log likelihoods.
    beta : float
    """

    def once(k, state):
        u, log_l = state
        scale, stay, noise, accept = jax.random.split(jax.random.fold_in(key, k), 4)
        s = 10 ** jax.random.uniform(scale, (len(u), 1), minval=-2.5, maxval=0)
        s = jnp.where(jax.random.bernoulli(stay, 0.5, u.shape), 0, s)
        return step(lambda u: _each(log_likelihood, given, u), u, log_l, s, (noise, accept), beta)[:2]

    return jax.lax.fori_loop(0, moves, once, (u, log_l))
