"""Can this fit be used? What better draws, some more optimisation and other starts say about it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pymc as pm
from pymc.variational.approximations import Empirical, FullRank, MeanField

from helpers.checks.comparison import Margins
from helpers.checks.instruments import (
    LONGER,
    NA,
    NOT,
    SURE,
    TRUST,
    UNDECIDED,
    WEIGHTS,
    Finding,
    by_chains,
    by_optimiser,
    by_weights,
    khat_and_elbo,
)
from helpers.fits.approximation import Approximation
from helpers.fits.flat_model import FlatModel
from helpers.fits.gaussian_fit import GaussianFit
from helpers.fits.model_checks import check_all_rows
from helpers.truth.draws import Draws
from helpers.validate import check_count

WITHOUT_DENSITY = (
    "these draws come without a density of q, so no ratio and no ELBO: R-hat and effective sample sizes judge NUTS and "
    "SMC, other starts judge SVGD"
)
COLUMNS = ["verdict", "share", "value", "what it says", "cannot see"]
CANNOT_SEE = {
    "Pareto k-hat": "a mode that q never visits; how much the tail matters for the margins you need (it judges the "
    "joint density, whose ratios vary more with every parameter)",
    "ELBO": "its distance to the log evidence, which is KL(q‖p): unknown, so no verdict; compare fits of the same "
    "data by it",
    "weights": "what lies where q, and a heavier tail about it, have no draws; correlations; sums and differences "
    "that are no deterministics of the model",
    "short chains": "modes that no chain reaches; a rare wide part; correlations; sums and differences that are no "
    "deterministics of the model",
    "more optimisation": "whether the best of the family is any good; a better place beyond the next valley",
    "restarts": "modes in whose basin no start fell",
}


def diagnose(
    model: pm.Model | FlatModel,
    approximation,
    *,
    seed: int,
    draws: int = 20_000,
    chain_runs: int = 4,
    restarts: int = 16,
    steps: int = 1500,
) -> pd.DataFrame:
    """Ask every instrument whether `approximation` can stand for the posterior of `model`.

    Two instruments compare q with better draws: importance-weighted draws of a t about q, and, where these weights
    cannot be relied on, short Markov chains that start from draws of q. They compare the mean and the sd of every
    unconstrained parameter, and the 5, 25, 50, 75 and 95 % quantiles of every parameter and deterministic that has at most
    1,000 numbers. Correlations are not judged.

    Parameters
    ----------
    model : pymc.Model or FlatModel
        With all rows of the data: the log density of a `pm.Minibatch` is random.
    approximation : MeanField, FullRank, GaussianFit or Approximation
        Of a model with the same variables, which may have been fitted to minibatches; of an `Approximation` its q is
        judged. Anything that has no density of q (SVGD's `Empirical`, a `DataTree` of draws, `Draws` without
        `log_ratio`) gets "n/a".
    seed : int
    draws : int
        Draws behind the importance ratios, at least 1,000.
    chain_runs : int
        Runs of the short chains, at most, of 40 transitions each: 50,000 gradients a run, of all rows. 0 for none.
    restarts : int
        Fits from draws of the prior; 0 for none.
    steps : int
        Steps of each fit, twice: in units of the prior's spread, then in units of what that has found. All in all
        8 · steps · (restarts + 1) gradients, of all rows: with many rows, ask for fewer.

    Returns
    -------
    DataFrame
        A row for each instrument, and "overall", with "verdict", "share" (how sure it is, by its standard error, that the
        worst margin is within the limits), "value", "what it says" and "cannot see". The overall verdict is "trust" (means
        within 0.2 sd, sds within 0.8 to 1.25 of the posterior's, and quantiles as that implies, as far as the
        instruments can see), "use with importance weights" (true of `weighted(q.draws(df=3, seed=…))`), "fit longer",
        "do not use", "undecided" (too near to these limits, or an instrument that was asked could not run), or "n/a".

    Raises
    ------
    ValueError
        For a model with `pm.Minibatch` or `total_size`; whatever `FlatModel` refuses; other variables in the
        approximation than in the model; a number out of range.
    TypeError
        For an approximation of another kind.
    """
    check_count(1000, draws=draws)
    check_count(0, chain_runs=chain_runs, restarts=restarts)
    check_count(10, steps=steps)
    check_all_rows(model.model if isinstance(model, FlatModel) else model)
    model = model if isinstance(model, FlatModel) else FlatModel(model)
    q = _gaussian(model, approximation)
    if q is None:
        return _table(dict.fromkeys(CANNOT_SEE, Finding(NA)), Finding(NA, says=WITHOUT_DENSITY))
    sample = q.draws(draws, seed=seed)
    broken = _broken(sample.log_ratio)
    if broken:
        return _table(dict.fromkeys(CANNOT_SEE, Finding(NA, "not run")), Finding(NOT, says=broken))
    found = dict(zip(("Pareto k-hat", "ELBO"), khat_and_elbo(sample), strict=True))
    own = Margins.of(model, sample.values)
    found["weights"], reliable = by_weights(q, own, draws, seed)
    judge = found["weights"] if reliable else None
    found["short chains"] = Finding(NA, "not run", "the weights decide" if reliable else "none was asked for")
    if not reliable and chain_runs:
        found["short chains"], at_rest = by_chains(q, own, seed, chain_runs)
        judge = found["short chains"] if at_rest else None
    found["more optimisation"], found["restarts"] = by_optimiser(q, seed, restarts, steps)
    return _table(found, _overall(found, judge))


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


def _overall(found: dict[str, Finding], judge: Finding | None) -> Finding:
    """The verdict, from what all say; `judge` is the comparison with better draws that can be relied on."""
    arrived = found["more optimisation"].verdict != LONGER
    if found["restarts"].verdict == NOT:
        if not arrived:
            return Finding(LONGER, says="more optimisation, and other starts, take q elsewhere")
        return Finding(NOT, says="other starts found modes that q does not reach")
    if judge is None:
        if not arrived:
            return Finding(LONGER, says="more optimisation takes q elsewhere")
        if found["short chains"].verdict == UNDECIDED:
            return Finding(UNDECIDED, says="the short chains are not at rest: more of them, or pm.sample, would decide")
        if found["short chains"].verdict == NA and found["weights"].verdict == UNDECIDED:
            return Finding(UNDECIDED, says=found["weights"].says)
        if found["short chains"].verdict == NA:
            return Finding(UNDECIDED, says="the weights cannot be relied on: short chains would decide")
        leave = "; where the chains are now, q is off" if found["short chains"].share < 1 - SURE else ""
        return Finding(NOT, says=f"neither weights nor short chains can be relied on{leave}: run pm.sample")
    if judge.verdict == TRUST:
        if found["weights"].verdict == UNDECIDED and judge is not found["weights"]:
            return Finding(UNDECIDED, share=judge.share, says=found["weights"].says)
        failed = [name for name in ("more optimisation", "restarts") if found[name].verdict == UNDECIDED]
        if failed:
            says = f"no instrument objects, but these could not run: {', '.join(failed)}; they say what would decide"
            return Finding(UNDECIDED, share=judge.share, says=says)
        if arrived:
            return Finding(TRUST, share=judge.share, says="no instrument objects")
        return Finding(
            TRUST, share=judge.share, says="every margin is within the limits, though its ELBO would still rise"
        )
    longer = "" if arrived else "; its ELBO would still rise"
    if judge.verdict == UNDECIDED:
        way = "its weighted draws can be used" if judge is found["weights"] else "more chains or pm.sample would decide"
        return Finding(UNDECIDED, share=judge.share, says=f"too near to what we still call right; {way}{longer}")
    if judge.verdict == WEIGHTS:
        return Finding(WEIGHTS, share=judge.share, says=f"q is off, its weighted draws are not{longer}")
    if not arrived:
        return Finding(LONGER, share=judge.share, says="more optimisation takes q elsewhere")
    return Finding(NOT, share=judge.share, says="the best of this family is off: the draws of the chains are better")


def _table(found: dict[str, Finding], overall: Finding) -> pd.DataFrame:
    seen = CANNOT_SEE | {"overall": "whether the model is any good: check its predictions"}
    table = {
        name: (one.verdict, "" if np.isnan(one.share) else f"{one.share:.0%}", one.value, one.says, seen[name])
        for name, one in (found | {"overall": overall}).items()
    }
    return pd.DataFrame.from_dict(table, orient="index", columns=COLUMNS).rename_axis("instrument")
