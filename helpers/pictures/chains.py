"""Markov chains with a slider for the step of their proposal: for each step what four chains did, beside the right answer."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure

from helpers.pictures.style import CHAINS, PALE, PALETTE, WIDTH

BINS = 40
DOMAINS = (0, 0.76), (0.8, 1)  # of the traces, and of the density, across the figure


def chains_slider(traces: Mapping[float, np.ndarray], notes: Mapping[float, str], exact: np.ndarray, *, first: float):
    """A Plotly figure of one quantity in chains that begin in one place, with a slider for the step.

    Parameters
    ----------
    traces : mapping of step → array, shape (kept, chains)
        The quantity along each chain, with as many states kept for every step.
    notes : mapping of step → str
        What is said over the figure.
    exact : array, shape (draws,)
        Draws of the quantity from the exact posterior.
    first : float
        The step that is shown at first.
    """
    low, high = limits(traces, exact)
    heights, edges = np.histogram(exact, BINS, (low, high), density=True)
    answer = go.Bar(
        x=heights, y=(edges[1:] + edges[:-1]) / 2, orientation="h", width=np.diff(edges), xaxis="x2", opacity=0.5,
        marker={"color": PALETTE["target"]}, name="exact",
    )  # fmt: skip
    lines, shown = [], []
    for step, values in traces.items():
        for k, line in enumerate(values.T):
            style = {"color": CHAINS[k % len(CHAINS)], "width": 1.2}
            number = np.arange(len(line), dtype=np.int32)
            lines.append(go.Scatter(x=number, y=line.astype(np.float32), mode="lines", line=style, showlegend=False))
            lines[-1].visible = step == first
            shown.append(step)
    controls = {"sliders": [_slider(notes, shown, first)]}
    return go.Figure([answer, *lines], _layout(notes[first], (low, high)) | controls)


def _slider(notes: Mapping[float, str], shown: list[float], first: float) -> dict:
    """The slider: each stop shows the lines of its step, by the steps of all in `shown`, and says its note."""
    steps = [*dict.fromkeys(shown)]
    stops = [
        {
            "label": f"{step:g}",
            "method": "update",
            "args": [{"visible": [True, *(each == step for each in shown)]}, {"title.text": notes[step]}],
        }
        for step in steps
    ]
    return {
        "steps": stops,
        "active": steps.index(first),
        "currentvalue": {"prefix": "step ", "xanchor": "left", "font": {"size": 15}},
        "pad": {"t": 40},
        "x": 0,
        "len": DOMAINS[0][1],
    }


def _layout(note: str, ends: tuple[float, float]) -> dict:
    """Two panels that share the vertical axis."""
    axis = {"gridcolor": PALE["grid"], "zeroline": False}
    return {
        "title": {"text": note, "font": {"size": 14}, "x": 0.01},
        "xaxis": axis | {"domain": DOMAINS[0], "title": "state of the chain (every twentieth)"},
        "xaxis2": axis | {"domain": DOMAINS[1], "title": "exact density", "anchor": "y"},
        "yaxis": axis | {"range": ends, "title": "f(−4)"},
        "width": 760,
        "height": 430,
        "margin": {"l": 60, "r": 15, "t": 50, "b": 40},
        "template": "none",
        "hovermode": False,
        "dragmode": False,
        "showlegend": False,
    }


def chains_picture(traces: Mapping[float, np.ndarray], notes: Mapping[float, str], exact: np.ndarray) -> Figure:
    """The same without a slider: one row of panels, one for each step, and the exact density at the right.

    Parameters
    ----------
    traces, notes, exact
        As for `chains_slider`.
    """
    figure, panels = plt.subplots(1, len(traces) + 1, figsize=(WIDTH, 2.9), sharey=True)
    for axes, (step, values) in zip(panels, traces.items(), strict=False):
        for k, line in enumerate(values.T):
            axes.plot(line, color=CHAINS[k % len(CHAINS)], linewidth=0.7)
        said = notes[step].replace(": ", "\n").replace(", ", "\n").replace("effective ", "effective\n")
        axes.set_title(said, fontsize=8)
        axes.set(xlabel="state", xticks=[])
    ends = limits(traces, exact)
    panels[-1].hist(exact, BINS, range=ends, density=True, color=PALETTE["target"], alpha=0.5, orientation="horizontal")
    panels[-1].set_title("exact\nposterior", fontsize=8)
    panels[-1].set(xlabel="density", xticks=[])
    panels[0].set(ylabel="f(−4)", ylim=ends)
    return figure


def limits(traces: Mapping[float, np.ndarray], exact: np.ndarray) -> tuple[float, float]:
    """Ends of the vertical axis: all that the chains did, and nearly all of the exact posterior."""
    every = np.concatenate([np.quantile(exact, [0.001, 0.999]), *map(np.ravel, traces.values())])
    room = 0.03 * np.ptp(every)
    return float(every.min() - room), float(every.max() + room)
