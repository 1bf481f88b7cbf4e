"""Checkers of the chapter on hierarchies: a level given the hyperparameters, the best q of a funnel, a new group."""

import numpy as np

from helpers.exercises.base import function_checker


@function_checker(
    cases=[(5, 2.3, 1.1, 0.8, 2.0), (200, -1.4, 0.3, 1.7, 3.0), (1, 4.0, -2.0, 0.2, 0.5)],
    praise="Two normal sources about one level: their precisions add up, and each pulls as strongly as it is precise.",
    parts=("mean", "sd"),
)
def check_level(readings, mean, mu, tau, sigma):
    """Mean and sd of a group's level given the rest: function(readings, mean of the readings, mu, tau, sigma)."""
    noise = sigma**2 / readings
    precision = readings / sigma**2 + 1 / tau**2
    right = (mean * readings / sigma**2 + mu / tau**2) / precision
    sd, pulled = precision**-0.5, noise / (tau**2 + noise)
    one = sigma**2 / (tau**2 + sigma**2)
    wrong_b = sigma / np.sqrt(readings) / (tau + sigma / np.sqrt(readings))
    return (right, sd), [
        (((1 - pulled) * mu + pulled * mean, None), "Turned round: B is the share of μ, 1 − B that of the readings."),
        ((mean, None), "That is the mean of the readings: the level is pulled towards μ."),
        ((mu, None), "That is μ: the readings of the group count, too."),
        (((mu + mean) / 2, None), "Not half and half: each counts as its precision says."),
        ((one * mu + (1 - one) * mean, None), "The mean of n readings has the variance σ²/n, not σ²."),
        ((wrong_b * mu + (1 - wrong_b) * mean, None), "Variances make B, not sds: square τ and σ."),
        ((None, precision), "That is the precision; the sd is one over its root."),
        ((None, 1 / precision), "That is the variance; take its root."),
        ((None, np.sqrt(noise)), "That is the sd from the readings alone; μ and τ make it smaller."),
        ((None, tau), "That is the sd before the readings."),
        (
            (None, np.sqrt(tau**2 + noise)),
            "That is the sd of the readings' mean about μ. Precisions add up, not variances.",
        ),
    ]


@function_checker(
    cases=[(3, 1.5), (20, 0.7), (1, 3.0)],
    praise="The more groups, the narrower q, though the exact sd has not changed.",
    parts=("sd", "KL"),
)
def check_funnel(groups, prior_sd):
    """sd of log τ under the best q of a funnel, and KL(q‖p): function(groups, prior sd of log τ)."""
    s = (prior_sd**-2 + 2 * groups) ** -0.5
    return (s, np.log(prior_sd / s)), [
        ((s**2, None), "That is the variance; take its root."),
        ((1 / s, None), "Upside down: the sd is one over the root of the precision."),
        (((prior_sd**-2 + groups) ** -0.5, None), "Each group adds 2 to the precision, not 1."),
        (((1 / prior_sd + 2 * groups) ** -0.5, None), "The prior's precision is one over the square of its sd."),
        (((prior_sd**2 + 2 * groups) ** -0.5, None), "The prior's precision is one over the square of its sd."),
        ((prior_sd, None), "That is the exact sd; q is narrower."),
        ((s / prior_sd, None), "That is the ratio of the sds; the sd of q itself is asked for."),
        ((None, np.log(s / prior_sd)), "The sign is turned round: a KL is never negative."),
        ((None, prior_sd / s), "The logarithm is missing."),
        ((None, 2 * np.log(prior_sd / s)), "Twice too much: the logarithm of the ratio of sds, not of variances."),
    ]


def _draws(seed: int, spread: float) -> tuple:
    rng = np.random.default_rng(seed)
    return rng.normal(1.2, 0.5, 300), np.exp(rng.normal(-0.2, spread, 300))


@function_checker(
    cases=[_draws(1, 0.8), _draws(2, 0.4)],
    praise="The levels' own spread, on average over τ, and what is not known of μ.",
    parts=("mean", "sd"),
    equal=lambda part, wanted: np.allclose(part, wanted, rtol=0.005),
)
def check_new_group(mu, tau):
    """Mean and sd of the level of a new group: function(draws of μ, draws of τ), both of shape (draws,)."""
    mean, sd = mu.mean(), np.sqrt(mu.var() + np.mean(tau**2))
    return (mean, sd), [
        ((None, np.sqrt(np.mean(tau**2))), "That takes μ as known: add the variance of its draws."),
        ((None, mu.std()), "That is how well μ is known; a new group differs from μ by its own τ."),
        ((None, tau.mean()), "That is τ's mean plugged in: average the variance τ², and add that of μ."),
        ((None, np.sqrt(mu.var() + tau.mean() ** 2)), "The mean of τ², not the square of the mean of τ."),
        ((None, np.sqrt(mu.var() + np.exp(2 * np.log(tau).mean()))), "The mean of τ², not a typical τ, squared."),
        ((None, mu.std() + tau.mean()), "Variances add up, not sds."),
        ((None, sd**2), "That is the variance; take its root."),
        (
            (None, np.sqrt(mu.var() + tau.var())),
            "τ is an sd itself: its square is averaged, and its own variance is not it.",
        ),
    ]
