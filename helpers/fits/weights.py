"""Importance weights, Pareto-smoothed, and k-hat: what they are worth (Vehtari et al. 2024, arXiv:1507.02646)."""

from __future__ import annotations

import numpy as np
from scipy import special

from helpers.truth.draws import Draws

HEAVIER = 3  # degrees of freedom of a t about q, whose draws are weighted where those of q are too few
MOST = 100  # parameters, beyond which hardly a weight of these draws is left
GOOD_KHAT, EFFECTIVE = 0.5, 0.8  # weights are reliable below that k-hat, if so many effective draws a draw are left
SURELY = 0.4  # k-hat of the ratios of a t's draws, below which the weights are taken
PRECISE = 1_000  # effective draws: a mean is then known to 0.03 sd
FINITE, ALIKE = 1.0, 0.95  # and below the k-hat from which on ratios have no finite mean, if nearly all are left


def psis(log_ratio: np.ndarray) -> tuple[np.ndarray, float]:
    """Pareto-smoothed importance weights (Vehtari et al. 2024, arXiv:1507.02646).

    Parameters
    ----------
    log_ratio : array, shape (draws,)
        log p̃ − log q at each draw; −inf where p̃ is 0.

    Returns
    -------
    weights : array, shape (draws,)
        Of sum one.
    khat : float
        Pareto shape of the ratios; −inf where they have no tail (all alike).
    """
    from arviz_stats.base import array_stats  # half a second: only for those who ask

    log_ratio = np.asarray(log_ratio, float)
    if np.isfinite(log_ratio).all() and np.ptp(log_ratio) < 1e-9:
        return special.softmax(log_ratio), -np.inf
    log_weights, khat = array_stats.psislw(-log_ratio)  # psislw negates what it is given
    return np.exp(log_weights), float(khat)


def effective(weights: np.ndarray) -> float:
    """How many independent draws these weights, of sum one, are worth."""
    return float(1 / (weights**2).sum())


def pareto_khat(log_ratio: np.ndarray) -> float:
    """Pareto shape of the importance ratios exp(log_ratio); −inf where they are all alike (no tail to fit)."""
    return psis(log_ratio)[1]


def weighted(draws: Draws) -> Draws:
    """The same draws with their Pareto-smoothed importance weights: nearer to the posterior where k-hat is low."""
    return Draws(draws.values, draws.log_ratio, psis(draws.log_ratio)[0])


def khat_threshold(draws: int) -> float:
    """Above it the smoothed weights of so many draws cannot be relied on: min(1 − 1/log₁₀ S, 0.7)."""
    return min(1 - 1 / np.log10(draws), 0.7)


def khat_error(khat: float, draws: int) -> float:
    """Standard error of a k-hat, (1 + k)/√M, from the M largest of the ratios that it is fitted to."""
    tail = np.floor(min(draws / 5, 3 * np.sqrt(draws)))
    return float((1 + max(khat, -0.5)) / np.sqrt(tail)) if np.isfinite(khat) else 0.0


def usable(sample: Draws) -> bool:
    """Whether the importance weights of these draws can be believed."""
    if np.isnan(sample.log_ratio).any():
        return False
    weights, khat = psis(sample.log_ratio)
    left = effective(weights) / len(weights)
    return bool((khat < FINITE and left > ALIKE) or (khat < GOOD_KHAT and left > EFFECTIVE))


def enough(sample: Draws) -> bool:
    """Whether the importance weights of these draws from heavier tails can be believed."""
    if np.isnan(sample.log_ratio).any():
        return False
    weights, khat = psis(sample.log_ratio)
    return bool(khat < SURELY and effective(weights) >= PRECISE)
