"""The widget of SVGD: its particles against the algorithm, its JavaScript against both, its words, its hands-on side."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from helpers.fits import svgd
from helpers.fits.particles import median_bandwidth
from helpers.truth import get_target_2d
from helpers.truth.targets_2d import TARGETS_2D
from helpers.widgets.base import normal_pairs
from helpers.widgets.stein_particles import (
    COUNTS,
    STEPS,
    State,
    SteinParticles,
    moments,
    moved,
    static_picture,
)
from tests.support.widgets import part, refused, stored_picture, stored_size

SAID = "(state) => module.read(state, model.get('options'))"
END = "(state) => [...module.pathOf(state, model.get('options'))[state.steps]]"


def describe(state: State) -> str:
    """How the particles' means and sds compare with the target's, as the line that the reader sees."""
    points, (means, sds) = moved(state), moments(get_target_2d(state.target))
    parts = [
        f"{axis}: mean {points[:, k].mean():z.2f} (true {means[k]:z.2f}), sd {points[:, k].std():.2f} (true {sds[k]:.2f})"
        for k, axis in enumerate("xy")
    ]
    return "; ".join(parts).replace("-", "−") + "."


def cost(state: State) -> str:
    """What moved the particles, in words."""
    after = f"After {state.steps} step{'' if state.steps == 1 else 's'}"
    if state.particles == 1:
        return f"{after}: one particle, which has no neighbours."
    h = float(f"{state.reach * median_bandwidth(moved(state)):.2g}")
    return f"{after}: {state.particles} particles, bandwidth h = {h:g}."


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("target", "apple", "one of 'banana', 'donut', 'bivariate normal', 'three modes', 'squiggle'"),
        ("particles", 3, "one of 1, 2, 5, 10, 20, 50, 100, 200"),
        ("reach", 0.001, "between 0.01 and 100"),
        ("reach", float("nan"), "finite"),
        ("steps", 151, "a whole number"),
        ("steps", 1.5, "a whole number"),
        ("seed", -1, "a whole number from 0"),
        ("seed", 2**32, "a whole number from 0"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with refused(argument, says):
        SteinParticles(**{argument: value})


def test_numbers_of_numpy_become_plain():
    start = SteinParticles(particles=np.int64(5), reach=np.float64(1), steps=np.uint8(3)).start
    plain = {"target": "three modes", "particles": 5, "reach": 1.0, "steps": 3, "seed": 3}
    assert json.loads(json.dumps(start)) == plain


@pytest.mark.parametrize(("reach", "steps"), [(1.0, 150), (0.1, 40), (10.0, 0)])
def test_particles_are_those_of_the_algorithm(reach, steps):
    target = get_target_2d("banana")
    start = target.start_mean + target.start_sd * normal_pairs(4, 20)
    path = svgd(start, target.score, STEPS, reach=reach)
    np.testing.assert_allclose(moved(State("banana", 20, reach, steps, 4)), path[steps])


def test_moments_are_exact():
    means, sds = moments(get_target_2d("bivariate normal"))
    np.testing.assert_allclose(means, 0, atol=1e-9)
    np.testing.assert_allclose(sds, [1.2, np.hypot(0.6, 0.7 * 1.2)], rtol=1e-6)
    weights, centres = np.array([0.5, 0.3, 0.2]), np.array([(-1.8, -1.0), (1.8, -1.0), (0.3, 1.5)])
    means, sds = moments(get_target_2d("three modes"))
    np.testing.assert_allclose(means, weights @ centres, atol=1e-9)
    np.testing.assert_allclose(sds**2, weights @ centres**2 - (weights @ centres) ** 2 + 0.55**2, rtol=1e-6)


def test_one_particle_climbs_to_a_peak():
    (end,) = moved(State("banana", particles=1))
    assert np.abs(end - [0, -1]).max() < 0.1


def test_words():
    points, (means, sds) = moved(State()), moments(get_target_2d("three modes"))
    text = describe(State())
    assert text.startswith(f"x: mean {points[:, 0].mean():.2f} (true −{-means[0]:.2f}), sd ".replace("-", "−"))
    assert text.endswith(f"sd {points[:, 1].std():.2f} (true {sds[1]:.2f}).")
    assert cost(State()).startswith("After 150 steps: 50 particles, bandwidth h = ")
    assert cost(State(particles=1, steps=1)) == "After 1 step: one particle, which has no neighbours."
    assert "−0.00" not in describe(State("bivariate normal"))


@pytest.mark.parametrize("particles", [1, 50, 200])
def test_display_carries_a_small_static_picture(particles):
    size, said = stored_picture(SteinParticles(particles=particles))
    assert size < 60_000
    assert said.startswith(f"SteinParticles(target='three modes', particles={particles}, reach=1.0")


def test_static_picture_of_a_reach():
    assert len(static_picture(State(reach=0.1, steps=20))) < 60_000


def test_stored_state_is_small_and_plain_json():
    widget = SteinParticles(particles=COUNTS[-1])
    assert stored_size(widget) < 50_000
    assert [*widget.options["targets"]] == [*TARGETS_2D]


def test_javascript_has_the_same_scores(show):
    page = show(SteinParticles())
    points = np.random.default_rng(0).uniform(-4, 4, (50, 2))
    scores = "([name, points]) => points.map(([x, y]) => module.SCORES[name](x, y))"
    for name, target in TARGETS_2D.items():
        found = page.evaluate(scores, [name, points.tolist()])
        np.testing.assert_allclose(found, target.score(points), rtol=1e-9, atol=1e-9)


def test_javascript_moves_the_particles_as_numpy_does(show):
    page = show(SteinParticles())

    def compare(state: State) -> None:
        points = np.reshape(page.evaluate(END, asdict(state)), (state.particles, 2))
        np.testing.assert_allclose(points, moved(state), atol=1e-8)  # 3e-11 at most, measured

    for target in TARGETS_2D:
        for state in (State(target, 20), State(target, 100)):  # whole runs
            compare(state)
            said = page.evaluate(SAID, asdict(state))
            assert (said["text"], said["cost"]) == (describe(state), cost(state))
        # few or narrow ones magnify the last digit, so that whole runs part: their first steps
        for particles in COUNTS[:4]:
            for reach in (0.01, 100.0):
                compare(State(target, particles, reach, 5, 2**32 - 1))


def test_by_keyboard_and_a_run_that_takes_some_frames(show):
    page = show(SteinParticles())
    part(page, "particles").focus()
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('[data-id=cost]').textContent.includes(': 200 particles')")
    for key in ("Tab", "ArrowRight", "Tab", "ArrowLeft"):  # bandwidth, steps
        page.keyboard.press(key)
    state = State(particles=200, reach=1.3, steps=149)
    assert page.evaluate("model.get('state')") == asdict(state)
    page.wait_for_function(
        "(said) => document.querySelector('[data-id=text]').textContent === said", arg=describe(state)
    )
    part(page, "target").select_option("banana")
    part(page, "reseed").click()
    state = State("banana", 200, 1.3, 149, 4)
    page.wait_for_function("(said) => document.querySelector('[data-id=cost]').textContent === said", arg=cost(state))
    assert page.locator("[data-id=plane] > svg").get_attribute("aria-label") == "200 particles on the target banana"


def test_who_prefers_no_motion_sees_only_where_the_particles_end(show):
    page = show(SteinParticles())
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("""() => {
        window.drawn = 0;
        new MutationObserver(() => window.drawn++).observe(document.querySelector("[data-id=plane]"), {childList: true});
        model.set("state", {...model.get("state"), particles: 200});
    }""")
    page.wait_for_function("document.querySelector('[data-id=cost]').textContent.includes(': 200 particles')")
    assert page.evaluate("drawn") == 1
