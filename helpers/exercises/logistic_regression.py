"""Checkers about logistic regression: a prior on the logit, the mean-field law."""

import numpy as np
from scipy import optimize, special, stats

from helpers.exercises.base import function_checker, value_checker

EDGE = special.logit(0.99)


def _beyond_the_edge(sd: float) -> float:
    return 2 * stats.norm.sf(EDGE, scale=sd)


@value_checker(
    praise="2.3445, less than half of the 5 that looked harmless.",
    tolerance=1.5e-3,
    digits="Three decimals",
    advice=lambda sd: (
        f"With an sd of {sd:.4g} the probability is {_beyond_the_edge(sd):.1%}." if sd > 0 else "An sd is positive."
    ),
)
def check_prior_sd():
    """The sd of a normal prior on the logit, centred at 0, with 5 % beyond ±logit(0.99)."""
    right = optimize.brentq(lambda sd: _beyond_the_edge(sd) - 0.05, 0.1, 10)
    return right, [
        (EDGE / stats.norm.ppf(0.95), "That leaves 5 % on each side; both sides together should have 5 %."),
        (EDGE, "That is the edge, logit(0.99). Which quantile of the normal should lie there?"),
        (right**2, "That is the variance; the question asks for the sd."),
        (1 / right, "Turned over: the edge is 1.96 sd from 0, so the sd is the edge divided by 1.96."),
    ]


@function_checker(
    cases=[
        (np.array([[2.0, 0.9, -0.3], [0.9, 1.0, 0.2], [-0.3, 0.2, 0.5]]),),
        (np.array([[1.0, -0.6], [-0.6, 0.8]]),),
    ],
    praise="1/√Λᵢᵢ, the conditional sds. Without correlations they are the target's own.",
)
def check_mean_field_sds(covariance):
    """The sds of the best mean-field normal for a Gaussian target: function(covariance)."""
    without = [np.delete(np.delete(covariance, i, axis=0), i, axis=1) for i in range(len(covariance))]
    right = np.sqrt(np.linalg.det(covariance) / np.linalg.det(without))  # the conditional sds
    variance, precision = np.diag(covariance), 1 / right**2
    return right, [
        (np.sqrt(variance), "Those are the target's own sds. The best mean-field ones are smaller."),
        (variance, "Those are the target's variances. The best mean-field sds are smaller than their roots."),
        (1 / precision, "Those are the variances 1/Λᵢᵢ; take the root."),
        (precision, "That is Λᵢᵢ, a precision: a large one means a small sd."),
        (np.sqrt(precision), "√Λᵢᵢ turned over is the answer: a large precision means a small sd."),
        (1 / np.sqrt(variance), "Λ is the inverse of the covariance, as a matrix; then its diagonal."),
        (1 / variance, "Λ is the inverse of the covariance, as a matrix; then take the diagonal and its root."),
    ]
