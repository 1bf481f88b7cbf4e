"""A widget that makes q too narrow, too wide or heavy-tailed, and shows k-hat of its ratios beside its coverage.

The target is the standard normal in one or more dimensions, and q a Gaussian or a multivariate t about the same place.
So each importance ratio follows from the distance of its draw from the centre. The exact tail is known, too: for a
Gaussian q of sd s < 1, a share of ratios proportional to r^(−1/k) lies above a large r (but for a power of its logarithm),
with k = 1 − s² in any number of dimensions; a wider q, or a t, has bounded ratios. The coverage of q's 95 % interval for
one coordinate is P(|z| < half its width) of a standard normal z.

The 2,000 base draws are fixed, so that a moved slider moves the ratios and does not redraw them. The browser computes
and draws everything: it asks the kernel for nothing, so a stored notebook keeps working.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from helpers.fits.weights import khat_threshold, psis
from helpers.pictures import style
from helpers.widgets.base import Pictured, beside, keep_among, keep_between, normal_pairs, picture_of

SCALES = (0.3, 2.0)
TAILS = (None, 30, 10, 5, 3)  # degrees of freedom; None for the Gaussian
SIZES = (1, 10, 50)
DRAWS = 2_000
SEED = 28  # k-hats near their means over seeds, in all sizes
REACH = 5.0  # of the axis, in sds of the target, on each side of 0
DENSITIES = (0.0, 1.4)  # on their axis
LOGS = {"ratio": (-2.0, 3.4), "share": (-3.75, 0.15)}  # decimal logarithms, on the axes of the ratios


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    scale: float = 0.5
    df: int | None = None
    size: int = 1

    def __post_init__(self):
        keep_between(self, scale=SCALES)
        keep_among(self, df=TAILS, size=SIZES)

    @property
    def tail(self):
        """The distribution of one coordinate at scale 1."""
        return stats.norm if self.df is None else stats.t(self.df)

    @property
    def half(self) -> float:
        """Half of the width of q's 95 % interval, in sds of the target."""
        return float(self.scale * self.tail.ppf(0.975))

    @property
    def coverage(self) -> float:
        """The share of the target in that interval."""
        return float(2 * stats.norm.cdf(self.half) - 1)


@cache
def squares() -> np.ndarray:
    """Squared standard normal numbers, shape (DRAWS, …): for the coordinates, then for the denominators of the ts."""
    count = max(SIZES) + max(df for df in TAILS if df)
    return normal_pairs(SEED, DRAWS * count // 2).reshape(DRAWS, count) ** 2


def log_ratios(state: State) -> np.ndarray:
    """log p − log q at each draw of q, up to a constant."""
    far = squares()[:, : state.size].sum(axis=1)
    if state.df is None:
        return 0.5 * (1 - state.scale**2) * far
    below = squares()[:, max(SIZES) : max(SIZES) + state.df].sum(axis=1)  # the t is a normal over √(below / df)
    place = state.scale**2 * far * state.df / below
    return 0.5 * ((state.df + state.size) * np.log1p(far / below) - place)


def tail_of(log_ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Ratios over their mean, from the least; the largest as the fitted tail has them; and k-hat."""
    ordered = np.sort(log_ratio)
    ratio = np.exp(ordered - ordered[-1])
    weights, khat = psis(ordered)
    tail = len(ratio) - (int(3 * np.sqrt(len(ratio))) if np.isfinite(khat) else 0)
    smoothed = weights[tail:] * ratio[tail - 1] / weights[tail - 1]  # below the tail psis keeps the ratios
    return ratio / ratio.mean(), smoothed / ratio.mean(), khat


def describe(state: State) -> list[str]:
    """k-hat, the coverage and the exact tail, as the lines that the reader sees."""
    khat, threshold = tail_of(log_ratios(state))[2], khat_threshold(DRAWS)
    number = f"{khat:z.2f}".replace("-", "−")
    if khat == -np.inf:
        first = "k-hat: none, all ratios are alike"
    elif khat < threshold:
        first = f"k-hat {number}, below {threshold:.2f}: the weights can be relied on"
    else:
        first = f"k-hat {number}, above {threshold:.2f}: nothing guarantees the weights"
    exact = "the largest possible ratio is finite, so k is below 0"
    if state.df is None and state.scale <= 1:
        exact = f"k = 1 − s² = {1 - state.scale**2:.2f}" if state.scale < 1 else "none, q is the target"
    second = f"q's 95 % interval holds {100 * state.coverage:.1f} % of the target"
    return [first, second, f"Exact tail: {exact}"]


def static_picture(state: State) -> bytes:
    """A PNG of a state, for readers who see the notebook where no kernel runs."""
    q = "Gaussian" if state.df is None else f"t, ν = {state.df}"
    words = f"q: {q}, scale {state.scale:.2f}; dimensions: {state.size}; {DRAWS:,} draws"
    return picture_of(partial(_draw, state), 3.8, f"{words}. Static picture: run the notebook to move q.", dpi=130)


def _draw(state: State, figure: Figure) -> None:
    """Draw target and q, and the tail of the ratios."""
    left, right = figure.subplots(1, 2)
    _curves(left, state)
    _ratios(right, state)
    first, second, _ = describe(state)
    left.set_title(second, fontsize=10)
    right.set_title(first.replace(": ", ":\n"), fontsize=10)
    figure.legend(loc="outside upper left", ncols=5, fontsize=9, columnspacing=1.1)


def _curves(axes: Axes, state: State) -> None:
    """Draw the densities of one coordinate, and q's interval with what it holds of the target."""
    x = np.linspace(-REACH, REACH, 401)
    target, inside = stats.norm.pdf(x), np.abs(x) <= state.half
    axes.plot(x, target, color=style.PALETTE["target"], label="target")
    axes.fill_between(x, target, where=inside, color=style.PALETTE["target"], alpha=0.25, label="inside q's interval")
    axes.plot(x, state.tail.pdf(x / state.scale) / state.scale, color=style.PALETTE["approximation"], label="q")
    axes.plot([-state.half, state.half], [0, 0], "|-", color=style.PALETTE["approximation"], markersize=14)
    axes.set(xlabel="one coordinate, in sds of the target", ylabel="density", xlim=(-REACH, REACH))
    axes.set(ylim=(-0.06, DENSITIES[1]))


def _ratios(axes: Axes, state: State) -> None:
    """Draw how many draws have a ratio above a given one, the tail, and what k-hat fits to it."""
    ratio, smoothed, _ = tail_of(log_ratios(state))
    above = (np.arange(DRAWS, 0, -1) - 0.5) / DRAWS
    orange, tail = style.PALETTE["approximation"], len(ratio) - len(smoothed)
    axes.loglog(ratio, above, color=orange, linewidth=1.2)
    axes.loglog(ratio[tail:], above[tail:], "o", color=orange, markersize=3, label=f"{len(smoothed)} largest ratios")
    axes.loglog(smoothed, above[tail:], "--", color=style.PALETTE["truth"], linewidth=1.2, label="fitted tail")
    axes.set(xlabel="importance ratio, over the mean ratio", ylabel="share of draws above it")
    axes.set(xlim=[10**end for end in LOGS["ratio"]], ylim=[10**end for end in LOGS["share"]])


class KhatAndCoverage(Pictured):
    """Sliders for the scale and the tail of q and the number of dimensions; k-hat and coverage follow.

    Parameters
    ----------
    scale : float
        Of q, over the sd of the target, in [0.3, 2]: the sd where q is Gaussian.
    df : int or None
        q is a t with so many degrees of freedom: 30, 10, 5 or 3. None for the Gaussian.
    size : int
        The number of dimensions: 1, 10 or 50.

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("khat_and_coverage")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(self, scale=State.scale, df=State.df, size=State.size):
        each = [State(1, df) for df in TAILS]
        options = {
            "scales": SCALES,
            "tails": [{"df": one.df, "half": one.half, "top": float(one.tail.pdf(0))} for one in each],
            "sizes": SIZES,
            "draws": DRAWS,
            "seed": SEED,
            "threshold": khat_threshold(DRAWS),
            "reach": REACH,
            "densities": DENSITIES,
            "logs": LOGS,
        }
        super().__init__(State(scale, df, size), options)
