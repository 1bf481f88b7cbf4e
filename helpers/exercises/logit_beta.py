"""Checkers of the logit-Beta chapter: ζ = log θ of a Gamma variable, its density, its best normal, its gradient."""

import numpy as np
from scipy import stats

from helpers.exercises.base import function_checker, value_checker
from helpers.truth.closest import best_gaussian
from helpers.truth.targets import Target


def _equal_up_to_a_constant(answer, wanted) -> bool:
    # taken off each on its own, so that a huge constant cannot swallow the rest
    return np.ptp((answer - answer[0]) - (wanted - wanted[0])) < 1e-4


@function_checker(
    cases=[(np.array([-1.0, 0.0, 0.7]),)],
    praise="3ζ − 2e^ζ, up to a constant, and the constant does not matter.",
    advice="They differ by more than a constant. Start from 2 log θ − 2θ, θ = e^ζ.",
    equal=_equal_up_to_a_constant,
)
def check_gamma_log_density(zeta):
    """The log density of ζ = log θ, where θ ~ Gamma(3, rate 2), up to a constant: function(ζ), for an array ζ."""
    right = stats.gamma(3, scale=1 / 2).logpdf(np.exp(zeta)) + zeta
    return right, [
        (right - zeta, "The Jacobian is missing: dθ/dζ = e^ζ adds + ζ."),
        (right - 2 * zeta, "The Jacobian has the wrong sign: |dθ/dζ| = e^ζ adds + ζ; dζ/dθ would take it away."),
        (right + np.exp(zeta), "The exponent is −2θ, so e^ζ counts twice."),
        (right + 1.5 * np.exp(zeta), "That takes 2 as a scale; it is a rate: e^(−2θ), not e^(−θ/2)."),
    ]


def _what_the_optimum_solves(mu: float, sigma: float) -> str:
    if abs(sigma - 1 / np.sqrt(3)) < 0.01:
        return f"σ is right; μ is not {mu:.4g}. The optimum has 2 e^(μ + σ²/2) = 3."
    return f"σ is not {sigma:.4g}. Set 1/σ = 2σ e^(μ + σ²/2) and use the equation for μ."


@value_checker(
    praise="N(0.2388, 0.5774²); the truth has mean 0.2296 and sd 0.6284 (digamma and trigamma of 3).",
    tolerance=1e-3,
    digits="Both to three decimals",
    advice=_what_the_optimum_solves,
    parts=("μ", "σ"),
)
def check_gamma_optimum():
    """(μ, σ) of the normal closest in KL(q‖p) to ζ = log θ, where θ ~ Gamma(3, rate 2)."""
    best = best_gaussian(Target.from_scipy("log of a Gamma", stats.loggamma(3, loc=-np.log(2))), "KL(q‖p)")
    return (best.mean, best.sd), [
        ((best.sd, best.mean), "They have changed places: (μ, σ), in that order."),
        ((None, best.sd**2), "The second number is σ²; the question asks for σ."),
        ((None, 1 / best.sd), "The second number is 1/σ; the question asks for σ."),
        ((np.log(3 / 2), None), "That μ is the mode, Laplace's answer. The optimum has 2 e^(μ + σ²/2) = 3."),
    ]


@function_checker(
    cases=[(0.1, -0.4, np.random.default_rng(3).standard_normal(2000))],
    praise="Both parts are right. In the next chapter a machine writes them for you.",
    parts=("∂μ", "∂ω"),
    advice="∂μ is the average of the slope 3 − 2e^ζ over ζ = μ + ση; ∂ω that of slope · σ · η, plus 1 for the entropy.",
)
def check_gamma_gradient(mu, omega, eta):
    """The reparameterised gradient of the ELBO for the density of ζ: function(μ, ω, η) = (∂μ, ∂ω), where ω = log σ."""
    sigma, step = np.exp(omega), 1e-5

    def elbo(mu, omega):
        zeta = mu + np.exp(omega) * eta
        return np.mean(3 * zeta - 2 * np.exp(zeta)) + omega

    for_mu = (elbo(mu + step, omega) - elbo(mu - step, omega)) / (2 * step)
    for_omega = (elbo(mu, omega + step) - elbo(mu, omega - step)) / (2 * step)
    for_sigma = (for_omega - 1) / sigma
    return (for_mu, for_omega), [
        ((for_omega, for_mu), "They have changed places: the average for μ comes first."),
        ((for_mu - 1, None), "∂μ should be the average of 3 − 2e^ζ: the slope of the Jacobian term, +1, is missing."),
        ((None, for_omega - 1), "The entropy is missing from ∂ω: its gradient is +1."),
        ((None, for_sigma + 1), "That differentiates by σ; with ω = log σ the chain rule brings a factor σ."),
        ((None, for_sigma + 1 / sigma), "That is the gradient for σ; for ω = log σ multiply by σ."),
        ((-for_mu, -for_omega), "The signs are turned round: the ELBO is climbed."),
    ]
