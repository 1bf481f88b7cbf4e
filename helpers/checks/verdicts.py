"""Can this fit be used? What the importance ratios, some more optimisation and other starts say about it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pymc as pm
from pymc.variational.approximations import Empirical, FullRank, MeanField
from scipy import special, stats

from helpers.checks.refits import fit_again
from helpers.fits.approximation import Approximation
from helpers.fits.flat_model import FlatModel
from helpers.fits.gaussian_fit import GaussianFit
from helpers.fits.model_checks import check_all_rows
from helpers.fits.weights import khat_error, khat_threshold, psis
from helpers.truth.draws import Draws
from helpers.validate import check_count

TRUST, WEIGHTS, NOT, NA = "trust", "use with importance weights", "do not use", "n/a"
UNDECIDED = "undecided"  # of an instrument that was asked and could not run
MEAN_TOLERANCE = 0.2  # in sds
SD_RATIOS = (0.8, 1.25)  # with both at their worst an interval of ±2 sd still covers 88 % instead of 95 %
AGAINST_WEIGHTED = (0.88, 1.25)  # where q is too narrow, its weighted draws are too, by about half as much
ALIKE = 0.95, 5  # ratios count as alike: effective draws per draw at least, largest ratio in mean ratios at most
LEAST_EFFECTIVE = 100  # draws: a weighted mean then has a Monte Carlo error of a tenth of an sd, half the tolerance
ELBO_DRAWS = 2_000  # of q, to compare ELBOs
REACH = 0.999  # a place is reached by q where its middle lies within the ellipsoid that holds this much of q
ORDER = (NOT, WEIGHTS, UNDECIDED, TRUST, NA)
WITHOUT_DENSITY = (
    "these draws come without a density of q, so no ratio and no ELBO: R-hat and effective sample sizes judge NUTS and "
    "SMC, other starts judge SVGD"
)
COLUMNS = ["verdict", "value", "what it says", "cannot see"]
FAILED = "met NaN or infinity, so a better place or a lost mode would not be seen"
CANNOT_SEE = {
    "Pareto k-hat": "a mode that q never visits; how much the tail matters for the margins you need (it judges the "
    "tail's shape, and that of the joint density, which grows with the dimension)",
    "effective draws": "what lies where q has no draws",
    "correction by the weights": "what lies where q has no draws; functions of ζ other than means and sds",
    "ELBO": "its distance to the log evidence, which is KL(q‖p): unknown, so no verdict; compare fits of the same "
    "data by it",
    "more optimisation": "whether the best of the family is any good; a better place beyond the next valley",
    "restarts": "modes in whose basin no start fell",
}


def diagnose(
    model: pm.Model | FlatModel, approximation, *, seed: int, draws: int = 20_000, restarts: int = 16, steps: int = 1500
) -> pd.DataFrame:
    """Ask every instrument whether `approximation` can stand for the posterior of `model`.

    Parameters
    ----------
    model : pymc.Model or FlatModel
        With all rows of the data: the log density of a `pm.Minibatch` is random.
    approximation : MeanField, FullRank, GaussianFit or Approximation
        Of a model with the same variables, which may have been fitted to minibatches; of an `Approximation` its q is
        judged. Anything that has no density
        of q (SVGD's `Empirical`, a `DataTree` of draws, `Draws` without `log_ratio`) gets "n/a".
    seed : int
    draws : int
        Draws of q behind the importance ratios, at least 1,000.
    restarts : int
        Fits from draws of the prior; 0 for none.
    steps : int
        Steps of each fit, twice: in units of the prior's spread, then in units of what that has found. All in all
        8 · steps · (restarts + 1) gradients, of all rows: with many rows, ask for fewer.

    Returns
    -------
    DataFrame
        A row for each instrument, and "overall", with "verdict", "value", "what it says" and "cannot see". A
        verdict is "trust" (means within 0.2 sd, sds within 0.8 to 1.25 of the posterior's, as far as the instrument
        can see), "use with importance weights" (true of the weighted draws, `weighted`), "do not use", "undecided" (an
        instrument that was asked could not run; it says what would decide) or "n/a". The overall verdict is the worst
        of them, "undecided" between "use with importance weights" and "trust". False alarms are common where the
        posterior has heavier tails than q or many parameters: k-hat then objects to fits whose means and sds are fine.

    Raises
    ------
    ValueError
        For a model with `pm.Minibatch` or `total_size`; whatever `FlatModel` refuses; other variables in the
        approximation than in the model; a number out of range.
    TypeError
        For an approximation of another kind.
    """
    check_count(1000, draws=draws)
    check_count(0, restarts=restarts)
    check_count(10, steps=steps)
    check_all_rows(model.model if isinstance(model, FlatModel) else model)
    model = model if isinstance(model, FlatModel) else FlatModel(model)
    q = _gaussian(model, approximation)
    if q is None:
        return _table(dict.fromkeys(CANNOT_SEE, ("", "", NA)), WITHOUT_DENSITY)
    sample = q.draws(draws, seed=seed)
    broken = _broken(sample.log_ratio)
    if broken:
        return _table(dict.fromkeys(CANNOT_SEE, ("", "not run", NOT)), broken)
    return _table(_from_ratios(sample, model.labels) | _from_optimiser(q, seed, restarts, steps))


def _gaussian(model: FlatModel, approximation) -> GaussianFit | None:
    """`approximation` over the ζ of `model`, or None where it has no density."""
    approximation = approximation.q if isinstance(approximation, Approximation) else approximation
    if isinstance(approximation, Empirical) or hasattr(approximation, "posterior"):
        return None
    if isinstance(approximation, Draws) and approximation.log_ratio is None:
        return None
    if isinstance(approximation, MeanField | FullRank):
        theirs, ours = sorted(approximation.ordering), sorted(v.name for v in model.value_vars)
        if theirs != ours or approximation.ddim != model.size:
            raise ValueError(_disagree(theirs, approximation.ddim, ours, model.size))
        return GaussianFit.from_pymc(model, approximation)
    if isinstance(approximation, GaussianFit):
        if approximation.model.labels != model.labels:
            theirs = approximation.model
            raise ValueError(_disagree(theirs.labels, theirs.size, model.labels, model.size))
        return GaussianFit(model, approximation.mean, approximation.scale)
    raise TypeError(
        "approximation must be what pm.fit or approximate returned, a GaussianFit, or draws without a density of q "
        f"(Draws, DataTree); got {type(approximation).__name__}"
    )


def _disagree(theirs, their_size: int, ours, our_size: int) -> str:
    return (
        f"approximation is over {', '.join(theirs)} ({their_size} numbers), model over {', '.join(ours)} ({our_size}): "
        "they must agree"
    )


def _broken(log_ratio: np.ndarray) -> str:
    """What makes these ratios useless, or nothing."""
    bad = int((np.isnan(log_ratio) | (log_ratio == np.inf)).sum())
    if bad:
        return f"log p̃ − log q is not a number at {bad:,} of {len(log_ratio):,} draws of q"
    if np.isinf(log_ratio).mean() > 0.5:
        return "the posterior density is 0 at most draws of q"
    return ""


def _from_ratios(sample: Draws, labels: tuple[str, ...]) -> dict[str, tuple[str, str, str]]:
    """The first four instruments."""
    number = len(sample.log_ratio)
    weights, khat = psis(sample.log_ratio)
    effective = 1 / (weights**2).sum()
    alike = effective >= ALIKE[0] * number and number * weights.max() <= ALIKE[1]
    usable = (khat < khat_threshold(number) or alike) and effective >= LEAST_EFFECTIVE
    said = f"the weighted draws are worth so many of the posterior; {LEAST_EFFECTIVE} are needed"
    enough = TRUST if effective >= LEAST_EFFECTIVE else NOT
    if enough == TRUST and not usable:
        said, enough = f"{said}; not to be believed with this k-hat", NA
    return {
        "Pareto k-hat": _khat_row(khat, number, alike),
        "effective draws": (f"{effective:,.0f} of {number:,}", said, enough),
        "correction by the weights": _correction_row(sample, weights, usable, labels),
        "ELBO": _elbo_row(sample.log_ratio, usable),
    }


def _khat_row(khat: float, draws: int, alike: bool) -> tuple[str, str, str]:
    threshold, error = khat_threshold(draws), khat_error(khat, draws)
    if khat == -np.inf:
        return "−∞", "no tail: q equals the posterior up to a constant", TRUST
    if np.isnan(khat):
        return "none", "no Pareto tail can be fitted to the ratios", NOT
    if khat >= threshold and alike:
        return (
            f"{khat:.2f} ± {error:.2f}",
            "a heavy tail of ratios that are all nearly alike: too thin to matter",
            TRUST,
        )
    if khat < threshold:
        says = f"below {threshold:.2f}: the weights can be relied on"
    else:
        says = f"{threshold:.2f} or more: nothing guarantees that the weights can mend q"
    if abs(khat - threshold) < 2 * error:
        says += "; but within two standard errors of that: more draws, or another seed, may say otherwise"
    return f"{khat:.2f} ± {error:.2f}", says, TRUST if khat < threshold else NOT


def _correction_row(sample: Draws, weights, usable: bool, labels) -> tuple[str, str, str]:
    corrected = Draws(sample.values, weights=weights)
    shift, ratio = _worst_shift((sample.mean - corrected.mean) / corrected.sd), sample.sd / corrected.sd
    worst = int(np.argmax(np.abs(np.log(ratio))))
    value = f"mean {shift[1]:+.2f} sd, sd ratio {ratio[worst]:.2f}"
    says = f"q against its weighted draws, where they differ most (mean: {labels[shift[0]]}, sd: {labels[worst]}): "
    if not usable:
        return value, f"{says}but the weights cannot be relied on", NA
    fine = _within(shift[1], ratio, AGAINST_WEIGHTED)
    return value, says + ("close" if fine else "use the weighted draws"), TRUST if fine else WEIGHTS


def _elbo_row(log_ratio: np.ndarray, usable: bool) -> tuple[str, str, str]:
    number = len(log_ratio)
    elbo = log_ratio.mean()
    value = f"{elbo:.3f} ± {log_ratio.std() / np.sqrt(number):.3f}" if np.isfinite(elbo) else "−∞"
    gap = special.logsumexp(log_ratio) - np.log(number) - elbo
    says = "nats, a lower bound of the log evidence"
    return value, f"{says}, which the weights put {max(gap, 0):.3f} higher" if usable else says, NA


def _from_optimiser(q: GaussianFit, seed: int, restarts: int, steps: int) -> dict[str, tuple[str, str, str]]:
    """The last two instruments."""
    fits = []  # (fit, its draws), or None where the optimiser or the draws met NaN or infinity
    for fit in fit_again(q, seed, restarts, steps):
        sample = fit and fit.draws(ELBO_DRAWS, seed=seed)
        fits.append((fit, sample) if sample and np.isfinite(sample.log_ratio.mean()) else None)
    better, others = fits[0], [fit for fit in fits[1:] if fit]
    if better is None:
        more = "failed", f"the optimiser {FAILED}; a fit from q's mean with a small start_sd would decide", UNDECIDED
        better = q, q.draws(ELBO_DRAWS, seed=seed)
    else:
        more = _more_row(q, *better, seed)
    return {"more optimisation": more, "restarts": _restarts_row(q, better, others, restarts)}


def _more_row(q: GaussianFit, better: GaussianFit, sample: Draws, seed: int) -> tuple[str, str, str]:
    shift, ratio = _worst_shift((q.mean - better.mean) / better.sd)[1], q.sd / better.sd
    gain = sample.log_ratio - q.draws(ELBO_DRAWS, seed=seed).log_ratio  # the same η: most of the noise cancels
    error = gain.std() / np.sqrt(ELBO_DRAWS)
    worst = ratio[np.argmax(np.abs(np.log(ratio)))]
    value = f"gains {gain.mean():.3f} ± {error:.3f} nats"
    says = f"q's mean is {shift:+.2f} sd, its sd × {worst:.2f} of where it then stands (worst parameters)"
    arrived = _within(shift, ratio) or gain.mean() < 2 * error
    return value, f"{'arrived' if arrived else 'not arrived, fit longer'}: {says}", TRUST if arrived else WEIGHTS


def _restarts_row(q: GaussianFit, better, others: list, asked: int) -> tuple[str, str, str]:
    """Fits that ended where neither q nor its continuation reach, weighed by their ELBOs as for separate modes."""
    if not others and not asked:
        return "none", "no other fit: a lost mode would not be seen", NA
    if not others:
        says = f"all failed: each {FAILED}; fits from starts of your own (`helpers.fits.restarts`) would decide"
        return f"0 of {asked} fits", says, UNDECIDED
    places = [better]
    for fit, sample in sorted(others, key=lambda one: -one[1].log_ratio.mean()):
        if not any(_reaches(place, sample) for place in (q, *(p for p, _ in places))):
            places.append((fit, sample))
    share = special.softmax([sample.log_ratio.mean() for _, sample in places])
    means, sds = np.array([fit.mean for fit, _ in places]), np.array([fit.sd for fit, _ in places])
    mean = share @ means
    sd = np.sqrt(share @ (sds**2 + (means - mean) ** 2))
    value = f"other places: {len(places) - 1} (from {len(others)} fits)"
    if len(places) == 1:
        if all(_reaches(q, sample) for _, sample in others):
            return value, "all ended within reach of q", TRUST
        return value, "all ended where more optimisation takes q, and q does not reach", NA
    fine = _within(_worst_shift((means[0] - mean) / sd)[1], sds[0] / sd)
    says = f"by their ELBOs they hold {1 - share[0]:.1%} of the mass: "
    says += "not enough to matter" if fine else "lost modes, mirror images (swapped labels) or one long ridge"
    if not fine:
        return value, says, NOT
    return value, says, TRUST if _reaches(q, better[1]) else NA  # no praise for a fit that has not arrived


def _reaches(q: GaussianFit, sample: Draws) -> bool:
    """Whether the middle of `sample` is where draws of q come."""
    eta = q.whiten(np.asarray(sample.values))
    return bool(np.median((eta**2).sum(axis=1)) <= stats.chi2.ppf(REACH, q.mean.size))


def _worst_shift(shift: np.ndarray) -> tuple[int, float]:
    worst = int(np.argmax(np.abs(shift)))
    return worst, float(shift[worst])


def _within(shift: float, ratio: np.ndarray, limits: tuple[float, float] = SD_RATIOS) -> bool:
    return bool(abs(shift) < MEAN_TOLERANCE and (ratio > limits[0]).all() and (ratio < limits[1]).all())


def _table(rows: dict[str, tuple[str, str, str]], reason: str = "") -> pd.DataFrame:
    """`rows` and the overall verdict, the worst of theirs."""
    worst = min((verdict for _, _, verdict in rows.values()), key=ORDER.index)
    if not reason:
        named = ", ".join(name for name, row in rows.items() if row[2] == worst)
        reason = "no instrument objects" if worst == TRUST else f"because of: {named}"
        if worst == UNDECIDED:
            reason = f"no instrument objects, but these could not run: {named}; they say what would decide"
        if rows["more optimisation"][2] == WEIGHTS:
            reason += "; a longer fit would be better"
    table = {name: (verdict, value, says, CANNOT_SEE[name]) for name, (value, says, verdict) in rows.items()}
    table["overall"] = (worst, "", reason, "whether the model is any good: check its predictions")
    return pd.DataFrame.from_dict(table, orient="index", columns=COLUMNS).rename_axis("instrument")
