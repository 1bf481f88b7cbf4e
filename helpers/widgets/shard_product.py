"""A widget that cuts a table into shards and multiplies their posteriors: how many shards, who carries the prior, which family.

The model is a line, y ~ N(intercept + trend · t, 1), with the prior N(0, `PRIOR_SD`²) for both coefficients. The posterior of
every shard is Gaussian, and all is closed form: a full-rank fit is that posterior, a mean-field fit has its mean and the
diagonal of its precision, and in a product precisions add.

The browser computes and draws everything: it asks the kernel for nothing, so a stored notebook keeps working.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.pictures import drawing, style
from helpers.truth.shards import product, sds
from helpers.widgets.base import Pictured, beside, keep_among, picture_of

COUNTS = (1, 2, 4, 8, 16)
PRIORS = ("its share", "the whole", "nothing")
FAMILIES = ("full-rank", "mean-field")
ORDERS = ("sorted by time", "shuffled")
ROWS = 64
PRIOR_SD = 0.5
DATA_SEED = 16  # a typical table: half of them put mean-field's product farther off, half of them nearer
FAR = {"intercept": (-1.6, 3.6), "trend": (-3.4, 4.4)}  # the windows: of the shards, and of the product
NEAR = {"intercept": (0.3, 1.9), "trend": (-0.5, 1.5)}


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    shards: int = 8
    prior: str = PRIORS[0]
    family: str = FAMILIES[0]
    order: str = ORDERS[0]

    def __post_init__(self):
        keep_among(self, shards=COUNTS, prior=PRIORS, family=FAMILIES, order=ORDERS)

    @property
    def power(self) -> float:
        """Of the prior, in each shard."""
        return {"its share": 1 / self.shards, "the whole": 1.0, "nothing": 0.0}[self.prior]


@cache
def table(order: str) -> tuple[np.ndarray, np.ndarray]:
    """The columns t and y, in this order."""
    rng = np.random.default_rng(DATA_SEED)
    t = np.linspace(-1, 1, ROWS)
    y = (1.2 + 0.6 * t + rng.standard_normal(ROWS)).round(3)
    rows = np.arange(ROWS) if order == ORDERS[0] else rng.permutation(ROWS)
    return t[rows], y[rows]


def fits(state: State) -> tuple[np.ndarray, np.ndarray]:
    """Means, shape (shards, 2), and precisions, shape (shards, 2, 2), of the best q of each shard."""
    t, y = (column.reshape(state.shards, -1) for column in table(state.order))
    features = np.stack([np.ones_like(t), t], axis=-1)
    precisions = features.mT @ features + state.power / PRIOR_SD**2 * np.eye(2)
    means = np.linalg.solve(precisions, features.mT @ y[..., None])[..., 0]
    return means, precisions if state.family == "full-rank" else precisions * np.eye(2)


def exact() -> tuple[np.ndarray, np.ndarray]:
    """Mean and precision of the posterior of all rows."""
    return product(*fits(State(1)))


def against_exact(state: State) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the product's means in exact sds, and its sds over the exact ones."""
    (mean, precision), (right, sharp) = product(*fits(state)), exact()
    return (mean - right) / sds(sharp), sds(precision) / sds(sharp)


def describe(state: State) -> str:
    """What the product is, as the line that the reader sees."""
    errors, ratios = against_exact(state)
    off = " and ".join(f"{error:z.2f}".replace("-", "−") for error in errors)
    wide = " and ".join(f"{ratio:.2f}" for ratio in ratios)
    return f"Product: means {off} exact sds off, sds {wide} of the exact ones"


def ellipse(mean, precision) -> np.ndarray:
    """Points at 2 sd from the mean of a Gaussian of two parameters, shape (2, points)."""
    return drawing.ellipse(mean, np.linalg.cholesky(np.linalg.inv(precision)))


def static_picture(state: State) -> bytes:
    """A PNG of a state, for readers who see the notebook where no kernel runs."""
    return picture_of(
        partial(_draw, state), 3.8, "Ellipses at 2 sd. Static picture: run the notebook to change it.", dpi=130
    )


def _draw(state: State, figure: Figure) -> None:
    """Draw the shards' fits, and their product on the exact posterior."""
    left, right = figure.subplots(1, 2)
    for k, shard in enumerate(zip(*fits(state), strict=True)):
        label = {} if k else {"label": "q of a shard"}
        left.plot(*ellipse(*shard), color=style.PALETTE["approximation"], linewidth=0.9, **label)
    prior = ellipse(np.zeros(2), np.eye(2) / PRIOR_SD**2)
    left.plot(*prior, "--", color=style.PALETTE["muted"], linewidth=1.4, label="prior")
    right.plot(*ellipse(*product(*fits(state))), color=style.PALETTE["approximation"], linewidth=2.6, label="product")
    for axes, window in ((left, FAR), (right, NEAR)):
        _exact(axes, window)
    left.set_title(f"{state.shards} shards, {state.order}; {state.family} fits", fontsize=10)
    right.set_title(fill(describe(state), 44), fontsize=10)
    handles = [pair for axes in (right, left) for pair in zip(*axes.get_legend_handles_labels(), strict=True)]
    handles = dict(reversed([pair[::-1] for pair in handles]))  # each label once
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=4, fontsize=9.5)


def _exact(axes: Axes, window: dict[str, tuple[float, float]]) -> None:
    """Draw the exact posterior, and set the axes."""
    axes.fill(*ellipse(*exact()), color=style.PALETTE["target"], alpha=0.35, label="exact posterior", zorder=0)
    axes.set(xlabel="intercept", ylabel="trend", xlim=window["intercept"], ylim=window["trend"])


class ShardProduct(Pictured):
    """A slider for the number of shards, and menus for their prior, family and rows; beside them, the product of the fits.

    Parameters
    ----------
    shards : int
        1, 2, 4, 8 or 16.
    prior : str
        What each shard takes of the prior: "its share", p(w)^(1/shards), "the whole" or "nothing".
    family : str
        "full-rank" or "mean-field".
    order : str
        Of the table that is cut: "sorted by time" or "shuffled".

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("shard_product")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(self, shards=State.shards, prior=State.prior, family=State.family, order=State.order):
        options = {
            "counts": COUNTS,
            "priors": PRIORS,
            "families": FAMILIES,
            "orders": ORDERS,
            "tables": {order: [column.tolist() for column in table(order)] for order in ORDERS},
            "prior_sd": PRIOR_SD,
            "far": [*FAR.values()],
            "near": [*NEAR.values()],
        }
        super().__init__(State(shards, prior, family, order), options)
