"""The widget that runs ADVI: its loop in NumPy against the course's, its loop in JavaScript against NumPy's, its hands."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.path import Path
from scipy import stats

from helpers.fits import loop
from helpers.truth import best_gaussian_2d, loss_2d
from helpers.truth.closest import factor_2d
from helpers.widgets.live_fit import (
    DRAWS,
    FAMILIES,
    LOSSES,
    MASSES,
    PRIOR_SD,
    RATES,
    STEPS,
    LiveFit,
    State,
    climbers,
    contours,
    describe,
    estimate,
    exact_loss,
    fit,
    log_joint,
    normals,
    optimum,
)
from tests.support.widgets import part, refused, stored_picture, stored_size

STATES = [
    State(),
    State("full-rank", 0.05, 8, True, True, 7),
    State("mean-field", 0.3, 2, True, False, 2**32 - 1),
    State("full-rank", 1.0, 1, False, True, 0),
]
PHIS = [np.zeros(5), np.array([-1.4, 2.7, -1.0, -0.8, -0.3]), np.array([-0.5, 1.0, 0.5, 0.2, 0.7])]


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("family", "laplace", "one of 'mean-field', 'full-rank'"),
        ("rate", 0.0009, "between 0.001 and 1"),
        ("rate", float("nan"), "finite"),
        ("draws", 3, "one of 1, 2, 4, 8, 16, 32"),
        ("draws", True, "one of 1"),
        ("stl", 1, "one of False, True"),
        ("decay", "yes", "one of False, True"),
        ("seed", -1, "a whole number from 0"),
        ("seed", 2**32, "a whole number from 0"),
        ("seed", 1.5, "a whole number from 0"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with refused(argument, says):
        LiveFit(**{argument: value})


def test_numbers_of_numpy_become_plain():
    start = LiveFit(rate=np.float64(1), draws=np.int64(4), seed=np.uint8(3)).start
    assert json.loads(json.dumps(start)) == start
    assert start["draws"] == 4 and start["seed"] == 3


@pytest.mark.parametrize("seed", [0, 1, 7, 2**32 - 1])
def test_the_draws_are_standard_normal(seed):
    eta = normals(seed, 32)
    assert eta.shape == (STEPS, 32, 2)
    flat = eta.reshape(-1)
    count = flat.size
    assert abs(flat.mean()) < 4.5 / np.sqrt(count)
    assert abs(flat.var() - 1) < 4.5 * np.sqrt(2 / count)
    assert abs(np.corrcoef(eta[..., 0].ravel(), eta[..., 1].ravel())[0, 1]) < 4.5 / np.sqrt(count / 2)
    assert abs(np.corrcoef(flat[:-2], flat[2:])[0, 1]) < 4.5 / np.sqrt(count)
    assert stats.kstest(flat, "norm").pvalue > 1e-4
    other = normals((seed + 1) % 2**32, 32).reshape(-1)
    assert abs(np.corrcoef(flat, other)[0, 1]) < 4.5 / np.sqrt(count)


def test_the_posterior_is_that_of_chapter_3():
    axes = np.linspace(-4.5, 1, 201), np.linspace(-1, 8, 201)
    zeta = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    log_p = log_joint(zeta)
    weights = np.exp(log_p - log_p.max())
    cell = np.prod([axis[1] - axis[0] for axis in axes])
    assert np.log(weights.sum() * cell) + log_p.max() == pytest.approx(-40.0533, abs=1e-4)
    assert weights @ zeta / weights.sum() == pytest.approx([-1.4079, 2.7276], abs=1e-4)
    masses = weights / weights.sum()
    for points, mass in zip(contours(), MASSES, strict=True):
        assert masses[Path(points).contains_points(zeta)].sum() == pytest.approx(mass, abs=0.006)


@pytest.mark.parametrize("state", STATES)
def test_the_loop_is_the_courses(state, double_precision):
    x, y = climbers()
    size = 5 if state.family == "full-rank" else 4

    def log_p(zeta, _):
        logit = zeta[0] + zeta[1] * x
        return jax.scipy.stats.norm.logpdf(zeta, 0, PRIOR_SD).sum() + (y * logit - jnp.logaddexp(0, logit)).sum()

    options = {"rate": state.rate, "stl": state.stl, "decay": state.decay, "average": False}
    family = loop.FAMILIES[state.family]
    etas = normals(state.seed, state.draws)
    phi, losses = jax.jit(lambda etas: loop.fit_phi(log_p, family, jnp.zeros(size), etas, None, **options))(etas)
    path, estimates = fit(state)
    assert path[-1][:size] == pytest.approx(np.asarray(phi), abs=1e-7)
    assert estimates == pytest.approx(np.asarray(losses), rel=1e-7)


@pytest.mark.parametrize("phi", PHIS)
def test_the_gradient_is_the_slope_of_the_estimate(phi):
    eta, state = normals(3, 8)[0], State("full-rank")
    step = 1e-5 * np.eye(5)
    slope = [(estimate(phi + e, eta, state)[0] - estimate(phi - e, eta, state)[0]) / 2e-5 for e in step]
    assert estimate(phi, eta, state)[1] == pytest.approx(slope, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("stl", [False, True])
@pytest.mark.parametrize("phi", PHIS)
def test_the_estimates_average_to_the_loss_and_its_slope(phi, stl):
    state = State("full-rank", stl=stl)
    found = [estimate(phi, eta, state) for eta in normals(5, 32)]
    values = np.array([[loss, *gradient] for loss, gradient in found])
    slope = [(exact_loss(phi + e) - exact_loss(phi - e)) / 2e-5 for e in 1e-5 * np.eye(5)]
    error = values.std(axis=0) / np.sqrt(len(values))
    assert np.all(np.abs(values.mean(axis=0) - [exact_loss(phi), *slope]) < 4.5 * error + 1e-7)


@pytest.mark.parametrize("phi", PHIS)
def test_the_exact_loss_is_that_of_quadrature_in_two_dimensions(phi):
    assert exact_loss(phi) == pytest.approx(loss_2d(log_joint, phi[:2], factor_2d(phi) @ factor_2d(phi).T), abs=1e-4)


@pytest.mark.parametrize(("family", "loss"), [("mean-field", 40.0533 + 0.2016), ("full-rank", 40.0533 + 0.0197)])
def test_the_optimum_is_the_best_gaussian(family, loss):
    phi, least = optimum(family)
    start = [-1.4, 2.7], np.diag([0.35, 0.5]) ** 2
    mean, covariance = best_gaussian_2d(log_joint, *start, full_rank=family == "full-rank")
    assert phi[:2] == pytest.approx(mean, abs=1e-4)
    assert factor_2d(phi) @ factor_2d(phi).T == pytest.approx(covariance, abs=1e-4)
    assert least == pytest.approx(loss, abs=2e-4)  # chapter 3's KL(q‖p), above its −log evidence
    assert LOSSES[0] < least < LOSSES[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_quiet_gradient_that_decays_arrives(family):
    path, _ = fit(State(family, 0.05, 16, True, True))
    assert 0 <= exact_loss(path[-1]) - optimum(family)[1] < 0.005


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("stl", [False, True])
def test_every_corner_stays_finite(family, rate, stl):
    for seed in range(5):
        path, losses = fit(State(family, rate, 1, stl, False, seed))
        assert np.isfinite(path).all() and np.isfinite(losses).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_defaults_are_a_typical_fit(family):
    """Not a lucky one: near the median over seeds, 0.094 nats above the best mean-field q, 0.125 above full-rank's."""
    path, _ = fit(State(family))
    assert 0.06 < exact_loss(path[-1]) - optimum(family)[1] < 0.2


def test_words():
    assert describe(State(), 0) == "Step 0: loss 91.94 nats, 51.688 above the best mean-field q, 40.25"
    text = describe(STATES[1])
    assert text == "Step 1,000: loss 40.07 nats, less than 0.001 above the best full-rank q, 40.07"


@pytest.mark.parametrize("family", FAMILIES)
def test_display_carries_a_small_static_picture(family):
    size, said = stored_picture(LiveFit(family))
    assert size < 90_000
    start = f"family={family!r}, rate=0.05, draws=1, stl=False, decay=False, seed=36"
    assert said == f"LiveFit({start})"


def test_stored_state_is_small_and_plain_json():
    assert stored_size(LiveFit()) < 45_000


def sent(state: State, steps: int = STEPS) -> dict:
    names = ("family", "rate", "draws", "stl", "decay", "seed")
    return {name: getattr(state, name) for name in names} | {"steps": steps, "running": False}


def steps(page) -> int:
    return page.evaluate("model.get('state').steps")


@pytest.mark.parametrize("state", STATES)
def test_javascript_draws_and_fits_as_numpy_does(show, state):
    page = show(LiveFit())
    etas = page.evaluate("(state) => [0, 1, 999].map((step) => module.normals(state, step))", sent(state))
    assert np.array(etas) == pytest.approx(normals(state.seed, state.draws)[[0, 1, 999]], abs=1e-12)
    run = page.evaluate("(state) => module.fit(state, model.get('options'))", sent(state))
    path, losses = fit(state)
    assert np.array(run["path"]) == pytest.approx(path, abs=1e-7)
    assert run["estimates"] == pytest.approx(losses, rel=1e-7)
    assert run["exact"] == pytest.approx([exact_loss(phi) for phi in path[::10]], rel=1e-7)
    words = "(state) => module.describe(module.fit(state, model.get('options')), state, model.get('options'))"
    assert page.evaluate(words, sent(state)) == describe(state)


def test_run_pause_step_and_reset(show):
    page = show(LiveFit())
    run = part(page, "run")
    run.focus()
    page.keyboard.press("Enter")
    assert run.inner_text() == "Pause"
    assert part(page, "live").get_attribute("aria-live") == "off"
    page.wait_for_function("model.get('state').steps > 20")
    page.keyboard.press("Enter")
    reached = steps(page)
    page.wait_for_timeout(100)
    assert steps(page) == reached < STEPS
    assert run.inner_text() == "Run"
    assert part(page, "live").get_attribute("aria-live") == "polite"
    assert part(page, "reading").inner_text() == describe(State(), reached)
    part(page, "one").click()
    assert part(page, "steps-value").inner_text() == str(reached + 1)
    part(page, "reset").click()
    assert page.evaluate("model.get('state')") == sent(State(), 0)


def test_a_run_ends_and_begins_again(show):
    page = show(LiveFit())
    page.emulate_media(reduced_motion="reduce")  # then at once
    part(page, "run").click()
    page.wait_for_function("model.get('state').steps === 1000")
    assert part(page, "run").inner_text() == "Run"
    assert part(page, "reading").inner_text() == describe(State())
    assert part(page, "paid").inner_text() == "1,000 steps of 1 draw: 1,000 gradients of log p̃"
    page.emulate_media(reduced_motion="no-preference")
    part(page, "run").click()
    page.wait_for_function("model.get('state').steps < 1000")
    part(page, "run").click()
    assert 0 <= steps(page) < STEPS


def test_controls_by_keyboard_show_the_same_steps_as_they_would_have_been(show):
    page = show(LiveFit())
    part(page, "steps").focus()
    page.keyboard.press("End")
    assert part(page, "reading").inner_text() == describe(State())
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("End")  # draws
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")  # family
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
    state = State("full-rank", 0.05, DRAWS[-1], True, True)
    assert page.evaluate("model.get('state')") == sent(state)
    page.wait_for_function(
        "words => document.querySelector('[data-id=reading]').innerText === words", arg=describe(state)
    )
    part(page, "rate").focus()
    page.keyboard.press("Home")
    assert page.evaluate("model.get('state').rate") == RATES[0]
    part(page, "reseed").click()
    assert page.evaluate("model.get('state').seed") == 37
