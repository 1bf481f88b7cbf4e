"""What each way of fitting makes of the one-way model, by groups and readings: a stored study of simulated data sets.

The truth is that of `helpers.truth.one_way`, and q the best of its family as `helpers.truth.one_way_gaussian` finds it,
both without noise; k-hat and what is said of the levels come from 4,000 draws of q. `python -m tools.one_way_study` makes what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.models.studies import read

FILE = Path(__file__).with_suffix(".npz")
SLIDERS = FILE.with_stem("one_way_sliders")
GROUPS = (4, 8, 16, 32, 64)
READINGS = (2, 5, 20, 80, 200)
CENTRING = {"centred": 1.0, "non-centred": 0.0, "learned": 0.5}  # c; where it is learned, to begin with
WAYS = [*((form, full_rank) for full_rank in (False, True) for form in CENTRING), ("integrated out", True)]
MU, TAU, SIGMA = 1.0, 1.0, 2.0  # that make the data
STEPS = np.linspace(0, 1, 11)  # of the widget's c
LOG_TAU, LEVEL = np.linspace(-4, 2, 121), np.linspace(-2, 6, 121)  # the axes of its panels


@dataclass(frozen=True)
class OneWayStudy:
    """How far each fit is from the exact posterior; all arrays of shape (ways, groups, readings, sets).

    Parameters
    ----------
    error, ratio : array
        Of log τ: error of the mean in posterior sds, and sd over the posterior's.
    level_error, level_ratio : array
        Of the groups' levels: root of the mean squared error of their means in posterior sds, and mean ratio of sds.
    kl : array
        KL(q‖p), in nats.
    khat : array
        Pareto k-hat of 4,000 draws.
    effective : array
        Effective number of draws, over the number of draws.
    centring : array
        c, on average over the groups; NaN where they are integrated out.
    pulled : array, shape (groups, readings, sets)
        The mean share by which a group's level is pulled to μ (its shrinkage).
    made : dict
        How this was made.
    """

    error: np.ndarray
    ratio: np.ndarray
    level_error: np.ndarray
    level_ratio: np.ndarray
    kl: np.ndarray
    khat: np.ndarray
    effective: np.ndarray
    centring: np.ndarray
    pulled: np.ndarray
    made: dict


def load(path: Path = FILE) -> OneWayStudy:
    """The stored study; `ValueError` for a file that has changed since it was made."""
    return OneWayStudy(**read(path, "tools.one_way_study"))


def sliders(path: Path = SLIDERS) -> dict[str, np.ndarray]:
    """What the widget shows, by groups and readings.

    Returns
    -------
    dict
        "q", shape (5, 5, 11, 6), for each c of `STEPS`: mean and sd of μ, of log τ and of x of the last group, under the best
        mean-field q. "exact", shape (5, 5, 2, 121): the exact densities of log τ and of the last group's level, on `LOG_TAU`
        and `LEVEL`; "moments", shape (5, 5, 2, 2): mean and sd of both.
    """
    return read(path, "tools.one_way_study")
