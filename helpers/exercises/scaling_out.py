"""Checkers of the chapter on scaling out: the prior once in the product of the shards, the share of each of them."""

import numpy as np
from scipy import stats

from helpers.exercises.base import function_checker


def _fits(shards: int) -> tuple:
    rng = np.random.default_rng(shards)
    factors, prior_precision = rng.normal(size=(shards, 6, 3)), np.diag([0.5, 1.0, 2.0])
    return rng.normal(size=(shards, 3)), factors.mT @ factors + prior_precision, prior_precision


@function_checker(
    cases=[_fits(4), _fits(9)],
    praise="The prior is in it once, as for somebody who has seen all rows.",
    parts=("mean", "precision"),
    advice="The precision Λ is the sum of the precisions less the priors that are in it too often; the mean m solves "
    "Λm = Σ Λₖmₖ: a prior with mean 0 adds nothing to that sum.",
)
def check_prior_once(means, precisions, prior_precision):
    """Mean and precision for all rows: function(means (K, size), precisions (K, size, size), prior precision).

    Each of the K posteriors has the whole prior, with mean 0.
    """
    shards, total = len(means), precisions.sum(axis=0)
    of_the_rows = np.sum(precisions - prior_precision, axis=0)
    precision, weighted = of_the_rows + prior_precision, np.einsum("kij,kj->i", precisions, means)
    mean, inverse = np.linalg.solve(precision, weighted), np.linalg.inv(prior_precision)
    with_all_priors = np.linalg.solve(total, weighted)
    return (mean, precision), [
        ((None, total), "The prior is still in it K times: take K − 1 of them away."),
        ((None, of_the_rows), "That takes all K priors away; one has to stay."),
        ((None, total - prior_precision), "That takes one prior away; there are K in the sum, and one has to stay."),
        ((None, total + (shards - 1) * prior_precision), "The sign is turned round: the sum has too many priors."),
        ((None, total - (shards - 1) * inverse), "prior_precision is a precision already: no inverse."),
        ((None, precisions.mean(axis=0)), "That is an average; precisions add."),
        ((None, np.linalg.inv(precision)), "That is the covariance; its inverse, the precision, is asked for."),
        ((precision, mean), "They have changed places: the mean first, then the precision."),
        ((means.mean(axis=0), None), "Means are averaged with the precisions as weights, not equally."),
        ((with_all_priors, precision), "The precision is right; the mean still divides by the sum with K priors."),
        ((weighted, None), "That is Σ Λₖmₖ; it still has to be solved for the mean."),
        ((precision @ weighted, None), "That multiplies Σ Λₖmₖ by the precision; solve with it."),
    ]


@function_checker(
    cases=[(np.linspace(-2.5, 1.5, 7), shards) for shards in (4, 32)],
    praise="Prior and Jacobian, both to the power 1/K.",
    advice="Mind constants, too: the K shares together must be the prior itself.",
)
def check_log_share(zeta, shards):
    """The log of a shard's share of the prior σ ~ Exponential(1), as a density of ζ = log σ: function(ζ, shards)."""
    sigma = np.exp(zeta)
    right = (stats.expon.logpdf(sigma) + zeta) / shards
    return right, [
        (shards * right, "That is the whole prior: K shards would have it K times."),
        (-sigma / shards, "The Jacobian is missing: the density of ζ is that of σ times dσ/dζ."),
        (zeta - sigma / shards, "The Jacobian is in it whole: the product of K shards holds it K times."),
        (zeta / shards - sigma, "The prior of σ is in it whole: both parts are raised to 1/K."),
        ((-sigma - zeta) / shards, "The Jacobian is dσ/dζ = σ, so its logarithm is +ζ."),
        (-zeta / shards, "The prior is Exponential in σ = exp(ζ), not in ζ."),
        (
            zeta + stats.expon.logpdf(sigma, scale=shards),
            "That is a new prior, Exponential(1/K). Raise the density to 1/K.",
        ),
        (shards**2 * right, "The power 1/K divides the logarithm by K."),
        (-right, "The sign is turned round."),
        (np.exp(right), "That is the share; its logarithm is asked for."),
        (
            right - np.log(shards),
            "There is a constant too much, −log K: the K shares together must be the prior itself.",
        ),
    ]
