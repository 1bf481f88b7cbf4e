"""How far the margins of some draws are from those of better ones, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from helpers.fits.columns import margins, side_by_side
from helpers.fits.flat_model import FlatModel
from helpers.truth.draws import Draws

MEAN_TOLERANCE = 0.2  # in sds
SD_RATIOS = (0.8, 1.25)  # with both at their worst an interval of ±2 sd still covers 88 % instead of 95 %
LEVELS = 0.05, 0.25, 0.5, 0.75, 0.95
CONSTANT = 1e-9  # spread of a column, in its size, below which it is a constant with rounding noise
FOR_QUANTILES = 5_000  # independent draws for quantiles of parameters and deterministics, of which there may be many


@dataclass(frozen=True)
class Margins:
    """Draws of a model's posterior, unconstrained and as the model names them.

    Parameters
    ----------
    labels : list of str
        Of the columns of `zeta`.
    zeta : array, shape (draws, size)
    names : list of str
        Of the columns of `theta`: parameters and deterministics.
    theta : array, shape (rows, columns)
        Of the first rows of `zeta`.
    weights : array, shape (draws,)
        Of sum one.
    clusters : int
        How many independent groups the draws come in: row i is of group i modulo `clusters`. As many as draws, where all
        are independent.
    """

    labels: list[str]
    zeta: np.ndarray
    names: list[str]
    theta: np.ndarray
    weights: np.ndarray
    clusters: int

    @classmethod
    def of(cls, model: FlatModel, zeta: np.ndarray, clusters: int | None = None) -> Margins:
        """Of draws of ζ; all are independent by default.

        Parameters
        ----------
        model : FlatModel
        zeta : array, shape (draws, size)
        clusters : int, optional
            In how many independent groups they come, one after the other.
        """
        zeta = np.asarray(zeta, float)
        columns = margins(model, zeta if clusters else zeta[:FOR_QUANTILES])
        columns = {name: column for name, column in columns.items() if not _constant(column)}
        theta = side_by_side(columns, len(zeta) if clusters else min(len(zeta), FOR_QUANTILES))
        weights = np.full(len(zeta), 1 / len(zeta))
        return cls(list(model.labels), zeta, list(columns), theta, weights, clusters or len(zeta))


def compared(judged: Margins, better: Margins) -> pd.DataFrame:
    """Mean and sd of every ζ, and quantiles of every parameter and deterministic, against better draws.

    Parameters
    ----------
    judged, better : Margins
        Of the same model.

    Returns
    -------
    DataFrame
        A row for each margin and quantity, with "value", its standard "error", the limits "low" and "high", and "share":
        the probability that the value lies between them, one half where it is not a number. A mean's value is its
        distance in sds; an sd's is the ratio; a quantile's is the share of the better draws below it, and its limits are
        those that the limits for mean and sd come to for a normal distribution.
    """
    table = pd.concat([_moments(judged, better), _quantiles(judged, better)], ignore_index=True)
    error = table["error"].clip(lower=1e-9)
    below, above = ((table["value"] - table["low"]) / error, (table["high"] - table["value"]) / error)
    share = stats.norm.cdf(below) + stats.norm.cdf(above) - 1
    return table.assign(share=np.where(table["value"].isna(), 0.5, share))


def _moments(judged: Margins, better: Margins) -> pd.DataFrame:
    (mean, sd, of_mean, of_sd), (there, spread, more, of_spread) = (_mean_and_sd(one) for one in (better, judged))
    error, ratio = np.hypot(of_mean, more * spread / sd), spread / sd
    means = {"value": (there - mean) / sd, "error": error, "low": -MEAN_TOLERANCE, "high": MEAN_TOLERANCE}
    sds = {"value": ratio, "error": ratio * np.hypot(of_sd, of_spread), "low": SD_RATIOS[0], "high": SD_RATIOS[1]}
    return pd.concat(
        [pd.DataFrame({"margin": better.labels, "of": of} | part) for of, part in (("mean", means), ("sd", sds))]
    )


def _mean_and_sd(one: Margins) -> tuple[np.ndarray, ...]:
    """Mean, sd, and the standard errors of both in sds; each of shape (size,)."""
    draws = Draws(one.zeta, weights=one.weights)
    away = (one.zeta - draws.mean) / draws.sd
    return draws.mean, draws.sd, _error(away, one), _error((away**2 - 1) / 2, one)


def _constant(column: np.ndarray) -> bool:
    """Whether it is, but for rounding; a column with NaN is not."""
    return bool(np.ptp(column) <= CONSTANT * np.abs(column).max())


def _quantiles(judged: Margins, better: Margins) -> pd.DataFrame:
    names = [name for name in better.names if name in judged.names]
    theirs = better.theta[:, [better.names.index(name) for name in names]]
    own = judged.theta[:, [judged.names.index(name) for name in names]]
    weights, own_weights = (
        one.weights[: len(one.theta)] / one.weights[: len(one.theta)].sum() for one in (better, judged)
    )
    if not names:
        return pd.DataFrame()
    quantiles = Draws(own, weights=own_weights).quantile(np.array(LEVELS))
    unknown = np.isnan(theirs).any(axis=0) | np.isnan(own).any(axis=0)
    parts = []
    for level, quantile in zip(LEVELS, quantiles, strict=True):
        below = (theirs < quantile) + 0.5 * (theirs == quantile)
        share = np.where(unknown, np.nan, weights @ below)
        same = own_weights @ ((own < quantile) + 0.5 * (own == quantile))  # the level, but where draws are equal
        noise = np.sqrt((share * (1 - share)).clip(1 / len(theirs)) * (own_weights**2).sum())  # of the judged quantile
        edges = np.multiply.outer(SD_RATIOS, stats.norm.ppf(same))
        low, high = edges.min(axis=0) - MEAN_TOLERANCE, edges.max(axis=0) + MEAN_TOLERANCE
        limits = {"low": stats.norm.cdf(low), "high": stats.norm.cdf(high)}
        error = np.hypot(_error(below - share, better), noise)
        parts.append(
            pd.DataFrame({"margin": names, "of": f"{level:.0%} quantile", "value": share, "error": error} | limits)
        )
    return pd.concat(parts)


def _error(influence: np.ndarray, one: Margins) -> np.ndarray:
    """Standard error of a weighted mean, from the groups' sums of what each draw adds to it; shape (columns,)."""
    weights = one.weights[: len(influence)] / one.weights[: len(influence)].sum()
    parts = weights[:, None] * influence
    groups = parts.reshape(-1, min(one.clusters, len(influence)), parts.shape[1]).sum(axis=0)
    return np.sqrt((groups**2).sum(axis=0))
