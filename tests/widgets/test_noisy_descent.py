"""The widget of the noisy descent: its paths against closed forms, its JavaScript against NumPy, its hands-on side."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov

from helpers.widgets.noisy_descent import (
    BATCHES,
    ROWS,
    STEPS,
    WINDOW,
    NoisyDescent,
    State,
    amount,
    averages,
    data,
    describe,
    distance,
    number,
    rates,
    static_picture,
    walk,
)
from tests.support.widgets import part, refused, stored_picture, stored_size

SEEDS = range(60)
CURVATURE = data().precision / ROWS  # of the loss, which is taken per row


def loss(means, log_sds=None) -> float:
    """−ELBO per row, written out; the sds of q at their best where none are given."""
    x, _, y, _ = data().moments
    a, b = means
    sds = np.diag(data().precision) ** -0.5 if log_sds is None else np.exp(log_sds)
    misfit = np.sum((y - a - b * x) ** 2 + sds[0] ** 2 + (sds[1] * x) ** 2) + a**2 + b**2 + np.sum(sds**2)
    return (0.5 * misfit - np.sum(np.log(sds))) / ROWS  # up to a constant


def rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def cost(state: State, path: np.ndarray) -> str:
    """What the path had to read, in words."""
    rows = (len(path) - 1) * state.batch
    return f"{len(path) - 1} steps of {amount(state.batch)}: {rows:,} rows read, {number(rows / ROWS)} epochs."


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("batch", 2, "one of 1, 3, 10, 30, 100, 300, 1000, 10000"),
        ("batch", [30], "one of 1"),
        ("rate", 0.0099, "between 0.01 and 1"),
        ("rate", 1.01, "between 0.01 and 1"),
        ("rate", float("nan"), "finite"),
        ("rate", None, "finite"),
        ("decay", "yes", "one of False, True"),
        ("average", 1, "one of False, True"),
        ("seed", -1, "a whole number from 0"),
        ("seed", 2**32, "a whole number from 0"),
        ("seed", 1.5, "a whole number from 0"),
        ("seed", True, "a whole number from 0"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with refused(argument, says):
        NoisyDescent(**{argument: value})


def test_numbers_of_numpy_become_plain():
    start = NoisyDescent(batch=np.int64(30), rate=np.float64(1), seed=np.uint8(3)).start
    assert json.loads(json.dumps(start)) == {"batch": 30, "rate": 1.0, "decay": False, "average": False, "seed": 3}


def test_distance_is_the_loss_above_its_minimum():
    for means in [(0.0, 0.0), (0.7, -0.3), (0.41, -0.1)]:
        above = ROWS * (loss(means) - loss(data().optimum))
        assert above == pytest.approx(distance(means) ** 2 / 2, rel=1e-6, abs=1e-6)


def test_the_sds_of_q_are_at_their_best():
    best = -0.5 * np.log(np.diag(data().precision))
    for k in (0, 1):
        for step in (-0.01, 0.01):
            assert loss((0, 0), best + step * np.eye(2)[k]) > loss((0, 0), best)


def test_a_step_is_rate_times_gradient():
    first = walk(State(ROWS, 0.1))[1]
    gradient = [(loss(e) - loss(-e)) / 0.02 for e in 0.01 * np.eye(2)]
    assert first == pytest.approx(-0.1 * np.array(gradient), rel=1e-6)


@pytest.mark.parametrize("decay", [False, True])
def test_all_rows_follow_the_closed_form_to_the_optimum(decay):
    state = State(ROWS, 0.5, decay)
    error = -data().optimum  # at the start
    for rate in rates(state):
        error = error - rate * CURVATURE @ error
    path = walk(state)
    assert path[-1] - data().optimum == pytest.approx(error, rel=1e-6, abs=1e-12)
    assert distance(path[-1]) < 1e-6


@pytest.mark.parametrize(("batch", "rate"), [(30, 0.1), (100, 0.3)])
def test_cloud_is_as_large_as_the_lyapunov_equation_says(batch, rate):
    x, xx, y, xy = data().moments
    a, b = data().optimum
    noise = np.cov([a + b * x - y, a * x + b * xx - xy]) / batch
    root = np.linalg.cholesky(data().precision)
    cloud = root.T @ solve_discrete_lyapunov(np.eye(2) - rate * CURVATURE, rate**2 * noise) @ root
    late = [walk(State(batch, rate, seed=seed))[STEPS // 2 :] for seed in SEEDS]
    errors = (np.concatenate(late) - data().optimum) @ root
    seen = errors.T @ errors / len(errors)
    scale = np.sqrt(np.outer(np.diag(cloud), np.diag(cloud)))
    assert np.abs((seen - cloud) / scale).max() < 0.16  # over seeds its sd is 0.04 at most


def test_average_and_decay_come_home():
    constant = [walk(State(30, 0.3, seed=seed)) for seed in SEEDS]
    decayed = [walk(State(30, 0.3, True, seed=seed)) for seed in SEEDS]
    last = distance([path[-1] for path in constant])
    average = distance([averages(path)[-1] for path in constant])
    # tolerances: 4.5 sd over twelve sets of 60 seeds, which are 1.26, 0.14, 0.15 and 0.027
    assert rms(last) == pytest.approx(14.4, abs=5.7)
    assert rms(average) == pytest.approx(np.sqrt(2 / (150 * 30 / ROWS)), abs=0.63)  # √(2 / epochs averaged)
    assert rms(distance([path[-1] for path in decayed])) == pytest.approx(2.71, abs=0.66)
    assert np.mean(average < last) > 0.83


def test_averages_are_of_the_second_half():
    path = walk(State(10, 0.1))
    assert len(averages(path)) == STEPS // 2
    assert averages(path)[0] == pytest.approx(path[151])
    assert averages(path)[-1] == pytest.approx(path[151:].mean(axis=0))


def test_small_rate_is_slow():
    assert distance(walk(State(ROWS, 0.01))[-1]) > 8


@pytest.mark.parametrize("batch", BATCHES)
def test_too_large_a_rate_diverges_and_says_so(batch):
    state = State(batch, 1.0, average=True)
    path = walk(state)
    steps = len(path) - 1
    assert 0 < steps < STEPS and np.isfinite(path).all()
    assert describe(state, path).startswith(f"Diverged after {steps} steps: too large a learning rate")
    assert len(averages(path)) == 0


def test_words():
    state, path = State(30, 0.1, average=True), walk(State(30, 0.1))
    last, average = number(distance(path[-1])), number(distance(averages(path)[-1]))
    says = f"Last step: {last} posterior sd from the optimum. Average of the second half: {average}."
    assert describe(state, path) == says
    assert cost(state, path) == "300 steps of 30 rows: 9,000 rows read, 0.9 epochs."
    assert cost(State(1), path) == "300 steps of 1 row: 300 rows read, 0.03 epochs."
    assert cost(State(ROWS), path) == "300 steps of all 10,000 rows: 3,000,000 rows read, 300 epochs."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0099, "less than 0.01"),
        (0.061, "0.061"),
        (1.04, "1"),
        (1.46, "1.5"),
        (99.6, "100"),
        (234, "230"),
        (1270, "1,300"),
        (12_700, "13,000"),
    ],
)
def test_number(value, text):
    assert number(value) == text


def test_defaults_are_a_typical_walk():
    """Not a lucky one: last step and average near their rms over seeds, here and at the rate that chapter 6 shows."""
    for rate, rms_of_the_last in ((0.1, 7.1), (0.3, 14.4)):
        path = walk(State(rate=rate))
        assert 0.6 < distance(path[-1]) / rms_of_the_last < 1.4
        assert 1.5 < distance(averages(path)[-1]) < 3


@pytest.mark.parametrize("batch", [1, 30, ROWS])
def test_display_carries_a_small_static_picture(batch):
    size, said = stored_picture(NoisyDescent(batch, average=True))
    assert size < 60_000
    start = f"batch={batch}, rate=0.1, decay=False, average=True, seed=1"
    assert said == f"NoisyDescent({start})"


def test_static_picture_of_a_path_that_diverged():
    assert len(static_picture(State(ROWS, 1.0, True, True))) < 60_000


def test_stored_state_is_small_and_plain_json():
    assert stored_size(NoisyDescent(average=True)) < 30_000


def test_start_and_optimum_are_in_the_window():
    for point in [(0, 0), data().optimum]:
        assert all(low < value < high for value, (low, high) in zip(point, WINDOW.values(), strict=True))


STATES = [
    State(batch, rate, decay, True, seed)
    for batch in BATCHES
    for rate, decay, seed in ((0.01, False, 1), (0.3, True, 2**32 - 1), (0.5, False, 0), (1.0, False, 7))
]


def test_javascript_walks_as_numpy_does(show):
    page = show(NoisyDescent())
    for state in STATES:
        found, path = page.evaluate("(state) => module.read(state, model.get('options'))", asdict(state)), walk(state)
        assert np.array(found["path"]) == pytest.approx(path, rel=1e-9, abs=1e-9)
        assert found["distances"] == pytest.approx(distance(path), rel=1e-7, abs=1e-7)
        assert np.array(found["average_distances"]) == pytest.approx(distance(averages(path)), rel=1e-7, abs=1e-7)
        assert (found["text"], found["cost"]) == (describe(state, path), cost(state, path))


def test_by_keyboard(show):
    page = show(NoisyDescent())
    before = page.locator(".nd-distance").get_attribute("d")
    part(page, "batch").focus()
    page.keyboard.press("End")
    assert page.locator(".nd-distance").get_attribute("d") != before
    assert part(page, "batch").get_attribute("aria-valuetext") == "all 10,000 rows"
    for key in ("Tab", "ArrowRight", "Tab", "Space", "Tab", "Space"):  # rate, decay, average
        page.keyboard.press(key)
    state = State(ROWS, 0.11, True, True)
    assert page.evaluate("model.get('state')") == asdict(state)
    assert part(page, "text").inner_text() == describe(state, walk(state))
    assert part(page, "average-key").is_visible()
    part(page, "reseed").click()
    assert page.evaluate("model.get('state').seed") == state.seed + 1
