"""Checkers about a Bayesian line: one-step-ahead predictions, the next reading."""

import numpy as np
from scipy import stats

from helpers.exercises.base import function_checker


def _log_evidence(features, y, alpha, beta) -> float:
    covariance = np.eye(len(y)) / beta + features @ features.T / alpha
    return stats.multivariate_normal.logpdf(y, np.zeros(len(y)), covariance)


def _line_at(features, y, known, alpha, beta) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the Bayesian line at each row, from the readings `known` there."""
    found = []
    for phi, rows in zip(features, known, strict=True):
        before = features[rows]
        covariance = np.linalg.inv(alpha * np.eye(len(phi)) + beta * before.T @ before)
        found.append((beta * phi @ covariance @ before.T @ y[rows], phi @ covariance @ phi))
    return tuple(np.transpose(found))


def _readings(n: int, size: int, alpha: float, beta: float) -> tuple:
    rng = np.random.default_rng(n)
    features = rng.normal(size=(n, size))
    return features, features @ rng.normal(size=size) + beta**-0.5 * rng.normal(size=n), alpha, beta


@function_checker(
    cases=[_readings(6, 2, 0.7, 4.0), _readings(8, 3, 2.0, 25.0)],
    praise="Their sum is the log evidence: it tests each prediction on a reading not yet seen.",
)
def check_one_step_ahead(features, y, alpha, beta):
    """log p(yᵢ | those before it) of a Bayesian line, shape (n,): function(features (n, size), y (n,), α, β).

    α is the precision of the prior, β that of the noise.
    """
    rows = np.arange(len(y))
    past = [rows[:i] for i in rows]
    mean, line = _line_at(features, y, past, alpha, beta)

    def log_p(variance):
        return stats.norm.logpdf(y, mean, np.sqrt(variance))

    def predicted(known, alpha=alpha, beta=beta):
        mean, line = _line_at(features, y, known, alpha, beta)
        return stats.norm.logpdf(y, mean, np.sqrt(line + 1 / beta))

    right = np.diff([0, *(_log_evidence(features[: i + 1], y[: i + 1], alpha, beta) for i in rows)])
    return right, [
        (right[1:], "The first is missing: before any data the prior predicts, with mean 0."),
        (right.sum(), "That is their sum, the log evidence; the question asks for each of them."),
        (predicted([rows] * len(y)), "That uses all the data for each, yᵢ itself, too: only those before, please."),
        (predicted([rows[: i + 1] for i in rows]), "Off by one: yᵢ must not help to predict yᵢ itself."),
        (predicted([np.delete(rows, i) for i in rows]), "That leaves one out; those after it must go, too."),
        (predicted([rows[i + 1 :] for i in rows]), "That predicts from those after it, not before."),
        (predicted([rows[:0]] * len(y)), "That is the prior's prediction for each; what came before it is known."),
        (predicted([early[1:] for early in past]), "The first reading is never learnt from."),
        (predicted([early[:-1] for early in past]), "One step late: the reading just before it is known, too."),
        (predicted(past, beta=1 / beta), "β is a precision: the noise has variance 1/β."),
        (predicted(past, alpha=1 / alpha), "α is a precision: the prior has variance 1/α."),
        (log_p(line), "The noise is missing: a reading varies by 1/β more than the line does."),
        (log_p(0 * line + 1 / beta), "That has the noise alone: the line is uncertain, too, by φᵀSφ."),
        (log_p((line + 1 / beta) ** 2), "φᵀSφ + 1/β is a variance; the density wants the sd, its root."),
        (log_p((np.sqrt(line) + beta**-0.5) ** 2), "Variances add, not sds."),
        (np.cumsum(right), "Those are running sums, the log evidence so far; the question asks for the steps."),
        (np.exp(right), "Those are densities; take their logarithms."),
        (-right, "The sign: log p, not −log p."),
    ]


@function_checker(
    cases=[
        (np.array([1.0, 0.5]), np.array([[30.0, 4.0], [4.0, 20.0]]), 9.0),
        (np.array([1.0, -2.0, 4.0]), np.diag([40.0, 90.0, 25.0]) + 3, 0.5),
    ],
    praise="The variances of the line and of the noise add; more data shrink the first only.",
)
def check_sd_of_reading(h, precision, beta):
    """The sd of a new reading at the place with features h: function(h (size,), precision (size, size), beta)."""
    half = np.linalg.solve(np.linalg.cholesky(precision), h)
    line, noise = half @ half, 1 / beta
    return np.sqrt(line + noise), [
        (line + noise, "That is the variance; the question asks for the sd."),
        (np.sqrt(line), "That is the sd of the line; a reading has the noise on top."),
        (line, "That is the variance of the line; a reading has the noise on top, and the question asks for the sd."),
        (np.sqrt(noise), "That is the noise alone; the line is uncertain, too."),
        (np.sqrt(line) + np.sqrt(noise), "Variances add, not sds."),
        (np.sqrt(line + beta), "β is a precision: the noise has variance 1/β."),
        (np.sqrt(h @ precision @ h + noise), "That has Λ where Λ⁻¹ belongs: Λ is a precision."),
    ]
