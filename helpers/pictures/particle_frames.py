"""Stein variational gradient descent, frame by frame: what is recorded of a run, and pictures of it on paper."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.fits.particles import median_bandwidth, stein_direction, svgd
from helpers.pictures.style import PALETTE, WIDTH
from helpers.truth.targets_2d import Target2D, get_target_2d

PARTICLES, FRAMES, SEED = 50, 150, 1
BINS = 20
SHORTEST, LONGEST = 0.12, 0.8  # an arrow is as long as φ; shorter ones are left out, longer ones cut
LEVELS = np.linspace(0.05, 0.95, 7)  # of the contours, as shares of the peak
# on paper, in inches: margins, depths of the marginals' panels, and the gap between panels
PAPER, PAPER_DEPTH, PAPER_GAP = (0.6, 0.12, 0.5, 0.34), (0.7, 0.5), 0.28


@dataclass(frozen=True)
class Recording:
    """A run of SVGD with what a picture shows of it, frame by frame (frame 0 is the start).

    Attributes
    ----------
    target : Target2D
    path, directions : array, shape (frames, n, 2)
        The particles and their φ.
    bandwidths : array, shape (frames,)
        The kernel's h.
    histograms : (array, array), each of shape (frames, BINS)
        Densities of x and of y in the bins of the target's window.
    """

    target: Target2D
    path: np.ndarray
    directions: np.ndarray
    bandwidths: np.ndarray
    histograms: tuple[np.ndarray, np.ndarray]

    def ceiling(self, axis: int) -> float:
        """The top of a marginal's panel: the true density fills half of it; bars of the start are cut off there."""
        return 2 * self.target.marginals[axis][1].max()


def record(target="banana") -> Recording:
    """Run `helpers.fits.particles.svgd` on a target of `helpers.truth.targets_2d.TARGETS_2D`: 50 particles, one step a frame."""
    p = get_target_2d(target)
    path = svgd(p.start(PARTICLES, np.random.default_rng(SEED)), p.score, FRAMES - 1)
    histograms = []
    for axis in (0, 1):
        edges = np.linspace(*p.window[axis], BINS + 1)
        counts = np.array([np.histogram(particles[:, axis], edges)[0] for particles in path])
        histograms.append(counts / (PARTICLES * (edges[1] - edges[0])))
    return Recording(
        target=p,
        path=path,
        directions=np.array([stein_direction(particles, p.score) for particles in path]),
        bandwidths=np.array([median_bandwidth(particles) for particles in path]),
        histograms=tuple(histograms),
    )


def arrows(particles: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """One line of gap, particle, tip, gap, particle, ...: shape (rows, 2), with NaN for the gaps."""
    length = np.linalg.norm(directions, axis=1)
    seen = length > SHORTEST
    foot, shaft = particles[seen], directions[seen] * np.minimum(1, LONGEST / length[seen])[:, None]
    gap = np.full_like(foot, np.nan)
    line = np.stack([foot, foot + shaft, gap], axis=1).reshape(-1, 2)
    return np.vstack([[np.nan, np.nan], line])  # never empty, or Plotly would leave the last arrows on the screen


def contours(target: Target2D, points: int = 101) -> list[np.ndarray]:
    """The target's contour lines at each of `LEVELS`, shape (…, 2), NaN between lines; from a grid of points × points."""
    x, y = (np.linspace(*ends, points) for ends in target.window)
    density = np.exp(target.log_density(np.stack(np.meshgrid(x, y), axis=-1)))
    paths = Figure().subplots().contour(x, y, density / density.max(), levels=LEVELS).get_paths()
    gap = np.full((1, 2), np.nan)
    return [np.concatenate([row for line in path.to_polygons() for row in (line, gap)]) for path in paths]


def frame_height(width: float) -> float:
    """The height of `draw_frame`'s figure that gives x and y one scale; inches, like `width`."""
    left, right, bottom, top = PAPER
    return bottom + top + PAPER_GAP + PAPER_DEPTH[1] + 0.75 * (width - left - right - PAPER_GAP - PAPER_DEPTH[0])


def _panels(figure, width: float) -> tuple[Axes, Axes, Axes]:
    """The plane, the marginal of x above it and that of y at its right, on an empty figure of `frame_height(width)`."""
    left, right, bottom, top = PAPER
    height, (deep, high) = frame_height(width), PAPER_DEPTH
    wide, tall = width - left - right - PAPER_GAP - deep, height - bottom - top - PAPER_GAP - high
    boxes = (
        (left, bottom, wide, tall),
        (left, height - top - high, wide, high),
        (width - right - deep, bottom, deep, tall),
    )
    return tuple(figure.add_axes(np.divide(box, [width, height, width, height])) for box in boxes)


def draw_frame(figure, width: float, run: Recording, k: int) -> None:
    """Draw frame `k` with Matplotlib on an empty figure or subfigure, `width` by `frame_height(width)` inches.

    Parameters
    ----------
    figure : Figure or SubFigure
        Empty.
    width : float
        In inches.
    run : Recording
    k : int
        Number of the frame, from 0.
    """
    (plane, *sides), target = _panels(figure, width), run.target
    for level in contours(target):
        plane.fill(*level[:-1].T, color=PALETTE["target"], alpha=0.09, linewidth=0)
        plane.plot(*level.T, color=PALETTE["target"], linewidth=0.6)
    plane.plot(*arrows(run.path[k], run.directions[k]).T, color=PALETTE["second"], linewidth=1)
    plane.plot(*run.path[k].T, "o", color=PALETTE["approximation"], markersize=4.5, markeredgecolor="white", mew=0.5)
    plane.set(xlim=target.window[0], ylim=target.window[1], xlabel="x", ylabel="y")
    for axis, (ax, (grid, density)) in enumerate(zip(sides, target.marginals, strict=True)):
        edges = np.linspace(*target.window[axis], BINS + 1)
        bars = {"fill": True, "color": PALETTE["approximation"], "alpha": 0.5}
        ax.stairs(run.histograms[axis][k], edges, orientation=("vertical", "horizontal")[axis], **bars)
        ax.plot(*((grid, density), (density, grid))[axis], color=PALETTE["target"], linewidth=1.6)
        along, across = ("x", "y") if axis == 0 else ("y", "x")
        ax.set(**{f"{along}lim": target.window[axis], f"{along}ticklabels": []})
        ax.set(**{f"{across}lim": (0, run.ceiling(axis)), f"{across}label": "density"})
    title = f"iteration {k}, bandwidth h = {run.bandwidths[k]:.2f}"
    figure.text(PAPER[0] / width, 1 - 0.08 / frame_height(width), title, va="top", fontsize=11)


def svgd_picture(run: Recording) -> Figure:
    """The first and the last frame, beside each other."""
    figure = plt.figure(figsize=(WIDTH, frame_height(WIDTH / 2)), layout="none")
    for part, k in zip(figure.subfigures(1, 2), (0, len(run.path) - 1), strict=True):
        draw_frame(part, WIDTH / 2, run, k)
    return figure
