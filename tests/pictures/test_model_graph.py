"""The graph of a model: what is drawn, and that nothing lies over anything else."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pymc as pm
import pytest
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch, Polygon
from matplotlib.path import Path
from pymc.model_graph import ModelGraph

from helpers.pictures import drawing, model_graph
from helpers.pictures.model_graph import SHADE


def climbers():
    """As in the chapter on logistic regression."""
    with pm.Model(coords={"climber": range(100)}) as model:
        x = pm.Data("x", np.linspace(-2, 2, 100), dims="climber")
        y = pm.Data("y", np.arange(100) % 2, dims="climber")
        logit_p = pm.Normal("intercept", 0, 5) + pm.Normal("slope", 0, 5) * x
        pm.Deterministic("p", pm.math.invlogit(logit_p), dims="climber")
        pm.Bernoulli("top", logit_p=logit_p, observed=y, dims="climber")
    return model


def radon():
    """Groups in a regression: three plates, and thirteen variables."""
    with pm.Model(coords={"county": range(85), "house": range(919), "line": ["a", "b"]}) as model:
        county = pm.Data("county_index", np.arange(919) % 85, dims="house")
        floor = pm.Data("floor", np.arange(919) % 2, dims="house")
        uranium = pm.Data("uranium", np.linspace(-1, 1, 85), dims="county")
        gamma, spread = pm.Normal("gamma", 0, 1, dims="line"), pm.HalfNormal("spread_of_counties")
        z = pm.Normal("z", dims="county")
        alpha = pm.Deterministic("alpha", gamma[0] + gamma[1] * uranium + spread * z, dims="county")
        mu = pm.Deterministic("mu", alpha[county] + pm.Normal("beta") * floor, dims="house")
        y = pm.Data("measured", np.zeros(919), dims="house")
        scale = {"nu": pm.Gamma("nu", 2, 0.1), "sigma": pm.HalfNormal("sigma")}
        pm.StudentT("log_radon", mu=mu, **scale, observed=y, dims="house")
    return model


def network():
    """Two hidden layers: a plate for every pair of dimensions."""
    with pm.Model(coords={"input": range(2), "first": range(5), "second": range(4), "row": range(50)}) as model:
        x = pm.Data("x", np.ones((50, 2)), dims=("row", "input"))
        hidden = pm.math.tanh(x @ pm.Normal("w1", dims=("input", "first")))
        hidden = pm.Deterministic("hidden", pm.math.tanh(hidden @ pm.Normal("w2", dims=("first", "second"))))
        pm.Bernoulli("y", logit_p=hidden @ pm.Normal("w3", dims="second"), observed=np.ones(50), dims="row")
    return model


def potential():
    """With a potential, and two variables that nothing depends on."""
    with pm.Model(coords={"component": range(3)}) as model:
        mu, sigma = pm.Normal("mu", dims="component"), pm.HalfNormal("sigma", dims="component")
        weights = pm.Dirichlet("weights", np.ones(3), dims="component")
        pm.Normal("y", (weights * mu).sum(), sigma[0], observed=np.zeros(30))
        pm.Potential("ordered", pm.math.switch(mu[0] < mu[1], 0.0, -np.inf))
        pm.Normal("alone")
        pm.Normal("a_name_that_is_much_longer_than_what_one_would_like_to_type", shape=2)
    return model


def autoregression():
    """The data are a cause and an effect: a circle."""
    with pm.Model() as model:
        y = pm.Data("y", np.arange(10.0))
        pm.Normal("likelihood", pm.Normal("rho") * y[:-1], pm.HalfNormal("sigma"), observed=y[1:])
    return model


def odd_names():
    with pm.Model() as model:
        with pm.Model(name="inner") as inner:
            pm.Normal("a$b$_x")
        pm.Normal("y<z>&", inner["a$b$_x"], observed=0.3)
    return model


MODELS = [climbers, radon, network, potential, autoregression, odd_names]


@pytest.fixture(scope="module", params=MODELS, ids=lambda make: make.__name__)
def drawn(request):
    """A model, its figure, and all texts with their boxes, in inches."""
    model = request.param()
    figure = model_graph.draw(model)
    (ax,) = figure.axes
    renderer = figure.canvas.get_renderer()
    texts = [(t.get_text(), t.get_window_extent(renderer).transformed(ax.transData.inverted())) for t in ax.texts]
    yield model, ax, texts
    plt.close(figure)


def shapes(ax, kind):
    return [patch for patch in ax.patches if isinstance(patch, kind)]


def outlines(ax):
    """Name of every variable → its patch: that of which the text's middle is within."""
    nodes = [patch for patch in ax.patches if patch.get_facecolor()[3] > 0 and not isinstance(patch, FancyArrowPatch)]
    names = ax.texts[-2 * len(nodes) :: 2]
    return {text.get_text(): patch for text, patch in zip(names, nodes, strict=True)}


def points_and_tip(ax, arrow):
    """Points along an arrow's line, and its tip, in inches."""
    path = arrow.get_path()
    head = np.flatnonzero(path.codes == Path.MOVETO)[1]
    (points,) = Path(path.vertices[:head], path.codes[:head]).transformed(ax.transData).to_polygons(closed_only=False)
    return ax.transData.inverted().transform(Path(points).interpolated(20).vertices), path.vertices[head + 1]


def whole(patch):
    return patch.get_path().transformed(patch.get_patch_transform())


def test_every_variable_edge_and_plate_is_there(drawn):
    model, ax, texts = drawn
    graph = ModelGraph(model)
    names = graph.vars_to_plot()
    assert list(outlines(ax)) == names
    edges = {(a, b) for b, above in graph.make_compute_graph().items() for a in above}
    assert len(shapes(ax, FancyArrowPatch)) == len(edges)
    assert len(texts) == 2 * len(names) + sum(bool(plate.dim_info) for plate in graph.get_plates())


def test_no_text_meets_another_or_leaves_its_outline(drawn):
    _, ax, texts = drawn
    for (name, a), (other, b) in itertools.combinations(texts, 2):
        assert not a.overlaps(b), (name, other)
    for name, patch in outlines(ax).items():
        bounds = whole(patch).get_extents()
        for text, box in texts:
            if bounds.contains(*box.get_points().mean(axis=0)):
                corners = np.array([[box.x0, box.y0], [box.x0, box.y1], [box.x1, box.y0], [box.x1, box.y1]])
                assert whole(patch).contains_points(corners).all(), (name, text)


def test_no_arrow_runs_over_a_text_or_a_node(drawn):
    _, ax, texts = drawn
    for arrow in shapes(ax, FancyArrowPatch):
        points, _ = points_and_tip(ax, arrow)
        for text, box in texts:
            assert not any(box.contains(*point) for point in points), text
        for name, patch in outlines(ax).items():
            outline = whole(patch)
            centre = outline.get_extents().get_points().mean(axis=0)
            shrunk = Path(centre + 0.95 * (outline.vertices - centre), outline.codes)
            assert not shrunk.contains_points(points).any(), name


def test_arrows_begin_and_end_on_outlines(drawn):
    model, ax, _ = drawn
    nodes = outlines(ax)
    graph = ModelGraph(model).make_compute_graph()
    edges = [(above, name) for name in nodes for above in nodes if above in graph[name]]  # in the order of drawing
    for (above, below), arrow in zip(edges, shapes(ax, FancyArrowPatch), strict=True):
        points, tip = points_and_tip(ax, arrow)
        for name, point in ((above, points[0]), (below, tip)):
            outline = whole(nodes[name]).interpolated(50).vertices
            assert np.hypot(*(outline - point).T).min() < 0.04, (above, below, name)


def test_shapes_and_shades():
    figure = model_graph.draw(climbers())
    nodes = outlines(figure.axes[0])
    shaded = {
        name: plt.matplotlib.colors.to_hex(patch.get_facecolor()).upper() == SHADE for name, patch in nodes.items()
    }
    assert {name for name, patch in nodes.items() if isinstance(patch, Ellipse)} == {"intercept", "slope", "top"}
    assert {name for name, is_shaded in shaded.items() if is_shaded} == {"x", "y", "top"}
    assert all(isinstance(nodes[name], FancyBboxPatch) for name in ("x", "y", "p"))
    written = [text.get_text() for text in figure.axes[0].texts]
    assert "climber (100)" in written and "~ Bernoulli" in written and written.count("data") == 2
    plt.close(figure)


def test_distributions_have_the_names_that_one_writes():
    figure = model_graph.draw(radon())
    written = {text.get_text().removeprefix("~ ") for text in figure.axes[0].texts if text.get_text().startswith("~")}
    assert written == {"Normal", "HalfNormal", "Gamma", "StudentT"}
    plt.close(figure)


def test_a_potential_is_an_octagon_and_names_stay_as_they_are():
    figure = model_graph.draw(potential())
    assert isinstance(outlines(figure.axes[0])["ordered"], Polygon)
    plt.close(figure)
    figure = model_graph.draw(odd_names())
    assert set(outlines(figure.axes[0])) == {"inner::a$b$_x", "y<z>&"}
    plt.close(figure)


def test_the_picture_does_not_hang_on_the_order_of_sets(monkeypatch):
    def corners(figure):
        found = [patch.get_extents().get_points() for patch in figure.axes[0].patches]
        plt.close(figure)
        return np.array(found)

    before = corners(model_graph.draw(radon()))
    plates = ModelGraph.get_plates

    def reverse(self):
        found = plates(self)[::-1]
        for plate in found:
            plate.variables.reverse()
        return found

    monkeypatch.setattr(ModelGraph, "get_plates", reverse)
    assert corners(model_graph.draw(radon())) == pytest.approx(before)


def test_shown_as_a_png_with_its_caption(monkeypatch):
    shown, figures = [], plt.get_fignums()
    monkeypatch.setattr(drawing, "display", lambda *args, **kwargs: shown.append(args[0]))
    model_graph.show(climbers(), "A caption.")
    assert shown[0].keys() == {"image/png"} and shown[0]["image/png"].startswith(b"\x89PNG")
    assert shown[1].data == "*A caption.*" and plt.get_fignums() == figures


def test_empty_model_is_named():
    with pytest.raises(ValueError, match="model must have at least one variable"):
        model_graph.draw(pm.Model())
