"""Checkers of the chapter on two moons: two kinds of uncertainty, copies of a mode, a twin of a weight vector."""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from helpers.exercises.base import NotYet, arrays, call, checker, function_checker
from helpers.models.moons import logits


@function_checker(
    cases=[(np.random.default_rng(61).uniform(size=shape),) for shape in ((6, 4), (5, 9))],
    praise="E[p(1 − p)] and Var[p], and together they are p̄(1 − p̄).",
    parts=("label_noise", "ignorance"),
)
def check_split(p):
    """Label noise and ignorance, each of shape (points,): function(p), with P(class 1) of shape (draws, points)."""
    mean, mean_square = p.mean(axis=0), np.mean(p**2, axis=0)
    noise, spread, total = mean - mean_square, mean_square - mean**2, mean * (1 - mean)
    over_points = "That averages over the points. Average over the draws of the weights: axis=0."
    return (noise, spread), [
        ((np.mean(p * (1 - p), axis=1), None), over_points),
        ((None, p.var(axis=1)), over_points),
        ((spread, noise), "They have changed places: label noise first, then ignorance."),
        ((total, None), "p̄(1 − p̄) is the sum of both parts. For label noise multiply first, then average."),
        ((None, total), "p̄(1 − p̄) is the sum of both parts; ignorance is only the variance of p."),
        ((None, p.var(axis=0, ddof=1)), "That divides by draws − 1; for parts that add up to p̄(1 − p̄) use ddof=0."),
        ((None, np.sqrt(spread)), "That is the sd of p; the parts add up as variances."),
        ((None, p.std(axis=0, ddof=1)), "That is the sd of p (with ddof=1); take the variance, with ddof=0."),
    ]


@function_checker(
    cases=[((5, 5),), ((4, 7, 2),), ((200, 300),)],
    praise="For (5, 5) 16.5: some 15 million copies of every mode.",
    advice="Count the signs and the orders of each layer; log h! is special.gammaln(h + 1).",
)
def check_log_copies(widths):
    """The log of the number of copies of each weight vector of a tanh network: function(widths of its layers)."""
    h = np.array(widths)
    signs, orders, smaller_orders = h * np.log(2), special.gammaln(h + 1), special.gammaln(h)
    right = math.log(math.prod(2**k * math.factorial(k) for k in widths))
    return right, [
        (np.sum(signs + np.log(special.factorial(h))), "h! overflows for (200, 300): log h! is gammaln(h + 1)."),
        (orders.sum(), "The signs are missing: each unit can turn the sign of what enters and of what leaves it."),
        (signs.sum(), "The orders are missing: the h units of a layer can stand in h! orders."),
        (np.sum(np.log(2) + orders), "Each unit can flip its sign on its own: a layer has 2^h choices, not 2."),
        (np.exp(right), "That is the number itself; take its logarithm."),
        (right / np.log(10), "That is the logarithm to base 10; the natural one, please."),
        (right / np.log(2), "That is the logarithm to base 2; the natural one, please."),
        (np.sum(signs + smaller_orders), "That has (h − 1)!; log h! is gammaln(h + 1)."),
        (np.sum(signs - np.log(2) + smaller_orders), "h units, not h − 1: h log 2 + log h!."),
        ((signs + orders)[0], "That is the first layer alone; each hidden layer has its own choices."),
        (special.logsumexp(signs + orders), "The choices of the layers multiply: add their logarithms."),
        (signs.sum() + special.gammaln(h.sum() + 1), "Units can change places only within their own layer."),
    ]


@checker
def check_twin(function: Callable[[np.ndarray], np.ndarray]) -> str:
    """Other weights with the same logits everywhere: function(w), with w of shape (40,)."""
    for seed in (1, 2):
        w = np.random.default_rng(seed).standard_normal(40)
        given = w.copy()
        (v,) = arrays(call(function, given, copied=False), ("your answer",))
        if v.shape != (40,):
            raise NotYet(f"It returns shape {v.shape}; it should be (40,): w1, w2 and w3 in one vector.")
        if not np.isfinite(v).all():
            raise NotYet("Some of its weights are not finite.")
        if not np.array_equal(given, w):
            raise NotYet("It changes w itself, so that w is lost: start from w.copy().")
        if np.allclose(v, w, rtol=0, atol=1e-3):
            raise NotYet("That is w itself: swap two hidden units, or turn the signs of one.")
        if hint := _slip_in_twin(w, v):
            raise NotYet(hint)
    return "Other weights, the same function: every mode of the posterior has such a twin."


def _slip_in_twin(w: np.ndarray, v: np.ndarray) -> str | None:
    """Why the logits with weights v are not those with w, or None."""
    grid = np.stack(np.meshgrid(*[np.linspace(-3, 3, 13)] * 2), axis=-1).reshape(-1, 2)
    here, there = logits(w, grid), logits(v, grid)
    off = f"the logits differ by up to {np.abs(there - here).max():.2g}"
    if np.allclose(there, here, rtol=0, atol=1e-4):
        return None
    if np.allclose(there, -here, rtol=0, atol=1e-4):
        return "That turns the sign of the logit: three layers, three times −1. Turn one unit only."
    moved = np.split(np.abs(v - w) > 1e-3, [10, 35])
    changed = [name for name, part in zip(("w1", "w2", "w3"), moved, strict=True) if part.any()]
    if len(changed) == 1:
        return f"Only {changed[0]} has changed, and {off}. What leaves a unit must follow."
    w1, w2 = v[:10].reshape(2, 5), v[10:35].reshape(5, 5)
    if any(len(np.unique(units, axis=0)) < 5 for units in (w1.T, w2, w2.T)):
        return f"Two units have the same weights now, and {off}: a swap of slices needs a copy."
    return (
        f"With your weights {off}. A first-layer unit has a column of w1 and a row of w2; "
        "a second-layer unit has a column of w2 and an entry of w3."
    )
