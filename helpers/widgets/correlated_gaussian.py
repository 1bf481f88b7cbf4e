"""A widget to turn a Gaussian posterior of two parameters, under the best mean-field and the best full-rank Gaussian.

All is closed form. With correlation ρ, the mean-field q of least KL(q‖p) has the sds 1/√Λᵢᵢ, where Λ is the precision
(the inverse of the covariance). They are the exact sds times √(1 − ρ²), and KL(q‖p) = −½ log(1 − ρ²) nats, whatever the
sds are. The best full-rank Gaussian is the posterior itself.

The browser computes and draws everything: it asks the kernel for nothing, so a stored notebook keeps working.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.pictures import style
from helpers.pictures.drawing import ellipse
from helpers.widgets.base import Pictured, beside, keep_between, picture_of

RHO_RANGE = (-0.99, 0.99)
RATIO_RANGE = (0.5, 2.0)
REACH = 3.2  # of the axes, on each side of 0
NATS = (-0.1, 2.2)  # on the axis of KL
MARK = {"color": style.PALETTE["approximation"], "markeredgecolor": "white", "zorder": 6, "linestyle": ""}


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    rho: float = 0.8
    ratio: float = 1.0

    def __post_init__(self):
        keep_between(self, rho=RHO_RANGE, ratio=RATIO_RANGE)

    @property
    def sds(self) -> np.ndarray:
        """Of θ₁ and θ₂; their product is 1, so that the picture keeps its size."""
        return np.array([self.ratio**-0.5, self.ratio**0.5])

    @property
    def covariance(self) -> np.ndarray:
        """Of the posterior, whose mean is 0."""
        return np.array([[1, self.rho], [self.rho, 1]]) * np.outer(self.sds, self.sds)


def sd_ratio(rho):
    """The sds of the best mean-field Gaussian over the exact ones: √(1 − ρ²)."""
    return np.sqrt(1 - np.square(rho))


def gap(rho):
    """KL(q‖p) of the best mean-field Gaussian, in nats: −½ log(1 − ρ²)."""
    return -0.5 * np.log1p(-np.square(rho))


def describe(state: State) -> str:
    """The two numbers, as the line that the reader sees."""
    return f"Best mean-field: {sd_ratio(state.rho):.3f} of the exact sds, KL(q‖p) = {gap(state.rho):.3f} nats"


def static_picture(state: State) -> bytes:
    """A PNG of a state, for readers who see the notebook where no kernel runs."""
    note = "Ellipses at 1 and 2 sd. Static picture: run the notebook to change it yourself."
    return picture_of(partial(_draw, state), 3.8, note, dpi=130)  # under 60 kB


def _draw(state: State, figure: Figure) -> None:
    """Draw the ellipses, and the gap over every correlation."""
    left, right = figure.subplots(1, 2)
    _ellipses(left, state)
    _gap(right, state)
    title = f"correlation {state.rho:.2f}, ratio of the sds {state.ratio:.2f}"
    left.set_title(title.replace("-", "−"), fontsize=10)
    right.set_title(describe(state).replace("sds, ", "sds,\n"), fontsize=10)
    figure.legend(loc="outside upper left", ncols=4, fontsize=9.5)


def _ellipses(axes: Axes, state: State) -> None:
    """Draw the posterior and both families' best, and where the mean-field ellipse touches the posterior's."""
    colours = style.PALETTE
    sds, centre = sd_ratio(state.rho) * state.sds, np.zeros(2)
    posterior = np.linalg.cholesky(state.covariance)
    for radius in (2, 1):
        label = {} if radius == 1 else {"label": "exact posterior"}
        axes.fill(*ellipse(centre, posterior, radius), color=colours["target"], alpha=0.25, **label)
        label = {} if radius == 1 else {"label": "best mean-field"}
        axes.plot(*ellipse(centre, np.diag(sds), radius), color=colours["approximation"], **label)
    outline = {"color": colours["second"], "linewidth": 1.6, "label": "best full-rank"}
    axes.plot(*ellipse(centre, posterior), "--", **outline)
    ends = 2 * np.diag(sds)
    axes.plot(*np.stack([-ends, ends], 1).reshape(-1, 2).T, "o", label="here both ellipses meet", **MARK)
    axes.set(xlabel="θ₁", ylabel="θ₂", xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")


def _gap(axes: Axes, state: State) -> None:
    """Draw KL(q‖p) over the correlation, for both families."""
    rho = np.linspace(*RHO_RANGE, 199)
    axes.plot(rho, gap(rho), color=style.PALETTE["approximation"])
    axes.plot(rho, 0 * rho, "--", color=style.PALETTE["second"])
    axes.plot(state.rho, gap(state.rho), "o", markersize=9, **MARK)
    axes.set(xlabel="correlation ρ", ylabel="KL(q‖p), nats", xlim=(-1.08, 1.08), ylim=NATS)


class CorrelatedGaussian(Pictured):
    """Sliders for the correlation and the ratio of sds of a Gaussian posterior, and what the two families make of it.

    Parameters
    ----------
    rho : float
        The correlation of the two parameters, in [−0.99, 0.99].
    ratio : float
        The sd of θ₂ over that of θ₁, in [0.5, 2].

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("correlated_gaussian")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(self, rho=State.rho, ratio=State.ratio):
        options = {"rho": RHO_RANGE, "ratio": RATIO_RANGE, "reach": REACH, "nats": NATS}
        super().__init__(State(rho, ratio), options)
