"""The widget of the noisy descent, without a browser: its paths against closed forms, and what the kernel answers."""

import json

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
    averages,
    data,
    distance,
    number,
    rates,
    read,
    static_picture,
    walk,
)
from tests.support.widgets import stored_picture, stored_size

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
        ("seed", -1, "a whole number >= 0"),
        ("seed", 1.5, "a whole number >= 0"),
        ("seed", True, "a whole number >= 0"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with pytest.raises(ValueError, match=f"^{argument} must be") as error:
        NoisyDescent(**{argument: value})
    assert says in str(error.value)


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
    # tolerances: 4 to 5 sd over sets of 60 seeds, which are 1.0, 0.09, 0.17 and 0.022
    assert rms(last) == pytest.approx(13.75, abs=4.5)
    assert rms(average) == pytest.approx(np.sqrt(2 / (150 * 30 / ROWS)), abs=0.4)  # √(2 / epochs averaged)
    assert rms(distance([path[-1] for path in decayed])) == pytest.approx(2.67, abs=0.75)
    assert np.mean(average < last) > 0.86


def test_averages_are_of_the_second_half():
    path = walk(State(10, 0.1))
    assert len(averages(path)) == STEPS // 2
    assert averages(path)[0] == pytest.approx(path[151])
    assert averages(path)[-1] == pytest.approx(path[151:].mean(axis=0))


def test_small_rate_is_slow():
    assert distance(walk(State(ROWS, 0.01))[-1]) > 8


@pytest.mark.parametrize("batch", BATCHES)
def test_too_large_a_rate_diverges_and_says_so(batch):
    reading = read(State(batch, 1.0, average=True))
    json.dumps(reading, allow_nan=False)
    steps = len(reading["path"]) - 1
    assert 0 < steps < STEPS
    assert reading["text"].startswith(f"Diverged after {steps} steps: too large a learning rate")
    assert reading["average"] == reading["average_distances"] == []


def test_words():
    reading = read(State(30, 0.1, average=True))
    path = walk(State(30, 0.1))
    last, average = number(distance(path[-1])), number(distance(averages(path)[-1]))
    assert reading["text"] == (
        f"Last step: {last} posterior sd from the optimum. Average of the second half: {average}."
    )
    assert reading["cost"] == "300 steps of 30 rows: 9,000 rows read, 0.9 epochs."
    assert read(State(1))["cost"] == "300 steps of 1 row: 300 rows read, 0.03 epochs."
    assert read(State(ROWS))["cost"] == "300 steps of all 10,000 rows: 3,000,000 rows read, 300 epochs."


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
    ],
)
def test_number(value, text):
    assert number(value) == text


def test_defaults_are_a_typical_walk():
    """Not a lucky one: last step and average near their rms over seeds, 7.1 and 2.1."""
    path = walk(State())
    assert 4 < distance(path[-1]) < 10
    assert 1.5 < distance(averages(path)[-1]) < 3


@pytest.mark.parametrize("batch", [1, 30, ROWS])
def test_display_carries_a_small_static_picture(batch):
    size, said = stored_picture(NoisyDescent(batch, average=True))
    assert size < 60_000
    start = f"batch={batch}, rate=0.1, decay=False, average=True, seed=15"
    assert said == f"NoisyDescent({start})"


def test_static_picture_of_a_path_that_diverged():
    assert len(static_picture(State(ROWS, 1.0, True, True))) < 60_000


def test_stored_state_is_small_and_plain_json():
    assert stored_size(NoisyDescent(average=True)) < 40_000


def test_start_and_optimum_are_in_the_window():
    for point in [(0, 0), data().optimum]:
        assert all(low < value < high for value, (low, high) in zip(point, WINDOW.values(), strict=True))
