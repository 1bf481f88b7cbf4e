"""Controls for what is said of mean-field fits of the sensor's network, stored; `python -m tools.sensor_controls` makes them.

A fit may move from data set to data set, predict badly, or need many draws only because the model or the data are so. Here
is what the exact posterior does in the same places, and what a network that is trained without a prior does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.models.sensor_data import GRID
from helpers.models.studies import read

FILE = Path(__file__).with_suffix(".npz")
PLACES = GRID[::4]
HELD_OUT = {"rows": 500, "seed": 4242}  # of `sensor`: readings that no network has seen
WIDTHS = (2, 5, 10, 20)
WORTH = (  # width, rows, sd of the noise: what draws of the prior are worth, as one of them changes
    *((width, 20, 0.1) for width in WIDTHS),
    *((5, rows, 0.1) for rows in (5, 10, 50)),
    *((5, 20, noise) for noise in (0.4, 0.2, 0.05)),
)


@dataclass(frozen=True)
class Controls:
    """What is stored. A log score is the mean over readings of the log of their predictive density, in nats.

    Parameters
    ----------
    mean, sd : array, shape (data sets, places)
        Of the network's function at `PLACES`, under the exact posterior of each of the study's data sets.
    score_of_sets : array, shape (data sets,)
        The exact posterior's log score of the readings that are held out.
    score : array, shape (settings, 2)
        The exact posterior's log score in each of the study's settings: of its own readings, and of those held out.
    trained : array, shape (widths, 2)
        The same two of the network with the smallest squared error on its own readings.
    effective : array, shape (cases,)
        Effective number of a million weighted draws of the prior, in each of the cases of `WORTH`.
    made : dict
        How, when and with which versions this was made.
    """

    mean: np.ndarray
    sd: np.ndarray
    score_of_sets: np.ndarray
    score: np.ndarray
    trained: np.ndarray
    effective: np.ndarray
    made: dict


def load(path: Path = FILE) -> Controls:
    """The stored controls; `ValueError` for a file that has changed since it was made."""
    return Controls(**read(path, "tools.sensor_controls"))


def log_score(f: np.ndarray, y: np.ndarray, sd) -> float:
    """Mean over readings of the log of their predictive density, the average over draws of N(y; f, sd²).

    Parameters
    ----------
    f : array, shape (draws, readings)
        Draws of the function, or its means under other parts of a mixture.
    y : array, shape (readings,)
    sd : float, or array like f
        Of the noise, and of what else is uncertain in each draw.
    """
    log_p = -0.5 * ((y - f) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))
    return float((np.logaddexp.reduce(log_p, axis=0) - np.log(len(f))).mean())
