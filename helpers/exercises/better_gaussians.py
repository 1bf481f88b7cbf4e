"""Checkers of the chapter on better Gaussians: Laplace for a log rate, linear response by hand, weights of nested Laplace."""

import numpy as np
from scipy import special

from helpers.exercises.base import function_checker


@function_checker(
    cases=[(4.0, 2.0), (9.0, 1.5), (2.5, 0.7)],
    praise="log(a/b) and 1/√a: the Jacobian has moved the mode from (a − 1)/b.",
    parts=("mode", "sd"),
    advice="The log density of c = log λ is (a − 1)c − b eᶜ + c; the last c is the Jacobian.",
)
def check_log_rate(a, b):
    """Mode and sd of Laplace's approximation of log λ, λ ~ Gamma(a, b): function(a, b)."""
    return (np.log(a / b), a**-0.5), [
        ((np.log((a - 1) / b), None), "That is the log of λ's own mode: with the Jacobian, a − 1 becomes a."),
        (((a - 1) / b, None), "That is the mode of λ; asked is that of log λ, which is not its logarithm either."),
        ((a / b, None), "That is the mean of λ; asked is the mode of log λ."),
        ((np.log(b / a), None), "Shape and rate have changed places: the mean of λ is a/b."),
        ((special.digamma(a) - np.log(b), None), "That is the exact mean of log λ. Laplace takes the mode."),
        ((None, 1 / a), "That is the variance: take its root."),
        ((None, np.sqrt(a)), "That is the root of the curvature; the sd is one over it."),
        ((None, (a - 1) ** -0.5), "The curvature of the log density at the mode is a, not a − 1: mind the Jacobian."),
        ((None, np.sqrt(a) / b), "That is the sd of λ; asked is that of log λ."),
        ((None, np.sqrt(special.polygamma(1, a))), "That is the exact sd of log λ. Laplace takes the curvature."),
    ]


def _hessian(size: int, seed: int) -> tuple:
    root = np.random.default_rng(seed).standard_normal((2 * size, 3 * size))
    return (root @ root.T / size,)


def _correlations(covariance: np.ndarray) -> np.ndarray:
    sd = np.sqrt(np.abs(np.diag(covariance)))
    return covariance / np.outer(sd, sd)


@function_checker(
    cases=[_hessian(2, 1), _hessian(3, 2), _hessian(5, 3)],
    praise="All of the Hessian is inverted, and the block of μ is taken from that.",
    parts=("the correlation matrix",),
    advice="Invert the whole matrix, take the block of μ, and divide by the sds.",
)
def check_response_correlations(hessian):
    """Correlations by linear response, shape (d, d): function(hessian of shape (2d, 2d))."""
    size = len(hessian) // 2
    inverse = np.linalg.inv(hessian)
    covariance = inverse[:size, :size]
    by_variance = covariance / np.outer(np.diag(covariance), np.diag(covariance))
    return _correlations(covariance), [
        (
            _correlations(np.linalg.inv(hessian[:size, :size])),
            "That inverts the block of μ alone, as if ω stood still: invert all of it first.",
        ),
        (
            _correlations(hessian[:size, :size]),
            "Those are the correlations of the Hessian's block: its inverse counts.",
        ),
        (_correlations(inverse[size:, size:]), "That is the block of ω; μ comes first in φ."),
        (_correlations(inverse), "That has all of φ: keep the block of μ, the first d rows and columns."),
        (covariance, "Those are the covariances: divide by the sds of the row and of the column."),
        (by_variance, "Divide by the sds, not by the variances."),
    ]


def _areas(count: int, size: int, shift: float, seed: int) -> tuple:
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((count, size, 2 * size)) / size**0.5
    return rng.normal(0, 1, count) + shift, root @ root.transpose(0, 2, 1)


@function_checker(
    cases=[_areas(5, 2, 0, 1), _areas(4, 3, 0, 2), _areas(6, 2, -3_000, 3)],
    praise="Height times width, in logs, and then of sum one.",
    parts=("the weights",),
    advice="The log area is the height plus half of the log determinant of the covariance.",
)
def check_nested_weights(height, covariance):
    """Weights of nested Laplace, shape (values,): function(height (values,), covariance (values, d, d))."""
    log_width = np.log(np.linalg.eigvalsh(covariance)).sum(axis=1) / 2
    area = np.exp(height + log_width)
    return special.softmax(height + log_width), [
        (area / area.sum(), "Right, until every height is thousands below zero. Subtract the largest before exp."),
        (special.softmax(height), "Those are the heights alone: a wide Gaussian has more area than a narrow one."),
        (special.softmax(height + 2 * log_width), "The width is the *root* of the determinant: half of its log."),
        (
            special.softmax(height - log_width),
            "The determinant of the covariance widens; that of the precision narrows.",
        ),
        (height + log_width, "Those are the logs of the areas: exp, and divide by the sum."),
        (np.exp(height + log_width), "Those are the areas; weights have the sum one."),
    ]
