"""MCMC and VI side by side: what each makes of one density on the plane."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import minimize

from helpers.pictures.drawing import ellipse
from helpers.pictures.style import PALETTE, WIDTH
from helpers.truth.closest import factor_2d, loss_2d
from helpers.truth.targets_2d import Target2D


def walk(target: Target2D, steps: int, seed: int) -> np.ndarray:
    """Positions of a random walk, shape (steps, 2), by the rule of Metropolis.

    Each step proposes a place nearby (a normal step of sd 1), and goes there with probability min(1, p(new) / p(old)); else it stays.

    Parameters
    ----------
    target : Target2D
    steps : int
    seed : int
    """
    rng = np.random.default_rng(seed)
    jumps, chances = rng.standard_normal((steps, 2)), np.log(rng.random(steps))
    position = np.array(target.start_mean)
    visited = []
    for jump, chance in zip(jumps, chances, strict=True):
        if chance < target.log_density(position + jump) - target.log_density(position):
            position = position + jump
        visited.append(position)
    return np.array(visited)


def descent(target: Target2D) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and Cholesky factor of the normals that a descent on −ELBO passes, from a small round one to the closest."""

    def loss(phi):
        factor = factor_2d(phi)
        return loss_2d(target.log_density, phi[:2], factor @ factor.T)

    passed = [np.array([*target.start_mean, *np.log([target.start_sd] * 2), 0])]
    minimize(loss, passed[0], jac="3-point", callback=passed.append)
    return [(phi[:2], factor_2d(phi)) for phi in passed]


def draw(target: Target2D, visited: np.ndarray, path: list[tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Left the positions of a walk, right the normals of a descent, each over the contours of the target.

    Parameters
    ----------
    target : Target2D
    visited : array, shape (steps, 2)
        As `walk` gives it; every fifth is shown.
    path : list of (mean, factor)
        As `descent` gives it; shown are the first, the last, and some between.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.4), sharex=True, sharey=True)
    for ax in (left, right):
        _contours(ax, target)
        ax.set(xlabel="θ₁", aspect="equal", xlim=target.window[0], ylim=target.window[1])
    left.plot(*visited[::5].T, ".", color=PALETTE["approximation"], markersize=2, alpha=0.5)
    left.set(ylabel="θ₂", title="MCMC: a walk leaves draws")
    for normal in path[: -1 : max(1, len(path) // 5)]:
        right.plot(*ellipse(*normal), color=PALETTE["approximation"], linestyle=":", linewidth=1.2)
    right.plot(*ellipse(*path[-1]), color=PALETTE["approximation"], linewidth=2.5)
    right.set(title="VI: a Gaussian moves and fits")
    return figure


def _contours(ax: Axes, target: Target2D) -> None:
    (low_x, high_x), (low_y, high_y) = target.window
    x, y = np.meshgrid(np.linspace(low_x, high_x, 161), np.linspace(low_y, high_y, 121))
    density = np.exp(target.log_density(np.stack([x, y], axis=-1)))
    levels = density.max() * np.array([0.02, 0.15, 0.5, 1])
    ax.contourf(x, y, density, levels, colors=PALETTE["target"], alpha=0.12)
    ax.contour(x, y, density, levels[:-1], colors=PALETTE["target"], linewidths=1)
