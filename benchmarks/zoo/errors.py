"""How far a fit is from the gold, alike for all who are held against it."""

from __future__ import annotations

import numpy as np

MEAN, SDS = 0.1, (0.9, 1.1)  # what counts as arrived: every mean within so many posterior sds, every ratio of sds


def worst_errors(mean, sd, gold: dict) -> np.ndarray:
    """Worst error of a mean, in posterior sds; least and largest ratio of sds."""
    ratio = np.asarray(sd) / gold["sd"]
    return np.array([np.abs((mean - np.array(gold["mean"])) / gold["sd"]).max(), ratio.min(), ratio.max()])


def arrived(found) -> bool:
    """Whether `worst_errors` are small enough; not where one of them is NaN."""
    shift, low, high = found
    return bool(shift < MEAN and SDS[0] < low and high < SDS[1])


def in_words(found, seconds: float) -> str:
    """A cell of a table; a dash where there is no finite answer."""
    shift, low, high = found
    return f"{shift:.3g} · {low:.3g}–{high:.3g} · {seconds:.0f} s" if np.isfinite(found).all() else "–"
