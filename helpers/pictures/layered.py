"""A layered drawing of a directed graph whose nodes may stand in plates: every edge goes down, no box meets another.

The steps are Sugiyama's (Sugiyama, Tagawa and Toda 1981, doi:10.1109/TSMC.1981.4308636): levels, then the order in
each level, then coordinates. A plate is one block: what shares a level with it stands wholly on its left or its right.
An edge bends only in the free space between two levels, and an edge over several levels has a place in each of them, so
that none runs over a node or over a plate's label.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog, nnls

HEIGHT = 0.52  # of a node; all lengths are inches
APART, GAP = 0.22, 0.45  # between neighbours of a level; between two levels
PAD, LABEL = 0.14, 0.2  # within a plate's outline; the height of its label
PORT = 0.3  # edges meet a node within this share of its width, to either side of the middle

Edge = tuple[str, str]


@dataclass(frozen=True)
class Plate:
    """A box around some nodes, with a label in its lower right corner.

    Parameters
    ----------
    label : str
        What is written there.
    width : float
        Of the label, in inches.
    members : frozenset of str
        The nodes within it. No node has two plates.
    """

    label: str
    width: float
    members: frozenset[str]


@dataclass(frozen=True)
class Layout:
    """Where everything goes, in inches from the lower left corner.

    Parameters
    ----------
    centres : dict
        (x, y) of every node.
    boxes : list
        (left, bottom, right, top) of every plate.
    routes : dict
        Of every edge the points (x, y): the parent's middle, where it leaves and enters levels, the child's middle.
    size : (width, height)
    """

    centres: dict[str, tuple[float, float]]
    boxes: list[tuple[float, float, float, float]]
    routes: dict[Edge, list[tuple[float, float]]]
    size: tuple[float, float]


@dataclass
class _Graph:
    """Nodes on their levels; an edge is a chain of nodes, one a level, of which those between its ends are (edge, level)."""

    widths: Mapping[Hashable, float]
    plates: Sequence[Plate]
    chains: dict[Edge, list[Hashable]]
    level: dict[Hashable, int]
    home: dict[Hashable, int | None]
    spans: list[tuple[int, int]]

    def width(self, node: Hashable) -> float:
        return self.widths.get(node, 0.0)

    def item(self, node: Hashable) -> Hashable:
        """What is moved when the order is changed: an edge keeps its side of everything."""
        return node[0] if isinstance(node, tuple) else node

    def block(self, node: Hashable) -> Hashable:
        """The plate's number, or the item itself where it has none."""
        return self.item(node) if self.home[node] is None else self.home[node]

    def segments(self) -> list[tuple[Hashable, Hashable]]:
        return [pair for chain in self.chains.values() for pair in itertools.pairwise(chain)]


def layout(widths: Mapping[str, float], edges: Sequence[Edge], plates: Sequence[Plate]) -> Layout:
    """Where nodes, edges and plates go.

    Parameters
    ----------
    widths : mapping of str to float, in inches
    edges : sequence of (parent, child); one that closes a circle goes upwards
    plates : sequence of Plate
    """
    down = acyclic(list(widths), edges)
    graph = _with_chains(widths, down, plates)
    x = _across(graph, _order(graph))
    middles, floors, ceilings = _rows(graph, x)
    ports, routes = _ports(graph, x), {}
    for edge, (a, b) in zip(edges, down, strict=True):
        points = []
        for upper, lower in itertools.pairwise(graph.chains[a, b]):
            points.append((ports[upper, lower], floors[graph.level[upper]]))
            points.append((ports[lower, upper], ceilings[graph.level[lower]]))
        points = [(points[0][0], middles[graph.level[a]]), *points, (points[-1][0], middles[graph.level[b]])]
        routes[edge] = points if edge == (a, b) else points[::-1]
    boxes = []
    for k, (first, last) in enumerate(graph.spans):
        top, bottom = middles[first] + HEIGHT / 2 + PAD, middles[last] - HEIGHT / 2 - PAD - LABEL
        boxes.append((x["left", k], bottom, x["right", k], top))
    centres = {name: (x[name], middles[graph.level[name]]) for name in widths}
    rightmost = [x[name] + graph.width(name) / 2 for name in graph.level] + [box[2] for box in boxes]
    return Layout(centres, boxes, routes, (max(rightmost), ceilings[0]))


def acyclic(names: Sequence[str], edges: Sequence[Edge]) -> list[Edge]:
    """The edges, some of them turned round so that they close no circle."""
    rank: dict[str, int] = {}
    while left := [name for name in names if name not in rank]:
        waiting = {b for a, b in edges if a not in rank and a != b}
        rank[next((name for name in left if name not in waiting), left[0])] = len(rank)
    return [(a, b) if rank[a] <= rank[b] else (b, a) for a, b in edges]


def _levels(names: Sequence[str], edges: Sequence[Edge], plates: Sequence[Plate]) -> dict[str, int]:
    """A level for every node, 0 at the top: edges as short as can be, then plates (a linear program with whole solutions)."""
    column = {name: k for k, name in enumerate(names)}
    unknowns = len(names) + 2 * len(plates)
    cost, rows, limits = np.full(unknowns, 1e-3), [], []

    def below(lower: int, upper: int, by: int, weight: float) -> None:
        row = np.zeros(unknowns)
        row[upper], row[lower] = 1, -1
        rows.append(row)
        limits.append(-by)
        cost[lower] += weight
        cost[upper] -= weight

    for a, b in edges:
        below(column[b], column[a], 1, 1.0)
    for k, plate in enumerate(plates):
        top, bottom = len(names) + 2 * k, len(names) + 2 * k + 1
        below(bottom, top, 0, 0.1)
        for name in plate.members:
            below(column[name], top, 0, 0.0)
            below(bottom, column[name], 0, 0.0)
    constraints = {"A_ub": np.array(rows), "b_ub": limits} if rows else {}
    found = linprog(cost, **constraints, bounds=(0, None), method="highs-ds").x
    return {name: round(found[k]) for name, k in column.items()}


def _with_chains(widths: Mapping[str, float], edges: Sequence[Edge], plates: Sequence[Plate]) -> _Graph:
    level: dict[Hashable, int] = dict(_levels(list(widths), edges, plates))
    home: dict[Hashable, int | None] = dict.fromkeys(widths)
    spans = []
    for k, plate in enumerate(plates):
        home |= dict.fromkeys(plate.members, k)
        spans.append((min(level[m] for m in plate.members), max(level[m] for m in plate.members)))
    chains = {}
    for edge in dict.fromkeys(edges):
        between = [(edge, r) for r in range(level[edge[0]] + 1, level[edge[1]])]
        for node in between:
            level[node] = node[1]
            ends = (p for p in (home[edge[1]], home[edge[0]]) if p is not None)
            home[node] = next((p for p in ends if spans[p][0] <= node[1] <= spans[p][1]), None)
        chains[edge] = [edge[0], *between, edge[1]]
    return _Graph(widths, plates, chains, level, home, spans)


def _order(graph: _Graph) -> dict[Hashable, int]:
    """A place for every item (plate, node, long edge), with few crossings: single items move while that helps."""
    items = [*range(len(graph.plates)), *dict.fromkeys(graph.item(node) for node in graph.level)]
    lowest, improved = _cost(graph, items), True
    while improved:
        improved = False
        for item in list(items):
            rest = [other for other in items if other != item]
            trials = ([*rest[:k], item, *rest[k:]] for k in range(len(items)))
            cost, _, trial = min((_cost(graph, trial), k, trial) for k, trial in enumerate(trials))
            if cost < lowest - 1e-9:
                items, lowest, improved = trial, cost, True
    return {item: k for k, item in enumerate(items)}


def _cost(graph: _Graph, items: Sequence[Hashable]) -> float:
    """Crossings of edges, twice those of edges with plates, and a little for every step aside."""
    place = {item: k for k, item in enumerate(items)}
    levels = _sorted_levels(graph, place)
    rank = {node: k - (len(nodes) - 1) / 2 for nodes in levels for k, node in enumerate(nodes)}
    total = 0.0
    ends: dict[int, list[tuple[float, float]]] = {}
    for a, b in graph.segments():
        r = graph.level[a]
        ends.setdefault(r, []).append((rank[a], rank[b]))
        total += 0.01 * abs(rank[a] - rank[b])
        blocks = graph.block(a), graph.block(b)
        for k, (first, last) in enumerate(graph.spans):
            if first <= r < last and k not in blocks:
                total += 2 * ((place[blocks[0]] < place[k]) != (place[blocks[1]] < place[k]))
    for pairs in ends.values():
        upper, lower = np.array(pairs).T
        total += (np.subtract.outer(upper, upper) * np.subtract.outer(lower, lower) < 0).sum() / 2
    return total


def _sorted_levels(graph: _Graph, place: Mapping[Hashable, int]) -> list[list[Hashable]]:
    levels: list[list[Hashable]] = [[] for _ in range(max(graph.level.values()) + 1)]
    for node in sorted(graph.level, key=lambda n: (place[graph.block(n)], place[graph.item(n)])):
        levels[graph.level[node]].append(node)
    return levels


def _across(graph: _Graph, place: Mapping[Hashable, int]) -> dict[Hashable, float]:
    """x of every node and of the sides of every plate: edges as upright as the distances between neighbours allow."""
    sides = [(side, k) for k in range(len(graph.plates)) for side in ("left", "right")]
    column = {key: k for k, key in enumerate([*graph.level, *sides])}

    def rows(pairs: Sequence[tuple[Hashable, Hashable, float]]) -> tuple[np.ndarray, np.ndarray]:
        """Differences of two coordinates, right minus left, and the number that comes with each."""
        matrix = np.zeros((len(pairs), len(column)))
        for row, (left, right, _) in zip(matrix, pairs, strict=True):
            row[column[left]] -= 1
            row[column[right]] += 1
        return matrix, np.array([number for *_, number in pairs])

    pulls = [(a, b, 1.0 + 2.0 * isinstance(a, tuple) + 2.0 * isinstance(b, tuple)) for a, b in graph.segments()]
    pulls += [(("left", k), ("right", k), 0.2) for k in range(len(graph.plates))]
    differences, weights = rows(pulls)
    anchor = 0.01 * np.eye(len(column))
    x = _shortest(np.vstack([differences * weights[:, None], anchor]), *rows(_distances(graph, place)))
    leftmost = min(x[column[key]] - graph.width(key) / 2 for key in column)
    return {key: float(x[k] - leftmost) for key, k in column.items()}


def _distances(graph: _Graph, place: Mapping[Hashable, int]) -> list[tuple[Hashable, Hashable, float]]:
    """(left, right, least distance) of all that must not meet."""
    found = [(("left", k), ("right", k), plate.width + 2 * PAD) for k, plate in enumerate(graph.plates)]
    leaving = {a for a, _ in graph.segments()}
    for r, nodes in enumerate(_sorted_levels(graph, place)):
        for k, (_, last) in enumerate(graph.spans):
            for node in (n for n in nodes if graph.home[n] == k):
                half = graph.width(node) / 2
                found += [(("left", k), node, half + PAD), (node, ("right", k), half + PAD)]
                if r == last and node in leaving:  # its edges pass on the left of the label
                    port = PORT * graph.width(node) + LABEL / 2
                    found.append((node, ("right", k), port + graph.plates[k].width + PAD))
        for a, b in itertools.pairwise(nodes):
            if graph.home[a] is not None and graph.home[a] == graph.home[b]:
                found.append((a, b, (graph.width(a) + graph.width(b)) / 2 + APART))
        blocks = {graph.block(n): (n, n, graph.width(n) / 2) for n in nodes if graph.home[n] is None}
        inside = [k for k, (first, last) in enumerate(graph.spans) if first <= r <= last]
        blocks |= {k: (("left", k), ("right", k), 0.0) for k in inside}
        for a, b in itertools.pairwise(sorted(blocks, key=place.__getitem__)):
            found.append((blocks[a][1], blocks[b][0], blocks[a][2] + blocks[b][2] + APART))
    return found


def _shortest(matrix: np.ndarray, differences: np.ndarray, least: np.ndarray) -> np.ndarray:
    """The x with `differences` @ x ≥ `least` for which ‖`matrix` @ x‖ is least (Lawson and Hanson 1974, chapter 23)."""
    r = np.linalg.qr(matrix, mode="r")
    if not len(least):
        return np.zeros(len(r))
    stacked = np.vstack([np.linalg.solve(r.T, differences.T), least])
    target = np.eye(len(stacked))[-1]
    residual = stacked @ nnls(stacked, target, maxiter=100 * len(least))[0] - target
    return np.linalg.solve(r, -residual[:-1] / residual[-1])


def _ports(graph: _Graph, x: Mapping[Hashable, float]) -> dict[tuple[Hashable, Hashable], float]:
    """Where the edge between a node and another meets the node: side by side, in the order of the others."""
    around: dict[tuple[Hashable, int], list[Hashable]] = {}
    for a, b in dict.fromkeys(graph.segments()):
        around.setdefault((a, graph.level[b]), []).append(b)
        around.setdefault((b, graph.level[a]), []).append(a)
    ports = {}
    for (node, _), others in around.items():
        reach = PORT * graph.width(node)
        for k, other in enumerate(sorted(others, key=x.__getitem__)):
            ports[node, other] = x[node] + reach * (2 * k - len(others) + 1) / len(others)
    return ports


def _rows(graph: _Graph, x: Mapping[Hashable, float]) -> tuple[list[float], list[float], list[float]]:
    """Of every level: its middle, and the heights at which edges leave and enter it, clear of plates and labels."""
    steepest: dict[int, float] = {}
    for a, b in graph.segments():
        steepest[graph.level[a]] = max(steepest.get(graph.level[a], 0.0), abs(x[a] - x[b]))
    y, middles, floors, ceilings = 0.0, [], [], []
    for r in range(max(graph.level.values()) + 1):
        ceilings.append(y)
        middles.append(y - PAD * any(first == r for first, _ in graph.spans) - HEIGHT / 2)
        floors.append(middles[-1] - HEIGHT / 2 - (PAD + LABEL) * any(last == r for _, last in graph.spans))
        y = floors[-1] - np.clip(0.22 * steepest.get(r, 0.0), GAP, 1.0)
    return tuple([height - floors[-1] for height in heights] for heights in (middles, floors, ceilings))
