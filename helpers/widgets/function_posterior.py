"""The functions that a small network's posterior holds, as width, data and prior change.

The reader sees mean-field ADVI (the best of several fits), and on request the exact posterior, by weighted draws of the
first layer, where enough of them carry weight. Both come from `helpers.models.sensor_fits`.

The kernel fits, about a second for each new state, and keeps what it has found.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache, partial
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.models import sensor_fits
from helpers.models.sensor_data import GRID, outputs, sensor
from helpers.models.sensor_fits import Setting
from helpers.pictures import style
from helpers.widgets.base import Answering, beside, keep_among, picture_of

CHOICES = {"width": (1, 2, 3, 5, 10, 20), "rows": (5, 10, 20, 50), "prior_sd": (0.1, 0.3, 1.0, 3.0, 10.0)}
X = np.linspace(GRID[0], GRID[-1], 121)  # where the functions are drawn
LIMITS = (-2.5, 2.5)  # of the vertical axis, whatever is fitted
CURVES = 20
STARTS = 8
ENOUGH = 100  # effective draws, for the rest to be shown as exact


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    width: int = 5
    rows: int = 20
    prior_sd: float = 1.0
    exact: bool = False

    def __post_init__(self):
        keep_among(self, **CHOICES, exact=(False, True))

    @property
    def setting(self) -> Setting:
        """All but whether the exact posterior is shown."""
        return Setting(self.width, self.rows, self.prior_sd)


@dataclass(frozen=True)
class Functions:
    """Draws of f, as they are shown: a few of them, and a band that holds 90 % of f at each x."""

    curves: np.ndarray
    band: np.ndarray

    @classmethod
    def of(cls, weights: np.ndarray) -> Functions:
        """Of the network with these weights, a row each."""
        functions = outputs(weights, X)
        return cls(functions[:CURVES], np.quantile(functions, [0.05, 0.95], axis=0))

    def plain(self) -> dict:
        """As JSON."""
        return {"curves": self.curves.round(3).tolist(), "band": self.band.round(3).tolist()}


@dataclass(frozen=True)
class Answer:
    """One of the two answers: a log evidence or its bound in nats, with its standard error, and the functions."""

    nats: float
    error: float
    functions: Functions
    seconds: float
    drawn: int = 0  # first layers
    effective: float = np.inf


@cache
def compiled() -> None:
    """Compile the fit, so that the seconds that the reader sees are those of fitting."""
    sensor_fits.mean_field([Setting(1, 0)], seed=0, starts=STARTS)


@cache
def advi(setting: Setting) -> Answer:
    """The best of several fits of mean-field ADVI."""
    compiled()
    began = time.perf_counter()
    (fit,) = sensor_fits.mean_field([setting], seed=0, starts=STARTS)
    functions = Functions.of(fit.draws(1000, seed=0))
    return Answer(fit.elbo, fit.elbo_error, functions, time.perf_counter() - began)


@cache
def exact(setting: Setting) -> Answer:
    """The exact posterior, from fewer draws where each takes longer and more of them count."""
    began = time.perf_counter()
    drawn = 300_000 if setting.width <= 3 else 600_000 // setting.width
    answer = sensor_fits.exact(setting, seed=0, draws=drawn)
    functions = Functions.of(answer.draws(1000, seed=0))
    seconds = time.perf_counter() - began
    return Answer(answer.log_evidence, answer.log_evidence_error, functions, seconds, drawn, answer.effective)


def shown_as_exact(state: State) -> Answer | None:
    """The exact answer, where the reader wants it and it has draws enough."""
    return exact(state.setting) if state.exact and exact(state.setting).effective >= ENOUGH else None


def measured(value: float, error: float) -> str:
    """An estimate and its standard error, with two decimals."""
    return f"{value:z.2f} ± {error:.2f}".replace("-", "−")


def describe(state: State) -> str:
    """What was found, as the line that the reader sees."""
    bound, truth = advi(state.setting), shown_as_exact(state)
    text = f"ELBO = {measured(bound.nats, bound.error)}"
    if truth is None:
        return f"{text} nats"
    gap = measured(truth.nats - bound.nats, np.hypot(bound.error, truth.error))
    return f"{text}; log evidence = {measured(truth.nats, truth.error)}; KL(q‖posterior) = {gap} nats"


def cost(state: State) -> str:
    """What the answers took, and what the exact one is worth, in words."""
    text = f"ADVI: best of {STARTS} fits, {advi(state.setting).seconds:.1f} s."
    if not state.exact:
        return text
    answer = exact(state.setting)
    worth = f"{answer.drawn:,} draws of the first layer, weighted, are worth {answer.effective:,.0f}"
    if answer.effective < ENOUGH:
        return f"{text} {worth}: too few weighted draws, not shown as exact."
    return f"{text} Exact: {worth}, {answer.seconds:.1f} s."


def read(state: State) -> dict:
    """What the kernel says about a state."""
    truth = shown_as_exact(state)
    return {
        "text": describe(state),
        "cost": cost(state),
        "data": np.stack(sensor(state.rows), axis=1).round(3).tolist(),
        "advi": advi(state.setting).functions.plain(),
        "exact": truth and truth.functions.plain(),
    }


def static_picture(state: State) -> bytes:
    """A PNG of a state beside one of another width, for readers who see the notebook where no kernel runs."""
    note = "Bands hold 90 % of f; thin lines: draws from mean-field. Static picture: run the cell to change it."
    return picture_of(partial(_draw, replace(state, exact=True)), 3.9, note, dpi=130)  # under 90 kB


def _draw(state: State, figure: Figure) -> None:
    """Draw a state beside one of another width."""
    other = replace(state, width=20 if state.width < 20 else 5)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, shown in zip(panels, (state, other), strict=True):
        _functions(axes, shown)
        units = "1 unit" if shown.width == 1 else f"{shown.width} units"
        title = f"{units}, {shown.rows} readings, prior sd {shown.prior_sd:g}"
        axes.set_title(f"{title}\n{fill(describe(shown), 54)}", fontsize=9)
    panels[0].set(xlim=X[[0, -1]], ylim=LIMITS, ylabel="f(x)")
    handles = {text: handle for axes in panels for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    legend = {"ncols": 4, "fontsize": 9.5, "columnspacing": 1.4, "handlelength": 1.6}
    figure.legend(handles.values(), handles.keys(), loc="outside upper left", **legend)


def _functions(axes: Axes, state: State) -> None:
    """Draw the exact band of f filled, the fit's as two lines with some of its draws; the data and the truth."""
    truth, found = shown_as_exact(state), advi(state.setting).functions
    if truth is not None:
        blue = style.PALETTE["target"]
        axes.fill_between(X, *truth.functions.band, color=blue, alpha=0.35, linewidth=0, label="exact posterior")
    orange = style.PALETTE["approximation"]
    axes.plot(X, found.curves.T, color=orange, linewidth=0.4, alpha=0.5)
    axes.plot(X, found.band[0], color=orange, linewidth=1.6, label="mean-field ADVI")
    axes.plot(X, found.band[1], color=orange, linewidth=1.6)
    axes.plot(X, np.sin(X), "--", color=style.PALETTE["truth"], linewidth=1.3, label="sin x")
    axes.plot(*sensor(state.rows), "o", color=style.PALETTE["data"], markersize=4, label="readings")
    axes.set(xlabel="x")
    axes.grid(False)


class FunctionPosterior(Answering):
    """Sliders for a network's width, data and prior, and the posterior of the function that it computes.

    Making it fits the first state; where nothing has been fitted before, it compiles first, which takes some seconds.

    Parameters
    ----------
    width : int
        Hidden units: 1, 2, 3, 5, 10 or 20.
    rows : int
        Readings of the sensor: 5, 10, 20 or 50.
    prior_sd : float
        Of every weight: 0.1, 0.3, 1, 3 or 10.
    exact : bool
        Whether the exact posterior is shown, too.

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("function_posterior")
    State, read, static_picture = State, staticmethod(read), staticmethod(static_picture)

    def __init__(self, width=State.width, rows=State.rows, prior_sd=State.prior_sd, exact=State.exact):
        options = {"choices": CHOICES, "x": X.round(3).tolist(), "limits": LIMITS}
        super().__init__(State(width, rows, prior_sd, exact), options)
