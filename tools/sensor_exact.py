"""The exact posterior and evidence of the sensor's network, by weighted draws of its first layer; for the stored studies.

Given the first layer (w1, b1) the network is a Bayesian line, whose weights (w2, b2)
integrate out in closed form. So draws of the first layer from its prior, each weighted by that line's evidence, are
draws from the posterior, and the average weight is the evidence of the network.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
from scipy import special, stats

from helpers.models.sensor_data import NOISE, bayesian_line, features
from helpers.models.sensor_fits import MOST_ROWS, Setting, complete, padded_rows


@dataclass(frozen=True)
class Exact:
    """Draws of the first layer from its prior, weighted so that they are draws from the posterior.

    Parameters
    ----------
    setting : Setting
    first : array, shape (draws, 2, setting.width)
        w1 and b1 of each draw.
    log_weights : array, shape (draws,)
        The log evidence of the line that each first layer leaves.
    """

    setting: Setting
    first: np.ndarray
    log_weights: np.ndarray

    @property
    def log_evidence(self) -> float:
        """In nats; an estimate, to be trusted where `effective` is large."""
        return float(special.logsumexp(self.log_weights) - np.log(len(self.log_weights)))

    @property
    def effective(self) -> float:
        """Effective number of draws, (Σ w)² / Σ w²."""
        return float(np.exp(2 * special.logsumexp(self.log_weights) - special.logsumexp(2 * self.log_weights)))

    @property
    def log_evidence_error(self) -> float:
        """Standard error of the log evidence."""
        return float(np.sqrt(max(1 / self.effective - 1 / len(self.log_weights), 0)))

    def draws(self, draws: int, *, seed: int) -> np.ndarray:
        """Weights of the network, shape (draws, setting.size): a first layer by its weight, then (w2, b2) given it."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.first), draws, p=special.softmax(self.log_weights))
        return complete(self.first[chosen], *self.setting.readings, rng, self.setting.prior_sd)


def exact(setting: Setting, *, seed: int, draws: int = 20_000) -> Exact:
    """The posterior and the evidence of the network, as exact as the number of draws allows.

    Parameters
    ----------
    setting : Setting
    seed : int
    draws : int
        Of the first layer.

    Returns
    -------
    Exact
        Look at `effective` before you believe the rest. The function is compiled once for each width.
    """
    first = setting.prior_sd * np.random.default_rng(seed).standard_normal((draws, 2, setting.width))
    x, y, shown = padded_rows(setting)
    log_weights = np.asarray(_line_evidences(first, x, y, shown, setting.prior_sd**-2))
    hidden = MOST_ROWS - setting.rows  # rows of zeros, which the line fits without an error
    return Exact(setting, first, log_weights - hidden * stats.norm.logpdf(0, 0, NOISE))


@jax.jit
def _line_evidences(first, x, y, shown, alpha):
    def log_evidence(layer):
        return bayesian_line(shown[:, None] * features(layer, x), y, alpha, 1 / NOISE**2)[2]

    return jax.lax.map(log_evidence, first, batch_size=1000)
