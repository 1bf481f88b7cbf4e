"""A widget for Stein variational gradient descent: particles on a target in the plane, with sliders for what moves them.

The browser runs it and draws everything: it asks the kernel for nothing, so a stored notebook keeps working. `moved` is
the same by `helpers.fits.particles.svgd`, from the same start, for the static picture and for whoever wants the particles;
the tests hold the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial

import numpy as np
from matplotlib.figure import Figure

from helpers.fits.particles import svgd
from helpers.pictures import style
from helpers.pictures.particle_frames import contours
from helpers.truth.targets_2d import TARGETS_2D, Target2D, get_target_2d
from helpers.widgets.base import Pictured, beside, keep_among, keep_between, keep_counts, normal_pairs, picture_of

COUNTS = (1, 2, 5, 10, 20, 50, 100, 200)
REACH = (0.01, 100.0)  # of the bandwidth, in units of the usual one
STEPS = 150


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    target: str = "three modes"
    particles: int = 50
    reach: float = 1.0
    steps: int = STEPS
    seed: int = 3  # a typical run

    def __post_init__(self):
        keep_among(self, target=tuple(TARGETS_2D), particles=COUNTS)
        keep_between(self, reach=REACH)
        keep_counts(self, steps=(0, STEPS), seed=(0, 2**32 - 1))


@lru_cache(maxsize=16)
def _path(state: State) -> np.ndarray:
    target = get_target_2d(state.target)
    start = target.start_mean + target.start_sd * normal_pairs(state.seed, state.particles)
    return svgd(start, target.score, STEPS, reach=state.reach)


def moved(state: State) -> np.ndarray:
    """The particles of a state, shape (particles, 2); a run is computed once, whatever the steps."""
    return _path(replace(state, steps=STEPS))[state.steps]


@cache
def moments(target: Target2D) -> tuple[np.ndarray, np.ndarray]:
    """The true means and sds of x and y, by the trapezoidal rule over three times the window."""
    x, y = (np.linspace(2 * low - high, 2 * high - low, 201) for low, high in target.window)
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    weights = np.exp(target.log_density(places))
    means = np.average(places, axis=0, weights=weights)
    return means, np.sqrt(np.average((places - means) ** 2, axis=0, weights=weights))


def static_picture(state: State) -> bytes:
    """A PNG of the run on all five targets, for readers who see the notebook where no kernel runs."""
    usual = "the usual bandwidth" if state.reach == 1 else f"{state.reach:g} times the usual bandwidth"
    note = f"{state.particles} particles, {usual}, {state.steps} steps. Static picture: run the notebook to change it."
    return picture_of(partial(_draw, state), 1.9, note, dpi=110)


def _draw(state: State, figure: Figure) -> None:
    for axes, (name, target) in zip(figure.subplots(1, len(TARGETS_2D)), TARGETS_2D.items(), strict=True):
        for level in contours(target)[::2]:
            axes.plot(*level.T, color=style.PALETTE["target"], linewidth=0.5)
        axes.plot(*moved(replace(state, target=name)).T, "o", color=style.PALETTE["approximation"], markersize=2.2)
        axes.set(xlim=target.window[0], ylim=target.window[1], xticks=[], yticks=[], aspect="equal")
        axes.set_title(name, fontsize=9.5)


def _written(target: Target2D) -> str:
    """The contours of a target as one text, "x y,x y,…", in hundredths; nothing between the commas where a line ends."""
    points = np.concatenate(contours(target, 49)[::2])
    return ",".join("" if np.isnan(x) else f"{100 * x:.0f} {100 * y:.0f}" for x, y in points)


def _about(target: Target2D) -> dict:
    """What the browser needs of a target."""
    return {
        "window": [*map(list, target.window)],
        "contours": _written(target),
        "start": [*target.start_mean, target.start_sd],
        "moments": [values.round(6).tolist() for values in moments(target)],
    }


class SteinParticles(Pictured):
    """A menu of targets, and sliders for the particles of SVGD, for their bandwidth, and for the steps.

    Parameters
    ----------
    target : str
        A name in `helpers.truth.targets_2d.TARGETS_2D`.
    particles : int
        How many: 1, 2, 5, 10, 20, 50, 100 or 200.
    reach : float
        The bandwidth in units of the usual one, in [0.01, 100].
    steps : int
        After how many steps the particles are shown, from 0 to 150.
    seed : int
        Of the start; at least 0, below 2³².

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("stein_particles")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(
        self, target=State.target, particles=State.particles, reach=State.reach, steps=State.steps, seed=State.seed
    ):
        options = {
            "names": [*TARGETS_2D],  # their order: a stored notebook does not keep that of a dict
            "targets": {name: _about(target) for name, target in TARGETS_2D.items()},
            "counts": COUNTS,
            "reach": REACH,
            "steps": STEPS,
        }
        super().__init__(State(target, particles, reach, steps, seed), options)
