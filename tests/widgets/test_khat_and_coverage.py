"""The widget of k-hat and coverage: its closed forms against numbers, its JavaScript against ArviZ, its hands-on side."""

from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from helpers.fits.weights import khat_error, khat_threshold, psis
from helpers.widgets.base import normal_pairs
from helpers.widgets.khat_and_coverage import (
    DRAWS,
    SCALES,
    SEED,
    SIZES,
    TAILS,
    KhatAndCoverage,
    State,
    describe,
    log_ratios,
    squares,
    tail_of,
)
from tests.support.widgets import part, refused, stored_picture, stored_size

STATES = [
    State(),
    State(0.3, None, 50),
    State(0.7, 30, 10),
    State(0.5, 3),
    State(1.0),
    State(1.0, 10),
    State(1.5),
    State(2.0, 5, 50),
    State(0.99, None, 50),
    State(1.72, 10, 10),  # its k-hat is 0.00, from below
]
ASK = "([name, ...sent]) => module[name](...sent, model.get('options'))"


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("scale", 0.29, "between 0.3 and 2"),
        ("scale", float("inf"), "finite"),
        ("scale", None, "finite"),
        ("df", 4, "one of None, 30, 10, 5, 3"),
        ("df", "Gaussian", "one of None"),
        ("size", 2, "one of 1, 10, 50"),
        ("size", True, "one of 1"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with refused(argument, says):
        KhatAndCoverage(**{argument: value})


@pytest.mark.parametrize("state", STATES)
def test_the_ratios_are_those_of_scipys_densities(state):
    eta = normal_pairs(SEED, squares().size // 2).reshape(DRAWS, -1)
    assert eta**2 == pytest.approx(squares())
    x = state.scale * eta[:, : state.size]
    shape, place = state.scale**2 * np.eye(state.size), np.zeros(state.size)
    q = stats.multivariate_normal(place, shape)
    if state.df:
        x = x / np.sqrt((eta[:, max(SIZES) : max(SIZES) + state.df] ** 2).mean(axis=1))[:, None]
        q = stats.multivariate_t(place, shape, df=state.df)
    exact = stats.norm.logpdf(x).sum(axis=1) - q.logpdf(x)
    found = log_ratios(state)
    assert found - found[0] == pytest.approx(exact - exact[0], abs=1e-8)


@pytest.mark.parametrize("state", STATES)
def test_the_coverage_is_that_of_the_interval(state):
    q = stats.norm(scale=state.scale) if state.df is None else stats.t(state.df, scale=state.scale)
    assert q.interval(0.95) == pytest.approx([-state.half, state.half])
    assert state.coverage == pytest.approx(np.ptp(stats.norm.cdf(q.interval(0.95))))
    if state.df is None:
        assert state.half == pytest.approx(1.959964 * state.scale)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", [0.3, 0.5, 0.9])
def test_the_exact_tail_of_a_narrow_gaussian(scale, size):
    far = np.array([1e6, 1.001e6])  # squared distance from the centre, in q's own sds
    log_density, log_ratio = stats.chi2.logpdf(far, size), 0.5 * (1 - scale**2) * far  # falls as the share beyond does
    assert -np.diff(log_ratio) / np.diff(log_density) == pytest.approx(1 - scale**2, rel=1e-3)


def test_khat_finds_it_and_a_bounded_tail_of_the_others():
    rng = np.random.default_rng(7)
    far = rng.standard_normal(200_000) ** 2
    for scale in (0.5, 0.7):
        khat = psis(0.5 * (1 - scale**2) * far)[1]
        assert khat == pytest.approx(1 - scale**2, abs=4.5 * khat_error(1 - scale**2, far.size))
    below = rng.chisquare(3, far.size)
    assert psis(0.5 * (1 - 1.5**2) * far)[1] < 0
    assert psis(0.5 * (4 * np.log1p(far / below) - 0.25 * far * 3 / below))[1] < 0  # t, ν = 3, at half the scale


def test_the_fixed_draws_are_typical():
    for scale in (0.4, 0.6, 0.8):
        assert tail_of(log_ratios(State(scale)))[2] == pytest.approx(1 - scale**2, abs=0.1)
    by_size = [tail_of(log_ratios(State(0.8, None, size)))[2] for size in SIZES]
    assert by_size == sorted(by_size) and by_size[1] < khat_threshold(DRAWS) < by_size[2]


@pytest.mark.parametrize("state", [state for state in STATES if state != State(1.0)])
def test_the_fitted_tail_is_that_of_psis(state):
    ratio, smoothed, khat = tail_of(log_ratios(state))
    weights, exact = psis(log_ratios(state))
    assert khat == exact
    assert ratio.mean() == pytest.approx(1) and len(smoothed) == int(3 * np.sqrt(DRAWS))
    whole = np.append(ratio[: -len(smoothed)], smoothed)
    assert whole / whole.sum() == pytest.approx(np.sort(weights))


def test_words():
    assert describe(State()) == [
        "k-hat 0.76, above 0.70: nothing guarantees the weights",
        "q's 95 % interval holds 67.3 % of the target",
        "Exact tail: k = 1 − s² = 0.75",
    ]
    assert describe(State(1.0))[::2] == ["k-hat: none, all ratios are alike", "Exact tail: none, q is the target"]
    assert describe(State(1.5))[0].endswith("below 0.70: the weights can be relied on")
    assert describe(State(1.5))[1:] == [
        "q's 95 % interval holds 99.7 % of the target",
        "Exact tail: the largest possible ratio is finite, so k is below 0",
    ]


@pytest.mark.parametrize("state", STATES)
def test_display_carries_a_small_static_picture(state):
    size, said = stored_picture(KhatAndCoverage(state.scale, state.df, state.size))
    assert size < 60_000
    assert said == f"KhatAndCoverage(scale={state.scale}, df={state.df}, size={state.size})"


def test_stored_state_is_small_and_plain_json():
    assert stored_size(KhatAndCoverage(np.float32(0.5), np.int64(3), np.int64(10))) < 30_000


def test_javascript_says_what_python_says(show):
    page = show(KhatAndCoverage())
    for state in [*STATES, *(State(0.7, df, size) for df in TAILS for size in SIZES)]:
        sent = asdict(state)
        logs = np.array(page.evaluate(ASK, ["logRatios", sent]))
        assert logs == pytest.approx(log_ratios(state), abs=1e-9)
        assert page.evaluate(ASK, ["describe", sent]) == describe(state)
        assert page.evaluate("module.inside", state.half) == pytest.approx(state.coverage, abs=1e-9)


def test_javascript_fits_the_tail_as_arviz_does(show):
    page = show(KhatAndCoverage())
    rng = np.random.default_rng(3)
    lists = [log_ratios(state) for state in STATES] + [rng.standard_t(3, 500), rng.normal(0, 3, 1_000)]
    for logs in lists:
        ratio, smoothed, khat = tail_of(logs)
        found = page.evaluate("(logs) => module.tailOf(logs)", logs.tolist())
        assert found["khat"] == pytest.approx(khat, rel=1e-9, abs=1e-9)
        assert found["smoothed"] == pytest.approx(smoothed, rel=1e-8)
        assert found["ratios"] == pytest.approx(ratio, rel=1e-9)


def test_by_keyboard(show):
    page = show(KhatAndCoverage())
    for name, key, changed in (("scale", "ArrowLeft", ".kc-q"), ("tail", "ArrowRight", ".kc-q")):
        before = page.locator(f"[data-id=curves] {changed}").first.get_attribute("d")
        part(page, name).focus()
        page.keyboard.press(key)
        assert page.locator(f"[data-id=curves] {changed}").first.get_attribute("d") != before
    assert part(page, "tail-value").inner_text() == "t, ν = 30"
    before = page.locator(".kc-fitted").last.get_attribute("d")
    part(page, "size").focus()
    page.keyboard.press("End")
    assert page.locator(".kc-fitted").last.get_attribute("d") != before
    lines = [part(page, name).inner_text() for name in ("khat", "coverage", "exact")]
    assert lines == describe(State(0.49, 30, 50))
    words = page.locator("[data-id=curves] svg").first.get_attribute("aria-label")
    assert f"from −{State(0.49, 30).half:.2f}" in words
    for key, end in (("Home", SCALES[0]), ("End", SCALES[1])):
        part(page, "scale").focus()
        page.keyboard.press(key)
        assert page.evaluate("model.get('state').scale") == end
    part(page, "reset").click()
    assert page.evaluate("model.get('state')") == {"scale": 0.5, "df": None, "size": 1}


def test_where_q_is_the_target_there_is_no_tail(show):
    page = show(KhatAndCoverage(1.0))
    assert part(page, "khat").inner_text() == describe(State(1.0))[0]
    assert page.locator("[data-id=ratios] .kc-tail").get_attribute("d") == ""
