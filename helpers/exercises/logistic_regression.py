"""Checkers of the chapter on logistic regression: a prior on the logit, the mean-field law, a model in PyMC."""

from collections.abc import Callable

import numpy as np
from scipy import optimize, special, stats

from helpers.exercises.checker import EMPTY, NotYet, call, checker, close, function_checker, value_checker

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


QUADRATIC_SLIPS = [  # (logit p from intercept, slope, bend and x; hint)
    (lambda a, b, c, x: a + b * x, "bend has its prior, but no part in logit p yet."),
    (lambda a, b, c, x: a + b * x + c * x, "bend should multiply x², not x."),
    (lambda a, b, c, x: a + c * x + b * x**2, "slope and bend have changed places."),
    (lambda a, b, c, x: a + b * x + (c * x) ** 2, "The square belongs to x alone: bend · x², not (bend · x)²."),
]


@checker
def check_quadratic_model(function: Callable) -> str:
    """A PyMC model, logit p = intercept + slope x + bend x², priors Normal(0, 5): function(x, y)."""
    x, y = np.array([-1.2, 0.3, 0.8, 2.0]), np.array([0, 1, 0, 1])
    model = call(function, x, y)
    _check_names(model)
    point = {"intercept": -0.7, "slope": 1.1, "bend": 0.6}
    try:
        value = float(model.compile_logp()(point))
        value_prior = float(model.compile_logp(vars=model.free_RVs)(point))
    except Exception as error:  # noqa: BLE001 (whatever a reader may have put into the model)
        raise NotYet(f"The log density of your model cannot be computed: {type(error).__name__}: {error}") from None
    prior = stats.norm.logpdf(list(point.values()), 0, 5).sum()
    if not close(value_prior, prior):
        raise NotYet(f"The priors differ: their log density is {value_prior:.3f} where it should be {prior:.3f}.")

    def log_likelihood(logit):
        return stats.bernoulli.logpmf(y, special.expit(logit)).sum()

    for logit, hint in QUADRATIC_SLIPS:
        if close(value - prior, log_likelihood(logit(*point.values(), x))):
            raise NotYet(hint)
    if value == -np.inf:
        raise NotYet("The log likelihood is −∞: p= must lie between 0 and 1. Use logit_p=.")
    right = log_likelihood(np.polyval([0.6, 1.1, -0.7], x))
    if not close(value - prior, right):
        raise NotYet(f"The priors are right; the log likelihood is {value - value_prior:.3f}, not {right:.3f}.")
    return "Its log density agrees with the formula at a test point."


def _check_names(model) -> None:
    names = ("intercept", "slope", "bend")
    try:
        found, observed = {variable.name for variable in model.free_RVs}, model.observed_RVs
    except AttributeError:
        raise NotYet(f"Your function should return a model, not {type(model).__name__}.") from None
    if not found:
        raise NotYet(EMPTY)
    if found > set(names) and not observed:
        raise NotYet(f"Nothing is observed yet: {min(found - set(names))} needs observed=y.")
    if found != set(names):
        raise NotYet(f"The parameters should be {', '.join(names)}; yours are {', '.join(sorted(found))}.")
    if not observed:
        raise NotYet("Nothing is observed yet: the likelihood needs observed=y.")
