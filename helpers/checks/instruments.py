"""What each instrument says of a fit: importance ratios, short chains, more optimisation, other starts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special, stats

from helpers.checks.comparison import MEAN_TOLERANCE, SD_RATIOS, Margins, compared
from helpers.checks.refits import fit_again
from helpers.fits.gaussian_fit import REACH, GaussianFit
from helpers.fits.short_chains import ASTRAY_SHARE, CHAINS, run_chains
from helpers.fits.weights import HEAVIER, MOST, effective, khat_error, khat_threshold, psis
from helpers.truth.draws import Draws

TRUST, WEIGHTS, LONGER, NOT = "trust", "use with importance weights", "fit longer", "do not use"
UNDECIDED, NA = "undecided", "n/a"
SURE = 0.975  # how sure a verdict must be
FINITE_VARIANCE = 0.5  # k-hat below which the weighted means have a standard error
LEAST_EFFECTIVE = 100  # draws: a weighted mean then has a Monte Carlo error of a tenth of an sd, half the tolerance
NEARLY_ALL = 0.5  # of the draws are effective: the tail of the ratios is too thin to spoil what it says
ELSEWHERE = 0.05  # share of the weight beyond the reach of q, which a mode that q has lost may hold
FEW = 5  # parameters; with more, the draws of heavier tails are nearly all beyond the reach of q
ELBO_DRAWS = 2_000  # of q, to compare ELBOs
SMALL = 0.5  # nats: with a larger standard error a gain says nothing
LARGE = 1.0  # nats: after a larger gain q had not arrived, whatever its margins are
FAILED = "met NaN or infinity, so a better place or a lost mode would not be seen"


@dataclass(frozen=True)
class Finding:
    """One instrument's answer.

    Parameters
    ----------
    verdict, value, says : str
    share : float, optional
        How sure it is that the worst margin is within the limits, by the standard error of what it has measured.
    """

    verdict: str
    value: str = ""
    says: str = ""
    share: float = np.nan


def khat_and_elbo(sample: Draws) -> tuple[Finding, Finding]:
    """What q's own importance ratios say; neither decides."""
    number = len(sample.log_ratio)
    _, khat = psis(sample.log_ratio)
    threshold, error, value = khat_threshold(number), khat_error(khat, number), "none"
    if khat == -np.inf:
        value, says = "−∞", "no tail: q equals the posterior up to a constant"
    elif np.isnan(khat):
        says = "no Pareto tail can be fitted to the ratios"
    elif khat < threshold:
        value, says = f"{khat:.2f} ± {error:.2f}", f"below {threshold:.2f}: weights of q's own draws can be relied on"
    else:
        value, says = f"{khat:.2f} ± {error:.2f}", f"{threshold:.2f} or more: weights of q's own draws may not mend it"
    elbo = sample.log_ratio.mean()
    nats = f"{elbo:.3f} ± {sample.log_ratio.std() / np.sqrt(number):.3f}" if np.isfinite(elbo) else "−∞"
    return Finding(NA, value, says), Finding(NA, nats, "nats, a lower bound of the log evidence")


def by_weights(q: GaussianFit, own: Margins, draws: int, seed: int) -> tuple[Finding, bool]:
    """q against weighted draws of heavier tails; and whether these weights can be relied on.

    Parameters
    ----------
    q : GaussianFit
    own : Margins
        Of q's own draws.
    draws : int
    seed : int
    """
    if q.mean.size > MOST:
        return Finding(NA, "not run", f"with more than {MOST} parameters no weights are left"), False
    sample = q.draws(draws, seed=seed, df=HEAVIER)
    if not np.isfinite(sample.log_ratio).any() or np.isnan(sample.log_ratio).any():
        return Finding(NA, "none", "log p̃ is not a number at some of these draws"), False
    weights, khat = psis(sample.log_ratio)
    left = effective(weights)
    value = f"{left:,.0f} of {draws:,} draws, k-hat {khat:.2f}".replace("-inf", "−∞")
    reliable = left >= LEAST_EFFECTIVE and (khat < FINITE_VARIANCE or left > NEARLY_ALL * draws)
    if (share := _elsewhere(q, sample, weights, reliable)) > ELSEWHERE:
        return Finding(
            UNDECIDED, value, f"draws that q hardly reaches have {share:.0%} of the weight: a lost mode?"
        ), False
    if not reliable:
        return Finding(NA, value, "these weights cannot be relied on: short chains decide"), False
    better = replace(Margins.of(q.model, sample.values), weights=weights)
    return _judged(compared(own, better), value, WEIGHTS), True


def _elsewhere(q: GaussianFit, sample: Draws, weights: np.ndarray, reliable: bool) -> float:
    """Share of the weight beyond the reach of q that speaks for another mode.

    Where the smoothed weights are reliable, that is what the smoothing has taken away: a few draws that have landed in a
    narrow mode look like chance to it.
    """
    beyond = (q.whiten(np.asarray(sample.values)) ** 2).sum(axis=1) > stats.chi2.ppf(REACH, q.mean.size)
    raw = special.softmax(sample.log_ratio)[beyond].sum()
    if reliable:
        return float(raw - weights[beyond].sum())
    return float(weights[beyond].sum()) if q.mean.size <= FEW else 0.0


def by_chains(q: GaussianFit, own: Margins, seed: int, runs: int) -> tuple[Finding, bool]:
    """q against short chains from its draws; and whether these can be relied on.

    Parameters
    ----------
    q : GaussianFit
    own : Margins
        Of q's own draws.
    seed : int
    runs : int
        Of 40 transitions, at most.
    """
    try:
        chains = run_chains(q, seed=seed, runs=runs)
    except FloatingPointError as error:
        return Finding(NOT, "failed", str(error)), False
    stuck = np.array(q.model.labels)[~chains.settled]
    finding = _judged(compared(own, Margins.of(q.model, chains.zeta, CHAINS)), f"{chains.transitions} transitions", NOT)
    if chains.astray >= ASTRAY_SHARE:
        says = f"{chains.astray:.1%} of the transitions failed: somewhere the posterior is much narrower than q"
        return Finding(NOT, finding.value, says), False
    if not stuck.size:
        return finding, True
    says = f"the chains still move, or depend on where they began, in {stuck[0]}"
    says += f" and {stuck.size - 1} more" * (stuck.size > 1)
    return Finding(NOT if finding.verdict == NOT else UNDECIDED, finding.value, f"{finding.says}; {says}"), False


def _judged(table: pd.DataFrame, value: str, otherwise: str) -> Finding:
    """A verdict from q's comparison with better draws."""
    worst = table.loc[table["share"].idxmin()]
    if np.isnan(worst["value"]):
        return Finding(
            UNDECIDED, value, f"{worst['margin']} is not a number at some of the draws", float(worst["share"])
        )
    found = {"mean": "mean {:+.2f} ± {:.2f} sd off", "sd": "sd × {:.2f} ± {:.2f}"}
    text = found.get(worst["of"], "below q's " + worst["of"] + " lie {:.1%} ± {:.1%}").format(
        worst["value"], worst["error"]
    )
    share = float(worst["share"])
    verdict = TRUST if share >= SURE else otherwise if share <= 1 - SURE else UNDECIDED
    return Finding(verdict, value, f"where q is worst, in {worst['margin']}: {text}", share)


def by_optimiser(q: GaussianFit, seed: int, restarts: int, steps: int) -> tuple[Finding, Finding]:
    """What more optimisation and other starts lead to.

    Parameters
    ----------
    q : GaussianFit
    seed : int
    restarts : int
        How many other starts.
    steps : int
        Of each fit, twice.
    """
    fits = []  # (fit, its draws), or None where the optimiser or the draws met NaN or infinity
    for fit in fit_again(q, seed, restarts, steps):
        sample = fit and fit.draws(ELBO_DRAWS, seed=seed)
        fits.append((fit, sample) if sample and np.isfinite(sample.log_ratio.mean()) else None)
    better, others = fits[0], [fit for fit in fits[1:] if fit]
    if better is None:
        says = f"the optimiser {FAILED}; a fit from q's mean with a small start_sd would decide"
        more = Finding(UNDECIDED, "failed", says)
        better = q, q.draws(ELBO_DRAWS, seed=seed)
    else:
        more = _more(q, *better, seed)
    return more, _restarts(q, better, others, restarts)


def _more(q: GaussianFit, better: GaussianFit, sample: Draws, seed: int) -> Finding:
    shift, ratio = _largest((q.mean - better.mean) / better.sd), q.sd / better.sd
    gain = sample.log_ratio - q.draws(ELBO_DRAWS, seed=seed).log_ratio  # the same η: most of the noise cancels
    error = gain.std() / np.sqrt(ELBO_DRAWS)
    worst = ratio[np.argmax(np.abs(np.log(ratio)))]
    says = f"against the continued fit q's worst mean is {shift:+.2f} sd off, its worst sd {worst:.2f} times as large"
    gained = gain.mean() > max(LARGE, 2 * error)
    arrived = not gained and (_within(shift, ratio) or (gain.mean() < 2 * error and error < SMALL))
    value = f"gains {gain.mean():,.3f} ± {error:,.3f} nats"
    return Finding(TRUST if arrived else LONGER, value, f"{'arrived' if arrived else 'not arrived'}: {says}")


def _restarts(q: GaussianFit, better, others: list, asked: int) -> Finding:
    """Fits that ended where neither q nor its continuation reach, weighed by their ELBOs as for separate modes."""
    if not others and not asked:
        return Finding(NA, "none", "no other fit: a lost mode would not be seen")
    if not others:
        says = f"all failed: each {FAILED}; fits from starts of your own (`helpers.fits.restarts`) would decide"
        return Finding(UNDECIDED, f"0 of {asked} fits", says)
    places = [better]
    for fit, sample in sorted(others, key=lambda one: -one[1].log_ratio.mean()):
        if not any(place.reaches(fit.mean) for place in (q, *(p for p, _ in places))):
            places.append((fit, sample))
    share = special.softmax([sample.log_ratio.mean() for _, sample in places])
    means, sds = np.array([fit.mean for fit, _ in places]), np.array([fit.sd for fit, _ in places])
    mean = share @ means
    sd = np.sqrt(share @ (sds**2 + (means - mean) ** 2))
    value = f"other places: {len(places) - 1} (from {len(others)} fits)"
    if len(places) == 1:
        reached = all(q.reaches(fit.mean) for fit, _ in others)
        return Finding(
            TRUST, value, f"all ended within reach of q{'' if reached else ', or where more optimisation takes it'}"
        )
    fine = _within(_largest((means[0] - mean) / sd), sds[0] / sd)
    says = f"by their ELBOs they hold {1 - share[0]:.1%} of the mass: "
    says += "not enough to matter" if fine else "lost modes, mirror images (swapped labels) or one long ridge"
    return Finding(TRUST if fine else NOT, value, says)


def _largest(shift: np.ndarray) -> float:
    return float(shift[np.argmax(np.abs(shift))])


def _within(shift: float, ratio: np.ndarray) -> bool:
    return bool(abs(shift) < MEAN_TOLERANCE and (ratio > SD_RATIOS[0]).all() and (ratio < SD_RATIOS[1]).all())
