"""The scorecard: how far a fit is from the right answer, the same columns everywhere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from IPython.display import Markdown
from scipy import special

from helpers.fits.weights import pareto_khat
from helpers.truth.divergences import elbo
from helpers.truth.draws import Draws
from helpers.truth.targets import Target

COLUMNS = {
    "mean error": "{:+z.3f}",
    "sd ratio": "{:.3f}",
    "W1": "{:.3f}",
    "W1 to best": "{:.3f}",
    "k-hat": "{:.2f}",
    "−ELBO": "{:.4f}",
    "seconds": "{:.1f}",
}
FORMATS = COLUMNS | {"correlation": "{:+.3f}"}
KHAT_DRAWS = 20_000


def scorecard(
    truth: Target | Draws,
    fits: Mapping[str, Target | Draws],
    *,
    best: Target | Draws | Mapping[str, Target | Draws] | None = None,
    seconds: Mapping[str, float] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Hold every fit against the truth.

    Parameters
    ----------
    truth : Target or Draws
        Exact, or gold draws. Its sd is the unit of "mean error", "W1" and "W1 to best".
    fits : mapping of name → Target or Draws
        One row each. With several parameters each column shows the worst of them.
    best : Target or Draws, or mapping of name → either, optional
        The best member of the family, to tell a poor family from a poor optimiser; one for all fits, or each its own.
    seconds : mapping of name → float, optional
        How long each fit took.
    seed : int
        For the draws behind k-hat where a fit is a `Target`.

    Returns
    -------
    DataFrame
        Indexed by name. "mean error" in posterior sd, signed; "sd ratio", fit over truth; "W1", Wasserstein-1
        distance to the truth, and "W1 to best", to the best member, both in posterior sd; "k-hat", the Pareto shape
        of the importance ratios (Vehtari et al. 2024, arXiv:1507.02646), NaN where q has no density, −inf where
        all ratios are alike; "−ELBO" in nats; "seconds". Columns that nothing was given for are left out.

    Raises
    ------
    ValueError
        Where the truth has no finite mean and sd, or a fit's number of parameters differs from it.
    """
    mean, sd = _mean_sd(truth)
    if not (np.isfinite(mean).all() and np.isfinite(sd).all()):
        raise ValueError(f"truth must have a finite mean and sd, got mean {mean}, sd {sd}")
    if not (sd > 0).all():
        raise ValueError("truth must have an sd > 0 in every parameter")
    bests = best if isinstance(best, Mapping) else dict.fromkeys(fits, best)
    for one in bests.values():
        if one is not None and _mean_sd(one)[0].shape != mean.shape:
            raise ValueError(f"best has {_mean_sd(one)[0].size} parameters, truth has {mean.size}")
    rows = {}
    for name, fit in fits.items():
        fit_mean, fit_sd = _mean_sd(fit)
        if fit_mean.shape != mean.shape:
            raise ValueError(f"fits[{name!r}] has {fit_mean.size} parameters, truth has {mean.size}")
        khat, loss = _khat_and_loss(truth, fit, seed)
        rows[name] = {
            "mean error": _worst((fit_mean - mean) / sd, np.abs),
            "sd ratio": _worst(fit_sd / sd, lambda ratio: np.abs(np.log(ratio))),
            "W1": np.max(wasserstein(fit, truth) / sd),
            "W1 to best": np.max(wasserstein(fit, bests[name]) / sd) if bests.get(name) is not None else np.nan,
            "k-hat": khat,
            "−ELBO": loss,
            "seconds": (seconds or {}).get(name, np.nan),
        }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS))
    return table.drop(columns=[c for c in ("W1 to best", "seconds") if table[c].isna().all()])


def show_table(table: pd.DataFrame):
    """`table` as a reader sees it: each column of the scorecard in its own format, "n/a" for what has no value."""
    formats = {column: FORMATS.get(column, "{:.4f}") for column in table.select_dtypes("number").columns}
    return table.style.format(formats, na_rep="n/a").set_table_styles(
        [{"selector": "th.row_heading", "props": "text-align: left; white-space: nowrap"}]
    )


def show_words(table: pd.DataFrame) -> Markdown:
    """A table of text as Markdown: it stays aligned to the left where a page drops the styles of a notebook."""
    head = [table.index.name or "", *table.columns]
    lines = [head, ["---"] * len(head), *table.itertuples(name=None)]
    lines = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return Markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def wasserstein(a: Target | Draws, b: Target | Draws) -> np.ndarray:
    """Wasserstein-1 distance of each margin, shape (parameters,): ∫ |F_a⁻¹(u) − F_b⁻¹(u)| du with u = Φ(z)."""
    z = np.linspace(-8, 8, 1601)
    weight = np.exp(-0.5 * z**2)
    gap = np.abs(_quantiles(a, special.ndtr(z)) - _quantiles(b, special.ndtr(z)))
    return np.average(gap, axis=0, weights=weight)


def _mean_sd(x: Target | Draws) -> tuple[np.ndarray, np.ndarray]:
    return np.atleast_1d(x.mean), np.atleast_1d(x.sd)


def _quantiles(x: Target | Draws, probability: np.ndarray) -> np.ndarray:
    """Shape (probabilities, parameters)."""
    return np.asarray(x.quantile(probability)).reshape(len(probability), -1)


def _worst(values: np.ndarray, badness) -> float:
    return float(values[np.argmax(badness(values))])


def _khat_and_loss(truth: Target | Draws, fit: Target | Draws, seed: int) -> tuple[float, float]:
    """k-hat and −ELBO, exact where both are targets, NaN where there is no density."""
    if isinstance(fit, Draws):
        if fit.log_ratio is None:
            return np.nan, np.nan
        return pareto_khat(fit.log_ratio), -float(np.mean(fit.log_ratio))
    if isinstance(truth, Draws):
        return np.nan, np.nan
    theta = fit.quantile(np.random.default_rng(seed).random(KHAT_DRAWS))
    with np.errstate(all="ignore"):
        log_ratio = truth.log_density(theta) - fit.log_density(theta)
    return pareto_khat(log_ratio), -elbo(fit, truth)
