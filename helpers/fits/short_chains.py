"""Short chains from the draws of a fit: they show whether its margins move, and where to.

Hamiltonian Monte Carlo (Neal 2011, arXiv:1206.1901), one chain for each draw, all at once, in the coordinates of the fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from helpers.fits.gaussian_fit import GaussianFit, times

CHAINS = 250
AT_ONCE = 10  # chains whose slopes are computed together
LENGTH = 40  # transitions in a run
LEAPS = 4  # leapfrog steps in a transition
KEPT = 10  # states of each chain that are kept from the second half of a run
ACCEPT = 0.8  # to which the step size is tuned in the first half of a run
LARGEST = 0.5  # step, in sds of q: with four leaps two radians, more than the quarter turn after which a normal forgets
ASTRAY_SHARE = 0.01  # of the transitions, that a place too narrow for the step may spoil
ENERGY = 20.0  # nats that the energy may grow in a transition; beyond, the step does not fit the place
# Four standard errors, with 250 chains, and more where there are many columns:
FORGOTTEN = 0.25  # rank correlation with the start
MOVED = 0.1, 0.25  # of the median in a run, in ranges from 5 to 95 %; and of the logarithm of that range


@dataclass(frozen=True)
class Chains:
    """What short chains say about a fit.

    Parameters
    ----------
    zeta : array, shape (kept × chains, size)
        States of the last run: draws of ζ.
    began : array, shape (chains, size)
        Where each chain's last run began; the last `chains` rows of `zeta` are where it ended.
    astray : float
        Share of the transitions whose energy grew by more than 20 nats ("divergent").
    transitions : int
        In all runs.
    """

    zeta: np.ndarray
    began: np.ndarray
    astray: float
    transitions: int

    @property
    def settled(self) -> np.ndarray:
        """Which ζ have come to rest, shape (size,)."""
        return at_rest(self.began, self.zeta)


def at_rest(began: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Which columns have forgotten where they began, and moved no further as a whole; shape (columns,).

    By ranks and quantiles, so that a column and its logarithm are judged alike.

    Parameters
    ----------
    began : array, shape (chains, columns)
    kept : array, shape (kept × chains, columns)
        The last rows are where the chains ended.
    """
    many = max(1, stats.norm.isf(0.0005 / began.shape[1]) / 4)
    ranks, later = (stats.zscore(stats.rankdata(x, axis=0), axis=0) for x in (began, kept[-len(began) :]))
    memory = np.nan_to_num((ranks * later).mean(axis=0))  # a constant has none
    (low, middle, high), (low_0, middle_0, high_0) = (np.quantile(x, [0.05, 0.5, 0.95], axis=0) for x in (kept, began))
    width, width_0 = high - low, high_0 - low_0
    moved = np.abs(middle - middle_0) > many * MOVED[0] * width
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.abs(np.log(width / width_0)) > many * MOVED[1]
    return (np.abs(memory) < many * FORGOTTEN) & ~moved & ~spread


def run_chains(q: GaussianFit, *, seed: int, runs: int = 4) -> Chains:
    """Chains from draws of q, until every ζ has come to rest, at most `runs` times 40 transitions.

    Parameters
    ----------
    q : GaussianFit
    seed : int
    runs : int

    Raises
    ------
    FloatingPointError
        Where log p̃ is not a number at any draw of q.
    """
    rng = np.random.default_rng(seed)
    zeta = q.push(rng.standard_normal((20 * CHAINS, q.mean.size)))
    fine = np.flatnonzero(np.isfinite(np.asarray(q.model.log_densities(zeta))))
    if not fine.size:
        raise FloatingPointError("log p̃ is not a number at any draw of q")
    u = q.whiten(zeta[rng.choice(fine, CHAINS, replace=fine.size < CHAINS)]).astype(q.model.start.dtype)
    step = jnp.asarray(LARGEST / 2, u.dtype)
    for run in range(runs):
        key = jax.random.fold_in(jax.random.key(seed), run)
        kept, step, astray = _run(q.model.full_log_density, q.mean, q.scale, u, step, key)
        kept = np.asarray(kept)
        chains = Chains(q.push(kept.reshape(-1, q.mean.size)), q.push(u), float(astray), (run + 1) * LENGTH)
        if chains.settled.all():
            break
        u = kept[-1]
    return chains


@partial(jax.jit, static_argnames="log_p")
def _run(log_p, mean, scale, u, step, key):
    """`LENGTH` transitions of all chains: the states kept, the step size, the share of transitions gone astray."""
    each = jax.value_and_grad(lambda u: log_p(mean + times(scale, u)))
    value_and_slope = partial(jax.lax.map, each, batch_size=AT_ONCE)  # more do not fit into the processor's cache

    def transition(state, now):
        u, log_step = state
        t, key = now
        for_momentum, for_length, for_accept = jax.random.split(key, 3)
        momentum = jax.random.normal(for_momentum, u.shape, u.dtype)
        this = jnp.exp(log_step) * jax.random.uniform(for_length, (), u.dtype, 0.6, 1.4)
        there, energy = _leapfrog(value_and_slope, u, momentum, this)
        chance = jnp.where(jnp.isnan(energy), 0, jnp.exp(jnp.minimum(0, -energy)))
        accept = jax.random.uniform(for_accept, chance.shape) < chance
        u = jnp.where(accept[:, None], there, u)
        tuned = log_step + jnp.where(t < LENGTH // 2, chance.mean() - ACCEPT, 0) / jnp.sqrt(1 + t / 5)
        return (u, jnp.minimum(tuned, jnp.log(LARGEST))), (u, jnp.mean(~(energy < ENERGY)))

    keys = jax.random.split(key, LENGTH)
    (_, log_step), (states, astray) = jax.lax.scan(transition, (u, jnp.log(step)), (jnp.arange(LENGTH), keys))
    every = LENGTH // 2 // KEPT
    return states[LENGTH - 1 - every * np.arange(KEPT)[::-1]], jnp.exp(log_step), astray[LENGTH // 2 :].mean()


def _leapfrog(value_and_slope, u, momentum, step):
    """Where `LEAPS` steps lead, and how much the energy grew on the way, shape (chains,)."""
    value, slope = value_and_slope(u)
    energy = 0.5 * (momentum**2).sum(axis=1) - value

    def leap(_, state):
        u, momentum, slope, _ = state
        momentum = momentum + 0.5 * step * slope
        u = u + step * momentum
        value, slope = value_and_slope(u)
        return u, momentum + 0.5 * step * slope, slope, value

    there, momentum, _, value = jax.lax.fori_loop(0, LEAPS, leap, (u, momentum, slope, value))
    return there, 0.5 * (momentum**2).sum(axis=1) - value - energy
