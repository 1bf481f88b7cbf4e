"""The widget of the network's functions: what it says of the stored answers, its JavaScript, its hands-on side."""

from dataclasses import asdict
from itertools import product

import numpy as np
import pytest

from helpers.models import function_study
from helpers.models.function_study import CHOICES, CURVES, DRAWN, ENOUGH, SETTINGS, STARTS, X
from helpers.models.sensor_data import outputs, sensor
from helpers.widgets.function_posterior import (
    DRAWS,
    FunctionPosterior,
    State,
    answers,
    describe,
    functions,
    measured,
)
from tests.support.widgets import part, refused, stored_picture, stored_size

STATES = [State(*each) for each in product(*CHOICES.values(), (False, True))]
TOO_FEW = State(rows=50, exact=True)


def cost(state: State) -> str:
    """Where the answers come from, and what the exact one is worth, in words."""
    text = f"One of {len(SETTINGS)} stored answers. ADVI: best of {STARTS} fits."
    if not state.exact:
        return text
    answer = answers()[state.row]
    worth = f"{DRAWN:,} draws of the first layer, weighted, are worth {answer['effective']:,.0f}"
    return f"{text} Exact: {worth}." if answer["band"].size else f"{text} {worth}: too few, not shown as exact."


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("width", 4, "one of 1, 2, 3, 5, 10, 20"),
        ("width", True, "one of 1"),
        ("width", [5], "one of 1"),
        ("rows", 0, "one of 5, 10, 20, 50"),
        ("rows", "20", "one of 5"),
        ("prior_sd", 2, "one of 0.1, 0.3, 1.0, 3.0, 10.0"),
        ("prior_sd", float("nan"), "one of 0.1"),
        ("exact", 1, "one of False, True"),
        ("exact", None, "one of False, True"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with refused(argument, says):
        FunctionPosterior(**{argument: value})


def test_numbers_of_numpy_and_of_javascript_become_plain():
    state = State(np.int64(5), np.uint8(20), 1)
    assert state == State()
    assert repr(state) == "State(width=5, rows=20, prior_sd=1.0, exact=False)"


def test_a_band_holds_nine_tenths_of_q_and_the_functions_are_those_of_the_network():
    answer = answers()[State().row]
    curves, band = functions(State().row)
    weights = answer["q"][0] + answer["q"][1] * np.random.default_rng(0).normal(size=(4000, 16))
    f = outputs(weights, X)
    assert curves.shape == (CURVES, X.size)
    inside = (f >= band[0]) & (f <= band[1])
    assert inside.mean() == pytest.approx(0.9, abs=4.5 * 0.3 / np.sqrt(DRAWS))
    assert np.abs(f.mean(axis=0) - curves.mean(axis=0)).max() < 4.5 * f.std(axis=0).max() / np.sqrt(CURVES)


def test_it_says_what_is_stored():
    study, row = function_study.load(), State().row
    bound, truth = ((study.elbo[row], study.elbo_error[row]), (study.log_evidence[row], study.log_evidence_error[row]))
    assert study.effective[row] >= ENOUGH and bound[0] < truth[0]
    assert describe(State()) == f"ELBO = {measured(*bound)} nats"
    gap = measured(truth[0] - bound[0], np.hypot(bound[1], truth[1]))
    more = f"; log evidence = {measured(*truth)}; KL(q‖posterior) = {gap} nats"
    assert describe(State(exact=True)) == f"ELBO = {measured(*bound)}{more}"
    assert cost(State()) == "One of 120 stored answers. ADVI: best of 8 fits."
    worth = f"300,000 draws of the first layer, weighted, are worth {study.effective[row]:.0f}."
    assert cost(State(exact=True)) == f"{cost(State())} Exact: {worth}"


def test_too_few_weighted_draws_are_not_shown_as_exact():
    assert answers()[TOO_FEW.row]["effective"] < ENOUGH
    assert "evidence" not in describe(TOO_FEW)
    assert cost(TOO_FEW).endswith(": too few, not shown as exact.")


def test_the_functions_pass_near_the_readings():
    x, y = sensor(20)
    for band in (functions(State().row)[1], answers()[State().row]["band"]):
        low, high = (np.interp(x, X, end) for end in band)
        assert np.mean((low - 0.25 < y) & (y < high + 0.25)) == 1


def test_measured():
    assert measured(-23.714, 0.068) == "−23.71 ± 0.07"
    assert measured(-0.001, 0.1) == "0.00 ± 0.10"


def test_display_carries_a_small_static_picture():
    size, said = stored_picture(FunctionPosterior())
    assert size < 60_000
    assert said == "FunctionPosterior(width=5, rows=20, prior_sd=1.0, exact=False)"


def test_stored_state_is_plain_json_and_not_too_large():
    assert stored_size(FunctionPosterior(exact=True)) < 210_000


def test_choices_hold_the_start():
    assert all(getattr(State(), name) in allowed for name, allowed in CHOICES.items())


def test_javascript_says_and_draws_what_python_does(show):
    page = show(FunctionPosterior())
    said = page.evaluate(
        "(all) => all.map((state) => module.read(state, model.get('options')))", [*map(asdict, STATES)]
    )
    assert [(one["text"], one["cost"]) for one in said] == [(describe(state), cost(state)) for state in STATES]
    for state in (State(), State(1, 5, 0.1), State(20, 50, 10.0), State(10, 10, 3.0)):
        curves, band = functions(state.row)
        ask = "(s) => (({curves, band}) => [curves, band].map((all) => all.map((f) => [...f])))(module.drawn(s, model.get('options')))"
        found = page.evaluate(ask, asdict(state))
        assert np.array(found[0]) == pytest.approx(curves, abs=1e-9) and np.array(found[1]) == pytest.approx(
            band, abs=1e-9
        )


def test_javascript_has_the_exact_answer(show):
    page = show(FunctionPosterior())
    ask = "(s) => (({curves, band}) => [curves, band].map((all) => all.map((f) => [...f])))(module.exactly(s, model.get('options')))"
    curves, band = page.evaluate(ask, asdict(State(exact=True)))
    answer = answers()[State().row]
    assert np.array(curves) == pytest.approx(outputs(answer["draws"], X), abs=1e-9)
    assert np.array(band) == pytest.approx(answer["band"])
    for state in (TOO_FEW, State()):
        assert page.evaluate("(s) => module.exactly(s, model.get('options'))", asdict(state)) is None


def test_by_keyboard(show):
    page = show(FunctionPosterior())
    edge = page.locator("[data-id=plot] .fp-advi .fp-edge")
    before = edge.get_attribute("d")
    part(page, "width").focus()
    for key in ("ArrowLeft", "Tab", "End", "Tab", "ArrowRight", "Tab", "Space"):  # rows, prior sd, exact
        page.keyboard.press(key)
    state = State(3, 50, 3.0, True)
    assert page.evaluate("model.get('state')") == asdict(state)
    assert [part(page, name).inner_text() for name in ("text", "cost")] == [describe(state), cost(state)]
    assert edge.get_attribute("d") != before
    assert part(page, "width").get_attribute("aria-valuetext") == "3 units"
    words = page.locator("[data-id=plot] > svg").get_attribute("aria-label")
    assert words.startswith("functions from ") and "50 readings" in words
    assert part(page, "exact-key").is_visible() == bool(answers()[state.row]["band"].size)
