"""A widget for stochastic gradient descent: a path wanders on a loss surface; batch size and learning rate are sliders.

The model: y = a + b·x + noise of sd 1, for 10,000 rows, with a, b ~ Normal(0, 1). The loss is −ELBO per row of a
mean-field Gaussian q(a)q(b), as a function of its two means, with its two sds at their best. It is a quadratic in the
means, so its minimum (the posterior mean) and its contours (ellipses) are known exactly, and its gradient needs no
draws from q: the only noise in a step is the choice of rows.

The browser computes and draws every path: it asks the kernel for nothing, so a stored notebook keeps working. `walk` is
the same in NumPy, with the same rows, for the static picture; the tests hold the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from helpers.pictures import style
from helpers.pictures.drawing import ellipse
from helpers.widgets.base import (
    Pictured,
    beside,
    keep_among,
    keep_between,
    keep_counts,
    normal_pairs,
    picture_of,
    uniforms,
)

ROWS = 10_000
DATA_SEED = 2
STEPS = 300
BATCHES = (1, 3, 10, 30, 100, 300, 1_000, ROWS)
RATES = (0.01, 1.0)
WINDOW = {"a": (-0.08, 0.8), "b": (-0.41, 0.21)}  # the part of the surface that is shown
CONTOURS = range(10, 101, 10)  # posterior sd from the optimum
TOO_FAR = 1_000.0  # in units of a and b; a path that gets there does not come back


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    batch: int = 30
    rate: float = 0.1
    decay: bool = False
    average: bool = False
    seed: int = 1  # a typical walk: neither end is a lucky one

    def __post_init__(self):
        keep_among(self, batch=BATCHES, decay=(False, True), average=(False, True))
        keep_between(self, rate=RATES)
        keep_counts(self, seed=(0, 2**32 - 1))


@dataclass(frozen=True)
class Data:
    """The rows, and the exact posterior: its mean is the optimum, and its precision the curvature of the loss."""

    moments: np.ndarray  # all that a gradient needs: x, x², y and xy of each row
    optimum: np.ndarray
    precision: np.ndarray

    @property
    def axes(self) -> np.ndarray:
        """Half-axes of the posterior's ellipse at 1 sd, a row each, the long one first."""
        values, vectors = np.linalg.eigh(self.precision)
        upwards = np.where(vectors[1] < 0, -1, 1)
        return (upwards * vectors / np.sqrt(values)).T


@cache
def data() -> Data:
    """The data set, always the same; x is not centred, so a and b are correlated and the valley is oblong."""
    spread, noise = normal_pairs(DATA_SEED, ROWS).T
    x = 1 + 0.8 * spread
    y = 0.4 - 0.1 * x + noise
    moments = np.stack([x, x**2, y, x * y])
    sum_x, sum_xx, *sums_y = moments.sum(axis=1)
    precision = np.array([[ROWS + 1, sum_x], [sum_x, sum_xx + 1]])  # the 1s are the prior's
    return Data(moments, np.linalg.solve(precision, sums_y), precision)


def distance(means) -> np.ndarray:
    """How far the means (shape (…, 2)) are from the optimum, in posterior sd along that way.

    It is √(δᵀΛδ), with the posterior's precision Λ; half its square, over the number of rows, is the loss above its
    minimum.
    """
    delta = np.asarray(means) - data().optimum
    return np.sqrt(np.einsum("...i,ij,...j", delta, data().precision, delta))


def rates(state: State) -> np.ndarray:
    """The learning rate of each step: constant, or down to 0 along half a cosine."""
    return (
        state.rate * (1 + np.cos(np.pi * np.arange(STEPS) / STEPS)) / 2 if state.decay else np.full(STEPS, state.rate)
    )


def walk(state: State) -> np.ndarray:
    """The means of q after 0, 1, … `STEPS` steps of gradient descent from (0, 0), a row each; fewer if it diverges.

    A step reads `batch` rows, drawn with replacement as `pm.Minibatch` does; with all rows, each is read once.
    """
    moments = data().moments
    if state.batch == ROWS:
        means = np.tile(moments.mean(axis=1), (STEPS, 1))
    else:
        chosen = (ROWS * uniforms(state.seed, STEPS * state.batch)).astype(int).reshape(STEPS, state.batch)
        means = np.column_stack([moment[chosen].mean(axis=1) for moment in moments])
    a = b = 0.0
    path = [(a, b)]
    for rate, (x, xx, y, xy) in zip(rates(state).tolist(), means.tolist(), strict=True):
        # of the loss per row: first the batch's mean, then the prior's share of a row
        slope_a = a + b * x - y + a / ROWS
        slope_b = a * x + b * xx - xy + b / ROWS
        a, b = a - rate * slope_a, b - rate * slope_b
        path.append((a, b))
        if abs(a) + abs(b) > TOO_FAR:
            break
    return np.array(path)


def averages(path: np.ndarray) -> np.ndarray:
    """The average of the steps of the second half so far, at each of them; empty for a path that diverged."""
    half = path[STEPS // 2 + 1 :] if len(path) == STEPS + 1 else path[:0]
    return half.cumsum(axis=0) / np.arange(1, len(half) + 1)[:, None]


def number(value: float) -> str:
    """Two significant digits as one reads them: 0.061, 1.5, 14, 230, 1,300."""
    rounded = float(f"{value:.2g}")
    return "less than 0.01" if value < 0.01 else f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def amount(batch: int) -> str:
    """The rows of a step, in words."""
    return "1 row" if batch == 1 else f"{'all ' if batch == ROWS else ''}{batch:,} rows"


def describe(state: State, path: np.ndarray) -> str:
    """Where the path ends, as the line that the reader sees."""
    if len(path) <= STEPS:
        return f"Diverged after {len(path) - 1} steps: too large a learning rate for {amount(state.batch)} a step."
    text = f"Last step: {number(distance(path[-1]))} posterior sd from the optimum."
    if state.average:
        text += f" Average of the second half: {number(distance(averages(path)[-1]))}."
    return text


def static_picture(state: State) -> bytes:
    """A PNG of a state beside one of another batch size, for readers who see the notebook where no kernel runs."""
    decay = ", decaying" if state.decay else ""
    note = f"Learning rate {state.rate:g}{decay}. Static picture: run the notebook to change it."
    return picture_of(partial(_draw, state), 3.8, note, dpi=110)  # under 60 kB


def _draw(state: State, figure: Figure) -> None:
    """Draw a state beside one of another batch size."""
    other = replace(state, batch=1_000 if state.batch < 300 else 10)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    # the limits first: they say how much of a contour its label covers
    panels[0].set(xlim=WINDOW["a"], ylim=WINDOW["b"], ylabel="mean of q(b), the slope")
    for axes, shown in zip(panels, (state, other), strict=True):
        path = walk(shown)
        _surface(axes)
        _path(axes, path, averages(path)[-1:] if state.average else path[:0])
        axes.set_title(f"{amount(shown.batch)} a step\n{fill(describe(shown, path), 50)}", fontsize=10)
        axes.set(xlabel="mean of q(a), the intercept")
    legend = {"ncols": 5, "fontsize": 9.5, "columnspacing": 1.2, "handlelength": 1.4}
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", **legend)


def _surface(axes: Axes) -> None:
    """Draw the contours of the loss, the posterior and the optimum."""
    a, b = np.meshgrid(*(np.linspace(*ends, 201) for ends in WINDOW.values()))
    muted = style.PALETTE["muted"]
    contours = axes.contour(
        a, b, distance(np.stack([a, b], -1)), CONTOURS, colors=style.PALE["contour"], linewidths=0.8
    )
    axes.clabel(contours, CONTOURS[1::2], fontsize=8, colors=muted)
    axes.plot([], color=muted, linewidth=0.8, label="contours of the loss: posterior sd")
    axes.plot(*ellipse(data().optimum, data().axes.T), color=style.PALETTE["target"], zorder=3, label="posterior, 2 sd")
    axes.plot(*data().optimum, "+", color=style.PALETTE["truth"], markersize=16, zorder=6, label="optimum")
    axes.grid(False)


def _path(axes: Axes, path: np.ndarray, average: np.ndarray) -> None:
    """Draw a path, its steps the paler the older, its last step and the average (which may be empty)."""
    orange = style.PALETTE["approximation"]
    shades = LinearSegmentedColormap.from_list("age", ["white", orange])
    axes.plot(*path.T, color=shades(0.4), linewidth=0.5)
    ages = np.linspace(0.2, 1, 9).repeat(len(path) // 9 + 1)[: len(path)]  # few colours: the file stays small
    axes.scatter(*path.T, s=7, color=shades(ages), linewidth=0, zorder=2.5)
    marked = {"markeredgecolor": "white", "markersize": 7.5, "zorder": 5, "linestyle": ""}
    axes.plot(*path[-1], "o", color=orange, label="last step", **marked)
    if len(average):
        axes.plot(*average.T, "D", color=style.PALETTE["second"], label="average", **marked)


class NoisyDescent(Pictured):
    """Sliders for the batch size and the learning rate of gradient descent, and the path that it takes.

    Parameters
    ----------
    batch : int
        Rows a step reads, of 10,000: 1, 3, 10, 30, 100, 300, 1000 or 10000.
    rate : float
        The learning rate, in [0.01, 1]; the loss is taken per row.
    decay : bool
        Whether the learning rate falls to 0 along half a cosine.
    average : bool
        Whether the average of the second half of the steps is shown.
    seed : int
        Of the choice of rows; at least 0, below 2³².

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("noisy_descent")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(self, batch=State.batch, rate=State.rate, decay=State.decay, average=State.average, seed=State.seed):
        options = {
            "batches": [[size, amount(size)] for size in BATCHES],
            "rates": RATES,
            "steps": STEPS,
            "rows": ROWS,
            "data_seed": DATA_SEED,
            "too_far": TOO_FAR,
            "precision": data().precision.tolist(),
            "window": [*WINDOW.values()],
            "optimum": data().optimum.tolist(),
            "axes": data().axes.tolist(),
            "contours": [*CONTOURS],
        }
        super().__init__(State(batch, rate, decay, average, seed), options)
