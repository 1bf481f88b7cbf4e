"""The widget of the turned ellipse: its closed forms against numbers, its JavaScript, and its hands-on side."""

from dataclasses import asdict

import numpy as np
import pytest
from scipy.optimize import minimize

from helpers.pictures.drawing import ellipse
from helpers.truth import best_gaussian_2d, loss_2d
from helpers.widgets.correlated_gaussian import (
    RATIO_RANGE,
    REACH,
    RHO_RANGE,
    CorrelatedGaussian,
    State,
    describe,
    gap,
    sd_ratio,
)
from tests.support.widgets import part, refused, stored_picture, stored_size

STATES = [State(), State(0, 1), State(-0.57, 1.48), State(0.99, 2), State(-0.99, 0.5)]


def kl(q: np.ndarray, p: np.ndarray) -> float:
    """KL(q‖p) of two Gaussians with mean 0 and these covariances, in nats."""
    ratio = np.linalg.solve(p, q)
    return 0.5 * (np.trace(ratio) - 2 - np.linalg.slogdet(ratio)[1])


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("rho", 1, "between -0.99 and 0.99"),
        ("rho", float("nan"), "finite"),
        ("rho", "0", "finite"),
        ("ratio", 0.49, "between 0.5 and 2"),
        ("ratio", 2.1, "between 0.5 and 2"),
        ("ratio", None, "finite"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with refused(argument, says):
        CorrelatedGaussian(**{argument: value})


@pytest.mark.parametrize("state", STATES)
def test_the_covariance_is_that_of_the_state(state):
    sds = np.sqrt(np.diag(state.covariance))
    assert sds == pytest.approx(state.sds)
    assert sds[1] / sds[0] == pytest.approx(state.ratio)
    assert state.covariance[0, 1] / sds.prod() == pytest.approx(state.rho)


@pytest.mark.parametrize("state", STATES)
def test_the_closed_forms_are_the_least_kl_of_a_mean_field_gaussian(state):
    found = minimize(lambda logs: kl(np.diag(np.exp(2 * logs)), state.covariance), np.zeros(2), options={"gtol": 1e-8})
    assert np.exp(found.x) == pytest.approx(sd_ratio(state.rho) * state.sds, rel=1e-4)
    assert found.fun == pytest.approx(gap(state.rho), abs=1e-7)
    assert sd_ratio(state.rho) * state.sds == pytest.approx(np.diag(np.linalg.inv(state.covariance)) ** -0.5)
    assert kl(state.covariance, state.covariance) == pytest.approx(0, abs=1e-12)  # full-rank: itself


def test_the_courses_own_optimiser_finds_the_same():
    state = State(-0.57, 1.48)
    precision = np.linalg.inv(state.covariance)
    evidence = np.log(2 * np.pi) + 0.5 * np.linalg.slogdet(state.covariance)[1]  # log ∫ exp(−½ θᵀΛθ) dθ

    def log_density(theta):
        return -0.5 * np.einsum("...i,ij,...j", theta, precision, theta)

    best = best_gaussian_2d(log_density, np.zeros(2), state.covariance, full_rank=False)
    assert np.sqrt(np.diag(best[1])) == pytest.approx(sd_ratio(state.rho) * state.sds, rel=1e-4)
    assert loss_2d(log_density, *best) + evidence == pytest.approx(gap(state.rho), abs=1e-6)


@pytest.mark.parametrize("state", STATES)
def test_the_ellipses_meet_on_the_axes(state):
    precision = np.linalg.inv(state.covariance)
    for k in (0, 1):
        end = 2 * sd_ratio(state.rho) * state.sds[k] * np.eye(2)[k]
        assert end @ precision @ end == pytest.approx(4)  # 2 sd of the posterior, too
    points = ellipse(np.zeros(2), np.linalg.cholesky(state.covariance))
    assert np.einsum("ik,ij,jk->k", points, precision, points) == pytest.approx(np.full(points.shape[1], 4))
    assert np.abs(points).max() < REACH


def test_words():
    assert describe(State()) == "Best mean-field: 0.600 of the exact sds, KL(q‖p) = 0.511 nats"
    assert describe(State(0)) == "Best mean-field: 1.000 of the exact sds, KL(q‖p) = 0.000 nats"


@pytest.mark.parametrize("rho", [*RHO_RANGE, 0.8])
@pytest.mark.parametrize("ratio", RATIO_RANGE)
def test_display_carries_a_small_static_picture(rho, ratio):
    size, said = stored_picture(CorrelatedGaussian(rho, ratio))
    assert size < 60_000
    assert said == f"CorrelatedGaussian(rho={rho}, ratio={ratio})"


def test_stored_state_is_small_and_plain_json():
    assert stored_size(CorrelatedGaussian(np.float32(0.5))) < 25_000


def test_javascript_says_what_python_says(show):
    page = show(CorrelatedGaussian())
    for state in STATES:
        sent = asdict(state)
        found = page.evaluate("(s) => [module.sdRatio(s.rho), module.gap(s.rho), ...module.sdsOf(s)]", sent)
        assert found == pytest.approx([sd_ratio(state.rho), gap(state.rho), *state.sds], rel=1e-12)
        assert page.evaluate("(state) => module.describe(state)", sent) == describe(state)


def test_by_keyboard(show):
    page = show(CorrelatedGaussian())
    for name in ("rho", "ratio"):
        before = page.locator(".cg-posterior").nth(1).get_attribute("d")
        part(page, name).focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        assert page.locator(".cg-posterior").nth(1).get_attribute("d") != before
    assert part(page, "rho-value").inner_text() == "0.78"
    assert part(page, "reading").inner_text() == describe(State(0.78))
    page.keyboard.press("End")
    assert page.evaluate("model.get('state').ratio") == RATIO_RANGE[1]
    page.keyboard.press("Home")
    assert page.evaluate("model.get('state').ratio") == RATIO_RANGE[0]
    words = page.locator("[data-id=ellipses] svg").first.get_attribute("aria-label")
    assert "sds 1.41 and 0.71 and correlation 0.78" in words
    part(page, "reset").click()
    assert page.evaluate("model.get('state')") == {"rho": 0.8, "ratio": 1}


def test_scales_are_equal_and_the_axes_have_the_lengths_of_the_best_sds(show):
    page = show(CorrelatedGaussian(0.8, 1))
    size = (
        page.locator(".cg-mean-field")
        .nth(1)
        .evaluate("(path) => (({width, height}) => [width, height])(path.getBBox())")
    )
    assert size[0] == pytest.approx(size[1], rel=0.005)  # a circle at equal sds
    full = page.locator("[data-id=ellipses] .cg-full-rank").last.evaluate("(path) => path.getBBox().width")
    assert size[0] / full == pytest.approx(0.6, rel=0.01)
