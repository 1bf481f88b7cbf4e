"""The animation of SVGD with a menu: one figure that holds a run for every target in the plane."""

from __future__ import annotations

import base64

import numpy as np
import plotly.graph_objects as go

from helpers.pictures.particle_animation import Recording, _axes, _controls, _layout, _moving, _traces, record
from helpers.truth.targets_2d import TARGETS_2D
from helpers.validate import check_among

KEPT = [0, 1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 28, 40, 60, 100, 149]  # iterations: mostly early ones, where most happens
MILLISECONDS = 180  # of a frame
PLACE = {"x": 1, "y": 1.02, "xanchor": "right", "yanchor": "bottom"}  # of the menu: at the right, over the legend


def svgd_menu(first="three modes", n_particles=50, rate=0.1, seed=1) -> go.Figure:
    """SVGD to play, pause and seek in, as `svgd_animation` shows it, with a menu of all targets.

    It keeps 16 of 150 iterations, the early ones above all, so that five runs are stored in about the size of one.

    Parameters
    ----------
    first : str
        The target that is shown at first, a name in `helpers.truth.targets_2d.TARGETS_2D`.
    n_particles : int
        At least 1.
    rate : float
        As for `helpers.fits.particles.svgd`.
    seed : int
        For the start of the particles.

    Raises
    ------
    ValueError
        For an unknown target, listing the known ones, or a count or rate that is not allowed.
    """
    check_among(TARGETS_2D, first=first)
    runs = {name: record(name, n_particles, KEPT[-1] + 1, rate, seed) for name in TARGETS_2D}
    traces, numbers = _traces(runs[first])
    frames = [
        go.Frame(name=f"{name}: {k}", group=name, data=_moving(run, k), traces=numbers)
        for name, run in runs.items()
        for k in KEPT
    ]
    play = _controls(len(KEPT))["updatemenus"][0] | {"buttons": _buttons(first)}
    choices = [{"label": name, "method": "update", "args": _start(run)} for name, run in runs.items()]
    menu = PLACE | {"type": "dropdown", "buttons": choices, "active": [*runs].index(first)}
    layout = _layout(runs[first]) | _axes(runs[first])
    return go.Figure(traces, layout | {"updatemenus": [play, menu], "sliders": [_slider(first)]}, frames)


def _buttons(name: str) -> list[dict]:
    """Play and Pause, for the frames of one target."""
    play, pause = _controls(len(KEPT))["updatemenus"][0]["buttons"]
    how = play["args"][1] | {"frame": {"duration": MILLISECONDS, "redraw": False}}
    return [play | {"args": [name, how]}, pause]


def _slider(name: str) -> dict:
    """The slider, for the frames of one target."""
    slider = _controls(len(KEPT))["sliders"][0]
    stop = slider["steps"][0]["args"][1]
    steps = [{"label": str(k), "method": "animate", "args": [[f"{name}: {k}"], stop]} for k in KEPT]
    return slider | {"steps": steps, "active": 0}


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
    name, axes = run.target.name, _axes(run)
    layout = {f"{axis}.range": axes[axis]["range"] for axis in ("xaxis", "yaxis", "xaxis2", "yaxis2")}
    layout |= {"title.text": _layout(run)["title"]["text"], "sliders": [_slider(name)]}
    return [data, layout | {"updatemenus[0].buttons": _buttons(name)}]
