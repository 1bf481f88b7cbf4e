"""Checkers about ADVI for any PyMC model: how large φ is, and a model of the reader's own."""

from collections.abc import Callable

import numpy as np
from scipy import special, stats

from helpers.exercises.base import EMPTY, NotYet, call, checker, close, function_checker


@function_checker(
    cases=[(1,), (3,), (1000,)],
    praise="2 · size against size + size (size + 1)/2: full rank grows with the square.",
    parts=("mean-field", "full rank"),
    equal=np.array_equal,
)
def check_numbers_in_phi(size):
    """How many numbers φ holds, with mean-field and with full rank: function(size)."""
    below = len(np.tril_indices(size, -1)[0])
    right = size + size, size + size + below
    return right, [
        (right[::-1], "They have changed places: mean-field comes first."),
        ((2 * size, size + size**2), "Mean-field is right. With full rank L is a triangle, not a square."),
        ((2 * size, below + size), "Mean-field is right. With full rank φ holds the means, too."),
        ((size, None), "A normal has a mean and an sd for each parameter."),
        ((size + 1, None), "Mean-field has an sd for each parameter, not one for all."),
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
