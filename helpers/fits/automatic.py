"""`approximate`: a Gaussian for a model of the reader's own, without a rate to choose, and what mends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pymc as pm
from scipy import special

from helpers.fits.approximation import Approximation
from helpers.fits.complaints import check_initial_point, lost_circles, not_finite
from helpers.fits.flat_model import FlatModel
from helpers.fits.gaussian_fit import GaussianFit
from helpers.fits.model_checks import check_all_rows
from helpers.fits.short_chains import Chains, run_chains
from helpers.fits.some_rows import GAP, check_rows, gap, peak_of, sampled, stand_in, with_density
from helpers.fits.starting_places import DENSE, NEWTON, best_on_the_way, jittered, scale_at
from helpers.fits.weights import HEAVIER, MOST, enough, psis, usable
from helpers.fits.whitened import first_rate, improve
from helpers.truth.draws import Draws
from helpers.validate import check_count

STARTS = 4
ROUNDS = 12  # at most
ENOUGH = 0.01  # nats: stop when a round gains less than this, or less than two standard errors
SURE = 0.1  # nats: do not stop while the standard error of the gain is larger
ROUNDING = 1e-6  # nats, which an exact q may lose
FAR = 1.0  # nats: after such a gain, take the Hessian anew
NARROW = 0.1  # sd of every ζ from which mean-field begins, where there are many
DRAWS = 4_000
MIRROR = 5.0  # nats by which log p̃ may be lower at the place across: lower ones hold no mass to speak of
MANY = 20_000  # draws of a t about q: its weights are reliable more often


def approximate(
    model: pm.Model | FlatModel, *, seed: int, rows: int | None = None, progress: bool = True
) -> Approximation:
    """Find a Gaussian for the posterior of `model`, find out whether it can be used, and mend it where it cannot.

    From four starts an optimiser goes uphill, and the place on its way whose curvature makes the best Gaussian is kept.
    (With more than 200 parameters it has one start. The course's loop begins there, too, mean-field, and the better of
    both is kept: an edge of the density, as models with many groups have, attracts the optimiser, and not the loop.) In
    the coordinates of this Gaussian the course's loop then runs, round after round, until a round gains nothing. Then it
    looks on the other side of a start that q does not reach: there may be a mirror image. Last come importance weights of
    q's draws; else of draws from a t about q (up to 100 parameters); else short Markov chains from the draws of q.

    Parameters
    ----------
    model : pymc.Model or FlatModel
        With continuous parameters and all rows of the data (a `FlatModel` with a `minibatch` is fitted to all rows, too).
        A `FlatModel` that is passed again is not compiled again.
    seed : int
    rows : int, optional
        Fit with so many rows, chosen at random, in the place of all, where a pass over all is dear (a million, say). It
        needs a `FlatModel` whose `minibatch` names the data with rows. All are read some hundred times: to find the peak
        and the curvature there, and to check the result.
    progress : bool
        Print a line now and then, where it takes more than three seconds.

    Returns
    -------
    Approximation
        Draws in the model's own names, a summary of which margins to believe, predictions. With up to 150 parameters q
        is full-rank. Up to 1,000 it learns sds along the directions of the inverse Hessian, where these gain anything
        over independent parameters. Beyond, parameters are independent.

    Raises
    ------
    ValueError
        For a model that `FlatModel` refuses, or that holds `pm.Minibatch` or `total_size`; where log p̃ is finite at
        none of the starts.
    NotImplementedError
        For a model with an operation, or a second derivative, that JAX does not have.
    TypeError
        For anything else than a model.

    Notes
    -----
    An interrupt ends the search, and what was found until then is returned. Where starts lead to separate modes, the
    verdict says how much of the mass q leaves out, estimated from the ELBOs as if each were a Gaussian. A mode that no
    start leads to is not seen: `helpers.checks.diagnose` looks for others from draws of the prior.
    """
    check_count(0, seed=seed)
    if not isinstance(model, pm.Model | FlatModel):
        raise TypeError(f"model must be a pymc.Model or a FlatModel, got {type(model).__name__}")
    check_all_rows(model.model if isinstance(model, FlatModel) else model)
    flat = model if isinstance(model, FlatModel) else FlatModel(model)
    if rows is not None:
        check_rows(flat, rows)
    search = _Search(flat, seed, _spoken(progress))
    try:
        if rows is not None:
            search.stand_in(rows)
        search.run()
        if rows is not None:
            search.compare(flat)
    except KeyboardInterrupt:
        if search.q is None:
            raise
        search.notes.append("interrupted: this is the best that was found until then")
        search.source = "nothing"
    found = search.result()
    return replace(found, q=replace(found.q, model=flat))  # not the stand-in


@dataclass
class _Search:
    """What has been found so far, so that an interrupt loses nothing."""

    flat: FlatModel
    seed: int
    say: Callable
    starts: np.ndarray | None = None
    q: GaussianFit | None = None
    sample: Draws | None = None
    source: str = "nothing"
    lost: float = 0.0
    chains: Chains | None = None
    notes: list[str] = field(default_factory=list)

    def stand_in(self, rows: int) -> None:
        """Search with some of the rows, and from the peak of all."""
        log_sample = sampled(self.flat, rows, self.seed)
        pilot = _Search(with_density(self.flat, log_sample), self.seed, self.say)
        pilot.begin()
        self.say("looking for the peak of all rows")
        peak = peak_of(self.flat.full_log_density, pilot.q)
        self.flat, self.starts = stand_in(self.flat, log_sample, peak), np.asarray(peak)[None]

    def compare(self, flat: FlatModel) -> None:
        """With the log density of all rows."""
        self.say("reading all rows at some draws")
        differs = gap(self.q, flat, seed=self.seed)
        if not differs < GAP:
            self.source = "nothing"
            self.notes.append(f"the rows given differ by {differs:.2g} nats (sd) from all")
        if not self.result().usable:
            self.notes.append("more rows, or all, may mend it")

    def run(self) -> None:
        others = self.begin()
        first = self.q
        self.take(first)
        if not self.improve():
            self.notes.append(f"{ROUNDS} rounds of the loop had not settled when it was stopped")
        if lost := lost_circles(self.flat, self.q.sd):
            self.notes.append(f"q is {lost}")
            return
        self.look_elsewhere([*others, *self.across([first, *others])])
        if usable(self.sample):
            self.source = "weights"
            return
        if self.flat.size <= MOST:
            heavier = self.q.draws(MANY, seed=self.seed, df=HEAVIER)
            if enough(heavier):
                self.sample, self.source = heavier, "heavier"
                return
        self.say("the importance weights are not reliable: short chains")
        try:
            self.chains, self.source = run_chains(self.q, seed=self.seed), "chains"
        except FloatingPointError as error:
            self.notes.append(str(error))

    def take(self, q: GaussianFit, sample: Draws | None = None) -> None:
        self.q, self.sample = q, sample or q.draws(DRAWS, seed=self.seed)

    def begin(self) -> list[GaussianFit]:
        """Take the best of what the optimiser met from every start; the others."""
        check_initial_point(self.flat)
        rng = np.random.default_rng(self.seed)
        starts = self.starts
        if starts is None:
            starts = jittered(self.flat, STARTS if self.flat.size <= NEWTON else 1, rng)
        found = []
        for k, start in enumerate(starts):
            self.say(f"looking for a place to begin: start {k + 1} of {len(starts)}")
            place = _place(self.flat, start, rng)
            if place:
                found = sorted([*found, place], key=lambda one: -one[0])
                self.q = GaussianFit(self.flat, *found[0][1:])
        if not found:
            names = ", ".join(not_finite(self.flat, starts)[0])
            raise ValueError(
                f"log p̃ of the model is finite at none of {len(starts)} starts, because of {names}: look in the data for "
                "NaN, infinity, or values outside the support of the likelihood; or give a variable an initval="
            )
        if self.starts is None and self.flat.size > NEWTON:
            self.q = GaussianFit(self.flat, *max(found[0], self.by_loop(), key=lambda one: one[0])[1:])
            return []
        return [GaussianFit(self.flat, mean, scale) for _, mean, scale in found[1:]]

    def improve(self) -> bool:
        """Rounds of the loop from q, until one gains nothing; whether it came to that."""
        rate = first_rate(self.q)
        for k in range(ROUNDS):
            better = improve(self.q, seed=self.seed, round_=k, rate=rate)
            after = better.draws(DRAWS, seed=self.seed)
            gain, error = _gain(self.sample, after)
            self.say(f"round {k + 1}: the ELBO gained {gain:.2f} nats")
            worse = not gain > -max(5 * error, ROUNDING)  # or not a number
            if worse and np.isfinite(self.sample.log_ratio.mean()):
                rate /= 3
                continue
            self.take(better, after)
            if gain < max(ENOUGH, 2 * error) and error < SURE:
                return True
            if gain > FAR and self.q.scale.ndim == 2:
                self.bend_anew()
        return False

    def bend_anew(self, worth: float = 0.0) -> None:
        """Take the Gaussian of the curvature at q's mean, where its ELBO is greater by more than `worth` nats."""
        other = replace(self.q, scale=scale_at(self.flat.full_log_density, self.q.mean))
        drawn = other.draws(DRAWS, seed=self.seed)
        if drawn.log_ratio.mean() > self.sample.log_ratio.mean() + worth:
            self.take(other, drawn)

    def by_loop(self) -> tuple:
        """ELBO, mean and scale of what mean-field's rounds lead to from PyMC's initial point."""
        there = _Search(self.flat, self.seed, self.say)
        there.take(GaussianFit(self.flat, self.flat.start, np.full(self.flat.size, NARROW)))
        there.improve()
        if self.flat.size <= DENSE:
            there.bend_anew(worth=FAR)
        return there.sample.log_ratio.mean(), there.q.mean, there.q.scale

    def across(self, places: list[GaussianFit]) -> list[GaussianFit]:
        """Where an optimiser leads to from the other side of the first of `places` that q does not reach.

        With swapped labels, or turned signs, this place may be a saddle half-way between two modes.
        """
        for place in places:
            if not self.q.reaches(place.mean):
                found = _place(self.flat, 2 * place.mean - self.q.mean, np.random.default_rng(self.seed))
                if not found:
                    return []
                log_p = np.asarray(self.flat.log_densities(np.stack([found[1], self.q.mean])))
                return [GaussianFit(self.flat, *found[1:])] if log_p[1] - log_p[0] < MIRROR else []
        return []

    def look_elsewhere(self, others: list[GaussianFit]) -> None:
        """Take the best place of all; `lost` is the share of the others, by their ELBOs, as if each were a Gaussian."""
        places = [(self.q, self.sample)]
        for other in others:
            if not all(place.separate_from(other) for place, _ in places):
                continue
            self.say("another start has led to another place")
            there = _Search(self.flat, self.seed, self.say)
            there.take(other)
            there.improve()
            fine = np.isfinite(there.sample.log_ratio.mean())
            if fine and all(place.separate_from(there.q) for place, _ in places):
                places.append((there.q, there.sample))
        places.sort(key=lambda place: -place[1].log_ratio.mean())
        if len(places) > 1:
            self.take(*places[0])
            self.lost = float(1 - special.softmax([sample.log_ratio.mean() for _, sample in places])[0])

    def result(self) -> Approximation:
        if self.sample is None:
            self.take(self.q)
        weights, khat = psis(np.nan_to_num(self.sample.log_ratio, nan=-np.inf))
        zeta = np.asarray(self.sample.values)
        if self.source == "chains":
            zeta = self.chains.zeta
            weights = np.full(len(zeta), 1 / len(zeta))
        notes = tuple(self.notes)
        return Approximation(self.q, zeta, weights, khat, self.source, self.lost, self.chains, notes)


def _place(flat: FlatModel, start: np.ndarray, rng: np.random.Generator) -> tuple | None:
    try:
        return best_on_the_way(flat.full_log_density, start, rng)
    except NotImplementedError as error:
        raise NotImplementedError(
            f"model must have second derivatives in JAX ({error}); `helpers.fits.advi` does without them"
        ) from error


def _gain(before: Draws, after: Draws) -> tuple[float, float]:
    """Of the ELBO, in nats, and its standard error; from the same η, so that most of the noise cancels."""
    with np.errstate(invalid="ignore"):
        gains = after.log_ratio - before.log_ratio
        return float(gains.mean()), float(gains.std() / np.sqrt(len(gains)))


def _spoken(progress: bool) -> Callable:
    """A function that prints what it is given, from three seconds on, and then every two."""
    last = time.perf_counter() + 1

    def say(text: str) -> None:
        nonlocal last
        if progress and time.perf_counter() - last > 2:
            last = time.perf_counter()
            print(text, flush=True)

    return say
