"""Checkers of the Student-t chapter: the KL of two normals, the best normal for a Laplace density, KL and tails."""

from collections.abc import Mapping

import numpy as np
from scipy import optimize

from helpers.exercises.base import NotYet, arrays, checker, function_checker, value_checker
from helpers.truth.divergences import kl
from helpers.truth.targets import laplace, normal, student_t


@function_checker(
    cases=[(0.3, 0.5, -1.0, 2.0), (2.0, 3.0, 2.5, 1.5)],
    praise="Quadrature gives the same, for a narrow q and for a wide one.",
)
def check_kl_of_normals(mu1, sigma1, mu2, sigma2):
    """The KL divergence of two normals: function(μ₁, σ₁, μ₂, σ₂) = KL(N(μ₁, σ₁²)‖N(μ₂, σ₂²))."""
    q, p, gap = normal(mu1, sigma1), normal(mu2, sigma2), (mu1 - mu2) ** 2
    right, logarithm = kl(q, p), np.log(sigma2 / sigma1)
    fraction, upside_down = (sigma1**2 + gap) / (2 * sigma2**2), (sigma2**2 + gap) / (2 * sigma1**2)
    return right, [
        (kl(p, q), "That is KL with the two normals swapped: q comes first."),
        (-right, "The sign is turned round: KL is never negative."),
        (right + 0.5, "It misses the −½, which is the +½ of the entropy ½ log(2πeσ²): at q = p you get ½, not 0."),
        (right + fraction, "The quadratic term should be divided by 2σ₂²."),
        (right - gap / (2 * sigma2**2), "The means play no part in it yet: E_q[(θ − μ₂)²] = σ₁² + (μ₁ − μ₂)²."),
        (right - 2 * logarithm, "The logarithm is upside down: log(σ₂/σ₁), for log σ₂ comes from log p."),
        (right - fraction + upside_down, "The fraction is upside down: the average is over q, so σ₁² stands above."),
        (kl(normal(mu1, sigma1**0.5), normal(mu2, sigma2**0.5)), "That takes σ₁ and σ₂ for variances; they are sds."),
    ]


def _loss_for_laplace(sigma: float) -> float:
    return kl(normal(0, sigma), laplace()) if 0 < sigma < 1e6 else np.inf


def _loss_at(sigma: float) -> str:
    best = _loss_for_laplace(np.sqrt(np.pi / 2))
    return f"KL(q‖p) is {_loss_for_laplace(sigma):.4f} there; it can be brought down to {best:.4f}."


@value_checker(
    praise="σ = 1.2533 = √(π/2); the target's own sd is √2 = 1.4142.",
    tolerance=5e-4,
    digits="Four digits",
    advice=_loss_at,
)
def check_sigma_for_laplace():
    """The σ that minimises KL(N(0, σ²)‖Laplace(0, 1))."""
    right = optimize.minimize_scalar(_loss_for_laplace, bounds=(0.5, 3), options={"xatol": 1e-6}).x
    return right, [
        (np.sqrt(2), "√2 is the target's sd, which is the answer for KL(p‖q). Which density do you average over?"),
        (right**2, "That is σ²; the question asks for σ."),
        (1 / right, "That is 1/σ: d/dσ of −log σ is −1/σ."),
    ]


OUTCOMES = {"KL(q‖p)": "stays below 0.1", "KL(p‖q)": "grows without bound"}


@checker
def check_towards_two(prediction: Mapping[str, str], measured: Mapping[str, float]) -> str:
    """Predicted and measured KL(q‖p) and KL(p‖q) of N(0, 1.26²) and a Student-t as ν falls to 2."""
    prediction, measured = (_with_proper_keys(answer) for answer in (prediction, measured))
    for key in OUTCOMES:
        if key not in prediction:
            raise NotYet(f"Predict {key} first: {' or '.join(map(repr, OUTCOMES.values()))}.")
        if not isinstance(prediction[key], str) or prediction[key] not in OUTCOMES.values():
            raise NotYet(f"{key}: choose one of {list(OUTCOMES.values())}, not {prediction[key]!r}.")
    q, p = normal(0, 1.26), student_t(2.01)
    truth = {"KL(q‖p)": kl(q, p), "KL(p‖q)": kl(p, q)}
    for key, other in zip(truth, reversed(truth), strict=True):
        if key not in measured:
            raise NotYet(f"Now measure {key} at ν = 2.01 with divergences.kl(first, second).")
        (value,) = arrays(measured[key], ("your answer",))
        if np.allclose(value, truth[other], rtol=0.01):
            raise NotYet(f"{key}: you have the other direction. KL(q‖p) is divergences.kl(q, p).")
        if not np.allclose(value, truth[key], rtol=0.01):
            raise NotYet(f"{key} at ν = 2.01 is not {value}. Is q N(0, 1.26²) and ν = 2.01?")
    wrong = [key for key in OUTCOMES if prediction[key] != OUTCOMES[key]]
    surprise = f" Your prediction for {' and '.join(wrong)} was off, which is what predicting is for." if wrong else ""
    return f"{truth['KL(q‖p)']:.4f} and {truth['KL(p‖q)']:.1f} nats at ν = 2.01.{surprise}"


def _with_proper_keys(answer) -> dict:
    """What has been filled in; a key may be typed as KL(q||p)."""
    if not isinstance(answer, Mapping):
        raise NotYet(f"prediction and measured should be dictionaries with the keys {list(OUTCOMES)}.")
    filled = {key: value for key, value in answer.items() if value is not None and value is not Ellipsis}
    return {str(key).replace("||", "‖").replace(" ", ""): value for key, value in filled.items()}
