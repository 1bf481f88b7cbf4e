"""The layout of a graph, by its geometry: nothing meets what it must not, for graphs of every kind."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.pictures import layered
from helpers.pictures.layered import HEIGHT, LABEL, PAD, Plate, acyclic, layout


def node_boxes(placed, widths):
    return {
        n: (x - widths[n] / 2, y - HEIGHT / 2, x + widths[n] / 2, y + HEIGHT / 2)
        for n, (x, y) in placed.centres.items()
    }


def label_boxes(placed, plates):
    corners = zip(placed.boxes, plates, strict=True)
    return [(right - PAD - p.width, bottom, right, bottom + LABEL) for (_, bottom, right, _), p in corners]


def meet(a, b, slack=1e-6):
    return all(a[k] < b[k + 2] - slack and b[k] < a[k + 2] - slack for k in (0, 1))


def within(a, b, slack=1e-6):
    return all(b[k] - slack <= a[k] and a[k + 2] <= b[k + 2] + slack for k in (0, 1))


def check(widths, edges, plates):
    """Every promise of the module's docstring, for one graph."""
    placed = layout(widths, edges, plates)
    boxes, labels = node_boxes(placed, widths), label_boxes(placed, plates)
    everything = [*boxes.values(), *placed.boxes]
    assert all(within(box, (0, 0, *placed.size)) for box in everything)
    assert not any(meet(a, b) for a, b in itertools.combinations(boxes.values(), 2))
    assert not any(meet(a, b) for a, b in itertools.combinations(placed.boxes, 2))
    for plate, outline in zip(plates, placed.boxes, strict=True):
        for name, box in boxes.items():
            assert within(box, outline) if name in plate.members else not meet(box, outline)
    assert not any(meet(label, box) for label in labels for box in boxes.values())
    for (a, b), points in placed.routes.items():
        assert points[0][1] == placed.centres[a][1] and points[-1][1] == placed.centres[b][1]
        others = [*labels, *(box for name, box in boxes.items() if name not in (a, b))]
        for (x, y), (to_x, to_y) in itertools.pairwise(points):  # upright pieces, and boxes that hold the bends
            piece = (min(x, to_x) - 0.01, min(y, to_y), max(x, to_x) + 0.01, max(y, to_y))
            assert not any(meet(piece, other) for other in others), (a, b)
        for upright in zip(points[::2], points[1::2], strict=True):
            assert upright[0][0] == upright[1][0]
    return placed


@st.composite
def graphs(draw):
    """Up to ten nodes, edges in both directions, plates that share no node."""
    count = draw(st.integers(1, 10))
    names = [f"n{k}" for k in range(count)]
    widths = {name: draw(st.sampled_from([0.85, 1.2, 3.0])) for name in names}
    pairs = [(a, b) for a in names for b in names if a != b]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=14, unique=True)) if pairs else []
    homes = [draw(st.integers(0, 3)) for _ in names]
    members = [frozenset(n for n, home in zip(names, homes, strict=True) if home == k) for k in (1, 2, 3)]
    return (
        widths,
        edges,
        [Plate(f"plate {k}", draw(st.sampled_from([0.3, 2.0])), m) for k, m in enumerate(members) if m],
    )


@settings(deadline=None, max_examples=60, derandomize=True, database=None)
@given(graphs())
def test_nothing_meets_what_it_must_not(graph):
    check(*graph)


def test_edges_go_down_and_only_a_circle_goes_up():
    widths = dict.fromkeys("abcd", 1.0)
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("d", "b")]
    placed = check(widths, edges, [])
    up = [(a, b) for a, b in edges if placed.centres[b][1] > placed.centres[a][1]]
    assert len(up) == 1 and up[0] in {("b", "c"), ("c", "d"), ("d", "b")}
    assert acyclic("abcd", edges[:4]) == edges[:4]


def test_what_could_be_straight_is_straight_and_symmetric():
    chain = check(dict.fromkeys("abc", 1.0), [("a", "b"), ("b", "c")], [])
    assert np.ptp([x for x, _ in chain.centres.values()]) == pytest.approx(0, abs=0.01)
    fan = check(dict.fromkeys("abcd", 1.0), [("a", "d"), ("b", "d"), ("c", "d")], [])
    x = sorted(fan.centres[name][0] for name in "abc")
    assert np.diff(x) == pytest.approx(1 + layered.APART, abs=0.01)
    assert fan.centres["d"][0] == pytest.approx(x[1], abs=0.02)


def test_edges_do_not_cross_where_they_need_not():
    widths = dict.fromkeys("abcdef", 1.0)
    placed = check(widths, [("a", "f"), ("b", "e"), ("c", "d")], [])
    above, below = ([placed.centres[name][0] for name in names] for names in ("abc", "fed"))
    assert above == pytest.approx(below, abs=0.01)


def test_an_edge_over_several_levels_goes_round_a_plate():
    plate = Plate("obs (5)", 0.6, frozenset("bc"))
    placed = check(dict.fromkeys("abcd", 1.0), [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")], [plate])
    left, _, right, _ = placed.boxes[0]
    assert all(not left < x < right for x, _ in placed.routes["a", "d"][2:-2])


def test_one_node_alone():
    placed = check({"x": 1.0}, [], [])
    assert placed.size == pytest.approx((1.0, HEIGHT)) and placed.centres["x"] == pytest.approx((0.5, HEIGHT / 2))
