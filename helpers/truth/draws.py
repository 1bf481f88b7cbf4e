"""Draws with weights or density ratios: the common form of grids, samples and fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Draws:
    """Draws from an approximation (or from a long reference run).

    Parameters
    ----------
    values : array, shape (draws,) or (draws, parameters)
    log_ratio : array, shape (draws,), optional
        log p̃ − log q at each draw, p̃ the unnormalised target; leave out where q has no density (SVGD, NUTS).
    weights : array, shape (draws,), optional
        Weight of each value, of sum one: for the points of a grid. All alike by default.
    """

    values: np.ndarray
    log_ratio: np.ndarray | None = None
    weights: np.ndarray | None = None

    @property
    def mean(self) -> np.ndarray:
        """Shape (parameters,)."""
        return np.average(self._columns, axis=0, weights=self.weights)

    @property
    def covariance(self) -> np.ndarray:
        """Shape (parameters, parameters)."""
        return np.atleast_2d(np.cov(self._columns, rowvar=False, aweights=self.weights, ddof=0))

    @property
    def sd(self) -> np.ndarray:
        """Shape (parameters,)."""
        return np.sqrt(np.average((self._columns - self.mean) ** 2, axis=0, weights=self.weights))

    def quantile(self, probability: np.ndarray) -> np.ndarray:
        """Quantiles of every parameter, shape (probabilities, parameters)."""
        if self.weights is None:
            return np.quantile(self._columns, probability, axis=0)
        return np.stack([_weighted_quantile(column, self.weights, probability) for column in self._columns.T], axis=1)

    @property
    def _columns(self) -> np.ndarray:
        return np.asarray(self.values, float).reshape(len(self.values), -1)


def _weighted_quantile(values: np.ndarray, weights: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Of a grid's points: equal values are one point, whose weight counts half on each side of it."""
    places, which = np.unique(values, return_inverse=True)
    mass = np.bincount(which, weights)
    return np.interp(probability, np.cumsum(mass) - mass / 2, places)
