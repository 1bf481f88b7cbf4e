"""Checkers of the chapter on ideas for Bayesian networks: BALD, weights that are relatives, paired differences."""

import numpy as np
from scipy import special, stats

from helpers.exercises.base import function_checker


def _bald_cases():
    rng = np.random.default_rng(71)
    for draws, points, classes in ((6, 4, 3), (5, 7, 2)):
        p = rng.dirichlet(np.full(classes, 0.7), size=(draws, points))
        certain = p.copy()
        certain[: draws // 2] = np.eye(classes)[0]
        yield from ((p,), (certain,))


@function_checker(
    cases=list(_bald_cases()),
    praise="What a label is expected to tell about the weights, for any number of classes.",
)
def check_bald(p):
    """BALD of each point, in nats: function(p), with probabilities of shape (draws, points, classes)."""
    right = special.rel_entr(p, p.mean(axis=0)).sum(axis=-1).mean(axis=0)  # average KL from the average
    per_class = special.entr(p.mean(axis=0)) - special.entr(p).mean(axis=0)
    total, noise = special.entr(p.mean(axis=0)).sum(axis=-1), special.entr(p).sum(axis=-1).mean(axis=0)
    naive_noise = -np.sum(p * np.log(p), axis=-1).mean(axis=0)
    return right, [
        (total - naive_noise, "Where p = 0 it is not finite: p log p → 0 there, which special.entr knows."),
        (total, "That is the total entropy; take the average entropy of the draws off."),
        (noise, "That is the average entropy, the label noise. BALD is what it lacks to the total."),
        (-right, "The sign: the total entropy comes first, so that BALD is never negative."),
        (total + noise, "Take the average entropy off; do not add it."),
        (right / np.log(2), "That is in bits; nats, please: natural logarithms."),
        (per_class[:, 0], "That is the first class alone: sum the entropy over all classes."),
        (per_class, "That has a number for each class: sum the entropy over the classes."),
        (right / p.shape[-1], "Sum over the classes; do not average over them."),
        (p.var(axis=0).sum(axis=-1), "That is the variance of p over the draws; BALD measures entropies."),
    ]


def _layered_case(groups: int) -> tuple:
    rng = np.random.default_rng(groups)
    return rng.normal(size=40), rng.normal(-1, 0.5, size=3), rng.normal(size=(groups, 40))


@function_checker(
    cases=[_layered_case(4), _layered_case(3)],
    praise="Three numbers now say how much each layer may differ between the groups.",
    advice="It should be centre + spread · offset.",
)
def check_layered_weights(centre, log_spread, offset):
    """Weights (groups, 40), a spread for each layer: function(centre (40,), log_spread (3,), offset (groups, 40))."""
    layers = zip(np.exp(log_spread), np.split(offset, [10, 35], axis=1), strict=True)
    scattered = np.concatenate([spread * part for spread, part in layers], axis=1)
    scale = scattered[0] / offset[0]
    return centre + scattered, [
        (centre + np.log(scale) * offset, "log_spread is a logarithm: the spread is its exponential."),
        (scattered, "The centre is missing: the groups are scattered around it."),
        (centre + offset, "The spreads play no part in it yet."),
        (scale * centre + scattered, "The spread belongs to the offset only, not to the centre."),
        (offset, "Those are the offsets, which are N(0, 1): scale them, and add the centre."),
        (centre + scale * scattered, "That multiplies by the variance; a spread is an sd."),
        (centre + np.resize(np.exp(log_spread), 40) * offset, "One spread for each layer: ten times the first, …"),
        (centre + np.exp(log_spread)[0] * offset, "Each layer has its own spread: np.repeat(…, [10, 25, 5])."),
        (
            centre + np.exp(log_spread).repeat([10, 5, 25]) * offset,
            "The layers have 10, 25 and 5 weights, in that order.",
        ),
    ]


def _paired_case(n: int) -> tuple:
    rng = np.random.default_rng(n)
    a = rng.normal(-4, 2, size=n)
    return a, a - rng.normal(0.5, 0.3, size=n)


@function_checker(
    cases=[_paired_case(9), _paired_case(14)],
    praise="Where data sets differ more than methods, pairs see what two separate errors hide.",
    parts=("the mean difference", "its standard error"),
    advice="The standard error is the sd of a − b over √n.",
)
def check_paired(a, b):
    """The mean of a − b and its standard error, for scores of two methods on the same data sets: function(a, b)."""
    gap, n = a - b, len(a)
    right = stats.sem(gap)
    two_samples = "Those are the errors of two separate samples. Pairs first: the sd of a − b over √n."
    one_difference = "That is the sd of one difference; the mean of n varies less: the sd of a − b over √n."
    return (gap.mean(), right), [
        ((-gap.mean(), None), "The sign: the question asks for a − b."),
        ((right, gap.mean()), "They have changed places: the mean comes first."),
        ((None, np.hypot(stats.sem(a), stats.sem(b))), two_samples),
        ((None, np.hypot(stats.sem(a, ddof=0), stats.sem(b, ddof=0))), two_samples),
        ((None, gap.std(ddof=1)), one_difference),
        ((None, gap.std()), one_difference),
        ((None, right**2), "That is the variance of the mean; take the root: the sd of a − b over √n."),
        ((None, right / np.sqrt(n)), "The mean of n varies less by √n, not by n: the sd of a − b over √n."),
        ((None, stats.sem(gap, ddof=0)), "The sd of a sample divides by n − 1 (ddof=1): the sd of a − b over √n."),
    ]
