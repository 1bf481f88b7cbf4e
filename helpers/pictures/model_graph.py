"""The graph of a PyMC model as a picture: PyMC says what depends on what, `layered` where it goes, Matplotlib draws."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pymc as pm
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch, Patch, Polygon
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from pymc.model_graph import (
    DimInfo,
    ModelGraph,
    NodeInfo,
    NodeType,
    create_plate_label_with_dim_length,
)

from helpers.pictures import drawing, layered
from helpers.pictures.style import PALE, PALETTE

NAME, SMALL = 10.5, 8.5  # points: a variable's name; its distribution, and a plate's label
MARGIN = 0.06  # inches around everything
INK, SHADE = PALETTE["truth"], PALE["known"]
ROUND = (NodeType.FREE_RV, NodeType.OBSERVED_RV)


def show(model: pm.Model, caption: str) -> None:
    """Display the graph of `model` with `caption` under it, which is its text for whoever cannot see it."""
    drawing.show(draw(model), caption)


def draw(model: pm.Model) -> Figure:
    """The graph of `model`: ellipses are random, boxes computed or data, shaded nodes known; plates say how often.

    Raises
    ------
    ValueError
        Where the model has no variable to draw.
    """
    if not model.named_vars:
        raise ValueError("model must have at least one variable to draw")
    graph = ModelGraph(model)
    groups = [(plate.dim_info, plate.variables) for plate in graph.get_plates()]
    nodes = {node.var.name: node for _, variables in groups for node in variables}
    nodes = {name: nodes[name] for name in graph.vars_to_plot()}  # PyMC's groups are sets: their order changes
    parents = graph.make_compute_graph()
    edges = [(above, name) for name in nodes for above in nodes if above in parents[name] - {name}]
    plates = [_plate(dims, variables) for dims, variables in groups if dims]
    plates.sort(key=lambda plate: min(list(nodes).index(name) for name in plate.members))
    return _picture(nodes, layered.layout({name: _width(node) for name, node in nodes.items()}, edges, plates), plates)


def _plate(dims: DimInfo, variables: list[NodeInfo]) -> layered.Plate:
    label = create_plate_label_with_dim_length(dims).replace(" x ", " × ")
    return layered.Plate(label, _length(label, SMALL), frozenset(node.var.name for node in variables))


def _kind(node: NodeInfo) -> str:
    """The second line of a node: its distribution, as one writes it in PyMC, or what else it is."""
    if node.node_type not in ROUND:
        return node.node_type.value.lower()
    op = node.var.owner.op
    return f"~ {type(getattr(op, 'core_op', op)).__name__.removesuffix('RV')}"  # pymc.dims wraps the operation


def _length(text: str, size: float) -> float:
    """Of `text`, in inches."""
    return text_to_path.get_text_width_height_descent(text, FontProperties(size=size), ismath=False)[0] / 72


def _width(node: NodeInfo) -> float:
    text = max(_length(node.var.name, NAME), _length(_kind(node), SMALL))
    return max(0.85, 1.25 * text + 0.2 if node.node_type in ROUND else text + 0.3)


def _picture(nodes: dict[str, NodeInfo], placed: layered.Layout, plates: list[layered.Plate]) -> Figure:
    width, height = (length + 2 * MARGIN for length in placed.size)
    figure = plt.figure(figsize=(width, height), layout="none")
    ax = figure.add_axes((0, 0, 1, 1), xlim=(-MARGIN, width - MARGIN), ylim=(-MARGIN, height - MARGIN))
    ax.set_axis_off()
    for plate, (left, bottom, right, top) in zip(plates, placed.boxes, strict=True):
        box = FancyBboxPatch((left, bottom), right - left, top - bottom, boxstyle="round,pad=0,rounding_size=0.1")
        box.set(facecolor="none", edgecolor=PALETTE["muted"], linewidth=0.8)
        ax.add_patch(box)
        where = {"ha": "right", "va": "bottom", "fontsize": SMALL, "color": PALETTE["muted"]}
        ax.text(right - layered.PAD * 0.7, bottom + 0.06, plate.label, parse_math=False, **where)
    for name, node in nodes.items():
        _draw_node(ax, node, placed.centres[name], _width(node))
    for (above, below), route in placed.routes.items():
        ends = [(nodes[name], placed.centres[name], _width(nodes[name])) for name in (above, below)]
        ax.add_patch(_arrow(_clipped(route, *ends)))
    return figure


def _draw_node(ax: Axes, node: NodeInfo, centre: tuple[float, float], width: float) -> None:
    patch = _outline(node.node_type, np.array(centre), width)
    free = node.node_type in (NodeType.FREE_RV, NodeType.DETERMINISTIC)
    patch.set(facecolor="white" if free else SHADE, edgecolor=INK, linewidth=1.0)
    ax.add_patch(patch)
    for text, size, colour, up in ((node.var.name, NAME, INK, 0.085), (_kind(node), SMALL, PALETTE["muted"], -0.105)):
        where = {"ha": "center", "va": "center_baseline", "fontsize": size, "color": colour}
        ax.text(centre[0], centre[1] + up, text, parse_math=False, **where)


def _outline(kind: NodeType, centre: np.ndarray, width: float) -> Patch:
    half = np.array([width, layered.HEIGHT]) / 2
    if kind in ROUND:
        return Ellipse(centre, *(2 * half))
    if kind == NodeType.POTENTIAL:  # a box without corners
        cut = half - [0.12, 0]
        low = half - [0, 0.12]
        corners = [cut, low, low * [1, -1], cut * [1, -1], -cut, -low, low * [-1, 1], cut * [-1, 1]]
        return Polygon(centre + np.array(corners))
    rounding = 0.1 if kind == NodeType.DATA else 0.0
    style = f"round,pad=0,rounding_size={rounding}" if rounding else "square,pad=0"
    return FancyBboxPatch(centre - half, *(2 * half), boxstyle=style)


def _clipped(route: list[tuple[float, float]], *ends: tuple[NodeInfo, tuple[float, float], float]) -> np.ndarray:
    """The route with its two ends on the outlines of the nodes."""
    points = np.array(route)
    for k, inner, (node, (x, y), width) in zip((0, -1), (1, -2), ends, strict=True):
        aside = 2 * (points[k, 0] - x) / width
        half = layered.HEIGHT / 2 * (np.sqrt(1 - aside**2) if node.node_type in ROUND else 1)
        points[k, 1] = y + np.copysign(half, points[inner, 1] - y)
    return points


def _arrow(points: np.ndarray) -> FancyArrowPatch:
    """An arrow that is upright within the levels and bends between them."""
    corners, codes = [points[0]], [Path.MOVETO]
    for k in range(1, len(points) - 1, 2):
        (x, y), (to_x, to_y) = points[k : k + 2]
        corners += [(x, y), (x, (y + to_y) / 2), (to_x, (y + to_y) / 2), (to_x, to_y)]
        codes += [Path.LINETO] + 3 * [Path.CURVE4]
    if not np.allclose(points[-1], points[-2]):
        corners.append(points[-1])
        codes.append(Path.LINETO)
    look = {"arrowstyle": "-|>,head_length=0.55,head_width=0.22", "mutation_scale": 10, "shrinkA": 0, "shrinkB": 0}
    return FancyArrowPatch(path=Path(corners, codes), color=INK, linewidth=1.0, **look)
