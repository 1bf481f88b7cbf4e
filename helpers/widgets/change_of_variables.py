"""A widget that carries a normal density from the real line to (0, 1), with and without the Jacobian.

The browser computes and draws everything: it asks the kernel for nothing, so a stored notebook keeps working.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from scipy import special

from helpers.pictures import style
from helpers.truth.closest import best_gaussian
from helpers.truth.targets import Normal, beta, logit_beta, normal
from helpers.widgets.base import Pictured, beside, keep_among, keep_between, picture_of

MU_RANGE = (-8.0, 8.0)
SIGMA_RANGE = (0.1, 3.0)
NO_TARGET = "none"
BETAS = {
    "Beta(3, 2)": (3.0, 2.0),
    "Beta(12, 2)": (12.0, 2.0),
    "Beta(0.6, 0.6)": (0.6, 0.6),
    "Beta(1001, 2)": (1001.0, 2.0),
}
STRIPS = 10  # of equal probability
REACH = 8.0  # sds of q on each side of μ; what lies beyond has a probability of 1e-15
LINE = (-10.0, 10.0)  # the part of the ζ axis that is shown
TOPS = (0.3, 0.6, 1.5, 3.0, 6.0, 12.0)  # the heights that a panel can have; what is higher is cut
EDGE = 0.01  # a target that grows without bound at 0 or 1 does not set the height from there on
VIEW = {"from": 0.0, "tops": TOPS, "edge": EDGE}  # of the panel of θ: its left end, its heights, and that edge
CLOSE = {"from": 0.98, "tops": (420.0, 900.0, 1800.0), "edge": 0.0}  # for a target of which one would see nothing
VIEWS = {name: CLOSE if name == "Beta(1001, 2)" else VIEW for name in (NO_TARGET, *BETAS)}


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    mu: float = 1.0
    sigma: float = 1.0
    target: str = NO_TARGET

    def __post_init__(self):
        keep_between(self, mu=MU_RANGE, sigma=SIGMA_RANGE)
        keep_among(self, target=(NO_TARGET, *BETAS))


def carried(q: Normal, zeta, jacobian: bool = True):
    """The density of θ = 1/(1 + e^−ζ) when ζ ~ q.

    Parameters
    ----------
    q : Normal
        The density of ζ.
    zeta : array of any shape
        Where: the points are given by their ζ.
    jacobian : bool
        Without it, the value is just q(ζ).
    """
    return q.density(zeta) / (_slope(zeta) if jacobian else 1.0)


def area(q: Normal, jacobian: bool = True) -> float:
    """The area under `carried` on (0, 1): 1 with the Jacobian, the mean of θ(1 − θ) without."""
    zeta = np.linspace(q.mean - REACH * q.sd, q.mean + REACH * q.sd, 2001)
    return float(np.trapezoid(carried(q, zeta, jacobian) * _slope(zeta), zeta))


def _slope(zeta):
    """dθ/dζ = θ(1 − θ), both factors precise in both tails."""
    return special.expit(zeta) * special.expit(-np.asarray(zeta))


@cache
def _colours() -> list[str]:
    """Of the strips. Ordered in lightness, too, so also without colour vision, and none of it the target's blue."""
    return [to_hex(colour) for colour in matplotlib.colormaps["inferno"](np.linspace(0.3, 0.92, STRIPS))]


@cache
def _menu() -> list[dict]:
    """What the browser needs of each target: a, b, log B(a, b), the best normal on ζ under KL(q‖p), and its view of θ.

    A list, because a stored notebook does not keep the order of a dict.
    """
    entries = []
    for name, (a, b) in BETAS.items():
        best = best_gaussian(logit_beta(a, b), "KL(q‖p)")
        entry = {"name": name, "a": a, "b": b, "log_beta": float(special.betaln(a, b))}
        view = VIEWS[name] | {"tops": list(VIEWS[name]["tops"])}
        entries.append(entry | {"best": {"mu": best.mean, "sigma": best.sd}, "view": view})
    return entries


def static_picture(state: State) -> bytes:
    """A PNG of a state, for readers who see the notebook where no kernel runs."""
    return picture_of(
        partial(_draw, state), 3.5, "Static picture: run the notebook to move q yourself.", 144
    )  # < 30 kB


def _draw(state: State, figure: Figure) -> None:
    """Draw q on the line and on (0, 1), in strips, and the target."""
    q = normal(state.mu, state.sigma)
    edges = q.quantile(np.linspace(0, 1, STRIPS + 1)).clip(q.mean - 5 * q.sd, q.mean + 5 * q.sd)
    zetas = [np.linspace(*pair, 101) for pair in pairwise(edges)]
    zeta = np.concatenate(zetas)
    left, right = figure.subplots(1, 2)
    view = VIEWS[state.target]
    _panel(left, zetas, [q.density(zeta) for zeta in zetas], TOPS[-1])
    _panel(right, [special.expit(zeta) for zeta in zetas], [carried(q, zeta) for zeta in zetas], view["tops"][-1])
    if state.target != NO_TARGET:
        _target(left, right, state.target)
    label = f"without the Jacobian: area {area(q, jacobian=False):.2g}"
    (line,) = right.plot(special.expit(zeta), carried(q, zeta, jacobian=False), "--", color="black", label=label)
    line.set_path_effects([withStroke(linewidth=4, foreground="white")])  # it crosses dark strips
    left.set(xlabel="ζ", ylabel="density", xlim=LINE, title=f"q = N({q.mean:.2f}, {q.sd:.2f}²)".replace("-", "−"))
    right.set(xlabel="θ", xlim=(view["from"], 1), title="q carried to θ = 1/(1 + e$^{−ζ}$): area 1")
    figure.legend(loc="outside upper left", ncols=3)


def _panel(axes: Axes, horizontal: list, heights: list, highest: float) -> None:
    """Draw q's strips and its outline; cut what is higher than the browser's highest panel.

    Parameters
    ----------
    axes : Axes
    horizontal, heights : lists of arrays
        The points of each strip.
    highest : float
        The height of that panel.
    """
    label = f"q, in strips of {100 // STRIPS} %" if axes.get_subplotspec().is_first_col() else None
    for x, height, colour in zip(horizontal, heights, _colours(), strict=True):
        axes.fill_between(x, height, facecolor=colour, edgecolor="white", linewidth=0.5)
    axes.plot(np.concatenate(horizontal), np.concatenate(heights), color=style.PALETTE["approximation"], label=label)
    axes.set_ylim(0, min(highest, 1.15 * np.max(heights)))


def _target(left: Axes, right: Axes, name: str) -> None:
    """Draw the target in both panels, its area behind q's strips."""
    a, b = BETAS[name]
    zeta = np.linspace(-12, 12, 1001)
    blue = style.PALETTE["target"]
    for axes, x, p in ((left, zeta, logit_beta(a, b)), (right, special.expit(zeta), beta(a, b))):
        axes.fill_between(x, p.density(x), color=blue, alpha=0.3, linewidth=0, zorder=0.9)
        axes.plot(x, p.density(x), color=blue, label=f"target p: {name}" if axes is left else None)
        edge = VIEWS[name]["edge"]
        inner = np.abs(zeta) < special.logit(1 - edge) if edge else np.full(zeta.shape, True)
        axes.set_ylim(0, max(axes.get_ylim()[1], 1.15 * p.density(x)[inner].max()))


class ChangeOfVariables(Pictured):
    """Sliders for a normal q(ζ), and what the map θ = 1/(1 + e^−ζ) makes of it on (0, 1).

    Parameters
    ----------
    mu, sigma : float
        Where q starts; μ in [−8, 8], σ in [0.1, 3].
    target : str
        "none", "Beta(3, 2)", "Beta(12, 2)", "Beta(0.6, 0.6)", or "Beta(1001, 2)", for which the panel of θ shows
        0.98 to 1: a density of θ to match.

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("change_of_variables")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(self, mu=State.mu, sigma=State.sigma, target=State.target):
        options = {
            "mu": list(MU_RANGE),
            "sigma": list(SIGMA_RANGE),
            "targets": _menu(),
            "none": NO_TARGET,
            "inner_edges": special.ndtri(np.arange(1, STRIPS) / STRIPS).tolist(),
            "line": list(LINE),
            "view": VIEW | {"tops": list(TOPS)},
            "strips": _colours(),
        }
        super().__init__(State(mu, sigma, target), options)
