"""The animation of SVGD with a menu: one figure that holds a run for every target in the plane."""

from __future__ import annotations

import base64

import numpy as np
import plotly.graph_objects as go
from matplotlib.colors import to_rgb

from helpers.pictures.particle_frames import BINS, Recording, arrows, contours, record
from helpers.pictures.style import PALETTE
from helpers.truth.targets_2d import TARGETS_2D
from helpers.validate import check_among

KEPT = [0, 1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 28, 40, 60, 100, 149]  # iterations: mostly early ones, where most happens
MILLISECONDS = 180  # of a frame
MARGIN = {"l": 58, "r": 20, "t": 44, "b": 140}  # pixels
PLANE, DEPTH, TOP, GAP = (496, 372), 164, 90, 22  # the plane, 8 by 6; depths of the two marginals' panels
READING = 30  # height of the strip for iteration and bandwidth
PLACE = {"x": 1, "y": 1.02, "xanchor": "right", "yanchor": "bottom"}  # of the menu: at the right, over the legend


def svgd_menu(first="three modes") -> go.Figure:
    """SVGD to play, pause and seek in: particles, their φ, histograms beside the true marginals; with a menu of all targets.

    It keeps 16 of 150 iterations, the early ones above all, so that five runs are stored in about the size of one.

    Parameters
    ----------
    first : str
        The target that is shown at first, a name in `helpers.truth.targets_2d.TARGETS_2D`.

    Raises
    ------
    ValueError
        For an unknown target, listing the known ones.
    """
    check_among(TARGETS_2D, first=first)
    runs = {name: record(name) for name in TARGETS_2D}
    traces, numbers = _traces(runs[first])
    frames = [
        go.Frame(name=f"{name}: {k}", group=name, data=_moving(run, k), traces=numbers)
        for name, run in runs.items()
        for k in KEPT
    ]
    controls = _controls(first)
    choices = [{"label": name, "method": "update", "args": _start(run)} for name, run in runs.items()]
    menu = PLACE | {"type": "dropdown", "buttons": choices, "active": [*runs].index(first)}
    layout = _layout(runs[first]) | _axes(runs[first])
    return go.Figure(traces, layout | controls | {"updatemenus": [*controls["updatemenus"], menu]}, frames)


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


def _controls(name: str) -> dict:
    """A button to play the frames of one target, one to pause, and a slider, at its start."""
    play = {"fromcurrent": True, "frame": {"duration": MILLISECONDS, "redraw": False}, "transition": {"duration": 0}}
    stop = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}}
    buttons = [
        {"label": "▶ Play", "method": "animate", "args": [name, play]},
        {"label": "❚❚ Pause", "method": "animate", "args": [[None], stop]},
    ]
    steps = [{"label": str(k), "method": "animate", "args": [[f"{name}: {k}"], stop]} for k in KEPT]
    below = {"y": -0.115, "yanchor": "top", "xanchor": "left"}
    return {
        "updatemenus": [below | {"type": "buttons", "direction": "left", "x": -0.06, "buttons": buttons}],
        "sliders": [below | {"x": 0.24, "len": 0.76, "steps": steps, "active": 0, "currentvalue": {"visible": False}}],
    }


def _packed(values) -> dict | None:
    """As Plotly stores the numbers of a trace, which it does not do for those of a button."""
    if values is None:
        return None
    return {"dtype": "f4", "bdata": base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()}


def _start(run: Recording) -> list[dict]:
    """What the menu changes: the data of all traces, and what the layout says of the target."""
    traces, _ = _traces(run, fine=False)
    made = [trace.to_plotly_json() for trace in traces]
    data = {key: [_packed(trace.get(key)) for trace in made] for key in ("x", "y")}
    data["text"] = [trace.get("text") for trace in made]
    axes, controls = _axes(run), _controls(run.target.name)
    layout = {f"{axis}.range": axes[axis]["range"] for axis in ("xaxis", "yaxis", "xaxis2", "yaxis2")}
    layout |= {"title.text": _layout(run)["title"]["text"], "sliders": controls["sliders"]}
    return [data, layout | {"updatemenus[0].buttons": controls["updatemenus"][0]["buttons"]}]
