"""`approximate`: a Gaussian for a model of the reader's own, without a rate to choose, and what mends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pymc as pm
from scipy import special, stats

from helpers.fits.approximation import Approximation
from helpers.fits.complaints import check_initial_point, not_finite
from helpers.fits.flat_model import FlatModel
from helpers.fits.gaussian_fit import GaussianFit
from helpers.fits.short_chains import Chains, run_chains
from helpers.fits.starting_places import DENSE, NEWTON, best_on_the_way, jittered, scale_at
from helpers.fits.weights import psis
from helpers.fits.whitened import first_rate, improve
from helpers.truth.draws import Draws
from helpers.validate import check_count

STARTS = 4
ROUNDS = 12  # at most
ENOUGH = 0.01  # nats that a round must gain, and twice its standard error, for another round to follow
FAR = 1.0  # nats: after such a gain the curvature is another
REACH = 0.999  # of q's mass: what lies within the ellipsoid that holds so much is reached
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
        Draws in the model's own names, a summary of which margins to believe, predictions. With up to 150 parameters q
        is full-rank; up to 1,000 it has the correlations of the Hessian and learns a standard deviation for each of
        its directions; beyond, parameters are independent.

    Raises
    ------
    ValueError, NotImplementedError
        For a model that `FlatModel` refuses; where log p̃ is finite at none of the starts.

    Notes
    -----
    An interrupt ends the search, and what was found until then is returned. Where starts lead to separate modes, the
    verdict says how much of the mass q leaves out. A mode that no start leads to is not seen: `helpers.checks.diagnose`
    looks for others from draws of the prior.
    """
    check_count(0, seed=seed)
    flat = model if isinstance(model, FlatModel) else FlatModel(model)
    say = _spoken(progress)
    q, *others = _places(flat, seed, say)
    notes, chains, lost = [], None, 0.0
    sample = q.draws(DRAWS, seed=seed)
    try:
        q, sample, arrived = _improved(q, sample, seed, say)
        if not arrived:
            notes.append(f"{ROUNDS} rounds of the loop had not settled when it was stopped")
        q, sample, lost = _elsewhere(q, sample, others, seed, say)
        if not _usable(sample):
            say("the weights cannot be believed: short chains")
            chains = run_chains(q, seed=seed)
    except KeyboardInterrupt:
        notes.append("interrupted: this is the best that was found until then")
    return _assembled(q, sample, chains, lost, notes)


def _places(flat: FlatModel, seed: int, say: Callable) -> list[GaussianFit]:
    """What the optimiser met from every start, the best first."""
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
    found = sorted((one for one in found if one), key=lambda one: -one[0])
    return [GaussianFit(flat, mean, scale) for _, mean, scale in found]


def _improved(q: GaussianFit, sample: Draws, seed: int, say: Callable) -> tuple[GaussianFit, Draws, bool]:
    """Rounds of the loop from q, until one gains nothing: the last q, its draws, and whether it came to an end."""
    rate = first_rate(q)
    for k in range(ROUNDS):
        better = improve(q, seed=seed, round_=k, rate=rate)
        after = better.draws(DRAWS, seed=seed)
        gain, error = _gain(sample, after)
        say(f"round {k + 1}: the ELBO gained {gain:.2f} nats")
        if np.isfinite(sample.log_ratio.mean()) and not gain > -5 * error:  # worse, or not a number
            rate /= 3
            continue
        q, sample = better, after
        if gain < max(ENOUGH, 2 * error) and error < SURE:
            return q, sample, True
        if gain > FAR and q.mean.size <= DENSE:
            q, sample = _bent_anew(q, sample, seed)
    return q, sample, False


def _gain(before: Draws, after: Draws) -> tuple[float, float]:
    """Of the ELBO, in nats, and its standard error; from the same η, so that most of the noise cancels."""
    with np.errstate(invalid="ignore"):
        gains = after.log_ratio - before.log_ratio
        return float(gains.mean()), float(gains.std() / np.sqrt(len(gains)))


def _bent_anew(q: GaussianFit, sample: Draws, seed: int) -> tuple[GaussianFit, Draws]:
    """q, or the Gaussian of the curvature where q's mean has come to, whichever has the greater ELBO."""
    scale = scale_at(q.model.full_log_density, q.mean)
    other = replace(q, scale=scale)
    drawn = other.draws(DRAWS, seed=seed)
    return (other, drawn) if drawn.log_ratio.mean() > sample.log_ratio.mean() else (q, sample)


def _elsewhere(
    q: GaussianFit, sample: Draws, others: list[GaussianFit], seed: int, say: Callable
) -> tuple[GaussianFit, Draws, float]:
    """The best place of all, and what share of the mass lies at the others, by their ELBOs, as for separate modes."""
    places = [(q, sample)]
    for k, other in enumerate(others):
        if any(_reaches(place, other.mean) for place, _ in places):
            continue
        say(f"another place, from start {k + 2}")
        there, drawn, _ = _improved(other, other.draws(DRAWS, seed=seed), seed, say)
        if not any(_reaches(place, there.mean) or _reaches(there, place.mean) for place, _ in places):
            places.append((there, drawn))
    places.sort(key=lambda place: -place[1].log_ratio.mean())
    share = special.softmax([drawn.log_ratio.mean() for _, drawn in places])
    return *places[0], float(1 - share[0])


def _reaches(q: GaussianFit, zeta: np.ndarray) -> bool:
    """Whether ζ is where draws of q come."""
    return bool((q.whiten(zeta[None]) ** 2).sum() <= stats.chi2.ppf(REACH, q.mean.size))


def _usable(sample: Draws) -> bool:
    """Whether the importance weights of these draws can be believed."""
    if np.isnan(sample.log_ratio).any():
        return False
    weights, khat = psis(sample.log_ratio)
    effective = 1 / (weights**2).sum() / len(weights)
    return bool(effective > ALIKE or (khat < GOOD_KHAT and effective > EFFECTIVE))


def _assembled(q: GaussianFit, sample: Draws, chains: Chains | None, lost: float, notes: list[str]) -> Approximation:
    weights, khat = psis(np.nan_to_num(sample.log_ratio, nan=-np.inf))
    if chains is None:
        source = "weights" if _usable(sample) else "nothing"
        return Approximation(q, np.asarray(sample.values), weights, khat, source, lost, None, tuple(notes))
    even = np.full(len(chains.zeta), 1 / len(chains.zeta))
    return Approximation(q, chains.zeta, even, khat, "chains", lost, chains, tuple(notes))


def _spoken(progress: bool) -> Callable:
    """A function that prints what it is given, from three seconds on, and then every two."""
    last = time.perf_counter() + 1

    def say(text: str) -> None:
        nonlocal last
        if progress and time.perf_counter() - last > 2:
            last = time.perf_counter()
            print(text, flush=True)

    return say
