"""The widget of the Bayesian line: its closed forms against other ways to the same numbers, its JavaScript, its hands-on side."""

from dataclasses import asdict

import numpy as np
import pytest
from scipy import special, stats

from helpers.widgets.prior_and_noise import (
    DRAWS,
    NOISE_RANGE,
    PRIOR_RANGE,
    PriorAndNoise,
    State,
    counting,
    describe,
    dots,
    line,
)
from tests.support.widgets import part, stored_picture, stored_size

STATES = [State(), State(0.5, 1.3, 3), State(10, 0.02, 20), State(0.1, 2, 1), State(2.5, 0.3, 0)]


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("prior", 0.01, "between 0.1 and 10"),
        ("noise", 3, "between 0.02 and 2"),
        ("noise", float("nan"), "finite"),
        ("rows", 21, "20"),
        ("rows", 2.5, "whole|integer"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with pytest.raises(ValueError, match=rf"^{argument} must be.*({says})"):
        PriorAndNoise(**{argument: value})


@pytest.mark.parametrize("state", STATES)
def test_the_evidence_is_the_density_of_the_readings(state):
    x, y = state.data
    features = np.stack([np.ones_like(x), x], axis=1)
    mean, covariance, evidence = line(state)
    marginal = state.prior**2 * features @ features.T + state.noise**2 * np.eye(state.rows)
    density = stats.multivariate_normal.logpdf(y, np.zeros(state.rows), marginal) if state.rows else 0
    assert evidence == pytest.approx(density, rel=1e-6, abs=1e-9)
    # the same posterior by least squares: the prior is two more readings, of 0
    inverse = np.linalg.pinv(np.vstack([features / state.noise, np.eye(2) / state.prior]))
    np.testing.assert_allclose(mean, inverse @ np.concatenate([y / state.noise, [0, 0]]), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(covariance, inverse @ inverse.T, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("state", [State(1, 0.5, 4), State(0.5, 1.3, 3), State(1, 1, 20)])
def test_so_many_prior_draws_count(state):
    x, y = state.data
    w = state.prior * np.random.default_rng(1).standard_normal((400_000, 2))
    log_weight = stats.norm.logpdf(y, w @ np.stack([np.ones_like(x), x]), state.noise).sum(axis=1)
    effective = np.exp(2 * special.logsumexp(log_weight) - special.logsumexp(2 * log_weight))
    assert counting(state) * 4 == pytest.approx(effective, rel=0.03)


def test_without_readings_all_count():
    assert counting(State(rows=0)) == pytest.approx(DRAWS)


def test_words():
    assert describe(State()) == "Slope 0.333 ± 0.012; of 100,000 prior draws 52 count"
    assert describe(State(rows=0)).endswith("of 100,000 prior draws 100,000 count")
    assert describe(State(10, 0.02)).endswith("of 100,000 prior draws fewer than one count")


def test_the_dots_are_standard_normal():
    first, second = dots().T
    assert np.abs([first.mean(), second.mean(), np.corrcoef(first, second)[0, 1]]).max() < 0.05
    assert np.array([first.std(), second.std()]) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("prior", PRIOR_RANGE)
@pytest.mark.parametrize("noise", NOISE_RANGE)
def test_display_carries_a_small_static_picture(prior, noise):
    size, said = stored_picture(PriorAndNoise(prior, noise, 7))
    assert size < 60_000
    assert said == f"PriorAndNoise(prior={prior}, noise={noise}, rows=7)"


def test_stored_state_is_small_and_plain_json():
    assert stored_size(PriorAndNoise(np.float32(0.5), rows=np.int64(3))) < 25_000


def test_javascript_says_what_python_says(show):
    widget = PriorAndNoise()
    page = show(widget)
    for state in STATES:
        sent = [asdict(state), widget.options]
        found = page.evaluate(
            """([s, o]) => { const {mean, covariance, evidence} = module.fitted(s, o);
               return [...mean, ...covariance, evidence, module.counting(s, o)]; }""",
            sent,
        )
        mean, covariance, evidence = line(state)
        assert found == pytest.approx(
            [*mean, *covariance.ravel()[[0, 1, 3]], evidence, counting(state)], rel=1e-3, abs=1e-6
        )  # the browser's readings are rounded
        assert page.evaluate("([s, o]) => module.describe(s, o)", sent) == describe(state)
    np.testing.assert_allclose(page.evaluate("module.dots(250)"), dots(), atol=1e-9)


def test_by_keyboard(show):
    page = show(PriorAndNoise())
    for name in ("prior", "noise", "rows"):
        before = page.locator("[data-id=weights] .pn-posterior").get_attribute("d")
        part(page, name).focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        assert page.locator("[data-id=weights] .pn-posterior").get_attribute("d") != before
    state = page.evaluate("model.get('state')")
    assert state == {"prior": 0.79, "noise": 0.08, "rows": 18}
    assert [part(page, f"{name}-value").inner_text() for name in state] == ["0.79", "0.08", "18"]
    assert part(page, "reading").inner_text() == describe(State(**state))
    assert page.locator("[data-id=curves] .pn-data").count() == 18
    page.keyboard.press("Home")
    assert page.evaluate("model.get('state').rows") == 0
    words = page.locator("[data-id=weights] svg").first.get_attribute("aria-label")
    assert "sds 0.790 of the intercept and 0.790 of the slope" in words
    part(page, "reset").click()
    assert page.evaluate("model.get('state')") == {"prior": 1, "noise": 0.1, "rows": 20}
