"""A widget of the one-way model: groups, readings and centring by slider, the best mean-field q beside the exact posterior.

The data have no chance in them: the groups' means are quantiles of a normal. For each place of the sliders the best q
is stored (`helpers.models.one_way_study.sliders`), with the exact densities. q is normal in μ, in log τ and in the x of
a group, with θ = μ + τ^(1−c) (x − c μ), so that q's density of a level is a mixture over log τ, which is summed here.

The browser draws everything: it asks the kernel for nothing, so a stored notebook keeps working.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from helpers.models.one_way_study import GROUPS, LEVEL, LOG_TAU, READINGS, STEPS, sliders
from helpers.pictures import style
from helpers.widgets.base import Pictured, beside, keep_among, picture_of

CENTRING = tuple(float(c) for c in STEPS.round(1))
NODES = 61  # of log τ, where q's density of a level is summed
FAR = 4.0  # sds, on each side
SHOWN = ("log τ", "level of the last group")


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    groups: int = 8
    readings: int = 5
    centring: float = 1.0

    def __post_init__(self):
        keep_among(self, groups=GROUPS, readings=READINGS, centring=CENTRING)

    @property
    def place(self) -> tuple[int, int]:
        """Where the data are in the tables."""
        return GROUPS.index(self.groups), READINGS.index(self.readings)


@cache
def tables() -> dict[str, np.ndarray]:
    """The tables, in as many digits as a picture needs."""
    stored = sliders()
    return {name: stored[name].round(digits) for name, digits in (("q", 4), ("exact", 3), ("moments", 4))}


def _level_of_q(state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """q's level of the last group, given each of some values of log τ: their shares, means and sds."""
    mu, mu_sd, log_tau, log_tau_sd, x, x_sd = tables()["q"][state.place][CENTRING.index(state.centring)]
    z = np.linspace(-FAR, FAR, NODES)
    share = stats.norm.pdf(z) / stats.norm.pdf(z).sum()
    width = np.exp((1 - state.centring) * (log_tau + log_tau_sd * z))
    own = 1 - state.centring * width
    return share, own * mu + width * x, np.sqrt((own * mu_sd) ** 2 + (width * x_sd) ** 2)


def moments_of_q(state: State) -> np.ndarray:
    """Mean and sd under q, of log τ and of the level, shape (2, 2)."""
    _, _, log_tau, log_tau_sd, _, _ = tables()["q"][state.place][CENTRING.index(state.centring)]
    share, mean, sd = _level_of_q(state)
    middle = share @ mean
    return np.array([[log_tau, log_tau_sd], [middle, np.sqrt(share @ (sd**2 + (mean - middle) ** 2))]])


def densities_of_q(state: State) -> np.ndarray:
    """Of log τ and of the level, on the axes of the panels, shape (2, points)."""
    share, mean, sd = _level_of_q(state)
    level = stats.norm.pdf(LEVEL[:, None], mean, sd) @ share
    return np.stack([stats.norm.pdf(LOG_TAU, *moments_of_q(state)[0]), level])


def describe(state: State) -> list[str]:
    """How q compares with the exact posterior, as the lines that the reader sees."""
    exact, q = tables()["moments"][state.place], moments_of_q(state)
    error, ratio = (q[:, 0] - exact[:, 0]) / exact[:, 1], q[:, 1] / exact[:, 1]
    return [
        f"{name}: mean {f'{error[k]:+z.2f}'.replace('-', '−')} sd off, sd {ratio[k]:.2f} of the exact one"
        for k, name in enumerate(SHOWN)
    ]


def static_picture(state: State) -> bytes:
    """A PNG of a state, for readers who see the notebook where no kernel runs."""
    words = f"{state.groups} groups, {state.readings} readings each, centring {state.centring:.1f}"
    return picture_of(partial(_draw, state), 3.6, f"{words}. Static picture: run the notebook to move it.", dpi=130)


def _draw(state: State, figure: Figure) -> None:
    """Draw the exact posterior and q, of log τ and of the last group's level."""
    for k, axes in enumerate(figure.subplots(1, 2)):
        _panel(axes, (LOG_TAU, LEVEL)[k], tables()["exact"][state.place][k], densities_of_q(state)[k])
        axes.set(xlabel=SHOWN[k])
        axes.set_title(describe(state)[k].replace(": ", ":\n"), fontsize=10)
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=2, fontsize=9.5)


def _panel(axes: Axes, grid: np.ndarray, exact: np.ndarray, q: np.ndarray) -> None:
    axes.fill_between(grid, exact, color=style.PALETTE["target"], alpha=0.25, linewidth=0)
    axes.plot(grid, exact, color=style.PALETTE["target"], label="exact posterior")
    axes.plot(grid, q, color=style.PALETTE["approximation"], label="best mean-field q")
    axes.set(ylabel="density", xlim=(grid[0], grid[-1]), ylim=(0, 1.1 * max(exact.max(), q.max())))


class GroupsAndCentring(Pictured):
    """Sliders for the groups, the readings in each, and the centring; the best mean-field q beside the exact posterior.

    Parameters
    ----------
    groups : int
        4, 8, 16, 32 or 64.
    readings : int
        In each group: 2, 5, 20, 80 or 200.
    centring : float
        c, from 0 (non-centred) to 1 (centred) in steps of 0.1.

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("groups_and_centring")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(self, groups=State.groups, readings=State.readings, centring=State.centring):
        options = {
            "groups": GROUPS,
            "readings": READINGS,
            "centring": CENTRING,
            "axes": [[float(axis[0]), float(axis[-1])] for axis in (LOG_TAU, LEVEL)],
            "nodes": NODES,
            "far": FAR,
            **{name: table.tolist() for name, table in tables().items()},
        }
        super().__init__(State(groups, readings, centring), options)
