"""Checkers of the chapter on mixtures: weights of the modes, the repulsion of SVGD, when to stop a fit."""

from collections.abc import Callable

import numpy as np
from scipy import optimize, special

from helpers.exercises.base import NotYet, checker, function_checker, must_be_function, raised_by


@function_checker(
    cases=[
        (np.log([0.2, 0.5, 0.3]),),
        (np.array([-5000.0, -5001.0, -5003.0]),),
        (np.array([-3000.0, -5000.0, -3001.0]),),
    ],
    praise="A softmax, and it survives −5,000.",
)
def check_mode_weights(elbos):
    """The weights of separate modes from their ELBOs: function(elbos)."""
    too_large = "Only differences matter: take the largest ELBO off before exp, lest it vanish or overflow."
    raw, from_lowest = np.exp(elbos), np.exp(elbos - elbos.min())
    return np.exp(elbos - special.logsumexp(elbos)), [
        (raw / raw.sum(), too_large),
        (from_lowest / from_lowest.sum(), too_large),
        (special.softmax(-elbos), "A larger ELBO should have the larger weight: the sign is turned round."),
        (elbos / elbos.sum(), "ELBOs are logarithms: the weights are proportional to e^ELBO."),
        (np.exp(elbos - elbos.max()), "The weights should sum to 1: divide by their sum."),
    ]


@function_checker(
    cases=[
        (np.array([0.3, -1.0]), np.array([1.0, -0.4]), 0.8),
        (np.array([0.3, -1.0, 0.2]), np.array([1.0, -0.4, 0.1]), 1.7),
    ],
    praise="It points from x′ to x: away from the neighbour.",
)
def check_kernel_gradient(x_other, x, h):
    """The gradient of exp(−‖x′ − x‖²/h) with respect to x′: function(x′, x, h)."""

    def kernel(other):
        return np.exp(-np.sum((x - other) ** 2) / h)

    right = optimize.approx_fprime(x_other, kernel, 1e-7)
    per_axis = 2 / h * (x - x_other) * np.exp(-((x - x_other) ** 2) / h)
    return right, [
        (-right, "The sign: that is the gradient with respect to x. With respect to x′ it points from x′ to x."),
        (right / 2, "The 2 of the square is missing."),
        (-right / 2, "The sign, and the 2 of the square: with respect to x′ it points from x′ to x."),
        (right * h, "The inner derivative of −‖x′ − x‖²/h has a factor 1/h."),
        (right / kernel(x_other), "The kernel itself is missing: d/dz e^z = e^z."),
        (per_axis, "In the exponent stands one number, the sum of squares over the dimensions."),
    ]


@checker
def check_stop_when_flat(callback: Callable) -> str:
    """A callback of `pm.fit` that raises StopIteration once the mean of the last 500 losses stops falling."""
    must_be_function(callback)
    noise = np.random.default_rng(4).standard_normal(4000)
    falling = noise + 500 - 0.1 * np.arange(4000)
    first_falling = np.concatenate([falling[:2000], falling[1999] + noise[2000:]])
    in_falling, in_flat, in_late = (_stopped_at(callback, losses) for losses in (falling, noise + 40, first_falling))
    if in_flat is None and in_late is None:
        raise NotYet("It never stops, not even at a loss that has long been flat: raise StopIteration.")
    first = min(k for k in (in_falling, in_flat, in_late) if k is not None)
    if first < 999:
        raise NotYet(f"It stops at iteration {first}, before there are 1,000 losses.")
    if in_falling is not None:
        raise NotYet(f"It stops at iteration {in_falling} of a loss that is still falling.")
    if in_late is None or in_late > 3600 or in_flat is None or in_flat > 2600:
        raise NotYet("It stops, but late: compare the last 500 with the 500 before them, at every call.")
    if in_late < 2100:
        what_is_right = "compare means of 500, not single losses."
        raise NotYet(f"A loss that falls until 2,000 made it stop at {in_late}: {what_is_right}")
    return "It lets a falling loss fall, and stops at a flat one."


def _stopped_at(callback: Callable, losses: np.ndarray) -> int | None:
    """The iteration in which the callback stops a fit with these losses."""
    for k in range(1, len(losses) + 1):  # as PyMC calls it
        try:
            callback(None, losses[:k].copy(), k)
        except StopIteration:
            return k
        except Exception as error:  # noqa: BLE001 (whatever the reader's code raises is a hint for the reader)
            raise raised_by(callback, error) from None
    return None
