"""A widget to put a point among the two moons, and see what a posterior predicts there and which kinds of uncertainty it has.

Each draw of the network's weights gives a probability p of class 1 at the point. The variance of the label, p̄(1 − p̄), is
the sum of label noise, E[p(1 − p)], and ignorance, Var[p].

The browser computes and draws everything: it asks the kernel for nothing, so a stored notebook keeps working.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import special

from helpers.models import two_moons
from helpers.models.moons import logits
from helpers.pictures import style
from helpers.truth import gold
from helpers.widgets.base import Pictured, beside, keep_between, picture_of

REACH = 3.0  # of the plane, on each side of 0
CELLS = 40  # of the map, along each side
DRAWS = 100  # of each posterior
BINS = 20
COLOURS = [[round(255 * part) for part in plt.cm.cividis(k / 32)[:3]] for k in range(33)]  # of P from 0 to 1


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    x1: float = 2.0
    x2: float = 2.4
    posterior: str = "gold"

    def __post_init__(self):
        keep_between(self, x1=(-REACH, REACH), x2=(-REACH, REACH))


def probabilities(weights: np.ndarray, points: np.ndarray) -> np.ndarray:
    """P(class 1) for each draw of the weights at each point, shape (draws, points)."""
    return special.expit(logits(weights, points))


def split(p: np.ndarray) -> tuple[float, float, float]:
    """The mean of p over the draws, label noise and ignorance."""
    return p.mean(), (p * (1 - p)).mean(), p.var()


def describe(state: State, weights: np.ndarray) -> str:
    """What is predicted at the point, as the line that the reader sees."""
    mean, noise, ignorance = split(probabilities(weights, np.array([[state.x1, state.x2]]))[:, 0])
    total = f"P(class 1) = {mean:.2f}, variance of the label {noise + ignorance:.3f}"
    return f"{total} = {noise:.3f} label noise + {ignorance:.3f} ignorance"


def _draw(state: State, weights: np.ndarray, figure: Figure) -> None:
    """Draw the map with the point, and at its side the histogram, in the colour of a truth, and the bar."""
    panels = figure.subplot_mosaic("mh;mb", height_ratios=[2.2, 1], width_ratios=[1, 1.15])
    _map(panels["m"], state, weights)
    p = probabilities(weights, np.array([[state.x1, state.x2]]))[:, 0]
    bins = np.linspace(0, 1, BINS + 1)
    panels["h"].hist(p, bins, weights=np.full(len(p), 1 / len(p)), color=style.PALETTE["target"])
    panels["h"].set(xlabel="p, P(class 1) of one draw", ylabel="share of draws", xlim=(0, 1), ylim=(0, 1))
    _, noise, ignorance = split(p)
    bar = panels["b"]
    bar.barh(0, noise, color=style.PALETTE["data"], label="label noise")
    bar.barh(0, ignorance, left=noise, color=style.PALETTE["uncertainty"], label="ignorance")
    bar.set(xlabel="variance of the label", xlim=(0, 0.25), ylim=(-0.5, 1.5), yticks=[])
    bar.legend(ncols=2, loc="upper left", fontsize=9)
    figure.suptitle(describe(state, weights), fontsize=10, x=0.01, ha="left")


def _map(axes: Axes, state: State, weights: np.ndarray) -> None:
    """Draw P(class 1) over the plane, some of the data, and the point."""
    middles = REACH * ((2 * np.arange(CELLS) + 1) / CELLS - 1)
    plane = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)
    mean = probabilities(weights, plane).mean(axis=0).reshape(CELLS, CELLS)
    axes.imshow(mean, origin="lower", extent=(-REACH, REACH, -REACH, REACH), vmin=0, vmax=1, aspect="equal")
    for x1, x2, label in data():
        marker, edge = ("^", "black") if label else ("o", "white")
        look = {"markersize": 3.5, "markeredgecolor": edge, "markeredgewidth": 0.5}
        axes.plot(x1, x2, marker, color=plt.cm.cividis(label), **look)
    axes.plot(state.x1, state.x2, "P", color="white", markersize=12, markeredgecolor=style.PALETTE["truth"])
    axes.set(xlabel="x₁ (scaled)", ylabel="x₂ (scaled)", title="P(class 1): blue 0, yellow 1")
    axes.grid(False)


def data() -> list[list[float]]:
    """A fifth of the training points: (x₁, x₂, label) of each."""
    x, label, *_ = two_moons()
    return np.column_stack([x, label])[::5].round(2).tolist()


class TwoUncertainties(Pictured):
    """A point in the plane of the two moons: P(class 1) there, label noise and ignorance, for each of some posteriors.

    Parameters
    ----------
    posteriors : mapping, optional
        Name → draws of the 40 weights, shape (draws, 40), of which a hundred are kept. The first is taken for the truth.
        By default the gold draws alone.
    x1, x2 : float
        The point, each in [−3, 3].

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("two_uncertainties")
    State = State

    def __init__(self, posteriors: Mapping[str, np.ndarray] | None = None, x1=State.x1, x2=State.x2):
        if posteriors is None:
            posteriors = {"gold": gold.load("moons").draws.values}
        self.kept = {name: _some(name, weights) for name, weights in posteriors.items()}
        options = {
            "draws": {name: weights.tolist() for name, weights in self.kept.items()},
            "data": data(),
            "reach": REACH,
            "cells": CELLS,
            "bins": BINS,
            "map": COLOURS,
            "ignorance": style.PALETTE["uncertainty"],
        }
        super().__init__(State(x1, x2, next(iter(self.kept))), options)

    def static_picture(self, state: State) -> bytes:
        """A PNG of a state, for readers who see the notebook where no kernel runs."""
        note = f"Posterior: {state.posterior}. Static picture: run the notebook to move the point yourself."
        return picture_of(partial(_draw, state, self.kept[state.posterior]), 3.8, note, dpi=130)  # under 60 kB


def _some(name: str, weights) -> np.ndarray:
    """A hundred of the draws, evenly spread, to two decimals."""
    weights = np.asarray(weights, float)
    if weights.ndim != 2 or weights.shape[1] != 40 or len(weights) == 0 or not np.isfinite(weights).all():
        raise ValueError(f"posteriors must hold finite draws of shape (draws, 40), got {weights.shape} for {name!r}")
    rows = np.unique(np.linspace(0, len(weights) - 1, min(DRAWS, len(weights))).astype(int))
    return weights[rows].round(2)
