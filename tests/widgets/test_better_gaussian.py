"""The widget of the skewed posterior: its closed forms against quadrature and optimisers, its JavaScript, its hands-on side."""

from dataclasses import asdict

import numpy as np
import pytest
from scipy import special
from scipy.optimize import minimize

from helpers.pictures.drawing import ellipse
from helpers.truth import best_gaussian_2d
from helpers.widgets.better_gaussian import (
    DROP,
    REACH,
    RHOS,
    SKEWS,
    BetterGaussian,
    State,
    approximations,
    contour,
    drop,
    exact_u,
    rows,
)
from tests.support.widgets import part, refused, stored_picture, stored_size

STATES = [State(), State(0, 0), State(0, 0.6), State(1.5, 0.9), State(1.0, -0.9), State(0.35, 0.3)]
ASK = "([name, ...sent]) => module[name](...sent, model.get('options'))"


def log_density(state: State):
    """Of θ, shape (points, 2)."""
    back = np.linalg.inv(state.root)
    return lambda theta: -drop(theta @ back.T, state.skew).sum(axis=-1)


def mean_field_loss(state: State, phi: np.ndarray) -> float:
    """−ELBO of the mean-field q with φ = (μ, σ), by the formula for E[exp(ku)]."""
    back, k = np.linalg.inv(state.root), state.skew
    m, s2 = back @ phi[:2], back**2 @ phi[2:] ** 2
    return float(((np.exp(k * m + k**2 * s2 / 2) - 1 - k * m) / k**2).sum() - np.log(phi[2:]).sum())


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("skew", -0.1, "between 0 and 1.5"),
        ("skew", float("nan"), "finite"),
        ("rho", 0.95, "between -0.9 and 0.9"),
        ("rho", "0", "finite"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with refused(argument, says):
        BetterGaussian(**{argument: value})


@pytest.mark.parametrize("state", STATES)
def test_the_exact_moments_are_those_of_a_grid(state):
    u = np.linspace(-40, 12, 20_001)
    share = special.softmax(-drop(u, state.skew))
    mean = share @ u
    assert exact_u(state.skew) == pytest.approx((mean, share @ (u - mean) ** 2), rel=1e-6, abs=1e-9)
    found = approximations(state)["exact"]
    assert found.correlation == pytest.approx(state.rho)


@pytest.mark.parametrize("state", [State(), State(1.0, -0.9), State(0.35, 0.3)])
def test_the_closed_forms_are_the_optima_that_the_course_finds(state):
    found = approximations(state)
    for name, full in (("mean-field", False), ("full rank", True)):
        mean, covariance = best_gaussian_2d(log_density(state), np.zeros(2), 0.5 * np.eye(2), full_rank=full)
        assert found[name].mean == pytest.approx(mean, abs=1e-4)
        assert found[name].covariance == pytest.approx(covariance, abs=1e-4)


@pytest.mark.parametrize("state", [state for state in STATES if state.skew])
def test_linear_response_is_how_the_means_move_when_the_posterior_is_tilted(state):
    found = approximations(state)
    start = np.r_[found["mean-field"].mean, np.sqrt(np.diag(found["mean-field"].covariance))]

    def means(tilt):
        def tilted(phi):
            return mean_field_loss(state, phi) - tilt @ phi[:2]

        return minimize(
            tilted, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-15, "maxiter": 4_000}
        ).x[:2]

    step = 1e-2
    moved = [(means(step * way) - means(-step * way)) / (2 * step) for way in np.eye(2)]
    assert np.array(moved) == pytest.approx(found["linear response"].covariance, abs=2e-3)


@pytest.mark.parametrize("state", STATES)
def test_batch_and_match_rests_where_the_mean_slope_is_zero_and_its_square_is_the_precision(state):
    one, back = approximations(state)["batch and match"], np.linalg.inv(state.root)
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    eta = np.stack(np.meshgrid(points, points), axis=-1).reshape(-1, 2)
    share = np.outer(weights, weights).ravel() / (2 * np.pi)
    u = (one.mean + eta @ np.linalg.cholesky(one.covariance).T) @ back.T
    slope = -(np.expm1(state.skew * u) / state.skew if state.skew else u) @ back  # of log p, at draws of q
    assert share @ slope == pytest.approx(np.zeros(2), abs=1e-6)
    assert (share[:, None] * slope).T @ slope == pytest.approx(np.linalg.inv(one.covariance), rel=1e-5, abs=1e-6)


def test_with_skew_batch_and_match_is_narrower_than_full_rank():
    found = approximations(State(1.0, 0))
    assert found["batch and match"].covariance[0, 0] == pytest.approx(0.806466, abs=1e-6)
    assert found["full rank"].covariance[0, 0] == pytest.approx(1)


def test_without_skew_all_but_mean_field_are_exact():
    found = approximations(State(0, 0.6))
    for name in ("Laplace", "full rank", "linear response", "batch and match"):
        assert found[name].covariance == pytest.approx(found["exact"].covariance)
        assert found[name].mean == pytest.approx(np.zeros(2))
    assert np.diag(found["mean-field"].covariance) == pytest.approx(1 - 0.6**2)


def test_with_one_skewed_parameter_linear_response_has_the_first_term_of_the_variance():
    for k in (0.2, 1.0):
        assert approximations(State(k, 0))["linear response"].covariance[0, 0] == pytest.approx(1 + k**2 / 2)
    assert exact_u(0.1)[1] == pytest.approx(1 + 0.1**2 / 2, abs=1e-4)


@pytest.mark.parametrize("state", STATES)
def test_the_contour_is_two_nats_below_the_peak_and_all_is_inside_the_axes(state):
    assert log_density(state)(contour(state).T) == pytest.approx(-DROP, abs=1e-6)
    ellipses = (ellipse(q.mean, np.linalg.cholesky(q.covariance)) for q in approximations(state).values())
    for points in (contour(state), *ellipses):
        assert REACH[0] < points.min() and points.max() < REACH[1]


def test_words():
    assert rows(State(0, 0.6))[2] == ["mean-field", "0.00", "0.80", "0.00"]
    assert rows(State(1.0, 0))[1] == ["Laplace", "0.45", "0.78", "0.00"]


@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize("rho", RHOS)
def test_display_carries_a_small_static_picture(skew, rho):
    size, said = stored_picture(BetterGaussian(skew, rho))
    assert size < 60_000
    assert said == f"BetterGaussian(skew={skew}, rho={rho})"


def test_stored_state_is_small_and_plain_json():
    assert stored_size(BetterGaussian(np.float32(0.5))) < 25_000


def test_javascript_says_what_python_says(show):
    page = show(BetterGaussian())
    for state in STATES:
        sent = asdict(state)
        found = page.evaluate(ASK, ["approximations", sent])
        for name, one in approximations(state).items():
            assert found[name]["mean"] == pytest.approx(one.mean, abs=1e-9)
            assert found[name]["covariance"] == pytest.approx(one.covariance.ravel(), rel=1e-8, abs=1e-9)
        assert page.evaluate(ASK, ["rows", sent]) == rows(state)
        assert np.array(page.evaluate(ASK, ["contour", sent])).T == pytest.approx(contour(state), abs=1e-6)
    places = [0.4, 1.0, 3.7, 30.0]
    assert page.evaluate("(all) => all.map(module.digamma)", places) == pytest.approx(special.digamma(places))
    assert page.evaluate("(all) => all.map(module.trigamma)", places) == pytest.approx(special.polygamma(1, places))


def test_by_keyboard(show):
    page = show(BetterGaussian())
    laplace = page.locator("[data-id=shapes] .bg-laplace")
    before, posterior = laplace.get_attribute("d"), page.locator("[data-id=shapes] .bg-posterior").get_attribute("d")
    part(page, "skew").focus()
    page.keyboard.press("ArrowRight")
    assert laplace.get_attribute("d") == before  # it does not see the skew
    assert page.locator("[data-id=shapes] .bg-posterior").get_attribute("d") != posterior
    part(page, "rho").focus()
    page.keyboard.press("ArrowLeft")
    assert laplace.get_attribute("d") != before
    cells = page.locator("[data-id=table] tbody tr")
    shown = [[cell.strip() for cell in cells.nth(k).locator("th, td").all_inner_texts()] for k in range(6)]
    assert shown == rows(State(0.85, 0.55))
    for key, end in (("Home", RHOS[0]), ("End", RHOS[1])):
        page.keyboard.press(key)
        assert page.evaluate("model.get('state').rho") == end
    words = page.locator("[data-id=shapes] svg").first.get_attribute("aria-label")
    assert "skew 0.85 and correlation 0.90" in words
    part(page, "reset").click()
    assert page.evaluate("model.get('state')") == {"skew": 0.8, "rho": 0.6}
