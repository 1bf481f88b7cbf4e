"""A widget of the Bayesian line: prior and noise to move, the line and its bands, and how many prior draws would count.

All is closed form. With prior precision α and noise precision β the weights have the precision Λ = αI + βΦᵀΦ and the mean
βΛ⁻¹Φᵀy. Draws from the prior, weighted by their likelihood, are worth as many draws from the posterior as their effective
number, (Σ weight)² / Σ weight². Its expected share is p(y)² / ∫ p(w) p(y|w)² dw; the square of a likelihood is one with
twice the precision, so that both integrals are evidences.

The browser computes and draws everything: it asks the kernel for nothing, so a stored notebook keeps working.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.models.sensor_data import bayesian_line, readings
from helpers.pictures import style
from helpers.pictures.drawing import ellipse
from helpers.widgets.base import Pictured, beside, keep_between, keep_counts, picture_of

PRIOR_RANGE = (0.1, 10.0)
NOISE_RANGE = (0.02, 2.0)
REACH = 4.5  # of x, on each side of 0; the readings lie in (−3, 3)
TALL = 2.4  # of y, on each side of 0
WIDE = 4.0  # of the weights, on each side of 0, in prior sds
DRAWS = 100_000  # from the prior, of which some count
SHOWN = 250  # of them as dots


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    prior: float = 1.0
    noise: float = 0.1
    rows: int = 20

    def __post_init__(self):
        keep_between(self, prior=PRIOR_RANGE, noise=NOISE_RANGE)
        keep_counts(self, rows=(0, 20))

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """x and y of the readings that are used."""
        return tuple(values[: self.rows] for values in readings())


def line(state: State, beta: float | None = None) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean and covariance of intercept and slope, and the log evidence; `beta` stands for the noise's precision."""
    x, y = state.data
    features = np.stack([np.ones_like(x), x], axis=1)
    return bayesian_line(features, y, state.prior**-2, state.noise**-2 if beta is None else beta)


def counting(state: State) -> float:
    """How many of `DRAWS` draws from the prior count, by the formula."""
    beta = state.noise**-2
    squared = line(state, 2 * beta)[2] + state.rows / 2 * np.log(beta / (4 * np.pi))
    return float(DRAWS * np.exp(2 * line(state)[2] - squared))


def describe(state: State) -> str:
    """The numbers, as the line that the reader sees."""
    count = counting(state)
    many = f"{count:,.0f}" if count >= 10 else f"{count:.1f}" if count >= 1 else "fewer than one"
    sd = np.sqrt(line(state)[1][1, 1])
    return f"Slope {line(state)[0][1]:.3f} ± {sd:.3f}; of 100,000 prior draws {many} count".replace("-", "−")


def dots() -> np.ndarray:
    """Standard normal points that fill the plane evenly, shape (SHOWN, 2): the prior's draws, in its sds."""
    k = np.arange(1, SHOWN + 1)
    u, v = (k * 0.7548776662466927) % 1, (k * 0.5698402909980532) % 1  # the R₂ sequence
    return np.stack([np.cos(2 * np.pi * v), np.sin(2 * np.pi * v)], axis=1) * np.sqrt(-2 * np.log(u))[:, None]


def static_picture(state: State) -> bytes:
    """A PNG of a state, for readers who see the notebook where no kernel runs."""
    return picture_of(
        partial(_draw, state), 3.9, "Static picture: run the notebook to move the sliders yourself.", dpi=130
    )


def _draw(state: State, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    _curves(left, state)
    _weights(right, state)
    left.set_title(f"prior sd {state.prior:g}, noise sd {state.noise:g}, {state.rows} readings", fontsize=10)
    right.set_title(describe(state).replace("; ", ";\n"), fontsize=10)
    figure.legend(loc="outside upper left", ncols=3, fontsize=9.5)


def _curves(axes: Axes, state: State) -> None:
    """Draw the readings, the line, and the bands of a new reading and of the line."""
    mean, covariance, _ = line(state)
    x = np.linspace(-REACH, REACH, 61)
    features = np.stack([np.ones_like(x), x])
    variance = (features * (covariance @ features)).sum(axis=0)
    centre, colours = mean @ features, style.PALETTE
    for sd, shade, name in (
        (np.sqrt(variance + state.noise**2), 0.25, "new reading, ± 2 sd"),
        (np.sqrt(variance), 0.6, "line, ± 2 sd"),
    ):
        ends = centre + 2 * np.outer([-1, 1], sd)
        axes.fill_between(x, *ends, color=colours["uncertainty"], alpha=shade, linewidth=0, label=name)
    axes.plot(x, centre, color=colours["target"], label="posterior mean")
    axes.plot(x, np.sin(x), "--", color=colours["truth"], linewidth=1.4, label="truth")
    axes.plot(*state.data, "o", color=colours["data"], markersize=4, label="readings")
    axes.set(xlabel="x", ylabel="sensor’s reading", xlim=(-REACH, REACH), ylim=(-TALL, TALL))


def _weights(axes: Axes, state: State) -> None:
    """Draw the prior's draws, and the posterior's ellipse at 2 sd."""
    mean, covariance, _ = line(state)
    axes.plot(
        *(state.prior * dots().T), ".", color=style.PALETTE["muted"], markersize=3, alpha=0.6, label="prior draws"
    )
    ring = ellipse(mean, np.linalg.cholesky(covariance))
    axes.fill(*ring, facecolor="none", edgecolor=style.PALETTE["target"], linewidth=2, label="posterior, 2 sd")
    far = WIDE * state.prior
    axes.set(xlabel="intercept", ylabel="slope", xlim=(-far, far), ylim=(-far, far), aspect="equal")


class PriorAndNoise(Pictured):
    """Sliders for the prior, the noise and the readings of a Bayesian line; the line, and the prior draws that count.

    Parameters
    ----------
    prior : float
        Sd of the normal prior of intercept and slope, in [0.1, 10].
    noise : float
        Sd of the noise that the model assumes, in [0.02, 2].
    rows : int
        Readings that are used, 0 to 20.

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("prior_and_noise")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(self, prior=State.prior, noise=State.noise, rows=State.rows):
        made = [[round(float(value), 6) for value in values] for values in readings()]
        options = {"prior": PRIOR_RANGE, "noise": NOISE_RANGE, "rows": [0, 20], "x": made[0], "y": made[1]}
        sizes = {"reach": REACH, "tall": TALL, "wide": WIDE, "draws": DRAWS, "dots": SHOWN}
        super().__init__(State(prior, noise, rows), options | sizes | {"band": style.PALETTE["uncertainty"]})
