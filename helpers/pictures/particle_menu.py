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
    n_particles, rate, seed
        As for `svgd_animation`.

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
    controls = _controls_of(first)
    choices = [{"label": name, "method": "update", "args": _start(run)} for name, run in runs.items()]
    menu = PLACE | {"type": "dropdown", "buttons": choices, "active": [*runs].index(first)}
    layout = _layout(runs[first]) | _axes(runs[first])
    return go.Figure(traces, layout | controls | {"updatemenus": [*controls["updatemenus"], menu]}, frames)


def _controls_of(name: str) -> dict:
    """The buttons and the slider, at its start, for the frames of one target."""
    controls = _controls({str(k): f"{name}: {k}" for k in KEPT}, name, MILLISECONDS)
    return controls | {"sliders": [controls["sliders"][0] | {"active": 0}]}


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
    axes, controls = _axes(run), _controls_of(run.target.name)
    layout = {f"{axis}.range": axes[axis]["range"] for axis in ("xaxis", "yaxis", "xaxis2", "yaxis2")}
    layout |= {"title.text": _layout(run)["title"]["text"], "sliders": controls["sliders"]}
    return [data, layout | {"updatemenus[0].buttons": controls["updatemenus"][0]["buttons"]}]
