"""Exact answers for the network on the sensor's readings, stored; `python -m tools.sensor_study` makes them.

Given the first layer the network is a Bayesian line on the hidden units, so that its last layer integrates out in closed
form. What is left, 2 · width numbers, was sampled by sequential Monte Carlo.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.models.studies import read

FILE = Path(__file__).with_suffix(".npz")
BASELINE = (5, 20, 1.0)  # width, rows, prior sd
SETTINGS = (
    BASELINE,
    *((width, 20, 1.0) for width in (2, 10, 20)),
    *((5, rows, 1.0) for rows in (5, 10, 50)),
    *((5, 20, prior_sd) for prior_sd in (0.1, 10.0)),
)
DATA_SETS = {"seeds": list(range(1000, 1050)), "runs": 2, "particles": 5_000, "moves": 20, "keep": 0.5, "seed": 909}


@dataclass(frozen=True)
class Study:
    """What is stored; the first axis of the first group of arrays runs over `SETTINGS`.

    Parameters
    ----------
    log_evidence, error : array, shape (settings,)
        The log evidence and its standard error, from independent runs.
    mean, sd, low, high : array, shape (settings, points)
        Of the network's function on `sensor_data.GRID`: the posterior's mean and sd, and the ends of the central 90 % band.
    coverage : array, shape (data sets, 4)
        Share of the points where the 90 % band holds the truth: f on the data, f off them, a new reading on, off.
    band : array, shape (data sets, 4)
        The mean width of those bands.
    coverage_at : array, shape (2, points)
        The share of the data sets where the bands of f and of a new reading hold the truth, at every point.
    made : dict
        How, when and with which versions this was made, and how well independent runs agree.
    """

    log_evidence: np.ndarray
    error: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray
    coverage: np.ndarray
    band: np.ndarray
    coverage_at: np.ndarray
    made: dict

    def at(self, width: int = 5, rows: int = 20, prior_sd: float = 1.0) -> dict[str, np.ndarray]:
        """Log evidence, its error, mean, sd, low and high of one setting.

        Parameters
        ----------
        width, rows : int
            Hidden units, and readings.
        prior_sd : float
            Of every weight.
        """
        i = SETTINGS.index((width, rows, prior_sd))
        return {name: getattr(self, name)[i] for name in ("log_evidence", "error", "mean", "sd", "low", "high")}


def load(path: Path = FILE) -> Study:
    """The stored study; `ValueError` for a file that has changed since it was made."""
    return Study(**read(path, "tools.sensor_study"))
