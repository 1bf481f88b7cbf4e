"""Checkers about a network and its samplers: a Metropolis-Hastings step, the band for a new observation."""

from collections.abc import Callable

import numpy as np
from scipy import special, stats

from helpers.exercises.base import NotYet, arrays, call, checker, function_checker


@checker
def check_observation_band(function: Callable) -> str:
    """The central band of a new observation, (low, high): function(f (draws, points), noise_sd, level, rng)."""
    for noise_sd, level in ((0.3, 0.8), (0.5, 0.6)):
        f = draws()
        bands = []
        for seed in (1, 1, 2):
            answer = call(function, f, noise_sd, level, np.random.default_rng(seed))
            bands.append(_of_the_right_shape(arrays(answer, ("low", "high")), f))
        if hint := _slip_in_band(bands, f, noise_sd, level):
            raise NotYet(hint)
    return "Noise in every draw, then quantiles: it holds where f is skewed or has two modes, too."


def draws() -> np.ndarray:
    """Draws of a function at five points: at one it has two modes, at another it is skewed."""
    rng = np.random.default_rng(83)
    eta = rng.normal(size=(10_000, 5))
    f = np.array([0.2, 0.5, 0.0, -1.0, 1.0]) + np.array([0.0, 0.05, 0.4, 0.2, 1.0]) * eta
    f[:, 3] += 2.5 * (rng.random(len(f)) < 0.35)
    f[:, 4] = np.exp(0.8 * eta[:, 4])
    return f


def _of_the_right_shape(parts: list[np.ndarray], f: np.ndarray) -> np.ndarray:
    for name, part in zip(("low", "high"), parts, strict=True):
        if part.shape == (len(f),):
            raise NotYet("That has a band for each draw; take the quantiles over the draws, axis=0.")
        if part.shape != (5,):
            raise NotYet(f"For f of shape {f.shape} {name} has shape {part.shape}; it should have (5,).")
    return np.array(parts)


def _tails(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2


def _quantiles(f: np.ndarray, noise_sd: float, tails: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of f + N(0, noise_sd²) by bisection, and their Monte Carlo sd from as many draws: (tails, points)."""
    low = np.full((len(tails), f.shape[1]), f.min() - 9 * noise_sd)
    high = np.full_like(low, f.max() + 9 * noise_sd)
    for _ in range(35):
        middle = (low + high) / 2
        p = np.array([special.ndtr((row - f) / noise_sd).mean(axis=0) for row in middle])
        below = p < np.array(tails)[:, None]
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    density = np.array([stats.norm.pdf(row, f, noise_sd).mean(axis=0) for row in low])
    return low, np.sqrt(p * (1 - p) / len(f)) / density


def _slip_in_band(bands: list[np.ndarray], f: np.ndarray, noise_sd: float, level: float) -> str | None:
    """What is wrong with the bands from two equal generators and another, each (2, points), or None."""
    right, error = _quantiles(f, noise_sd, _tails(level))

    def near(wrong, error):
        return all((np.abs(band - wrong) < 5 * error + 1e-6).all() for band in bands)

    if near(right, error):
        return None if np.array_equal(*bands[:2]) else "Two generators with the same seed differ: draw from rng only."
    if near(right[::-1], error[::-1]):
        return "They have changed places: low first, then high."
    for wrong, error_of_wrong, hint in slips(f, noise_sd, level):
        if near(wrong, error_of_wrong):
            return hint
    widths = np.ptp(np.quantile(f, _tails(level), axis=0), axis=0)
    if all(np.allclose(np.ptp(band, axis=0), widths, atol=1e-4) for band in bands):
        return "One noise number moves all draws alike: each draw needs its own, size=f.shape."
    if np.any(np.abs(bands[2] - bands[0]) > 8 * error):
        return "With another seed the band is elsewhere: noise goes into each draw, before the quantiles are taken."
    which, point = np.unravel_index((np.abs(bands[0] - right) / error).argmax(), right.shape)
    exact = f"the exact quantile of f + noise is {right[which, point]:.3f}."
    return f"At point {point} {('low', 'high')[which]} is {bands[0][which, point]:.3f}; {exact}"


def slips(f: np.ndarray, noise_sd: float, level: float):
    """(band, its Monte Carlo sd, hint) of the usual slips, one after the other; a band has shape (2, points).

    Parameters
    ----------
    f : array, shape (draws, points)
        Draws of a function.
    noise_sd : float
        Of a reading, around the function.
    level : float
        The share that a band should hold.
    """
    tails, out = _tails(level), 1 - level
    own, z = np.quantile(f, tails, axis=0), np.array([[-1], [1]]) * stats.norm.ppf(tails[1])
    mean, median, sd = f.mean(axis=0), np.median(f, axis=0), f.std(axis=0)
    for wrong, hint in (
        (own, "That is the band of the function; a new observation has noise, too."),
        (mean + z * noise_sd, "That is the noise around the mean; the function is uncertain, too."),
        (median + z * noise_sd, "That is the noise around the median; the function is uncertain, too."),
        (own + z * noise_sd, "Widths do not add (variances would): put noise into each draw, then take quantiles."),
        (mean + z * (sd + noise_sd), "Sds do not add (variances would): put noise into each draw instead."),
        (mean + z * np.hypot(sd, noise_sd), "A normal of the same mean and sd: f has two modes at one point."),
    ):
        yield wrong, 0.02 * noise_sd, hint  # some draw even these
    for noise, shares, hint in (
        (noise_sd, (out, level), "1 − level is left out on each side; both sides together should have it."),
        (noise_sd, (level / 2, 1 - level / 2), "level is the share inside the band; (1 − level)/2 lies below it."),
        (noise_sd, (tails[0] / 100, tails[1] / 100), "np.percentile counts in hundredths; np.quantile takes shares."),
        (noise_sd, (0.025, 0.975), "That is a band of 95 %, whatever the level: use level."),
        (noise_sd**2, tails, "That takes the noise variance as its sd: rng.normal(0, noise_sd, …)."),
        (noise_sd**0.5, tails, "noise_sd is the sd already, not the variance: no root."),
    ):
        yield *_quantiles(f, noise, shares), hint


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
