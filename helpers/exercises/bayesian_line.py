"""Checkers about a Bayesian line and its unknown noise: one-step-ahead predictions, a Metropolis-Hastings step."""

import numpy as np
from scipy import stats

from helpers.exercises.checker import function_checker


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


def _log_p(sigma):
    return 3.4 + 5 * np.log(sigma) - 3 * sigma


def _capped(log_ratio):
    return np.minimum(0, log_ratio)


OTHER_CAPS = [  # (log ratio → wrong answer, hint)
    (np.positive, "A probability is at most 1, so its logarithm at most 0: cap it."),
    (lambda log_ratio: np.minimum(1, log_ratio), "It is the probability that is at most 1; its log is at most 0."),
    (lambda log_ratio: np.maximum(0, log_ratio), "min(0, …), not max: what is better is accepted for certain."),
    (lambda log_ratio: np.exp(_capped(log_ratio)), "That is the probability; its logarithm, please."),
    (np.exp, "That is the ratio; the logarithm of min(1, ratio), please."),
]


@function_checker(
    cases=[
        (_log_p, *pair)
        for pair in ((0.6, 0.9), (0.9, 0.6), (2.0, 2.7), (3.0, 1.6), (0.7, 4.0), (0.3, 0.5), (1.9, 2.1), (1.5, 700.0))
    ],
    praise="p̃(σ′)σ′ over p̃(σ)σ: Metropolis' rule for log σ, Jacobian included.",
    advice="Here log p̃ = 5 log σ − 3σ + 3.4. Stay with logarithms throughout.",
)
def check_log_acceptance(log_p, sigma, proposal):
    """The log of the acceptance probability of σ′ = σ exp(step · η), η ~ N(0, 1): function(log p̃, σ, σ′)."""
    gain, turn = log_p(proposal) - log_p(sigma), np.log(proposal / sigma)
    forth = stats.lognorm.logpdf(proposal, 0.5, scale=sigma)
    back = stats.lognorm.logpdf(sigma, 0.5, scale=proposal)
    right = gain + back - forth
    through_exp = np.log(np.minimum(1, np.exp(right)))
    proposal_alone = "p̃(σ′) alone: it must be compared with p̃(σ), where the chain stands."
    place_alone = "That looks at p̃(σ) alone; the proposal's p̃(σ′) belongs above it."
    ratios = [
        (gain, "The correction is missing: q(σ | σ′)/q(σ′ | σ) is not 1 here. The chain would draw from p̃(σ)/σ."),
        (gain - turn, "The correction is the wrong way round: the chain would draw from p̃(σ)/σ²."),
        (-right, "The whole ratio is turned round: the proposal belongs above the fraction line."),
        (-gain, "The ratio is turned round, p̃(σ′) belongs above p̃(σ); and Hastings' correction is missing."),
        (turn - gain, "The ratio of p̃ is turned round: p̃(σ′) belongs above p̃(σ)."),
        (gain + proposal / sigma, "Among logarithms the correction is one, too: log(σ′/σ)."),
        (gain + proposal - sigma, "The correction is log σ′ − log σ, not σ′ − σ."),
        (gain + 2 * turn, "The correction counts twice."),
        (turn, "That is Hastings' correction alone; p̃ plays no part in it yet."),
        (log_p(proposal) + turn, proposal_alone),
        (log_p(proposal), proposal_alone),
        (log_p(sigma) + turn, place_alone),
        (log_p(sigma), place_alone),
    ]
    return _capped(right), [
        (through_exp, "exp underflows at σ′ = 700: stay with logarithms throughout."),
        *((cap(right), hint) for cap, hint in OTHER_CAPS),
        *((cap(ratio), hint) for ratio, hint in ratios for cap in (_capped, *(cap for cap, _ in OTHER_CAPS))),
    ]
