"""`approximate`: a Gaussian for a model of the reader's own, without a rate to choose, and what mends it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pymc as pm

from helpers.fits.approximation import Approximation
from helpers.fits.complaints import check_initial_point, not_finite
from helpers.fits.flat_model import FlatModel
from helpers.fits.gaussian_fit import GaussianFit
from helpers.fits.short_chains import Chains, run_chains
from helpers.fits.starting_places import NEWTON, best_on_the_way, jittered
from helpers.fits.weights import psis
from helpers.fits.whitened import improve
from helpers.truth.draws import Draws
from helpers.validate import check_count

STARTS = 4
ROUNDS = 12  # at most
ENOUGH = 0.01  # nats that a round must gain, and twice its standard error, for another round to follow
SURE = 0.1  # nats: with a larger standard error, a gain says nothing
DRAWS = 4_000
GOOD_KHAT = 0.5  # below it the weights are believed; up to 0.7 they can be, but k-hat itself is too uncertain
EFFECTIVE = 0.8  # effective draws a draw: with fewer, weights widen a q that is too narrow only in part
ALIKE = 0.95  # from which on a heavy tail is too thin to matter


def approximate(model: pm.Model | FlatModel, *, seed: int, progress: bool = True) -> Approximation:
    """Find a Gaussian for the posterior of `model`, find out whether it can be used, and mend it where it cannot.

    From several starts an optimiser goes uphill, and the place on its way whose curvature makes the best Gaussian is
    kept. In the coordinates of this Gaussian the course's loop then runs, round after round, until a round gains
    nothing. Last come importance weights; where these cannot be believed, short chains from the draws of q.

    Parameters
    ----------
    model : pymc.Model or FlatModel
        With continuous parameters and all rows of the data. A `FlatModel` that is passed again is not compiled again.
    seed : int
    progress : bool
        Print a line now and then, where it takes more than three seconds.

    Returns
    -------
    Approximation
        Draws in the model's own names, a summary of which margins to believe, predictions. With up to 100 parameters q
        is full-rank; up to 1,000 it has the correlations of the Hessian and learns a standard deviation for each of
        its directions; beyond, parameters are independent.

    Raises
    ------
    ValueError, NotImplementedError
        For a model that `FlatModel` refuses; where log p̃ is finite at none of the starts.

    Notes
    -----
    An interrupt ends the search, and what was found until then is returned. A mode that no start leads to is not seen:
    `helpers.checks.diagnose` looks for others from draws of the prior.
    """
    check_count(0, seed=seed)
    flat = model if isinstance(model, FlatModel) else FlatModel(model)
    say = _spoken(progress)
    q = _start(flat, seed, say)
    notes, chains = [], None
    sample = q.draws(DRAWS, seed=seed)
    try:
        q, sample, arrived = _improved(q, sample, seed, say)
        if not arrived:
            notes.append(f"{ROUNDS} rounds of the loop had not settled when it was stopped")
        if not _usable(sample):
            say("the weights cannot be believed: short chains")
            chains = run_chains(q, seed=seed)
    except KeyboardInterrupt:
        notes.append("interrupted: this is the best that was found until then")
    return _assembled(q, sample, chains, notes)


def _start(flat: FlatModel, seed: int, say: Callable) -> GaussianFit:
    """The best of what the optimiser met from every start."""
    check_initial_point(flat)
    rng = np.random.default_rng(seed)
    starts = jittered(flat, STARTS if flat.size <= NEWTON else 1, rng)
    found = []
    for k, start in enumerate(starts):
        say(f"looking for a place to begin: start {k + 1} of {len(starts)}")
        try:
            found.append(best_on_the_way(flat.full_log_density, start, rng))
        except KeyboardInterrupt:
            if not any(found):
                raise
            break
    if not any(found):
        names = ", ".join(not_finite(flat, starts)[0])
        raise ValueError(
            f"log p̃ of the model is finite at none of {len(starts)} starts, because of {names}: look in the data for NaN, "
            "infinity, or values outside the support of the likelihood; or give a variable an initval="
        )
    _, mean, scale = max((one for one in found if one), key=lambda one: one[0])
    return GaussianFit(flat, mean, scale)


def _improved(q: GaussianFit, sample: Draws, seed: int, say: Callable) -> tuple[GaussianFit, Draws, bool]:
    """Rounds of the loop from q, until one gains nothing: the last q, its draws, and whether it came to an end."""
    for k in range(ROUNDS):
        better = improve(q, seed=seed, round_=k)
        if not (np.isfinite(better.mean).all() and np.isfinite(better.scale).all()):
            return q, sample, False
        after = better.draws(DRAWS, seed=seed)
        gains = after.log_ratio - sample.log_ratio  # the same η: most of the noise cancels
        gain, error = gains.mean(), gains.std() / np.sqrt(DRAWS)
        say(f"round {k + 1}: the ELBO gained {gain:.2f} nats")
        if np.isfinite(sample.log_ratio.mean()) and not gain > -5 * error:  # worse, or not a number
            return q, sample, k > 0
        q, sample = better, after
        if gain < max(ENOUGH, 2 * error) and error < SURE:
            return q, sample, True
    return q, sample, False


def _usable(sample: Draws) -> bool:
    """Whether the importance weights of these draws can be believed."""
    if np.isnan(sample.log_ratio).any():
        return False
    weights, khat = psis(sample.log_ratio)
    effective = 1 / (weights**2).sum() / len(weights)
    return bool(effective > ALIKE or (khat < GOOD_KHAT and effective > EFFECTIVE))


def _assembled(q: GaussianFit, sample: Draws, chains: Chains | None, notes: list[str]) -> Approximation:
    weights, khat = psis(np.nan_to_num(sample.log_ratio, nan=-np.inf))
    if chains is None:
        source = "weights" if _usable(sample) else "nothing"
        return Approximation(q, np.asarray(sample.values), weights, khat, source, None, tuple(notes))
    even = np.full(len(chains.zeta), 1 / len(chains.zeta))
    return Approximation(q, chains.zeta, even, khat, "chains", chains, tuple(notes))


def _spoken(progress: bool) -> Callable:
    """A function that prints what it is given, from three seconds on, and then every two."""
    last = time.perf_counter() + 1

    def say(text: str) -> None:
        nonlocal last
        if progress and time.perf_counter() - last > 2:
            last = time.perf_counter()
            print(text, flush=True)

    return say
