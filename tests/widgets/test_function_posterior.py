"""The widget of the network's functions, without a browser: what the kernel answers, and the picture."""

import numpy as np
import pytest

from helpers.models.sensor_data import outputs, sensor
from helpers.widgets.function_posterior import (
    CHOICES,
    CURVES,
    ENOUGH,
    FunctionPosterior,
    Functions,
    State,
    X,
    advi,
    exact,
    measured,
    read,
)
from tests.support.widgets import stored_picture, stored_size

# few enough that no test waits for more than three fits
TRUE, TOO_FEW = State(exact=True), State(rows=50, exact=True)


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
    with pytest.raises(ValueError, match=f"^{argument} must be") as error:
        FunctionPosterior(**{argument: value})
    assert says in str(error.value)


def test_numbers_of_numpy_and_of_javascript_become_plain():
    state = State(np.int64(5), np.uint8(20), 1)
    assert state == State()
    assert repr(state) == "State(width=5, rows=20, prior_sd=1.0, exact=False)"


def test_a_band_holds_nine_tenths_and_the_curves_are_those_of_the_network():
    weights = np.random.default_rng(0).normal(size=(1000, 16))
    functions = Functions.of(weights)
    assert functions.curves == pytest.approx(outputs(weights[:CURVES], X))
    low, high = functions.band
    inside = (outputs(weights, X) >= low) & (outputs(weights, X) <= high)
    assert inside.mean(axis=0) == pytest.approx(np.full(X.size, 0.9), abs=0.003)


def test_reading_says_what_was_found():
    bound, truth, reading = advi(TRUE.setting), exact(TRUE.setting), FunctionPosterior(exact=True).reading
    assert truth.effective >= ENOUGH
    assert bound.nats < truth.nats
    assert reading["state"] == {"width": 5, "rows": 20, "prior_sd": 1.0, "exact": True}
    assert reading["text"] == (
        f"ELBO = {measured(bound.nats, bound.error)}; log evidence = {measured(truth.nats, truth.error)}; "
        f"KL(q‖posterior) = {measured(truth.nats - bound.nats, np.hypot(bound.error, truth.error))} nats"
    )
    assert f"120,000 draws of the first layer, weighted, are worth {truth.effective:.0f}" in reading["cost"]
    assert reading["data"] == pytest.approx(np.column_stack(sensor(20)), abs=1e-3)
    for name in ("advi", "exact"):
        assert np.shape(reading[name]["curves"]) == (CURVES, X.size)
        assert np.shape(reading[name]["band"]) == (2, X.size)


def test_reading_without_the_exact_posterior():
    reading = read(State())
    assert reading["exact"] is None
    assert "evidence" not in reading["text"]
    assert reading["advi"] == read(TRUE)["advi"]  # the same fit


def test_too_few_weighted_draws_are_not_shown_as_exact():
    reading = read(TOO_FEW)
    assert reading["exact"] is None
    assert "evidence" not in reading["text"]
    assert "too few weighted draws, not shown as exact" in reading["cost"]


def test_the_functions_pass_near_the_readings():
    x, y = sensor(20)
    for answer in (advi(TRUE.setting), exact(TRUE.setting)):
        low, high = (np.interp(x, X, edge) for edge in answer.functions.band)
        assert np.mean((low - 0.25 < y) & (y < high + 0.25)) == 1


def test_measured():
    assert measured(-23.714, 0.068) == "−23.71 ± 0.07"
    assert measured(-0.001, 0.1) == "0.00 ± 0.10"


def test_display_carries_a_small_static_picture():
    size, said = stored_picture(FunctionPosterior())
    assert size < 90_000
    assert said == "FunctionPosterior(width=5, rows=20, prior_sd=1.0, exact=False)"


def test_stored_state_is_small_and_plain_json():
    assert stored_size(FunctionPosterior(exact=True)) < 70_000


def test_choices_hold_the_start():
    assert all(getattr(State(), name) in allowed for name, allowed in CHOICES.items())
