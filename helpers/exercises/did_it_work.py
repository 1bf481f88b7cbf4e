"""Checkers of the chapter on diagnostics: importance weights by hand, VSBC, how many draws a k-hat takes."""

import numpy as np
from scipy import optimize, special, stats

from helpers.exercises.base import close_or_rounded_up, function_checker


def _weighted_draws(shift: float) -> tuple:
    theta = np.random.default_rng(91).normal(1.3, 0.8, 400)
    return theta, 0.7 * theta - 0.2 * theta**2 + shift


@function_checker(
    cases=[_weighted_draws(0), _weighted_draws(-3_000), _weighted_draws(2_000)],
    praise="Weights of sum one, computed so that no exp overflows: only ratios of ratios count.",
    parts=("mean", "effective number"),
    advice="A constant in the log ratios changes nothing: subtract the largest before exp.",
)
def check_corrected(theta, log_ratio):
    """Self-normalised weighted mean and effective number of draws: function(theta (draws,), log_ratio (draws,))."""
    number = np.exp(2 * special.logsumexp(log_ratio) - special.logsumexp(2 * log_ratio))
    ratio, scaled, w = np.exp(log_ratio), np.exp(log_ratio - log_ratio.max()), special.softmax(log_ratio)
    naive, inverse = ratio / ratio.sum(), special.softmax(-log_ratio)
    mean = np.average(theta, weights=scaled)
    overflow = "Right, until thousands are added to every log ratio. Subtract the largest before exp."
    return (mean, number), [
        ((naive @ theta, 1 / np.sum(naive**2)), overflow),
        ((number, mean), "They have changed places: the mean first, then the effective number."),
        ((ratio @ theta, None), "The weights must have the sum one: divide by the sum of the ratios."),
        ((scaled @ theta, None), "Subtracting the largest is right; then divide by the sum: weights add up to one."),
        ((mean, 1 / np.sum(scaled**2)), "The mean is right; 1/Σw² wants the same weights, of sum one."),
        ((np.mean(ratio * theta), None), "The weights must have the sum one: divide by that of the ratios, not by S."),
        ((theta.mean(), None), "The mean is the plain one: every draw needs its weight."),
        ((inverse @ theta, None), "The ratios are turned round: p̃ belongs above q, and log_ratio is log p̃ − log q."),
        ((log_ratio @ theta / log_ratio.sum(), None), "The weights are ratios, not their logarithms: exp is missing."),
        ((None, 1 / number), "That is Σw², the share of one draw: the effective number is one over it."),
        ((None, 1 / np.sum(ratio**2)), "1/Σw² wants weights of sum one."),
        ((None, np.sqrt(number)), "No root: 1/Σw²."),
        ((None, 1 / w.max()), "That asks about the largest weight only; take 1/Σw²."),
        ((None, len(theta)), "That is the number of draws; unequal weights make them worth less, 1/Σw²."),
        ((None, number / len(theta)), "That is the share of the draws; the number is 1/Σw²."),
        ((None, len(theta) / number), "1/Σw² is the number already: no S in it."),
    ]


def _fits(number: int, shift: float) -> tuple:
    rng = np.random.default_rng(number)
    truth, sd = rng.normal(0, 2, number), rng.uniform(0.3, 1.2, number)
    return truth, truth + shift * sd + sd * rng.standard_normal(number), sd


@function_checker(
    cases=[_fits(200, 0.5), _fits(450, -0.5)],
    praise="Where q puts the truth, and whether that is above its middle too often for chance.",
    parts=("p", "z"),
)
def check_vsbc(truth, mean, sd):
    """p, shape (R,), and z of its symmetry: function(truth, mean, sd), of R normal fits."""
    number, score = len(truth), (truth - mean) / sd
    p = special.ndtr(score)
    above = np.mean(p > 0.5)
    z_of_the_mean = np.sqrt(12 * number) * (p.mean() - 0.5)
    z = (np.sum(truth > mean) - number / 2) / np.sqrt(number / 4)
    with_the_share_of_the_sample = (above - 0.5) / np.sqrt(above * (1 - above) / number)  # as good a standard error
    return [(p, z), (p, with_the_share_of_the_sample)], [
        ((1 - p, None), "That is 1 − p: p is the share of q *below* the true value."),
        ((score, None), "Those are z-scores; the normal's distribution function turns them into p."),
        ((stats.norm.pdf(score), None), "That is a density; p is the probability below the true value (cdf)."),
        ((special.ndtr(score / sd), None), "That takes the sd for a variance, or the other way round: (θ − mean)/sd."),
        ((special.ndtr(score * np.sqrt(sd)), None), "sd is the sd already, not the variance: no root."),
        ((special.ndtr(truth - mean), None), "Each fit has its own sd: divide by it."),
        ((special.ndtr(truth), None), "Each fit has its own mean and sd."),
        ((None, -z), "The sign is turned round: z > 0 where the truth is above q's median too often."),
        ((None, above), "That is the share above; z is how many standard errors it is from ½."),
        ((None, above - 0.5), "Divide by the share's standard error, 1/(2√R)."),
        ((None, z / 2), "The share's standard error is √(¼/R) = 1/(2√R): z is half of what it should be."),
        ((None, z * np.sqrt(number)), "The standard error falls with √R, not with R."),
        ((None, z / number), "Divide by the standard error 1/(2√R): it belongs below."),
        ((None, z_of_the_mean), "The mean of p has the sd 1/√(12R) only where p is uniform: count how often p > ½."),
    ]


@function_checker(
    cases=[(0.65,), (0.3,), (0.58,), (0.71,), (0.9,)],
    praise="10^(1/(1 − k)): a hundred draws at 0.5, two thousand at 0.7.",
    equal=close_or_rounded_up,
)
def check_draws_needed(khat):
    """The smallest number of draws S with k-hat ≤ 1 − 1/log₁₀ S, or infinity for a k-hat above 0.7: function(khat)."""
    above_the_cap = khat > 0.7
    right = 10 ** optimize.brentq(lambda log_draws: 1 - 1 / log_draws - khat, 1, 100)
    formulas = [
        (np.exp(1 / (1 - khat)), "The threshold has log₁₀, so solve with powers of ten, not of e."),
        (1 / (1 - khat), "That is log₁₀ S; S itself is ten to that."),
        (10 ** (1 - khat), "1 − 1/log₁₀ S = k gives log₁₀ S = 1/(1 − k), not 1 − k."),
        (10 ** (1 / khat), "1/log₁₀ S = 1 − k, not k."),
        (np.floor(right), "So many are just too few: round up, not down."),
        (1 - 1 / np.log10(khat), "That is the threshold with k-hat in the place of S: solve it for S."),
    ]
    return np.inf if above_the_cap else right, [
        (right, "The threshold is never above 0.7: for a larger k-hat it should be np.inf."),
        (np.inf, "Up to 0.7 there is a number of draws that is enough."),
        *((np.inf if above_the_cap else value, hint) for value, hint in formulas),
        *formulas,  # without the cap
    ]
