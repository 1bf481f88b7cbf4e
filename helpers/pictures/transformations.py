"""The figure of ADVI's two transformations, every curve computed from the posterior it is given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch
from scipy import special

from helpers.pictures.style import PALETTE
from helpers.truth.targets import Normal, Target

LEVELS = (0.05, 0.5, 0.95)
CAPTION = (
    "The two transformations of ADVI on the Beta(1001, 2) posterior. T takes the logit: the wall at θ = 1 moves to "
    "infinity. S subtracts μ and divides by σ: the approximation becomes the standard normal. The vertical lines mark the "
    "target's 5 %, 50 % and 95 % quantiles in each space."
)


def draw(p_theta: Target, p_zeta: Target, q: Normal) -> Figure:
    """Three panels: θ on (0, 1), ζ = logit θ, and η = (ζ − μ)/σ, with the target and the approximation in each.

    Parameters
    ----------
    p_theta, p_zeta : Target
        The same posterior on θ and on ζ, each with its own Jacobian.
    q : Normal
        The approximation, on ζ.

    Source: Kucukelbir et al. 2017, arXiv:1603.00788, whose figure 1 sketches these three spaces.
    """
    eta = np.linspace(-3.4, 9, 731)  # far enough for the curves on θ to come down before the wall
    zeta = q.mean + q.sd * eta
    theta = special.expit(zeta)
    stretch = 1 / (theta * (1 - theta))  # dζ/dθ
    on_zeta, q_on_zeta = p_zeta.density(zeta), q.density(zeta)
    figure, axes = plt.subplots(1, 3, figsize=(7.6, 3.1), gridspec_kw={"wspace": 0.22})
    spaces = [
        (theta, p_theta.density(theta), q_on_zeta * stretch, special.expit, "θ", "where the model lives"),
        (zeta, on_zeta, q_on_zeta, lambda z: z, "ζ = T(θ)", "the real line"),
        (eta, on_zeta * q.sd, q_on_zeta * q.sd, lambda z: (z - q.mean) / q.sd, "η = S(ζ)", "standard"),
    ]
    for ax, (grid, target, approximation, carry, label, title) in zip(axes, spaces, strict=True):
        ax.fill_between(grid, target, color=PALETTE["target"], alpha=0.2, linewidth=0)
        ax.plot(grid, target, color=PALETTE["target"], label="target p")
        ax.plot(grid, approximation, color=PALETTE["approximation"], linestyle="--", label="approximation q")
        for level in LEVELS:
            ax.axvline(carry(p_zeta.quantile(level)), color=PALETTE["muted"], linewidth=0.9, linestyle=":")
        ax.set(xlabel=label, title=title, yticks=[], ylim=(0, 1.08 * max(target.max(), approximation.max())))
    axes[0].set(ylabel="density", xlim=(theta[0], 1.0005), xticks=[0.985, 0.99, 0.995, 1])
    axes[0].tick_params(axis="x", labelsize=9)
    axes[1].set_xlim(q.mean - 3.6 * q.sd, q.mean + 4 * q.sd)
    axes[2].set_xlim(-3.6, 4)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    for (left, right), name in zip([axes[:2], axes[1:]], ["T", "S"], strict=True):
        _arrow(figure, left, right, name)
    return figure


def _arrow(figure: Figure, left, right, name: str) -> None:
    arrow = ConnectionPatch(
        (1.04, 0.5), (-0.04, 0.5), "axes fraction", "axes fraction", axesA=left, axesB=right, arrowstyle="-|>",
        mutation_scale=14, linewidth=1.6, color=PALETTE["truth"],
    )  # fmt: skip
    figure.add_artist(arrow)
    right.text(-0.29, 0.52, name, transform=right.transAxes, ha="center", va="bottom", fontsize=13, fontweight="bold")
