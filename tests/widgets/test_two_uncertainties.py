"""The widget of the two uncertainties: its numbers against the network's, its JavaScript, and its hands-on side."""

import numpy as np
import pytest
from scipy import special

from helpers.models.moons import logits
from helpers.truth import gold
from helpers.widgets.two_uncertainties import (
    DRAWS,
    REACH,
    State,
    TwoUncertainties,
    data,
    describe,
    probabilities,
    split,
)
from tests.support.widgets import part, stored_picture, stored_size

STATES = [State(), State(0, 0), State(0.5, -1.3), State(-0.5, 1.4), State(-3, 3)]
WIDE = np.random.default_rng(0).normal(size=(7, 40))


@pytest.fixture(scope="module")
def widget():
    return TwoUncertainties({"gold": gold.load("moons").draws.values, "prior": WIDE})


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("x1", 3.1, "between -3 and 3"),
        ("x1", float("nan"), "finite"),
        ("x2", -4, "between -3 and 3"),
        ("x2", None, "finite"),
        ("posteriors", {"short": np.zeros((3, 39))}, r"got \(3, 39\) for 'short'"),
        ("posteriors", {"flat": np.zeros(40)}, r"got \(40,\) for 'flat'"),
        ("posteriors", {"broken": np.full((2, 40), np.nan)}, r"got \(2, 40\) for 'broken'"),
        ("posteriors", {"none": np.zeros((0, 40))}, r"got \(0, 40\) for 'none'"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with pytest.raises(ValueError, match=f"^{argument} must .*{says}"):
        TwoUncertainties(**{argument: value})


def test_a_hundred_draws_are_kept(widget):
    assert [len(kept) for kept in widget.kept.values()] == [DRAWS, 7]
    assert widget.kept["prior"] == pytest.approx(WIDE, abs=0.0051)
    values = gold.load("moons").draws.values
    assert widget.kept["gold"][[0, -1]] == pytest.approx(values[[0, -1]], abs=0.0051)


@pytest.mark.parametrize("state", STATES)
def test_the_parts_add_up_to_the_variance_of_the_label(state, widget):
    p = probabilities(widget.kept["gold"], np.array([[state.x1, state.x2]]))[:, 0]
    assert p == pytest.approx(special.expit(logits(widget.kept["gold"], np.array([[state.x1, state.x2]])))[:, 0])
    mean, noise, ignorance = split(p)
    assert noise + ignorance == pytest.approx(mean * (1 - mean))
    assert describe(state, widget.kept["gold"]).startswith(f"P(class 1) = {mean:.2f}, ")


def test_the_hundred_draws_say_what_all_of_gold_says(widget):
    # the start lies in a fan, where much is ignorance; between the moons there is next to none
    values = gold.load("moons").draws.values
    for point, least, most in (((State.x1, State.x2), 0.4, 0.6), ((0.5, -0.7), 0, 0.1)):
        parts = [split(probabilities(w, np.array([point]))[:, 0]) for w in (widget.kept["gold"], values)]
        assert parts[0] == pytest.approx(parts[1], abs=0.05)
        _, noise, ignorance = parts[0]
        assert least < ignorance / (noise + ignorance) < most


def test_data_are_training_points_of_both_classes():
    assert len(data()) == 100 and {row[2] for row in data()} == {0.0, 1.0}
    assert np.abs(np.array(data())[:, :2]).max() < REACH


def test_words():
    one = np.zeros((1, 40))
    says = "P(class 1) = 0.50, variance of the label 0.250 = 0.250 label noise + 0.000 ignorance"
    assert describe(State(), one) == says


@pytest.mark.parametrize("point", [(3, -3), (-3, 3), (0, 0)])
def test_display_carries_a_small_static_picture(point):
    size, said = stored_picture(TwoUncertainties(None, *point))
    assert size < 60_000
    assert said == f"TwoUncertainties(x1={point[0]:.1f}, x2={point[1]:.1f}, posterior='gold')"


def test_stored_state_is_small_and_plain_json(widget):
    assert stored_size(TwoUncertainties()) < 60_000
    assert stored_size(widget) < 65_000


def test_javascript_says_what_python_says(show, widget):
    page = show(widget)
    for state in STATES:
        for name, weights in widget.kept.items():
            sent = {"x1": state.x1, "x2": state.x2, "posterior": name}
            expected = probabilities(weights, np.array([[state.x1, state.x2]]))[:, 0]
            found = page.evaluate(
                "(s) => model.get('options').draws[s.posterior].map((w) => module.probability(w, s.x1, s.x2))", sent
            )
            assert found == pytest.approx(expected, abs=1e-12)
            assert page.evaluate("(p) => module.split(p)", found) == pytest.approx(split(expected), abs=1e-12)
            assert page.evaluate("(s) => module.describe(s, model.get('options'))", sent) == describe(state, weights)


def test_by_keyboard(show, widget):
    page = show(widget)
    before = part(page, "reading").inner_text()
    part(page, "x1").focus()
    page.keyboard.press("Home")
    assert page.evaluate("model.get('state').x1") == -REACH
    assert part(page, "reading").inner_text() != before
    part(page, "x2").focus()
    page.keyboard.press("ArrowRight")
    assert part(page, "x2-value").inner_text() == "2.45"
    first = page.locator(".tu-inside").get_attribute("href")
    part(page, "posterior").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("model.get('state').posterior") == "prior"
    assert page.locator(".tu-inside").get_attribute("href") != first
    state = State(-3, 2.45, "prior")
    assert part(page, "reading").inner_text() == describe(state, widget.kept["prior"])
    words = page.locator("[data-id=map] svg").first.get_attribute("aria-label")
    assert "under prior" in words and "−3.00, 2.45" in words
    part(page, "reset").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("model.get('state')") == {"x1": 2, "x2": 2.4, "posterior": "gold"}


def test_by_pointer(show):
    page = show(TwoUncertainties())
    page.set_viewport_size({"width": 780, "height": 900})
    box = page.locator(".tu-inside").bounding_box()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    state = page.evaluate("model.get('state')")
    assert [state["x1"], state["x2"]] == pytest.approx([-1.5, 1.5], abs=0.05)
    page.mouse.move(box["x"] + 2 * box["width"], box["y"] + 0.5 * box["height"])  # beyond the edge
    page.mouse.up()
    state = page.evaluate("model.get('state')")
    assert state["x1"] == REACH and state["x2"] == pytest.approx(0, abs=0.05)
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])  # no button: it stays
    assert page.evaluate("model.get('state')") == state
