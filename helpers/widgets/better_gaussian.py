"""A widget to skew and to turn a posterior of two parameters, under five Gaussians that stand for it.

The posterior is that of θ = F u, where F is the symmetric root of the matrix with ones and the correlation ρ, and u₁ and u₂
are independent with log p(u) = −(exp(ku) − 1 − ku) / k², a log-Gamma density with shape 1/k². Its skew grows with k; at
k = 0 it is the standard normal. At its mode, which is 0, its curvature is 1 whatever k is.

All is closed form. E[exp(ku)] of a Gaussian is a formula, and so is the ELBO. With m = E_q[u], s² = Var_q[u], its slopes
are zero where exp(km + ½k²s²) = 1 for both u: so m = −½ k s². The best mean-field q has the sds 1/√Λᵢᵢ, as without
skew, where Λ is the inverse of F Fᵀ; the best full-rank q has the covariance F Fᵀ, as Laplace has. Linear response is the
inverse of the Hessian of mean-field's loss for (μ, σ), of which the part of μ is kept (Giordano, Broderick and Jordan 2018,
arXiv:1709.02536). Batch and match (Cai et al. 2024, arXiv:2402.14758) rests where the mean of ∇log p over q is zero and that of
∇log p ∇log pᵀ is the inverse of q's covariance. With E[exp(2ku)] this says m = −½ k s² again, and w(exp(w) − 1) = k⁴, where w = k²s².

The browser computes and draws everything: it asks the kernel for nothing, so a stored notebook keeps working.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import special

from helpers.pictures import style
from helpers.pictures.drawing import ellipse
from helpers.widgets.base import Pictured, beside, keep_between, picture_of

SKEWS = (0.0, 1.5)
RHOS = (-0.9, 0.9)
REACH = (-5.0, 3.0)  # of both axes
SMALL = 1e-6  # skews below it count as none
DROP = 2.0  # nats below the peak at which the posterior's contour stands: that of a Gaussian at 2 sd
LOOKS = {  # role, line and width of each ellipse
    "Laplace": ("muted", ":", 2.0),
    "mean-field": ("approximation", "-", 2.0),
    "full rank": ("second", "--", 1.8),
    "linear response": ("approximation", "--", 1.8),
    "batch and match": ("second", "-", 1.8),
}


@dataclass(frozen=True)
class State:
    """What the reader has chosen. Raises `ValueError`, naming the argument, for anything out of range."""

    skew: float = 0.8
    rho: float = 0.6

    def __post_init__(self):
        keep_between(self, skew=SKEWS, rho=RHOS)

    @property
    def root(self) -> np.ndarray:
        """F, from u to θ."""
        plus, minus = np.sqrt(1 + self.rho), np.sqrt(1 - self.rho)
        return np.array([[plus + minus, plus - minus], [plus - minus, plus + minus]]) / 2


@dataclass(frozen=True)
class Moments:
    """Mean, shape (2,), and covariance, shape (2, 2)."""

    mean: np.ndarray
    covariance: np.ndarray

    @property
    def correlation(self) -> float:
        """Of θ₁ and θ₂."""
        return float(self.covariance[0, 1] / np.sqrt(self.covariance[0, 0] * self.covariance[1, 1]))


def drop(u: np.ndarray, skew: float) -> np.ndarray:
    """Nats by which the log density of u lies below its peak."""
    return u**2 / 2 if skew < SMALL else (np.expm1(skew * u) - skew * u) / skew**2


def exact_u(skew: float) -> tuple[float, float]:
    """Mean and variance of u: those of a log-Gamma variable."""
    if skew < SMALL:
        return 0.0, 1.0
    shape = skew**-2
    return float((special.digamma(shape) - np.log(shape)) / skew), float(special.polygamma(1, shape) * shape)


def _matched_u(skew: float) -> float:
    """The variance of u in the Gaussian at which batch and match rests, by bisection for w."""
    if skew < SMALL:
        return 1.0
    low, high = 0.0, skew**2
    for _ in range(60):
        w = (low + high) / 2
        low, high = (w, high) if w * np.expm1(w) < skew**4 else (low, w)
    return low / skew**2


def approximations(state: State) -> dict[str, Moments]:
    """The exact moments of θ, and those of the five Gaussians."""
    root, k = state.root, state.skew
    mean, variance = exact_u(k)
    around = root @ root.T
    sds = np.full(2, np.sqrt(1 - state.rho**2))  # 1/√Λᵢᵢ
    squares = np.linalg.inv(root) ** 2  # what σ² adds to the variance of each u
    by_mean_field = root @ (-0.5 * k * (squares @ sds**2))
    matched = _matched_u(k)
    return {
        "exact": Moments(root @ np.full(2, mean), variance * around),
        "Laplace": Moments(np.zeros(2), around),
        "mean-field": Moments(by_mean_field, np.diag(sds**2)),
        "full rank": Moments(root @ np.full(2, -0.5 * k), around),
        "linear response": Moments(by_mean_field, _response(state, sds, squares)),
        "batch and match": Moments(root @ np.full(2, -0.5 * k * matched), matched * around),
    }


def _response(state: State, sds: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """The block of μ in the inverse of the Hessian of mean-field's loss, by its Schur complement."""
    inverse = np.linalg.inv(state.root)
    across = state.skew * inverse.T @ (squares * sds)  # ∂²loss / ∂μ ∂σ
    along = state.skew**2 * (squares * sds).T @ (squares * sds) + 2 * np.diag(1 / sds**2)  # ∂²loss / ∂σ ∂σ
    return np.linalg.inv(inverse.T @ inverse - across @ np.linalg.solve(along, across.T))


def rows(state: State) -> list[list[str]]:
    """The table that the reader sees: of each, the mean of θ₁, its error in sds, the sd over the exact one, the correlation."""
    found = approximations(state)
    exact = found["exact"]
    sd = np.sqrt(exact.covariance[0, 0])
    return [
        [
            name,
            _signed((one.mean[0] - exact.mean[0]) / sd),
            f"{np.sqrt(one.covariance[0, 0]) / sd:.2f}",
            _signed(one.correlation),
        ]
        for name, one in found.items()
    ]


def _signed(value: float) -> str:
    return f"{value:z.2f}".replace("-", "−")


def contour(state: State) -> np.ndarray:
    """θ where the log density is 2 nats below its peak, shape (2, points), found by bisection along each way from the mode."""
    angle = np.linspace(0, 2 * np.pi, 181)
    ways = np.stack([np.cos(angle), np.sin(angle)])
    low, high = np.zeros(angle.size), np.full(angle.size, 12.0)
    for _ in range(40):
        middle = (low + high) / 2
        inside = drop(middle * ways, state.skew).sum(axis=0) < DROP
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return state.root @ (low * ways)


def static_picture(state: State) -> bytes:
    """A PNG of a state, for readers who see the notebook where no kernel runs."""
    note = "Contours at 2 sd, or 2 nats below the peak. Static picture: run the notebook to change it yourself."
    return picture_of(partial(_draw, state), 4.0, note, dpi=130)


def _draw(state: State, figure: Figure) -> None:
    """Draw the posterior and the ellipses, and the table beside them."""
    left, right = figure.subplots(1, 2)
    _shapes(left, state)
    right.axis("off")
    head = ["", "mean error\n(sds)", "sd /\nexact", "corre-\nlation"]
    table = right.table(
        rows(state), colLabels=head, loc="center", edges="horizontal", colWidths=[0.43, 0.24, 0.18, 0.2]
    )
    table.auto_set_font_size(False)
    table.set_fontsize(9.5)
    table.scale(1, 1.9)
    for column in range(len(head)):
        table[0, column].set_height(1.4 * table[0, column].get_height())  # of two lines
    left.set_title(f"skew {state.skew:.2f}, correlation {state.rho:.2f}".replace("-", "−"), fontsize=10)
    figure.legend(loc="outside upper left", ncols=6, fontsize=9, columnspacing=0.9, handlelength=1.6, handletextpad=0.5)


def _shapes(axes: Axes, state: State) -> None:
    """Draw the posterior's contour with its mean, and the ellipses."""
    found, blue = approximations(state), style.PALETTE["target"]
    axes.fill(*contour(state), color=blue, alpha=0.25, label="posterior")
    axes.plot(*found["exact"].mean, "+", color=blue, markersize=11, markeredgewidth=2)
    for name, (role, line, width) in LOOKS.items():
        colour = style.PALETTE[role]
        axes.plot(
            *ellipse(found[name].mean, np.linalg.cholesky(found[name].covariance)),
            line,
            color=colour,
            linewidth=width,
            label=name,
        )
    axes.set(xlabel="θ₁", ylabel="θ₂", xlim=REACH, ylim=REACH, aspect="equal")


class BetterGaussian(Pictured):
    """Sliders for the skew and the correlation of a posterior, and what five Gaussians make of it.

    Parameters
    ----------
    skew : float
        k of the log-Gamma variables, in [0, 1.5]; 0 for a Gaussian posterior.
    rho : float
        The correlation of the two parameters, in [−0.9, 0.9].

    Raises
    ------
    ValueError
        For a value that is not allowed; the message names the argument.
    """

    _esm, _css = beside("better_gaussian")
    State, static_picture = State, staticmethod(static_picture)

    def __init__(self, skew=State.skew, rho=State.rho):
        options = {"skew": SKEWS, "rho": RHOS, "reach": REACH, "small": SMALL, "drop": DROP}
        super().__init__(State(skew, rho), options)
