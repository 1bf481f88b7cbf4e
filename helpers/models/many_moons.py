"""Many data sets of two moons, each turned by an angle: what comparisons over data sets need."""

from __future__ import annotations

import numpy as np

from helpers.models.moons import two_moons


def turned_moons(seeds, degrees=0.0, points: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Data sets of two moons: x of shape (sets, points, 2) and the classes, 0.0 or 1.0, of shape (sets, points).

    Parameters
    ----------
    seeds : iterable of int
        One for each data set; the first half of its rows and the second are those of `two_moons`.
    degrees : float, or one for each data set
        By which the points are turned about the origin, anticlockwise.
    points : int
        Of each data set.
    """
    seeds = list(seeds)
    x, y = np.empty((len(seeds), points, 2)), np.empty((len(seeds), points))
    for k, (seed, angle) in enumerate(zip(seeds, np.broadcast_to(np.radians(degrees), len(seeds)), strict=True)):
        learn, label, held_out, label_out = two_moons(points, seed=seed)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        x[k], y[k] = np.vstack([learn, held_out]) @ turn, np.hstack([label, label_out])
    return x, y
