"""The widget of SVGD, without a browser: its particles against the algorithm, its words against the target."""

import json

import numpy as np
import pytest

from helpers.fits import svgd
from helpers.truth import get_target_2d
from helpers.truth.targets_2d import TARGETS_2D
from helpers.widgets.stein_particles import (
    COUNTS,
    STEPS,
    State,
    SteinParticles,
    describe,
    moments,
    moved,
    read,
    static_picture,
)
from tests.support.widgets import stored_picture, stored_size


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("target", "apple", "one of 'banana', 'donut', 'bivariate normal', 'three modes', 'squiggle'"),
        ("particles", 3, "one of 1, 2, 5, 10, 20, 50, 100, 200"),
        ("reach", 0.001, "between 0.01 and 100"),
        ("reach", float("nan"), "finite"),
        ("steps", 151, "a whole number"),
        ("steps", 1.5, "a whole number"),
        ("seed", -1, "a whole number >= 0"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with pytest.raises(ValueError, match=f"^{argument} must be") as error:
        SteinParticles(**{argument: value})
    assert says in str(error.value)


def test_numbers_of_numpy_become_plain():
    start = SteinParticles(particles=np.int64(5), reach=np.float64(1), steps=np.uint8(3)).start
    plain = {"target": "three modes", "particles": 5, "reach": 1.0, "steps": 3, "seed": 1}
    assert json.loads(json.dumps(start)) == plain


@pytest.mark.parametrize(("reach", "steps"), [(1.0, 150), (0.1, 40), (10.0, 0)])
def test_particles_are_those_of_the_algorithm(reach, steps):
    target = get_target_2d("banana")
    path = svgd(target.start(20, np.random.default_rng(4)), target.score, STEPS, reach=reach)
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
    reading = read(State())
    assert reading["text"].startswith(f"x: mean {points[:, 0].mean():.2f} (true −{-means[0]:.2f}), sd ")
    assert reading["text"].endswith(f"sd {points[:, 1].std():.2f} (true {sds[1]:.2f}).")
    assert reading["cost"].startswith("After 150 steps: 50 particles, bandwidth h = ")
    assert read(State(particles=1, steps=1))["cost"] == "After 1 step: one particle, which has no neighbours."
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
