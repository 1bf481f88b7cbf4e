"""Checkers of the chapter on minibatches: an unbiased estimate, shuffled epochs, how many steps to make."""

from collections.abc import Callable
from functools import partial

import numpy as np

from helpers.exercises.base import NotYet, call, checker, close_or_rounded_up, function_checker


@function_checker(
    cases=[(-4.2, -2.6, -31.3), (-7.1, -3.3, -11.4)],
    praise="The clicks count 2,000 times; the prior and the survey, which are whole, count once.",
)
def check_estimate(log_prior, clicks, survey):
    """An unbiased log density: function(log prior, log likelihood of 500 of 1,000,000 clicks, of a whole survey)."""
    both = clicks + survey
    return log_prior + clicks * 1_000_000 / 500 + survey, [
        (log_prior + both, "Nothing is scaled: each of the 500 rows in the batch stands for 2,000 of the table."),
        (log_prior + 2000 * both, "The survey is whole: all its 2,000 answers are there, so it counts once."),
        (log_prior + 2000 * survey + clicks, "It is the clicks that are a batch; the survey is whole."),
        (log_prior + 400.8 * both, "Two tables, two factors: 2,000 for the clicks and 1 for the survey."),
        (2000 * (log_prior + both), "The prior and the survey are no batches: only the clicks are scaled."),
        (2000 * (log_prior + clicks) + survey, "The prior counts once, however many rows there are."),
        (log_prior + clicks / 2000 + survey, "The factor is turned over: a batch is too small, so it is scaled up."),
        (log_prior + clicks / 500 + survey / 2000, "Those are averages per row; the log posterior is a sum."),
        (log_prior + clicks / 500 + survey, "The average over the batch stands for one row; there are 1,000,000."),
        (log_prior + 1e6 * clicks + survey, "clicks is a sum over 500 rows already: scale by 1,000,000 / 500."),
        (2000 * clicks + survey, "The log prior is missing."),
        (log_prior + 2000 * clicks, "The survey is missing."),
    ]


@checker
def check_epochs(function: Callable[[int, int, int, np.random.Generator], np.ndarray]) -> str:
    """The row numbers of each step, in shuffled epochs: function(rows, steps, batch_size, rng)."""
    for rows, steps, batch_size in ((23, 20, 5), (40, 12, 10)):
        case = f"For {rows} rows, {steps} steps and batches of {batch_size}"
        same, again, other = (_numbers(function, case, rows, steps, batch_size, seed) for seed in (1, 1, 2))
        if hint := _slip_in_epochs(same.ravel(), rows, batch_size):
            raise NotYet(f"{case}: {hint}")
        if not np.array_equal(same, again):
            raise NotYet("Two generators with the same seed give different orders: draw from rng only.")
        if np.array_equal(same, other):
            raise NotYet("Generators with different seeds give the same order: draw from rng.")
    return "Each row once in each epoch, in a new order, also across the seams between epochs."


def _numbers(function, case: str, rows: int, steps: int, batch_size: int, seed: int) -> np.ndarray:
    """The row numbers from a generator with this seed, which must be integers of the right shape."""
    answer = call(function, rows, steps, batch_size, np.random.default_rng(seed))
    try:
        numbers = np.asarray(answer)
    except Exception:  # noqa: BLE001 (whatever a reader may return)
        raise NotYet(f"{case} it returns no array.") from None
    if numbers.shape == (batch_size, steps):
        raise NotYet(f"{case} it returns shape {numbers.shape}: a row for each step, please.")
    if numbers.shape != (steps, batch_size):
        raise NotYet(f"{case} it returns shape {numbers.shape}, not {(steps, batch_size)}.")
    if numbers.dtype.kind not in "iu":
        raise NotYet(f"Row numbers should be integers; yours are {numbers.dtype}.")
    return numbers.copy()


def _slip_in_epochs(flat: np.ndarray, rows: int, batch_size: int) -> str | None:
    """What is wrong with these row numbers, read row by row, or None."""

    def repeats(size):
        return any(len(np.unique(flat[k : k + size])) < len(flat[k : k + size]) for k in range(0, len(flat), size))

    if flat.min() == 1 and flat.max() == rows:
        return f"rows are numbered from 0, so to {rows - 1}, not to {rows}."
    if flat.min() < 0 or flat.max() >= rows:
        return f"the row numbers run from {flat.min()} to {flat.max()}, not from 0 to {rows - 1}."
    if np.mean(np.diff(flat) == 1) > 0.5:
        return "not shuffled: rows that are neighbours in the table come one after the other."
    left_over = rows % batch_size
    if repeats(rows) and left_over and not repeats(rows - left_over):
        return f"an epoch drops its last {left_over} rows. Join the epochs first, then cut them into batches."
    if repeats(rows):
        return "some row comes twice within an epoch. Shuffle all rows, and draw none again before all were used."
    if any(np.array_equal(flat[k : k + rows], flat[: len(flat[k:])][:rows]) for k in range(rows, len(flat), rows)):
        return "two epochs have the same order: shuffle anew for each."
    return None


@function_checker(
    cases=[(1_000_000, 500, 0.05), (1_010, 32, 0.2)],
    praise="For a million rows, batches of 500 and 0.05 sd that is 1,600,000 steps, 800 epochs.",
    advice="If you round, round up, and only at the end.",
    equal=partial(close_or_rounded_up, most=2),  # the averaged half may have been rounded up on its own, too
)
def check_steps_needed(rows, batch_size, error):
    """Steps until the average of their second half is `error` posterior sds off: function(rows, batch_size, error)."""
    epoch = rows / batch_size
    averaged = (1 / error) ** 2  # epochs
    right = 2 * epoch * averaged
    return right, [
        (right / 2, "Only the second half of the steps is averaged: twice as many are needed."),
        (right / 4, "The half that is averaged makes for twice the steps, not half of them."),
        (2 * epoch / error, "1/error should be squared: error = 1/√epochs means epochs = 1/error²."),
        (epoch / error, "1/error should be squared, and only the second half of the steps is averaged."),
        (2 * epoch / np.sqrt(error), "error = 1/√epochs: solve it for the epochs, by squaring, not by a root."),
        (np.sqrt(right), "The root is one too many: error = 1/√epochs means epochs = 1/error²."),
        (2 * epoch * error**2, "A smaller error should take more steps: divide by error²."),
        (averaged, "Those are the epochs averaged; the question asks for steps, rows/batch_size to an epoch."),
        (2 * averaged, "Those are epochs; the question asks for steps, rows/batch_size to an epoch."),
        (2 * rows * averaged, "Those are rows; a step uses batch_size of them."),
    ]
