"""The functions that a small network's posterior holds, as width, data and prior change.

The reader sees mean-field ADVI (the best of several fits), and on request the exact posterior, by weighted draws of the
first layer, where enough of them carry weight. No browser could fit so fast, so the answers to all 120 settings are stored:
`helpers.models.function_study`. From q's means and sds the browser draws functions and a band; it asks the kernel for nothing,
so a stored notebook keeps working.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from functools import cache, partial
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.models import function_study
from helpers.models.function_study import BAND, CHOICES, CURVES, DRAWN, ENOUGH, SETTINGS, STARTS, X
from helpers.models.sensor_data import outputs, sensor
from helpers.models.sensor_fits import Setting
from helpers.pictures import style
from helpers.widgets.base import Pictured, beside, keep_among, normal_pairs, picture_of

LIMITS = (-2.5, 2.5)  # of the vertical axis, whatever is fitted
DRAWS = 500  # of q, for its band
SEED = 1


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
    def row(self) -> int:
        """Where its answers stand among those that are stored."""
        return SETTINGS.index(Setting(self.width, self.rows, self.prior_sd))


@cache
def answers() -> list[dict]:
    """What is stored, a dictionary for each of `SETTINGS`.

    `elbo` and `evidence` are a value in nats and its standard error; `effective` is what the weighted draws are worth; `q` has
    its means and sds; `draws` and `band` are those of the exact posterior, and empty where there is none.
    """
    study, found = function_study.load(), []
    for row, setting in enumerate(SETTINGS):
        known = study.effective[row] >= ENOUGH
        pairs = {
            "elbo": (study.elbo[row], study.elbo_error[row]),
            "evidence": (study.log_evidence[row], study.log_evidence_error[row]),
        }
        found.append(
            {name: [round(float(value), 4) for value in pair] for name, pair in pairs.items()}
            | {
                "effective": round(float(study.effective[row])),
                "q": np.stack([study.mean[row], study.sd[row]])[:, : setting.size],
                "draws": study.draws[row, :, : setting.size] if known else np.zeros(0),
                "band": study.band[row] if known else np.zeros(0),
            }
        )
    return found


def _packed(answer: dict) -> dict:
    """An answer as the browser gets it, its arrays in single precision and written in base64."""
    arrays = {name: value for name, value in answer.items() if isinstance(value, np.ndarray)}
    return answer | {name: base64.b64encode(a.astype("<f4").tobytes()).decode() for name, a in arrays.items()}


@cache
def functions(row: int) -> tuple[np.ndarray, np.ndarray]:
    """Functions drawn from q on `X`, shape (CURVES, points), and the ends of the band that holds 90 % of f."""
    mean, sd = answers()[row]["q"]
    most = SETTINGS[-1].size  # 61, and one η to spare
    eta = normal_pairs(SEED, DRAWS * (most + 1) // 2).reshape(DRAWS, most + 1)[:, : mean.size]
    f = outputs(mean + sd * eta, X)
    return f[:CURVES], np.quantile(f, BAND, axis=0)


def measured(value: float, error: float) -> str:
    """An estimate and its standard error, with two decimals."""
    return f"{value:z.2f} ± {error:.2f}".replace("-", "−")


def describe(state: State) -> str:
    """What was found, as the line that the reader sees."""
    answer = answers()[state.row]
    (bound, error), (evidence, its_error) = answer["elbo"], answer["evidence"]
    text = f"ELBO = {measured(bound, error)}"
    if not (state.exact and answer["band"].size):
        return f"{text} nats"
    gap = measured(evidence - bound, np.hypot(error, its_error))
    return f"{text}; log evidence = {measured(evidence, its_error)}; KL(q‖posterior) = {gap} nats"


def static_picture(state: State) -> bytes:
    """A PNG of a state beside one of another width, for readers who see the notebook where no kernel runs."""
    note = "Bands hold 90 % of f; thin lines: draws from mean-field. Static picture: run the notebook to change it."
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
    exact, (curves, band) = answers()[state.row]["band"], functions(state.row)
    if exact.size:
        blue = style.PALETTE["target"]
        axes.fill_between(X, *exact, color=blue, alpha=0.35, linewidth=0, label="exact posterior")
    orange = style.PALETTE["approximation"]
    axes.plot(X, curves.T, color=orange, linewidth=0.4, alpha=0.5)
    axes.plot(X, band[0], color=orange, linewidth=1.6, label="mean-field ADVI")
    axes.plot(X, band[1], color=orange, linewidth=1.6)
    axes.plot(X, np.sin(X), "--", color=style.PALETTE["truth"], linewidth=1.3, label="sin x")
    axes.plot(*sensor(state.rows), "o", color=style.PALETTE["data"], markersize=4, label="readings")
    axes.set(xlabel="x")
    axes.grid(False)


class FunctionPosterior(Pictured):
    """Sliders for a network's width, data and prior, and the posterior of the function that it computes.

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
    State, static_picture = State, staticmethod(static_picture)

    def __init__(self, width=State.width, rows=State.rows, prior_sd=State.prior_sd, exact=State.exact):
        options = {
            "choices": CHOICES,
            "x": X.round(3).tolist(),
            "limits": LIMITS,
            "data": {str(rows): np.stack(sensor(rows), axis=1).round(3).tolist() for rows in CHOICES["rows"]},
            "answers": [_packed(answer) for answer in answers()],
            "fits": STARTS,
            "drawn": DRAWN,
            "curves": CURVES,
            "draws": DRAWS,
            "seed": SEED,
            "band": BAND,
        }
        super().__init__(State(width, rows, prior_sd, exact), options)
