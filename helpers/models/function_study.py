"""What the posterior of the sensor's network says in 120 settings, stored; `python -m tools.function_study` makes it.

Two answers: the fit of `helpers.models.sensor_fits`, and the exact one, by weighted draws of the first layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from helpers.models.sensor_data import GRID
from helpers.models.sensor_fits import Setting
from helpers.models.studies import read

FILE = Path(__file__).with_suffix(".npz")
CHOICES = {"width": (1, 2, 3, 5, 10, 20), "rows": (5, 10, 20, 50), "prior_sd": (0.1, 0.3, 1.0, 3.0, 10.0)}
SETTINGS = [Setting(*each) for each in product(*CHOICES.values())]
STARTS = 8  # of the fit, of which the best is kept
DRAWN = 300_000  # first layers, weighted, for the exact answer
ENOUGH = 100  # effective draws: with fewer there is no exact answer
CURVES = 10  # draws of the weights that are kept
BAND = (0.05, 0.95)  # its ends, as quantiles
X = np.linspace(GRID[0], GRID[-1], 91)


@dataclass(frozen=True)
class Study:
    """What is stored; the first axis runs over `SETTINGS`, and weights beyond those of a setting are zero.

    Parameters
    ----------
    elbo, elbo_error : array, shape (settings,)
        Of the best mean-field q, in nats, and its standard error.
    mean, sd : array, shape (settings, 61)
        Of that q, in the order of `sensor_data.outputs`.
    log_evidence, log_evidence_error : array, shape (settings,)
        From the weighted draws, in nats.
    effective : array, shape (settings,)
        Effective number of those. Where it is below `ENOUGH` the rest is zero.
    draws : array, shape (settings, CURVES, 61)
        Weights from the exact posterior.
    band : array, shape (settings, 2, points)
        Ends of the central 90 % band of f on `X` under the exact posterior.
    made : dict
        How, when and with which versions this was made.
    """

    elbo: np.ndarray
    elbo_error: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    log_evidence: np.ndarray
    log_evidence_error: np.ndarray
    effective: np.ndarray
    draws: np.ndarray
    band: np.ndarray
    made: dict


def load(path: Path = FILE) -> Study:
    """The stored study; `ValueError` for a file that has changed since it was made."""
    return Study(**read(path, "tools.function_study"))
