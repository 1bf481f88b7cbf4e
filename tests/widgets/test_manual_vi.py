"""The widget for variational inference by hand: what it says against the divergences, its JavaScript, its hands-on side."""

import math
from dataclasses import asdict

import pytest

from helpers.truth import best_gaussian, kl, normal
from helpers.truth.targets import TARGETS
from helpers.widgets.manual_vi import (
    MU_RANGE,
    OBJECTIVES,
    PICTURE,
    SIGMA_RANGE,
    ManualVI,
    State,
    best_q,
    curve,
    distance,
    measure,
    number,
    on_the_real_line,
    read,
    static_picture,
)
from tests.support.widgets import part, refused, stored_picture, stored_size

GRID = [
    State(target, objective, mu, sigma)
    for target in on_the_real_line()
    for objective in OBJECTIVES
    for mu in (*MU_RANGE, -1.5, 0.5)
    for sigma in (*SIGMA_RANGE, 0.4, 2.5)
]
ASK = "([name, ...sent]) => module[name](...sent, model.get('options'))"


@pytest.mark.parametrize("target", on_the_real_line())
@pytest.mark.parametrize(("mu", "sigma"), [(0.5, 1.2), (-3.0, 0.4), (6.46, 0.71)])
def test_reading_is_the_divergence(target, mu, sigma):
    p, q = TARGETS[target](), normal(mu, sigma)
    forward, backward = kl(q, p), kl(p, q)
    for objective, expected in {
        "KL(q‖p)": f"KL(q‖p) = {number(forward)} nats",
        "KL(p‖q)": f"KL(p‖q) = {number(backward)} nats",
        "ELBO": f"ELBO = {number(math.log(5) - forward)}, log evidence = log 5 = 1.6094, "
        f"gap = KL(q‖p) = {number(forward)}",
    }.items():
        assert read(State(target, objective, mu, sigma))[0] == expected


def test_menu_holds_every_target_on_the_real_line():
    assert list(on_the_real_line()) == [
        "Student-t",
        "Gumbel",
        "two-normal mixture",
        "skew-normal",
        "Laplace",
        "logit-Beta",
    ]


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("target", "Beta", "'Student-t', 'Gumbel'"),
        ("target", ["Gumbel"], "'Student-t', 'Gumbel'"),
        ("objective", "KL", "'KL(q‖p)', 'KL(p‖q)', 'ELBO'"),
        ("mu", 10.01, "between -10 and 10"),
        ("mu", float("nan"), "finite"),
        ("mu", "0", "finite"),
        ("mu", None, "finite"),
        ("sigma", 0.0999, "between 0.1 and 10"),
        ("sigma", 10.1, "between 0.1 and 10"),
        ("sigma", float("inf"), "finite"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with refused(argument, says):
        ManualVI(**{argument: value})


@pytest.mark.parametrize("mu", MU_RANGE)
@pytest.mark.parametrize("sigma", SIGMA_RANGE)
def test_bounds_are_allowed(mu, sigma):
    assert ManualVI(mu=mu, sigma=sigma).start == asdict(State(mu=mu, sigma=sigma))


@pytest.mark.parametrize("target", on_the_real_line())
def test_the_best_q_is_the_best_gaussian(target):
    p = TARGETS[target]()
    searched, with_its_moments = (best_gaussian(p, criterion) for criterion in ("KL(q‖p)", "KL(p‖q)"))
    for objective in OBJECTIVES:
        found, q = best_q(target, objective), with_its_moments if objective == "KL(p‖q)" else searched
        assert (found.mean, found.sd) == pytest.approx((q.mean, q.sd), abs=2e-6)
        assert State(target, objective, found.mean, found.sd).q.sd == found.sd, "the sliders can reach it"
        assert found.density(found.mean) < curve(p)["top"], "it fits in the picture"
        best, sign = measure(objective, found, p), -1 if objective == "ELBO" else 1
        for dmu, factor in [(0.1, 1), (-0.1, 1), (0, 1.1), (0, 0.9)]:
            assert sign * measure(objective, normal(found.mean + dmu, found.sd * factor), p) > sign * best


def test_best_of_the_student_t_in_numbers():
    assert read(State(mu=0, sigma=1.26))[0] == "KL(q‖p) = 0.0407 nats"
    assert measure("ELBO", best_q("Student-t", "ELBO"), State().p) == pytest.approx(math.log(5) - 0.0406955, abs=1e-7)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04069, "0.0407"),
        (-1.03, "−1.0300"),
        (-1e-9, "0.0000"),
        (9999.99994, "9999.9999"),
        (1.142e26, "1.14 × 10²⁶"),
        (-22127.7, "−2.21 × 10⁴"),
    ],
)
def test_number(value, text):
    assert number(value) == text


def test_distance():
    assert distance("KL(q‖p)", 0.14, 0.04) == "0.1000 nats above the best, 0.0400"
    assert distance("ELBO", 0.5, 1.5) == "1.0000 nats below the best, 1.5000"
    assert distance("KL(q‖p)", 0.0407 - 1e-12, 0.0407) == "at the best, 0.0407, to within 0.001 nats"


@pytest.mark.parametrize("target", on_the_real_line())
def test_display_carries_a_small_static_picture(target):
    size, said = stored_picture(ManualVI(target, "ELBO", mu=5, sigma=1))
    assert size < 35_000
    assert said == f"ManualVI(target={target!r}, objective='ELBO', mu=5.0, sigma=1.0)"
    assert len(static_picture(State(target, "ELBO", -7.5, 0.15))) < 30_000


def test_stored_state_is_small_and_plain_json():
    assert stored_size(ManualVI()) < 60_000


def test_picture_shows_every_centre():
    assert PICTURE[0] < MU_RANGE[0] < MU_RANGE[1] < PICTURE[1]


def test_javascript_integrates_as_scipy_does(show):
    page = show(ManualVI())
    values = page.evaluate(
        "(states) => states.map((state) => module.measure(state, model.get('options')))", [*map(asdict, GRID)]
    )
    for state, value in zip(GRID, values, strict=True):  # from 0.03 to 10²⁶ nats
        assert value == pytest.approx(measure(state.objective, state.q, state.p), rel=1e-9, abs=1e-7), state


def test_javascript_says_what_python_says(show):
    page = show(ManualVI())
    bests = [
        (target, objective, best_q(target, objective)) for target in on_the_real_line() for objective in OBJECTIVES
    ]
    for state in GRID[::5] + [State(target, objective, q.mean, q.sd) for target, objective, q in bests]:
        found = page.evaluate(ASK, ["read", asdict(state)])
        assert (found["text"], found["words"]) == read(state)


def test_by_keyboard(show):
    page = show(ManualVI())
    for name, key, shown in (("mu", "ArrowLeft", "2.99"), ("sigma", "PageUp", "1.585")):
        before = page.locator("path.mvi-q").first.get_attribute("d"), part(page, "text").inner_text()
        part(page, name).focus()
        page.keyboard.press(key)
        assert part(page, f"{name}-value").inner_text() == shown
        assert page.locator("path.mvi-q").first.get_attribute("d") != before[0]
        assert part(page, "text").inner_text() != before[1]
    part(page, "target").focus()
    page.keyboard.press("ArrowDown")
    part(page, "objective").select_option("ELBO")
    state = State("Gumbel", "ELBO", 2.99, 1.585)
    assert page.evaluate("model.get('state')") == asdict(state)
    assert (part(page, "text").inner_text(), part(page, "words").inner_text()) == read(state)
    assert part(page, "meter").get_attribute("aria-valuetext") == read(state)[1]
    page.wait_for_function("document.querySelector('[data-id=spoken]').textContent.startsWith('ELBO')")  # at rest
    part(page, "reset").click()
    assert page.evaluate("model.get('state')") == asdict(State())


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_it_moves_to_the_optimum(show, motion):
    page = show(ManualVI("two-normal mixture", "KL(p‖q)"))
    page.emulate_media(reduced_motion=motion)
    page.evaluate("model.on('change:state', () => (window.moves = (window.moves ?? 0) + 1))")
    part(page, "optimise").click()
    best = best_q("two-normal mixture", "KL(p‖q)")
    arrived = "(q) => (({mu, sigma}) => mu === q[0] && sigma === q[1])(model.get('state'))"
    page.wait_for_function(arrived, arg=[best.mean, best.sd])
    assert part(page, "words").inner_text().startswith("at the best")
    moves = page.evaluate("moves")
    assert moves == 1 if motion == "reduce" else moves > 1
