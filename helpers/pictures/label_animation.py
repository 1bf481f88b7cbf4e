"""Buying labels, seen at work: an animation in the page."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML

from helpers.models.label_study import LABELS, acquisition
from helpers.pictures.animation import as_gif
from helpers.pictures.style import PALETTE, WIDTH


def bought(posterior: Callable, x: np.ndarray, y: np.ndarray, rows: np.ndarray) -> HTML:
    """Labels bought one after another: the prediction on the left, what each label is expected to tell on the right.

    Parameters
    ----------
    posterior : callable
        Rows whose labels are known → P(class 1) of each draw, shape (draws, points), and the draws' shares.
    x : array, shape (points, 2)
    y : array, shape (points,)
        The classes.
    rows : array
        Rows in the order of buying, as from `helpers.models.label_study.buy`.
    """
    p_mean, told = told_by(posterior, rows)
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.3), sharey=True)
    seen = left.scatter(*x.T, c=p_mean[0], s=9, cmap="cividis", vmin=0, vmax=1)
    figure.colorbar(seen, ax=left, label="P(class 1)", ticks=[0, 0.5, 1])
    labelled = [left.plot([], [], marker, **_look(k), label=f"class {k}")[0] for k, marker in ((0, "o"), (1, "^"))]
    asked = right.scatter(*x.T, c=PALETTE["uncertainty"])
    (cross,) = right.plot([], [], "X", color=PALETTE["approximation"], markersize=11, markeredgecolor="white")
    for ax in (left, right):
        ax.set(xlabel="x₁ (scaled)", aspect="equal", xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    left.set_ylabel("x₂ (scaled)")
    right.set_title("what its label would tell")
    title = left.set_title("after 32 labels")

    def move_to(k: int) -> None:
        known = rows[: LABELS[0] + k]
        seen.set_array(p_mean[k])
        for each, line in enumerate(labelled):
            line.set_data(*x[known[y[known] == each]].T)
        asked.set_sizes(1 + 60 * (told[k] / told[k].max()) ** 3)
        following = rows[len(known) : len(known) + 1]  # none in the end
        cross.set_data(*x[following].T)
        title.set_text(f"after {len(known)} labels")

    alt = "Animation: labels are bought one by one, each where the networks disagree most, far from the last one."
    return as_gif(figure, [seen, *labelled, asked, cross, title], move_to, range(len(p_mean)), alt)


def told_by(posterior: Callable, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """P(class 1) and BALD of each point after each number of labels: two arrays, shape (frames, points)."""
    p_mean, told = [], []
    for n in range(LABELS[0], len(rows) + 1):
        p, share = posterior(rows[:n])
        p_mean.append(share @ p)
        told.append(np.maximum(acquisition("BALD", p, share, None), 0))
        told[-1][rows[:n]] = 0  # a label that is known tells no more
    return np.array(p_mean), np.array(told)


def _look(k: int) -> dict:
    return {"color": plt.cm.cividis(float(k)), "markersize": 8, "markeredgecolor": "black"}
