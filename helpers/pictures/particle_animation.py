"""Stein variational gradient descent, seen at work: a Plotly animation, a picture of it, and what both draw."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from helpers.fits.particles import median_bandwidth, stein_direction, svgd
from helpers.pictures.style import PALETTE, WIDTH
from helpers.truth.targets_2d import Target2D, get_target_2d
from helpers.validate import check_count

BINS = 20
SHORTEST, LONGEST = 0.12, 0.8  # an arrow is as long as φ; shorter ones are left out, longer ones cut
LEVELS = np.linspace(0.05, 0.95, 7)  # of the contours, as shares of the peak
MARGIN = {"l": 58, "r": 20, "t": 44, "b": 140}  # pixels, like the next line
PLANE, DEPTH, TOP, GAP = (496, 372), 164, 90, 22  # the plane, 8 by 6; depths of the two marginals' panels
READING = 30  # height of the strip for iteration and bandwidth
PAPER, PAPER_DEPTH, PAPER_GAP = (0.6, 0.12, 0.5, 0.34), (0.7, 0.5), 0.28  # the same on paper, in inches
MILLISECONDS = 30  # of a frame: two refreshes of a screen
SLIDER_STEPS = 31  # at most, and the last frame: every one of them is stored and drawn


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


def record(target="banana", n_particles=50, n_frames=150, rate=0.1, seed=1) -> Recording:
    """Run `helpers.fits.particles.svgd`, one step a frame.

    Parameters
    ----------
    target, n_particles, n_frames, rate, seed
        As for `svgd_animation`.
    """
    p = get_target_2d(target)
    check_count(1, n_particles=n_particles)
    check_count(2, n_frames=n_frames)
    path = svgd(p.start(n_particles, np.random.default_rng(seed)), p.score, n_frames - 1, rate)
    histograms = []
    for axis in (0, 1):
        edges = np.linspace(*p.window[axis], BINS + 1)
        counts = np.array([np.histogram(particles[:, axis], edges)[0] for particles in path])
        histograms.append(counts / (n_particles * (edges[1] - edges[0])))
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


def _small(array) -> np.ndarray:
    return np.asarray(array, dtype=np.float32)  # Plotly stores it as base64: 5.3 characters a number


def _steps(histogram: np.ndarray) -> np.ndarray:
    return _small(np.append(histogram, 0))  # one value an edge


def _moving(run: Recording, k: int) -> list[go.Scatter]:
    """What is different in frame `k`: both histograms, the arrows, the particles, the reading."""
    particles, line = _small(run.path[k]), _small(arrows(run.path[k], run.directions[k]))
    return [
        go.Scatter(y=_steps(run.histograms[0][k])),
        go.Scatter(x=_steps(run.histograms[1][k])),
        go.Scatter(x=line[:, 0], y=line[:, 1]),
        go.Scatter(x=particles[:, 0], y=particles[:, 1]),
        go.Scatter(text=[f"iteration {k}, bandwidth h = {run.bandwidths[k]:.2f}"]),
    ]


def _dressed(run: Recording) -> list[go.Scatter]:
    """The moving traces at the start, with all that stays: axes, colours, sizes."""
    on_x, on_y, line, dots, reading = _moving(run, 0)
    x_edges, y_edges = (_small(np.linspace(*ends, BINS + 1)) for ends in run.target.window)
    filled = {"line_color": PALETTE["approximation"], "line_width": 1, "mode": "lines"}
    on_x.update(x=x_edges, yaxis="y2", line_shape="hv", fill="tozeroy", showlegend=False, **filled)
    on_y.update(y=y_edges, xaxis="x2", line_shape="vh", fill="tozerox", showlegend=False, **filled)
    n = len(run.path[0])
    heads = {"size": [0] + [0, 9, 0] * n, "symbol": "arrow", "angleref": "previous", "color": PALETTE["second"]}
    heads |= {"line_width": 0, "opacity": 1}
    line.update(mode="lines+markers", line_color=PALETTE["second"], line_width=1.3, marker=heads, name="direction φ")
    dots.update(mode="markers", name="particles")
    dots.update(marker={"color": PALETTE["approximation"], "size": 8, "line": {"color": "white", "width": 0.8}})
    reading.update(x=[0], y=[0.5], xaxis="x3", yaxis="y3", mode="text", textposition="middle right", showlegend=False)
    reading.update(textfont={"size": 14, "color": PALETTE["truth"]})
    return [on_x, on_y, line, dots, reading]


def contours(target: Target2D, points: int = 101) -> list[np.ndarray]:
    """The target's contour lines at each of `LEVELS`, shape (…, 2), NaN between lines; from a grid of points × points."""
    x, y = (np.linspace(*ends, points) for ends in target.window)
    density = np.exp(target.log_density(np.stack(np.meshgrid(x, y), axis=-1)))
    paths = Figure().subplots().contour(x, y, density / density.max(), levels=LEVELS).get_paths()
    gap = np.full((1, 2), np.nan)
    return [np.concatenate([row for line in path.to_polygons() for row in (line, gap)]) for path in paths]


def _still(run: Recording, fine: bool) -> list[go.Scatter]:
    """What stays as it is: the target's contours and its true marginals, in half the points unless `fine`.

    They are scatter traces, as all that moves: Plotly wipes the other kinds off a panel that it animates.
    """
    blue = {"mode": "lines", "line_color": PALETTE["target"], "hoverinfo": "skip"}
    rgb = ", ".join(f"{255 * c:.0f}" for c in to_rgb(PALETTE["target"]))
    tint = {"fill": "toself", "fillcolor": f"rgba({rgb}, 0.09)"}
    levels = [_small(level).T for level in contours(run.target, 101 if fine else 49)]
    lines = [go.Scatter(x=x, y=y, line_width=0.8, showlegend=False, **tint, **blue) for x, y in levels]
    (x, on_x), (y, on_y) = ((_small(line[:: 2 - fine]) for line in marginal) for marginal in run.target.marginals)
    top = go.Scatter(x=x, y=on_x, yaxis="y2", name="target", line_width=2.5, **blue)
    right = go.Scatter(x=on_y, y=y, xaxis="x2", showlegend=False, line_width=2.5, **blue)
    return [*lines, top, right]


def _axes(run: Recording) -> dict:
    """Three panels, the plane, the marginal of x above it and that of y at its right; and a strip for the reading."""
    width, height = PLANE[0] + GAP + DEPTH, PLANE[1] + GAP + TOP + READING
    plain = {"showgrid": False, "zeroline": False, "fixedrange": True}
    plain |= {"linecolor": PALETTE["muted"], "ticks": "outside"}
    x, y = run.target.window
    top = [(PLANE[1] + GAP) / height, 1 - READING / height]
    hidden = {"visible": False, "range": [0, 1], "fixedrange": True}
    return {
        "xaxis": plain | {"domain": [0, PLANE[0] / width], "range": x, "title": "x"},
        "yaxis": plain | {"domain": [0, PLANE[1] / height], "range": y, "title": "y", "scaleanchor": "x"},
        "xaxis2": plain | {"domain": [1 - DEPTH / width, 1], "range": [0, run.ceiling(1)], "title": "density"},
        "yaxis2": plain | {"domain": top, "range": [0, run.ceiling(0)], "title": "density", "nticks": 4},
        "xaxis3": hidden | {"domain": [0, 1], "anchor": "y3"},
        "yaxis3": hidden | {"domain": [top[1], 1], "anchor": "x3"},
    }


def _controls(stops: dict[str, str], group: str | None = None, milliseconds: int = MILLISECONDS) -> dict:
    """A button to play all frames, or a group; one to pause; a slider whose `stops` are label → name of a frame."""
    play = {"fromcurrent": True, "frame": {"duration": milliseconds, "redraw": False}, "transition": {"duration": 0}}
    stop = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}}
    buttons = [
        {"label": "▶ Play", "method": "animate", "args": [group, play]},
        {"label": "❚❚ Pause", "method": "animate", "args": [[None], stop]},
    ]
    steps = [{"label": label, "method": "animate", "args": [[name], stop]} for label, name in stops.items()]
    below = {"y": -0.115, "yanchor": "top", "xanchor": "left"}
    return {
        "updatemenus": [below | {"type": "buttons", "direction": "left", "x": -0.06, "buttons": buttons}],
        "sliders": [below | {"x": 0.24, "len": 0.76, "steps": steps, "currentvalue": {"visible": False}}],
    }


def svgd_animation(target="banana", n_particles=50, n_frames=150, rate=0.1, seed=1) -> go.Figure:
    """SVGD to play, pause and seek in: particles, their φ, and histograms beside the target's true marginals.

    Parameters
    ----------
    target : str
        A name in `helpers.truth.targets_2d.TARGETS_2D`.
    n_particles : int
        At least 1.
    n_frames : int
        At least 2: the start, and one step of the algorithm a frame after it.
    rate : float
        As for `helpers.fits.particles.svgd`.
    seed : int
        For the start of the particles.

    Raises
    ------
    ValueError
        For an unknown target, listing the known ones, or a count or rate that is not allowed.
    """
    run = record(target, n_particles, n_frames, rate, seed)
    traces, numbers = _traces(run)
    frames = [go.Frame(name=str(k), data=_moving(run, k), traces=numbers) for k in range(n_frames)]
    names = [frame.name for frame in frames]
    stops = {name: name for name in [*names[:: -(-n_frames // SLIDER_STEPS)], names[-1]]}
    return go.Figure(traces, _layout(run) | _axes(run) | _controls(stops), frames)


def _traces(run: Recording, fine: bool = True) -> tuple[list[go.Scatter], list[int]]:
    """All traces at the start, and the numbers of those that move."""
    still, moving = _still(run, fine), _dressed(run)
    traces = [*moving[:2], *still, *moving[2:]]  # the histograms under the true densities, the particles over all
    return traces, [k for k, trace in enumerate(traces) if any(trace is one for one in moving)]


def _layout(run: Recording) -> dict:
    """The title, the size, and what Plotly is not to do."""
    title = f"SVGD: {len(run.path[0])} particles, target “{run.target.name}”"
    return {
        "title": {"text": title, "x": 0.01, "y": 0.975, "font_size": 17},
        "width": MARGIN["l"] + MARGIN["r"] + PLANE[0] + GAP + DEPTH,
        "height": MARGIN["t"] + MARGIN["b"] + PLANE[1] + GAP + TOP + READING,
        "margin": MARGIN,
        "legend": {"x": 1, "y": 1, "xanchor": "right", "yanchor": "top"},
        "template": "none",
        "hovermode": False,
        "dragmode": False,
    }


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
