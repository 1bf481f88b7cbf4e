"""Checkers for the exercises: each says at once what is right, or what is wrong and where to look.

A checker never raises for a wrong answer. It returns a `Verdict`, which a notebook shows as one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from helpers.truth.closest import best_gaussian
from helpers.truth.divergences import kl
from helpers.truth.targets import laplace, normal, student_t


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and one sentence for the reader."""

    right: bool
    message: str

    def __repr__(self) -> str:
        return f"{'✓ Right.' if self.right else '✗ Not yet.'} {self.message}"


EMPTY = "There is no answer yet: replace the placeholder and run the cell again."


def _number(answer) -> float | None:
    """`answer` as a float, or None where it is not one finite real number."""
    try:
        array = np.asarray(answer)
        value = float(array.reshape(-1)[0]) if array.size == 1 and array.dtype.kind in "iuf" else np.nan
    except Exception:  # noqa: BLE001 (whatever a reader may pass)
        return None
    return value if np.isfinite(value) else None


def _close(a: float, b: float) -> bool:
    """Equal as far as single precision goes, which is what a reader's JAX may compute in."""
    return abs(a - b) < 1e-4


def _call(function: Callable, *arguments) -> tuple[float | None, Verdict | None]:
    """The function's value as a float, or the verdict that says why there is none."""
    try:
        answer = function(*arguments)
    except Exception as error:  # noqa: BLE001 (whatever the reader's code raises is a hint for the reader)
        return None, Verdict(False, f"Your function raised {type(error).__name__}: {error}")
    if answer is None or answer is Ellipsis:
        return None, Verdict(False, EMPTY)
    value = _number(answer)
    if value is None:
        return None, Verdict(False, f"Your function should return one finite number, not {answer!r}.")
    return value, None


def _call_for_pair(function: Callable, *arguments) -> tuple[tuple | None, Verdict | None]:
    """The function's two numbers, each None where it is not finite, or the verdict that says why there are none."""
    try:
        answer = function(*arguments)
        if answer is None or answer is Ellipsis:
            return None, Verdict(False, EMPTY)
        first, second = (_number(value) for value in answer)
    except Exception as error:  # noqa: BLE001 (whatever the reader's code raises is a hint for the reader)
        return None, Verdict(False, f"It should return two numbers; it gave {type(error).__name__}: {error}")
    return (first, second), None


def _call_for_array(function: Callable, *arguments) -> tuple[np.ndarray | None, Verdict | None]:
    """The function's value as an array, or the verdict that says why there is none."""
    try:
        with np.errstate(all="ignore"):  # an overflow shows in the values
            answer = function(*arguments)
        if answer is None or answer is Ellipsis:
            return None, Verdict(False, EMPTY)
        return np.asarray(answer, float), None
    except Exception as error:  # noqa: BLE001 (whatever the reader's code raises is a hint for the reader)
        return None, Verdict(False, f"Your function raised {type(error).__name__}: {error}")


def _call_for_arrays(function: Callable, pair: str, *arguments) -> tuple[list[np.ndarray] | None, Verdict | None]:
    """The function's two arrays, or the verdict that says why there are none; `pair` names them."""
    try:
        with np.errstate(all="ignore"):
            answer = function(*arguments)
        parts = [answer] if answer is None or answer is Ellipsis else list(answer)
        if any(part is None or part is Ellipsis for part in parts):
            return None, Verdict(False, EMPTY)
        parts = [np.asarray(part, float) for part in parts]
    except Exception as error:  # noqa: BLE001 (whatever the reader's code raises is a hint for the reader)
        return None, Verdict(False, f"It should return two arrays; it gave {type(error).__name__}: {error}")
    if len(parts) != 2:
        return None, Verdict(False, f"It should return a pair, {pair}, not {len(parts)} parts.")
    return parts, None


def check_kl_of_normals(function: Callable[[float, float, float, float], float]) -> Verdict:
    """Chapter 1, exercise 1: function(μ₁, σ₁, μ₂, σ₂) = KL(N(μ₁, σ₁²)‖N(μ₂, σ₂²))."""
    arguments = (0.3, 0.5, -1.0, 2.0)
    value, problem = _call(function, *arguments)
    if problem:
        return problem
    mu1, s1, mu2, s2 = arguments
    right = kl(normal(mu1, s1), normal(mu2, s2))
    hints = {
        kl(normal(mu2, s2), normal(mu1, s1)): "That is KL with the two normals swapped: q comes first.",
        -right: "The sign is turned round: KL is never negative.",
        right + 0.5: "It misses the −½, which is the +½ of the entropy ½ log(2πeσ²): at q = p you get ½, not 0.",
        right - (s1**2 + (mu1 - mu2) ** 2) / (2 * s2**2) + (s1**2 + (mu1 - mu2) ** 2) / s2**2: (
            "The quadratic term should be divided by 2σ₂²."
        ),
        right - (mu1 - mu2) ** 2 / (2 * s2**2): "The means play no part in it yet: E_q[(θ − μ₂)²] = σ₁² + (μ₁ − μ₂)².",
    }
    for wrong, hint in hints.items():
        if _close(value, wrong):
            return Verdict(False, hint)
    if not _close(value, right):
        return Verdict(False, f"For {arguments} it gives {value:.4f}; quadrature gives {right:.4f}.")
    second, problem = _call(function, 2.0, 3.0, 2.5, 1.5)
    if problem or not _close(second, kl(normal(2, 3), normal(2.5, 1.5))):
        return Verdict(False, f"It is right for {arguments} but not for (2, 3, 2.5, 1.5).")
    return Verdict(True, f"For {arguments} quadrature gives {right:.4f}, too, and your formula needed no grid.")


def check_sigma_for_laplace(answer: float) -> Verdict:
    """Chapter 1, exercise 2: the σ that minimises KL(N(0, σ²)‖Laplace(0, 1))."""
    value = _number(answer)
    if value is None:
        return Verdict(False, EMPTY if answer is None else f"One number, please, not {answer!r}.")
    right = best_gaussian(laplace(), "KL(q‖p)").sd
    if abs(value - right) < 5e-4:
        return Verdict(True, f"σ = {right:.4f} = √(π/2); the target's own sd is √2 = 1.4142.")
    if abs(value - np.sqrt(2)) < 5e-3:
        return Verdict(
            False, "√2 is the target's sd, which is the answer for KL(p‖q). Which density do you average over?"
        )
    if abs(value - right**2) < 5e-3:
        return Verdict(False, "That is σ²; the question asks for σ.")
    if abs(value - 1 / right) < 5e-3:
        return Verdict(False, "That is 1/σ: d/dσ of −log σ is −1/σ.")
    if abs(value - right) < 0.02:
        return Verdict(False, "Close. Four digits, please.")
    loss = kl(normal(0, value), laplace()) if 0 < value < 1e6 else np.inf
    best = kl(normal(0, right), laplace())
    return Verdict(False, f"KL(q‖p) is {loss:.4f} there; it can be brought down to {best:.4f}.")


def check_towards_two(prediction: Mapping[str, str], measured: Mapping[str, float]) -> Verdict:
    """Chapter 1, exercise 3: KL(q‖p) and KL(p‖q) of N(0, 1.26²) and a Student-t as ν falls to 2."""
    words = {"KL(q‖p)": "stays below 0.1", "KL(p‖q)": "grows without bound"}
    if not (isinstance(prediction, Mapping) and isinstance(measured, Mapping)):
        return Verdict(False, f"prediction and measured should be dictionaries with the keys {list(words)}.")
    for key in words:
        if prediction.get(key) is None:
            return Verdict(False, f"Predict {key} first: {words['KL(q‖p)']!r} or {words['KL(p‖q)']!r}.")
        if not isinstance(prediction[key], str) or prediction[key] not in words.values():
            return Verdict(False, f"{key}: choose one of {list(words.values())}, not {prediction[key]!r}.")
    q, p = normal(0, 1.26), student_t(2.01)
    truth = {"KL(q‖p)": kl(q, p), "KL(p‖q)": kl(p, q)}
    for key, value in truth.items():
        answer = _number(measured.get(key))
        if answer is None:
            return Verdict(False, f"Now measure {key} at ν = 2.01 with divergences.kl(first, second).")
        other = truth["KL(p‖q)" if key == "KL(q‖p)" else "KL(q‖p)"]
        if abs(answer - other) < 0.01 * other:
            return Verdict(False, f"{key}: you have the other direction. KL(q‖p) is divergences.kl(q, p).")
        if abs(answer - value) > 0.01 * value:
            return Verdict(False, f"{key} at ν = 2.01 is not {answer:.4g}. Is q N(0, 1.26²) and ν = 2.01?")
    wrong = [key for key in words if prediction[key] != words[key]]
    surprise = f" Your prediction for {' and '.join(wrong)} was off, which is what predicting is for." if wrong else ""
    return Verdict(True, f"{truth['KL(q‖p)']:.4f} and {truth['KL(p‖q)']:.1f} nats at ν = 2.01.{surprise}")


def check_gamma_log_density(function: Callable[[np.ndarray], np.ndarray]) -> Verdict:
    """Chapter 2, exercise 1: log density of ζ = log θ, θ ~ Gamma(3, rate 2), up to a constant."""
    zeta = np.array([-1.0, 0.0, 0.7])
    values, problem = _call_for_array(function, zeta.copy())
    if problem:
        return problem
    if values.shape != zeta.shape:
        return Verdict(False, f"For 3 values of ζ it returns an array of shape {values.shape}; it should be (3,).")
    if not np.isfinite(values).all():
        return Verdict(False, f"For ζ = {zeta.tolist()} it gives {values.tolist()}; all should be finite.")
    truth = 3 * zeta - 2 * np.exp(zeta)
    # a constant does not matter; taken off each on its own, so that a huge one cannot swallow the rest
    difference = (values - values[0]) - (truth - truth[0])
    if np.ptp(difference) < 1e-4:
        return Verdict(True, "3ζ − 2e^ζ, up to a constant, and the constant does not matter.")
    hints = {
        "The Jacobian is missing: dθ/dζ = e^ζ adds + ζ.": -zeta,
        "The Jacobian has the wrong sign: |dθ/dζ| = e^ζ adds + ζ; it is dζ/dθ that would take it away.": -2 * zeta,
        "The exponent is −2θ, so e^ζ counts twice.": np.exp(zeta),
        "That takes 2 as a scale; it is a rate: e^(−2θ), not e^(−θ/2).": 1.5 * np.exp(zeta),
    }
    for hint, wrong in hints.items():
        if np.ptp(difference - wrong) < 1e-4:
            return Verdict(False, hint)
    return Verdict(
        False, "It differs from the true log density by more than a constant. Start from 2 log θ − 2θ, θ = e^ζ."
    )


def check_gamma_optimum(answer: tuple[float, float]) -> Verdict:
    """Chapter 2, exercise 2: (μ, σ) of the normal closest in KL(q‖p) to ζ = log θ, θ ~ Gamma(3, rate 2)."""
    try:
        first, second = answer if not isinstance(answer, Mapping) else ()
    except (TypeError, ValueError):
        return Verdict(False, "A pair (μ, σ), please.")
    if first is None or second is None:
        return Verdict(False, EMPTY)
    mu, sigma = _number(first), _number(second)
    if mu is None or sigma is None:
        return Verdict(False, "Two finite numbers (μ, σ), please.")
    right = np.log(3 / 2) - 1 / 6, 1 / np.sqrt(3)
    if abs(sigma - right[1]) > 1e-3:
        hint = " That is σ²." if abs(sigma - 1 / 3) < 1e-3 else " Set 1/σ = 2σ e^(μ + σ²/2) and use the equation for μ."
        return Verdict(False, f"σ is not {sigma:.4g}.{hint}")
    if abs(mu - right[0]) > 1e-3:
        mode = " That is the mode of the density of ζ: Laplace's answer." if abs(mu - np.log(1.5)) < 1e-3 else ""
        return Verdict(False, f"σ is right; μ is not {mu:.4g}.{mode} The optimum has 2 e^(μ + σ²/2) = 3.")
    return Verdict(True, "N(0.2388, 0.5774²); the truth has mean 0.2296 and sd 0.6284 (digamma and trigamma of 3).")


def check_gamma_gradient(function: Callable) -> Verdict:
    """Chapter 2, exercise 3: the reparameterised gradient of the ELBO for that target, as (∂μ, ∂ω)."""
    mu, omega, eta = 0.1, -0.4, np.random.default_rng(3).standard_normal(2000)
    sigma = np.exp(omega)
    pair, problem = _call_for_pair(function, mu, omega, eta.copy())
    if problem:
        return problem
    for_mu, for_omega = pair
    if for_mu is None or for_omega is None:
        return Verdict(False, "It should return two finite numbers: the average for μ and the average for ω.")
    slope = 3 - 2 * np.exp(mu + sigma * eta)
    if not _close(for_mu, slope.mean()):
        jacobian = " The slope of the Jacobian term, +1, is missing." if _close(for_mu, slope.mean() - 1) else ""
        return Verdict(False, f"∂μ should be the average of 3 − 2e^ζ over ζ = μ + ση.{jacobian}")
    right = (slope * sigma * eta).mean() + 1
    hints = {
        right - 1: "The entropy is missing from ∂ω: its gradient is +1.",
        (right - 1) / sigma + 1: "That differentiates by σ; with ω = log σ the chain rule brings a factor σ.",
        (right - 1) / sigma + 1 / sigma: "That is the gradient for σ; for ω = log σ multiply by σ.",
    }
    for wrong, hint in hints.items():
        if _close(for_omega, wrong):
            return Verdict(False, hint)
    if not _close(for_omega, right):
        return Verdict(False, "∂μ is right. ∂ω should be the average of slope · σ · η, plus 1 for the entropy.")
    return Verdict(True, "Both parts are right. In chapter 3 a machine writes them for you.")


def check_prior_sd(answer: float) -> Verdict:
    """Chapter 3, exercise 1: the sd of a normal prior on the logit with 5 % beyond ±logit(0.99)."""
    value = _number(answer)
    if value is None:
        return Verdict(False, EMPTY if answer is None or answer is Ellipsis else f"One number, please, not {answer!r}.")
    edge = special.logit(0.99)
    right = edge / stats.norm.ppf(0.975)
    if abs(value - right) < 1.5e-3:
        return Verdict(True, f"{right:.4f}, less than half of the 5 that looked harmless.")
    hints = {
        edge / stats.norm.ppf(0.95): "That leaves 5 % on each side; both sides together should have 5 %.",
        edge: "That is the edge, logit(0.99). Which quantile of the normal should lie there?",
        right**2: "That is the variance; the question asks for the sd.",
        1 / right: "Turned over: the edge is 1.96 sd from 0, so the sd is the edge divided by 1.96.",
    }
    for wrong, hint in hints.items():
        if abs(value - wrong) < 5e-3:
            return Verdict(False, hint)
    if abs(value - right) < 0.02:
        return Verdict(False, "Close. Three decimals, please.")
    if value <= 0:
        return Verdict(False, "An sd is positive.")
    return Verdict(False, f"With an sd of {value:.4g} the probability is {2 * stats.norm.sf(edge, scale=value):.1%}.")


def check_mean_field_sds(function: Callable[[np.ndarray], np.ndarray]) -> Verdict:
    """Chapter 3, exercise 2: covariance of a Gaussian target → sds of the best mean-field normal."""
    two, three = [[1.0, -0.6], [-0.6, 0.8]], [[2.0, 0.9, -0.3], [0.9, 1.0, 0.2], [-0.3, 0.2, 0.5]]
    for covariance in map(np.array, (three, two)):
        values, problem = _call_for_array(function, covariance.copy())
        if problem:
            return problem
        n = len(covariance)
        if values.shape != (n,):
            return Verdict(False, f"For {n} × {n} it returns shape {values.shape}; it should be ({n},): one sd each.")
        variance, precision = np.diag(covariance), np.diag(np.linalg.inv(covariance))
        hints = (
            (np.sqrt(variance), "Those are the target's own sds. The best mean-field ones are smaller."),
            (variance, "Those are the target's variances. The best mean-field sds are smaller than their roots."),
            (1 / precision, "Those are the variances 1/Λᵢᵢ; take the root."),
            (precision, "That is Λᵢᵢ, a precision: a large one means a small sd."),
            (np.sqrt(precision), "√Λᵢᵢ turned over is the answer: a large precision means a small sd."),
            (1 / np.sqrt(variance), "Λ is the inverse of the covariance, as a matrix; then its diagonal."),
            (1 / variance, "Λ is the inverse of the covariance, as a matrix; then its diagonal."),
        )
        for wrong, hint in hints:
            if np.allclose(values, wrong, atol=1e-4):
                return Verdict(False, hint)
        if not np.allclose(values, 1 / np.sqrt(precision), atol=1e-4):
            return Verdict(False, f"For the covariance {covariance.tolist()} {values.round(4)} is not the optimum.")
    return Verdict(True, "1/√Λᵢᵢ, the conditional sds. Without correlations they are the target's own.")


def check_quadratic_model(function: Callable) -> Verdict:
    """Chapter 3, exercise 3: (x, y) → PyMC model, logit p = intercept + slope x + bend x², priors Normal(0, 5)."""
    x, y = np.array([-1.2, 0.3, 0.8, 2.0]), np.array([0, 1, 0, 1])
    names = ("intercept", "slope", "bend")
    try:
        model = function(x.copy(), y.copy())
        if model is None:
            return Verdict(False, "It returns None: does it end in `return model`?")
        found = {v.name for v in model.free_RVs}
    except Exception as error:  # noqa: BLE001 (whatever the reader's code raises is a hint for the reader)
        return Verdict(False, f"Your function should return a model; it gave {type(error).__name__}: {error}")
    if not found:
        return Verdict(False, EMPTY)
    if found > set(names) and not model.observed_RVs:
        return Verdict(False, f"Nothing is observed yet: {min(found - set(names))} needs observed=y.")
    if found != set(names):
        return Verdict(False, f"The parameters should be {', '.join(names)}; yours are {', '.join(sorted(found))}.")
    if not model.observed_RVs:
        return Verdict(False, "Nothing is observed yet: the likelihood needs observed=y.")
    point = {"intercept": -0.7, "slope": 1.1, "bend": 0.6}
    theta = np.array([point[name] for name in names])
    z = np.stack([np.ones(4), x, x**2], axis=1) @ theta
    prior, likelihood = stats.norm.logpdf(theta, 0, 5).sum(), (y * z - np.logaddexp(0, z)).sum()
    without_bend = z - point["bend"] * x**2
    try:
        value = float(model.compile_logp()(point))
        value_prior = float(model.compile_logp(vars=model.free_RVs)(point))
    except Exception as error:  # noqa: BLE001 (whatever the reader's code raises is a hint for the reader)
        return Verdict(False, f"The log density of your model cannot be computed: {type(error).__name__}: {error}")
    if not _close(value_prior, prior):
        return Verdict(
            False, f"The priors differ: their log density is {value_prior:.3f} where it should be {prior:.3f}."
        )
    slips = {
        "bend has its prior, but no part in logit p yet.": without_bend,
        "bend should multiply x², not x.": without_bend + point["bend"] * x,
        "slope and bend have changed places.": point["intercept"] + point["bend"] * x + point["slope"] * x**2,
    }
    for hint, logit in slips.items():
        if _close(value, prior + (y * logit - np.logaddexp(0, logit)).sum()):
            return Verdict(False, hint)
    if value == -np.inf:
        return Verdict(False, "The log likelihood is −∞: p= must lie between 0 and 1. Use logit_p=.")
    if not _close(value, prior + likelihood):
        return Verdict(
            False, f"The priors are right; the log likelihood is {value - value_prior:.3f}, not {likelihood:.3f}."
        )
    return Verdict(True, "Its log density agrees with the formula at a test point.")


def check_mode_weights(function: Callable[[np.ndarray], np.ndarray]) -> Verdict:
    """Chapter 4, exercise 1: ELBOs of separate modes → their weights."""
    for elbos in (
        np.log([0.2, 0.5, 0.3]),
        np.array([-5000.0, -5001.0, -5003.0]),
        np.array([-3000.0, -5000.0, -3001.0]),
    ):
        right = special.softmax(elbos)
        values, problem = _call_for_array(function, elbos.copy())
        if problem:
            return problem
        if values.shape != (3,):
            return Verdict(False, f"For 3 ELBOs it returns shape {values.shape}; it should be (3,).")
        if not np.isfinite(values).all() or values.sum() == 0:
            return Verdict(
                False, f"For {elbos.round(2).tolist()} it gives {values}: take the largest ELBO off before exp."
            )
        if np.allclose(values, special.softmax(-elbos), atol=1e-4):
            return Verdict(False, "A larger ELBO should have the larger weight: the sign is turned round.")
        if np.allclose(values, elbos / elbos.sum(), atol=1e-4):
            return Verdict(False, "ELBOs are logarithms: the weights are proportional to e^ELBO.")
        if abs(values.sum() - 1) > 1e-4:
            return Verdict(False, f"The weights should sum to 1; yours sum to {values.sum():.4g}.")
        if not np.allclose(values, right, atol=1e-4):
            return Verdict(False, f"For {elbos.round(3).tolist()} it gives {values.round(4)}, not {right.round(4)}.")
    return Verdict(True, "A softmax, and it survives −5,000.")


def check_kernel_gradient(function: Callable[[np.ndarray, np.ndarray, float], np.ndarray]) -> Verdict:
    """Chapter 4, exercise 2: ∇ of exp(−‖x′ − x‖²/h) with respect to x′."""
    pairs = (([0.3, -1.0], [1.0, -0.4], 0.8), ([0.3, -1.0, 0.2], [1.0, -0.4, 0.1], 1.7))
    for other, x, h in ((np.array(a), np.array(b), h) for a, b, h in pairs):
        kernel = np.exp(-((x - other) ** 2).sum() / h)
        right = 2 / h * (x - other) * kernel
        values, problem = _call_for_array(function, other.copy(), x.copy(), h)
        if problem:
            return problem
        if values.shape != x.shape:
            return Verdict(
                False, f"For points of shape {x.shape} it returns shape {values.shape}; a gradient has theirs."
            )
        per_axis = 2 / h * (x - other) * np.exp(-((x - other) ** 2) / h)
        hints = (
            (-right, "The sign: that is the gradient with respect to x. With respect to x′ it points from x′ to x."),
            (right / 2, "The 2 of the square is missing."),
            (-right / 2, "The sign, and the 2 of the square: with respect to x′ it points from x′ to x."),
            (right * h, "The inner derivative of −‖x′ − x‖²/h has a factor 1/h."),
            (right / kernel, "The kernel itself is missing: d/dz e^z = e^z."),
            (per_axis, "In the exponent stands one number, the sum of squares over the dimensions."),
        )
        for wrong, hint in hints:
            if np.allclose(values, wrong, atol=1e-4):
                return Verdict(False, hint)
        if not np.allclose(values, right, atol=1e-4):
            return Verdict(
                False, f"At x′ = {other}, x = {x}, h = {h} it gives {values.round(4)}, not {right.round(4)}."
            )
    return Verdict(True, "It points from x′ to x: away from the neighbour.")


def check_stop_when_flat(callback: Callable) -> Verdict:
    """Chapter 4, exercise 3: raise StopIteration once the mean of the last 500 losses stops falling."""
    noise = np.random.default_rng(4).standard_normal(4000)
    falling, flat = noise + 500 - 0.1 * np.arange(4000), noise + 40
    late = np.concatenate([falling[:2000], falling[1999] + noise[2000:]])

    def stopped_at(losses: np.ndarray) -> int | None:
        for k in range(1, len(losses) + 1):  # as PyMC calls it
            try:
                callback(None, losses[:k].copy(), k)
            except StopIteration:
                return k
        return None

    try:
        at = {name: stopped_at(losses) for name, losses in {"falling": falling, "flat": flat, "late": late}.items()}
    except Exception as error:  # noqa: BLE001 (whatever the reader's code raises is a hint for the reader)
        return Verdict(False, f"Your callback raised {type(error).__name__}: {error}")
    if at["flat"] is None and at["late"] is None:
        return Verdict(False, "It never stops, not even at a loss that has long been flat: raise StopIteration.")
    if any(k is not None and k < 999 for k in at.values()):
        return Verdict(
            False,
            f"It stops at iteration {min(k for k in at.values() if k is not None)}, before there are 1,000 losses.",
        )
    if at["falling"] is not None:
        return Verdict(False, f"It stops at iteration {at['falling']} of a loss that is still falling.")
    if at["late"] is None or at["late"] > 3600 or at["flat"] > 2600:
        return Verdict(False, "It stops, but late: compare the last 500 with the 500 before them, at every call.")
    if at["late"] < 2100:
        return Verdict(
            False,
            f"A loss that falls until 2,000 made it stop at {at['late']}: compare means of 500, not single losses.",
        )
    return Verdict(True, "It lets a falling loss fall, and stops at a flat one.")


def check_estimate(function: Callable[[float, float, float], float]) -> Verdict:
    """Chapter 5, exercise 1: log prior, clicks (500 of 1,000,000 rows), survey (whole) → unbiased log posterior."""
    for prior, clicks, survey in ((-4.2, -2.6, -31.3), (-7.1, -3.3, -11.4)):
        value, problem = _call(function, prior, clicks, survey)
        if problem:
            return problem
        both = clicks + survey
        hints = (
            (prior + both, "Nothing is scaled: each of the 500 rows in the batch stands for 2,000 of the table."),
            (prior + 2000 * both, "The survey is whole: all its 2,000 answers are there, so it counts once."),
            (prior + 2000 * survey + clicks, "It is the clicks that are a batch; the survey is whole."),
            (prior + 1_002_000 / 2_500 * both, "Two tables, two factors: 2,000 for the clicks and 1 for the survey."),
            (2000 * (prior + both), "The prior and the survey are no batches: only the clicks are scaled."),
            (2000 * (prior + clicks) + survey, "The prior counts once, however many rows there are."),
            (prior + clicks / 2000 + survey, "The factor is turned over: a batch is too small, so it is scaled up."),
            (prior + clicks / 500 + survey / 2000, "Those are averages per row; the log posterior is a sum."),
            (prior + clicks / 500 + survey, "The average over the batch stands for one row; there are 1,000,000."),
            (prior + 1_000_000 * clicks + survey, "clicks is a sum over 500 rows already: scale by 1,000,000 / 500."),
            (2000 * clicks + survey, "The log prior is missing."),
            (prior + 2000 * clicks, "The survey is missing."),
        )
        for wrong, hint in hints:
            if np.isclose(value, wrong, rtol=1e-5, atol=0):
                return Verdict(False, hint)
        right = prior + 2000 * clicks + survey
        if not np.isclose(value, right, rtol=1e-5, atol=0):
            return Verdict(False, f"For {(prior, clicks, survey)} it gives {value:.6g}, not {right:.6g}.")
    return Verdict(True, "The clicks count 2,000 times; the prior and the survey, which are whole, count once.")


def check_epochs(function: Callable[[int, int, int, np.random.Generator], np.ndarray]) -> Verdict:
    """Chapter 5, exercise 2: (rows, steps, batch_size, rng) → the row numbers of each step, in shuffled epochs."""
    found = []

    def keep(*arguments):  # as it is: _call_for_array makes floats of it
        found.append(function(*arguments))
        return found[-1]

    for rows, steps, batch_size in ((23, 20, 5), (40, 12, 10)):
        case = f"For {rows} rows, {steps} steps and batches of {batch_size}"
        runs = []
        for seed in (1, 1, 2):
            values, problem = _call_for_array(keep, rows, steps, batch_size, np.random.default_rng(seed))
            if problem:
                return problem
            if values.shape == (batch_size, steps):
                return Verdict(False, f"{case} it returns shape {values.shape}: a row for each step, please.")
            if values.shape != (steps, batch_size):
                return Verdict(False, f"{case} it returns shape {values.shape}, not {(steps, batch_size)}.")
            runs.append(values.copy())
        if np.asarray(found[-1]).dtype.kind not in "iu":
            return Verdict(False, f"Row numbers should be integers; yours are {np.asarray(found[-1]).dtype}.")
        if hint := _slip_in_epochs(runs[0].ravel(), rows, batch_size):
            return Verdict(False, f"{case}: {hint}")
        if not np.array_equal(runs[0], runs[1]):
            return Verdict(False, "Two generators with the same seed give different orders: draw from rng only.")
        if np.array_equal(runs[0], runs[2]):
            return Verdict(False, "Generators with different seeds give the same order: draw from rng.")
    return Verdict(True, "Each row once in each epoch, in a new order, also across the seams between epochs.")


def _slip_in_epochs(flat: np.ndarray, rows: int, batch_size: int) -> str | None:
    """What is wrong with these row numbers, read row by row, or None."""

    def repeats(size):
        return any(len(np.unique(flat[k : k + size])) < len(flat[k : k + size]) for k in range(0, len(flat), size))

    if flat.min() == 1 and flat.max() == rows:
        return f"rows are numbered from 0, so to {rows - 1}, not to {rows}."
    if flat.min() < 0 or flat.max() >= rows:
        return f"the row numbers run from {flat.min():.0f} to {flat.max():.0f}, not from 0 to {rows - 1}."
    if np.mean(np.diff(flat) == 1) > 0.5:
        return "not shuffled: rows that are neighbours in the table come one after the other."
    left_over = rows % batch_size
    if repeats(rows) and left_over and not repeats(rows - left_over):
        return f"an epoch drops its last {left_over} rows. Join the epochs first, then cut them into batches."
    if repeats(rows):
        return "some row comes twice within an epoch. Shuffle all rows, and draw none again before all were used."
    if any(np.array_equal(flat[k : k + rows], flat[: len(flat[k:])][:rows]) for k in range(rows, len(flat), rows)):
        return "two epochs have the same order: shuffle anew for each."
    return None


def check_steps_needed(function: Callable[[int, int, float], float]) -> Verdict:
    """Chapter 5, exercise 3: (rows, batch_size, error in posterior sds) → steps, half of which are averaged."""
    for rows, batch_size, error in ((1_000_000, 500, 0.05), (1_010, 32, 0.2)):
        value, problem = _call(function, rows, batch_size, error)
        if problem:
            return problem

        def near(number, value=value):  # or rounded up, the averaged half on its own, too
            return abs(value - number) < 1e-6 * number or (value == round(value) and 0 <= value - number <= 2)

        epoch = rows / batch_size
        right = 2 * epoch / error**2
        hints = (
            (right / 2, "Only the second half of the steps is averaged: twice as many are needed."),
            (right / 4, "The half that is averaged makes for twice the steps, not half of them."),
            (2 * epoch / error, "1/error should be squared: error = 1/√epochs means epochs = 1/error²."),
            (epoch / error, "1/error should be squared, and only the second half of the steps is averaged."),
            (2 * epoch / np.sqrt(error), "error = 1/√epochs: solve it for the epochs, by squaring, not by a root."),
            (np.sqrt(right), "The root is one too many: error = 1/√epochs means epochs = 1/error²."),
            (2 * epoch * error**2, "A smaller error should take more steps: divide by error²."),
            (1 / error**2, "Those are the epochs averaged; the question asks for steps, rows/batch_size to an epoch."),
            (2 / error**2, "Those are epochs; the question asks for steps, rows/batch_size to an epoch."),
            (2 * rows / error**2, "Those are rows; a step uses batch_size of them."),
        )
        for wrong, hint in hints:
            if near(wrong):
                return Verdict(False, hint)
        if not near(right):
            message = f"For {(rows, batch_size, error)} it gives {value:.6g}, not {right:.6g}."
            return Verdict(False, f"{message} If you round, round up, and only at the end.")
    return Verdict(True, "For a million rows, batches of 500 and 0.05 sd that is 1,600,000 steps, 800 epochs.")


def check_split(function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> Verdict:
    """Chapter 6, exercise 1: P(class 1), shape (draws, points) → label noise and ignorance, each (points,)."""
    for shape in ((6, 4), (5, 9)):
        p = np.random.default_rng(61).uniform(size=shape)
        parts, problem = _call_for_arrays(function, "(label_noise, ignorance)", p.copy())
        if problem:
            return problem
        for part in parts:
            if part.shape == shape[:1]:
                return Verdict(False, "That averages over the points. Average over the draws of the weights: axis=0.")
            if part.shape != shape[1:]:
                return Verdict(False, f"For p of shape {shape} each part should have {shape[1:]}, not {part.shape}.")
        total, noise, spread = p.mean(0) * (1 - p.mean(0)), (p * (1 - p)).mean(0), p.var(0)
        slips = (
            (spread, noise, "They have changed places: label noise first, then ignorance."),
            (total, None, "p̄(1 − p̄) is the sum of both parts. For label noise multiply first, then average."),
            (None, total, "p̄(1 − p̄) is the sum of both parts; ignorance is only the variance of p."),
            (None, p.var(0, ddof=1), "That divides by draws − 1; for parts that add up to p̄(1 − p̄) use ddof=0."),
            (None, p.std(0), "That is the sd of p; the parts add up as variances."),
            (None, p.std(0, ddof=1), "That is the sd of p (with ddof=1); take the variance, with ddof=0."),
        )
        for *wrong, hint in slips:
            if all(w is None or np.allclose(part, w, atol=1e-4) for part, w in zip(parts, wrong, strict=True)):
                return Verdict(False, hint)
        for part, right, name in zip(parts, (noise, spread), ("E[p(1 − p)]", "Var[p]"), strict=True):
            if not np.allclose(part, right, atol=1e-4):
                return Verdict(False, f"For p of shape {shape} {name} is {right.round(3)}, not {part.round(3)}.")
    return Verdict(True, "E[p(1 − p)] and Var[p], and together they are p̄(1 − p̄).")


def check_log_copies(function: Callable[[tuple[int, ...]], float]) -> Verdict:
    """Chapter 6, exercise 2: widths of the hidden layers → log of the number of copies of every weight vector."""
    for widths in ((5, 5), (4, 7, 2)):
        value, problem = _call(function, widths)
        if problem:
            return problem
        h = np.array(widths)
        signs, orders = h * np.log(2), special.gammaln(h + 1)
        right = (signs + orders).sum()
        hints = (
            (orders.sum(), "The signs are missing: each unit can turn the sign of what enters and of what leaves it."),
            (signs.sum(), "The orders are missing: the h units of a layer can stand in h! orders."),
            ((np.log(2) + orders).sum(), "Each unit can flip its sign on its own: a layer has 2^h choices, not 2."),
            (np.exp(right), "That is the number itself; take its logarithm."),
            (right / np.log(10), "That is the logarithm to base 10; the natural one, please."),
            (right / np.log(2), "That is the logarithm to base 2; the natural one, please."),
            ((signs + special.gammaln(h)).sum(), "That has (h − 1)!; log h! is gammaln(h + 1)."),
            ((h - 1) @ np.full(len(h), np.log(2)) + special.gammaln(h).sum(), "h units, not h − 1: h log 2 + log h!."),
            ((signs + orders)[0], "That is the first layer alone; each hidden layer has its own choices."),
            (special.logsumexp(signs + orders), "The choices of the layers multiply: add their logarithms."),
            (signs.sum() + special.gammaln(h.sum() + 1), "Units can change places only within their own layer."),
        )
        for wrong, hint in hints:
            if np.isclose(value, wrong, rtol=1e-5):
                return Verdict(False, hint)
        if not np.isclose(value, right, rtol=1e-5):
            return Verdict(False, f"For {widths} it gives {value:.4f}. Count the signs and the orders of each layer.")
    value, problem = _call(function, (200, 300))
    if problem or not np.isclose(value, 500 * np.log(2) + special.gammaln([201, 301]).sum(), rtol=1e-5):
        detail = problem.message if problem else f"It gives {value:.4f}."
        return Verdict(False, f"Right for small layers, not for (200, 300). {detail} log h! is special.gammaln(h + 1).")
    return Verdict(True, "For (5, 5) 16.5: some 15 million copies of every mode.")


def check_twin(function: Callable[[np.ndarray], np.ndarray]) -> Verdict:
    """Chapter 6, exercise 3: weights w, shape (40,) → other weights with the same logits everywhere."""
    from helpers.models.moons import logits

    grid = np.stack(np.meshgrid(*[np.linspace(-3, 3, 13)] * 2), axis=-1).reshape(-1, 2)
    for seed in (1, 2):
        w = np.random.default_rng(seed).standard_normal(40)
        given = w.copy()
        v, problem = _call_for_array(function, given)
        if problem:
            return problem
        if v.shape != (40,):
            return Verdict(False, f"It returns shape {v.shape}; it should be (40,): w1, w2 and w3 in one vector.")
        if not np.isfinite(v).all():
            return Verdict(False, "Some of its weights are not finite.")
        if not np.array_equal(given, w):
            return Verdict(False, "It changes w itself, so that w is lost: start from w.copy().")
        moved = np.abs(v - w) > 1e-3
        if not moved.any():
            return Verdict(False, "That is w itself: swap two hidden units, or turn the signs of one.")
        here, there = logits(w, grid), logits(v, grid)
        off = f"the logits differ by up to {np.abs(there - here).max():.2g}"
        if np.allclose(there, here, rtol=0, atol=1e-4):
            continue
        if np.allclose(there, -here, rtol=0, atol=1e-4):
            return Verdict(False, "That turns the sign of the logit: three layers, three times −1. Turn one unit only.")
        changed = [n for n, part in zip(("w1", "w2", "w3"), np.split(moved, [10, 35]), strict=True) if part.any()]
        if len(changed) == 1:
            return Verdict(False, f"Only {changed[0]} has changed, and {off}. What leaves a unit must follow.")
        w1, w2 = v[:10].reshape(2, 5), v[10:35].reshape(5, 5)
        if any(len(np.unique(units, axis=0)) < 5 for units in (w1.T, w2, w2.T)):
            return Verdict(False, f"Two units have the same weights now, and {off}: a swap of slices needs a copy.")
        return Verdict(
            False,
            f"With your weights {off}. A first-layer unit has a column of w1 and a row of w2; "
            "a second-layer unit has a column of w2 and an entry of w3.",
        )
    return Verdict(True, "Other weights, the same function: every mode of the posterior has such a twin.")


def check_bald(function: Callable[[np.ndarray], np.ndarray]) -> Verdict:
    """Chapter 7, exercise 1: probabilities (draws, points, classes) → BALD of each point, in nats."""
    rng = np.random.default_rng(71)
    for draws, points, classes in ((6, 4, 3), (5, 7, 2)):
        p = rng.dirichlet(np.full(classes, 0.7), size=(draws, points))
        for certain in (False, True):
            if certain:
                p[: draws // 2] = np.eye(classes)[0]
            values, problem = _call_for_array(function, p.copy())
            if problem:
                return problem
            case = f"For p of shape {p.shape}"
            if values.shape != (points,):
                return Verdict(False, f"{case} it returns shape {values.shape}; it should be ({points},).")
            if not np.isfinite(values).all():
                return Verdict(False, "Where p = 0 it is not finite: p log p → 0 there, which special.entr knows.")
            total = special.entr(p.mean(axis=0)).sum(axis=-1)
            noise = special.entr(p).sum(axis=-1).mean(axis=0)
            first = special.entr(p.mean(axis=0))[:, 0] - special.entr(p[..., 0]).mean(axis=0)
            slips = (
                (total, "That is the total entropy; take the average entropy of the draws off."),
                (noise, "That is the average entropy, the label noise. BALD is what it lacks to the total."),
                (noise - total, "The sign: the total entropy comes first, so that BALD is never negative."),
                (total + noise, "Take the average entropy off; do not add it."),
                ((total - noise) / np.log(2), "That is in bits; nats, please: natural logarithms."),
                (first, "That is the first class alone: sum the entropy over all classes."),
                ((total - noise) / classes, "Sum over the classes; do not average over them."),
                (p.var(axis=0).sum(axis=-1), "That is the variance of p over the draws; BALD measures entropies."),
            )
            for wrong, hint in slips:
                if np.allclose(values, wrong, atol=1e-4):
                    return Verdict(False, hint)
            if not np.allclose(values, total - noise, atol=1e-4):
                return Verdict(False, f"{case} it gives {values.round(3)}, not {(total - noise).round(3)}.")
    return Verdict(True, "What a label is expected to tell about the weights, for any number of classes.")


def check_layered_weights(function: Callable) -> Verdict:
    """Chapter 7, exercise 2: centre (40,), log_spread (3,), offset (groups, 40) → weights (groups, 40)."""
    sizes = [10, 25, 5]
    for groups in (4, 3):
        rng = np.random.default_rng(groups)
        centre, log_spread, offset = rng.normal(size=40), rng.normal(-1, 0.5, size=3), rng.normal(size=(groups, 40))
        values, problem = _call_for_array(function, centre.copy(), log_spread.copy(), offset.copy())
        if problem:
            return problem
        if values.shape != (groups, 40):
            return Verdict(False, f"For {groups} groups it returns shape {values.shape}, not ({groups}, 40).")
        scale = np.repeat(np.exp(log_spread), sizes)
        slips = (
            (
                centre + np.repeat(log_spread, sizes) * offset,
                "log_spread is a logarithm: the spread is its exponential.",
            ),
            (scale * offset, "The centre is missing: the groups are scattered around it."),
            (centre + offset, "The spreads play no part in it yet."),
            (scale * (centre + offset), "The spread belongs to the offset only, not to the centre."),
            (offset, "Those are the offsets, which are N(0, 1): scale them, and add the centre."),
            (centre + scale**2 * offset, "That multiplies by the variance; a spread is an sd."),
            (centre + np.resize(np.exp(log_spread), 40) * offset, "One spread for each layer: ten times the first, …"),
            (centre + np.exp(log_spread)[0] * offset, "Each layer has its own spread: np.repeat(…, [10, 25, 5])."),
            (
                centre + np.repeat(np.exp(log_spread), [10, 5, 25]) * offset,
                "The layers have 10, 25 and 5 weights, in that order.",
            ),
        )
        for wrong, hint in slips:
            if np.allclose(values, wrong, atol=1e-4):
                return Verdict(False, hint)
        if not np.allclose(values, centre + scale * offset, atol=1e-4):
            worst = int(np.abs(values - centre - scale * offset).max(axis=0).argmax())
            return Verdict(False, f"It should be centre + spread · offset; weight number {worst} is off the most.")
    return Verdict(True, "Three numbers now say how much each layer may differ between the groups.")


def check_paired(function: Callable) -> Verdict:
    """Chapter 7, exercise 3: scores of two methods on the same data sets → mean of a − b and its standard error."""
    for n in (9, 14):
        rng = np.random.default_rng(n)
        a = rng.normal(-0.4, 0.2, size=n)
        b = a - rng.normal(0.05, 0.03, size=n)
        pair, problem = _call_for_pair(function, a.copy(), b.copy())
        if problem:
            return problem
        mean, error = pair
        if mean is None or error is None:
            return Verdict(False, "It should return two finite numbers: the mean difference and its standard error.")
        gap = a - b
        if abs(mean + gap.mean()) < 1e-5:
            return Verdict(False, "The sign: the question asks for a − b.")
        if abs(mean - gap.mean()) > 1e-5:
            return Verdict(False, f"The mean of a − b is {gap.mean():.4f} for a test case, not {mean:.4f}.")
        hints = (
            (
                np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / n),
                "Those are the errors of two separate samples. Pairs first:",
            ),
            (np.sqrt((a.var() + b.var()) / n), "Those are the errors of two separate samples. Pairs first:"),
            (gap.std(ddof=1), "That is the sd of one difference; the mean of n varies less, by √n:"),
            (gap.std(), "That is the sd of one difference; the mean of n varies less, by √n:"),
            (gap.var(ddof=1) / n, "That is the variance of the mean; take the root:"),
            (gap.std(ddof=1) / n, "The mean of n varies less by √n, not by n:"),
            (gap.std() / np.sqrt(n), "The sd of a sample divides by n − 1 (ddof=1):"),
        )
        for wrong, hint in hints:
            if abs(error - wrong) < 1e-6:
                return Verdict(False, f"{hint} the sd of a − b over √n is {gap.std(ddof=1) / np.sqrt(n):.5f}.")
        if abs(error - gap.std(ddof=1) / np.sqrt(n)) > 1e-5:
            return Verdict(False, f"The standard error should be {gap.std(ddof=1) / np.sqrt(n):.5f}, not {error:.5f}.")
    return Verdict(True, "Where data sets differ more than methods, pairs see what two separate errors hide.")


def check_one_step_ahead(function: Callable[[np.ndarray, np.ndarray, float, float], np.ndarray]) -> Verdict:
    """Chapter 8, exercise 1: features (n, size), y (n,), α, β → log p(yᵢ | those before) of a Bayesian line, (n,)."""
    for n, size, alpha, beta in ((6, 2, 0.7, 4.0), (8, 3, 2.0, 25.0)):
        rng = np.random.default_rng(n)
        features = rng.normal(size=(n, size))
        y = features @ rng.normal(size=size) + beta**-0.5 * rng.normal(size=n)
        values, problem = _call_for_array(function, features.copy(), y.copy(), alpha, beta)
        if problem:
            return problem
        right, slips = _one_step_ahead(features, y, alpha, beta)
        if values.shape == (n - 1,) and np.allclose(values, right[1:], atol=1e-4):
            return Verdict(False, "The first is missing: before any data the prior predicts, with mean 0.")
        if values.size == 1 and np.allclose(values, right.sum(), atol=1e-4):
            return Verdict(False, "That is their sum, the log evidence; the question asks for each of them.")
        if values.shape != (n,):
            return Verdict(False, f"For {n} readings it returns shape {values.shape}; it should be ({n},).")
        for wrong, hint in slips:
            if np.allclose(values, wrong, atol=1e-4):
                return Verdict(False, hint)
        if not np.allclose(values, right, atol=1e-4):
            i = int(np.flatnonzero(~np.isclose(values, right, atol=1e-4))[0])
            return Verdict(False, f"For i = {i + 1} of {n} it gives {values[i]:.4f}, not {right[i]:.4f}.")
    return Verdict(True, "Their sum is the log evidence: it tests each prediction on a reading not yet seen.")


def _line_at(features, y, known, alpha, beta) -> np.ndarray:
    """Mean and variance of the Bayesian line at each row, from the readings `known` there: shape (2, n)."""
    found = []
    for phi, rows in zip(features, known, strict=True):
        before = features[rows]
        covariance = np.linalg.inv(alpha * np.eye(len(phi)) + beta * before.T @ before)
        found.append((beta * phi @ covariance @ before.T @ y[rows], phi @ covariance @ phi))
    return np.transpose(found)


def _one_step_ahead(features, y, alpha, beta) -> tuple[np.ndarray, tuple]:
    """The right values, and those of the usual slips with their hints."""

    def log_p(mean, variance):
        return stats.norm.logpdf(y, mean, np.sqrt(variance))

    def predicted(known, alpha=alpha, beta=beta):
        mean, line = _line_at(features, y, known, alpha, beta)
        return log_p(mean, line + 1 / beta)

    rows = np.arange(len(y))
    past = [rows[:i] for i in rows]
    mean, line = _line_at(features, y, past, alpha, beta)
    right = log_p(mean, line + 1 / beta)
    return right, (
        (predicted([rows] * len(y)), "That uses all the data for each, yᵢ itself, too: only those before, please."),
        (predicted([rows[: i + 1] for i in rows]), "Off by one: yᵢ must not help to predict yᵢ itself."),
        (predicted([np.delete(rows, i) for i in rows]), "That leaves one out; those after it must go, too."),
        (predicted([rows[i + 1 :] for i in rows]), "That predicts from those after it, not before."),
        (predicted([rows[:0]] * len(y)), "That is the prior's prediction for each; what came before it is known."),
        (predicted([early[1:] for early in past]), "The first reading is never learnt from."),
        (predicted([early[:-1] for early in past]), "One step late: the reading just before it is known, too."),
        (predicted(past, beta=1 / beta), "β is a precision: the noise has variance 1/β."),
        (predicted(past, alpha=1 / alpha), "α is a precision: the prior has variance 1/α."),
        (log_p(mean, line), "The noise is missing: a reading varies by 1/β more than the line does."),
        (log_p(mean, 0 * line + 1 / beta), "That has the noise alone: the line is uncertain, too, by φᵀSφ."),
        (log_p(mean, (line + 1 / beta) ** 2), "φᵀSφ + 1/β is a variance; the density wants the sd, its root."),
        (log_p(mean, (np.sqrt(line) + beta**-0.5) ** 2), "Variances add, not sds."),
        (np.cumsum(right), "Those are running sums, the log evidence so far; the question asks for the steps."),
        (np.exp(right), "Those are densities; take their logarithms."),
        (-right, "The sign: log p, not −log p."),
    )


def check_log_acceptance(function: Callable[[Callable, float, float], float]) -> Verdict:
    """Chapter 8, exercise 2: log p̃, σ, σ′ → log acceptance probability, where σ′ = σ exp(step · η), η ~ N(0, 1)."""

    def log_p(sigma):
        return 0.4 + 5 * np.log(sigma) - 3 * sigma

    pairs = [(0.6, 0.9), (0.9, 0.6), (2.0, 2.7), (3.0, 1.6), (0.7, 4.0), (0.3, 0.5), (1.9, 2.1)]
    values = []
    for pair in pairs:
        value, problem = _call(function, log_p, *pair)
        if problem:
            return problem
        values.append(value)
    sigma, proposal = np.transpose(pairs)
    gain, turn = log_p(proposal) - log_p(sigma), np.log(proposal / sigma)
    right = np.minimum(0, gain + turn)
    if np.allclose(values, right, atol=1e-4):
        value, problem = _call(function, log_p, 1.5, 700.0)
        far = log_p(700.0) - log_p(1.5) + np.log(700 / 1.5)
        if problem or not np.isclose(value, far, rtol=1e-5):
            return Verdict(
                False, f"Right, but not at σ′ = 700, where it is {far:.1f}: stay with logarithms throughout."
            )
        return Verdict(True, "p̃(σ′)σ′ over p̃(σ)σ: Metropolis' rule for log σ, Jacobian included.")
    if hint := _slip_in_log_acceptance(np.array(values), gain, turn, sigma, proposal, log_p):
        return Verdict(False, hint)
    worst = int(np.abs(values - right).argmax())
    case = f"For log p̃ = 5 log σ − 3σ + 0.4, σ = {sigma[worst]} and σ′ = {proposal[worst]}"
    return Verdict(False, f"{case} it gives {values[worst]:.4f}, not {right[worst]:.4f}.")


def _slip_in_log_acceptance(values, gain, turn, sigma, proposal, log_p) -> str | None:
    """What is wrong with these values, where `gain` is log p̃(σ′)/p̃(σ) and `turn` is log σ′/σ, or None."""
    slips = (
        (gain, "The correction is missing: q(σ | σ′)/q(σ′ | σ) is not 1 here. The chain would draw from p̃(σ)/σ."),
        (gain - turn, "The correction is the wrong way round: the chain would draw from p̃(σ)/σ²."),
        (-gain - turn, "The whole ratio is turned round: the proposal belongs above the fraction line."),
        (-gain, "The ratio is turned round, p̃(σ′) belongs above p̃(σ); and Hastings' correction is missing."),
        (turn - gain, "The ratio of p̃ is turned round: p̃(σ′) belongs above p̃(σ)."),
        (gain + proposal / sigma, "Among logarithms the correction is one, too: log(σ′/σ)."),
        (gain + proposal - sigma, "The correction is log σ′ − log σ, not σ′ − σ."),
        (gain + 2 * turn, "The correction counts twice."),
        (turn, "That is Hastings' correction alone; p̃ plays no part in it yet."),
        (log_p(proposal) + turn, "p̃(σ′) alone: it must be compared with p̃(σ), where the chain stands."),
        (log_p(proposal), "p̃(σ′) alone: it must be compared with p̃(σ), where the chain stands."),
        (log_p(sigma) + turn, "That looks at p̃(σ) alone; the proposal's p̃(σ′) belongs above it."),
        (log_p(sigma), "That looks at p̃(σ) alone; the proposal's p̃(σ′) belongs above it."),
    )
    finishes = (
        (lambda log_ratio: np.minimum(0, log_ratio), ""),
        (lambda log_ratio: log_ratio, "A probability is at most 1, so its logarithm at most 0: cap it."),
        (lambda log_ratio: np.minimum(1, log_ratio), "It is the probability that is at most 1; its log is at most 0."),
        (lambda log_ratio: np.maximum(0, log_ratio), "min(0, …), not max: what is better is accepted for certain."),
        (lambda log_ratio: np.exp(np.minimum(0, log_ratio)), "That is the probability; its logarithm, please."),
        (np.exp, "That is the ratio; the logarithm of min(1, ratio), please."),
    )
    for log_ratio, slip in ((gain + turn, ""), *slips):  # the ratio first: its slip matters more than the cap's
        for finish, hint in finishes:
            if np.allclose(values, finish(log_ratio), atol=1e-4):
                return slip or hint
    return None


def check_observation_band(function: Callable) -> Verdict:
    """Chapter 8, exercise 3: f (draws, points), noise_sd, level, rng → (low, high) of a new observation, (points,)."""
    for noise_sd, level in ((0.3, 0.8), (0.5, 0.6)):
        rng = np.random.default_rng(83)
        eta = rng.normal(size=(10_000, 5))
        f = np.array([0.2, 0.5, 0.0, -1.0, 1.0]) + np.array([0.0, 0.05, 0.4, 0.2, 1.0]) * eta
        f[:, 3] += 2.5 * (rng.random(len(f)) < 0.35)  # two modes
        f[:, 4] = np.exp(0.8 * eta[:, 4])  # skewed
        bands = []
        for seed in (1, 1, 2):
            pair, problem = _call_for_arrays(
                function, "(low, high)", f.copy(), noise_sd, level, np.random.default_rng(seed)
            )
            if problem:
                return problem
            for part in pair:
                if part.shape == (len(f),):
                    return Verdict(False, "That has a band for each draw; take the quantiles over the draws, axis=0.")
                if part.shape != (5,):
                    return Verdict(False, f"For f of shape {f.shape} low has {part.shape}; it should have (5,).")
            bands.append(np.array(pair))
        if hint := _slip_in_band(bands, f, noise_sd, level):
            return Verdict(False, hint)
    return Verdict(True, "Noise in every draw, then quantiles: it holds where f is skewed or has two modes, too.")


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
    tails = (1 - level) / 2, (1 + level) / 2
    right, error = _quantiles(f, noise_sd, tails)

    def near(wrong, error):
        return all((np.abs(band - wrong) < 5 * error + 1e-6).all() for band in bands)

    if near(right, error):
        return None if np.array_equal(*bands[:2]) else "Two generators with the same seed differ: draw from rng only."
    if near(right[::-1], error[::-1]):
        return "They have changed places: low first, then high."
    for wrong, error_of_wrong, hint in _wrong_bands(f, noise_sd, level):
        if near(wrong, error_of_wrong):
            return hint
    widths = np.ptp(np.quantile(f, tails, axis=0), axis=0)
    if all(np.allclose(np.ptp(band, axis=0), widths, atol=1e-4) for band in bands):
        return "One noise number moves all draws alike: each draw needs its own, size=f.shape."
    if np.any(np.abs(bands[2] - bands[0]) > 8 * error):
        return "With another seed the band is elsewhere: noise goes into each draw, before the quantiles are taken."
    i = np.unravel_index((np.abs(bands[0] - right) / error).argmax(), right.shape)
    name = ("low", "high")[i[0]]
    return f"At point {i[1]} {name} is {bands[0][i]:.3f}; the exact quantile of f + noise is {right[i]:.3f}."


def _wrong_bands(f: np.ndarray, noise_sd: float, level: float):
    """(band, its Monte Carlo sd, hint) of the usual slips, one after the other."""
    tails, out = ((1 - level) / 2, (1 + level) / 2), 1 - level
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
        (noise_sd, (out, level), f"{out:.0%} are left out on each side; both sides together should have them."),
        (noise_sd, (level / 2, 1 - level / 2), "level is the share inside the band; (1 − level)/2 lies below it."),
        (noise_sd, (tails[0] / 100, tails[1] / 100), "np.percentile counts in hundredths; np.quantile takes shares."),
        (noise_sd, (0.025, 0.975), "That is a band of 95 %, whatever the level: use level."),
        (noise_sd**2, tails, "That takes the noise variance as its sd: rng.normal(0, noise_sd, …)."),
        (noise_sd**0.5, tails, "noise_sd is the sd already, not the variance: no root."),
    ):
        yield *_quantiles(f, noise, shares), hint


def check_corrected(function: Callable) -> Verdict:
    """Chapter 9, exercise 1: θ (draws,), log ratio (draws,) → (self-normalised weighted mean, effective number)."""
    for shift in (0.0, -3_000.0, 2_000.0):
        rng = np.random.default_rng(91)
        theta = rng.normal(1.3, 0.8, 400)
        log_ratio = 0.7 * theta - 0.2 * theta**2 + shift
        parts, problem = _call_for_arrays(function, "(mean, effective number)", theta.copy(), log_ratio.copy())
        if problem:
            return problem
        if any(part.size != 1 for part in parts):
            return Verdict(
                False, "Both parts should be single numbers: the mean of all draws, and what they are worth."
            )
        values = [float(part.reshape(-1)[0]) for part in parts]
        w = np.exp(log_ratio - log_ratio.max())
        w /= w.sum()
        right = (w @ theta, 1 / (w**2).sum())
        if np.allclose(values, right, rtol=1e-4):
            continue
        if shift:
            return Verdict(
                False,
                f"Right, until {shift:+,.0f} is added to every log ratio, which should change nothing: here it gives "
                f"{values[0]:.3f} and {values[1]:.1f}. Subtract the largest before exp.",
            )
        return Verdict(False, _slip_in_corrected(values, theta, log_ratio, w, right))
    return Verdict(True, "Weights of sum one, computed so that no exp overflows: only ratios of ratios count.")


def _slip_in_corrected(values, theta, log_ratio, w, right) -> str:
    raw, scaled, inverse = np.exp(log_ratio), w / w.max(), 1 / w / (1 / w).sum()
    mean, number = right
    slips = (
        ((number, mean), "They have changed places: the mean first, then the effective number."),
        ((raw @ theta, None), "The weights must have the sum one: divide by the sum of the ratios."),
        (
            (scaled @ theta, None),
            "Subtracting the largest is right; then divide by the sum, so that the weights add up to one.",
        ),
        ((mean, 1 / (scaled**2).sum()), "The mean is right; 1/Σw² wants the same weights, of sum one."),
        ((np.mean(raw * theta), None), "The weights must have the sum one: divide by the sum of the ratios, not by S."),
        ((theta.mean(), None), "The mean is the plain one: every draw needs its weight."),
        ((inverse @ theta, None), "The ratios are turned round: p̃ belongs above q, and log_ratio is log p̃ − log q."),
        ((log_ratio @ theta / log_ratio.sum(), None), "The weights are ratios, not their logarithms: exp is missing."),
        ((None, (w**2).sum()), "That is Σw², the share of one draw: the effective number is one over it."),
        ((None, 1 / (raw**2).sum()), "1/Σw² wants weights of sum one."),
        ((None, 1 / np.sqrt((w**2).sum())), "No root: 1/Σw²."),
        ((None, 1 / w.max()), "That asks about the largest weight only; take 1/Σw²."),
        ((None, len(theta)), "That is the number of draws; unequal weights make them worth less, 1/Σw²."),
        ((None, number / len(theta)), "That is the share of the draws; the number is 1/Σw²."),
        ((None, len(theta) / number), "1/Σw² is the number already: no S in it."),
    )
    for wrong, hint in slips:
        if all(b is None or np.isclose(a, b, rtol=1e-4) for a, b in zip(values, wrong, strict=True)):
            return hint
    return f"It gives {values[0]:.4f} and {values[1]:.2f}; right are {mean:.4f} and {number:.2f}."


def check_vsbc(function: Callable) -> Verdict:
    """Chapter 9, exercise 2: true values, means and sds of normal fits, each (R,) → (p (R,), z of the symmetry)."""
    for number in (200, 450):
        rng = np.random.default_rng(number)
        truth, sd = rng.normal(0, 2, number), rng.uniform(0.3, 1.2, number)
        mean = truth + (0.5 if number == 200 else -0.5) * sd + sd * rng.standard_normal(number)
        parts, problem = _call_for_arrays(function, "(p, z)", truth.copy(), mean.copy(), sd.copy())
        if problem:
            return problem
        p, z = parts
        if p.shape != (number,) or z.size != 1:
            return Verdict(False, f"For {number} fits p should have shape ({number},) and z be one number.")
        if hint := _slip_in_vsbc(p, float(z.reshape(-1)[0]), truth, mean, sd):
            return Verdict(False, hint)
    return Verdict(True, "Where q puts the truth, and whether that is above its middle too often for chance.")


def _slip_in_vsbc(p, z, truth, mean, sd) -> str | None:
    score = (truth - mean) / sd
    right = stats.norm.cdf(score)
    for wrong, hint in (
        (1 - right, "That is 1 − p: p is the share of q *below* the true value."),
        (score, "Those are z-scores; the normal's distribution function turns them into p."),
        (stats.norm.pdf(score), "That is a density; p is the probability below the true value (cdf)."),
        (stats.norm.cdf(score / sd), "That takes the sd for a variance, or the other way round: (θ − mean)/sd."),
        (stats.norm.cdf((truth - mean) / np.sqrt(sd)), "sd is the sd already, not the variance: no root."),
        (stats.norm.cdf(truth - mean), "Each fit has its own sd: divide by it."),
        (stats.norm.cdf(truth, 0, 1), "Each fit has its own mean and sd."),
    ):
        if np.allclose(p, wrong, atol=1e-4):
            return hint
    if not np.allclose(p, right, atol=1e-4):
        k = int(np.abs(p - right).argmax())
        return f"For a true value {truth[k]:.3f}, mean {mean[k]:.3f} and sd {sd[k]:.3f} p is {right[k]:.4f}, not {p[k]:.4f}."
    number, share = len(p), (right > 0.5).mean()
    answer = 2 * np.sqrt(number) * (share - 0.5)
    for wrong, hint in (
        (-answer, "The sign is turned round: z > 0 where the truth is above q's median too often."),
        (share, "That is the share above; z is how many standard errors it is from ½."),
        (share - 0.5, "Divide by the share's standard error, 1/(2√R)."),
        (answer / 2, "The share's standard error is √(¼/R) = 1/(2√R): z is half of what it should be."),
        (2 * number * (share - 0.5), "The standard error falls with √R, not with R."),
        (2 * (share - 0.5) / np.sqrt(number), "Divide by the standard error 1/(2√R): it belongs below."),
        ((share - 0.5) / np.sqrt(share * (1 - share) / number), None),
        (
            np.sqrt(12 * number) * (right.mean() - 0.5),
            "The mean of p has the sd 1/√(12R) only where p is uniform, and VI's is not: count how often p > ½.",
        ),
    ):
        if np.isclose(z, wrong, rtol=1e-4):
            return hint
    return (
        None if np.isclose(z, answer, atol=1e-3) else f"p is right; for {number} fits z is {answer:.3f}, not {z:.3f}."
    )


def check_draws_needed(function: Callable[[float], float]) -> Verdict:
    """Chapter 9, exercise 3: k-hat → the smallest S with k-hat ≤ 1 − 1/log₁₀ S, or infinity above 0.7."""
    values = {}
    for khat in (0.65, 0.3, 0.58, 0.71, 0.9):
        try:
            answer = function(khat)
        except Exception as error:  # noqa: BLE001 (whatever the reader's code raises is a hint for the reader)
            return Verdict(False, f"For k-hat {khat} your function raised {type(error).__name__}: {error}")
        if answer is None or answer is Ellipsis:
            return Verdict(False, EMPTY)
        try:
            values[khat] = float(np.asarray(answer).reshape(()))
        except Exception:  # noqa: BLE001
            return Verdict(False, f"For k-hat {khat} it should return one number, not {answer!r}.")
    for khat in (0.65, 0.3, 0.58):
        if hint := _slip_in_draws_needed(values[khat], khat):
            return Verdict(False, hint)
    for khat in (0.71, 0.9):
        if values[khat] != np.inf:
            return Verdict(False, f"The threshold is never above 0.7: for {khat} it should be np.inf.")
    return Verdict(True, "10^(1/(1 − k)): a hundred draws at 0.5, two thousand at 0.7.")


def _slip_in_draws_needed(value: float, khat: float) -> str | None:
    right = 10 ** (1 / (1 - khat))
    if right * (1 - 1e-4) <= value <= right + 1.001:  # rounded up, or not
        return None
    for wrong, hint in (
        (np.exp(1 / (1 - khat)), "The threshold has log₁₀, so solve with powers of ten, not of e."),
        (1 / (1 - khat), "That is log₁₀ S; S itself is ten to that."),
        (10 ** (1 - khat), "1 − 1/log₁₀ S = k gives log₁₀ S = 1/(1 − k), not 1 − k."),
        (10 ** (1 / khat), "1/log₁₀ S = 1 − k, not k."),
        (np.floor(right), "So many are just too few: round up, not down."),
        (1 - 1 / np.log10(max(khat, 1e-9)), "That is the threshold with k-hat in the place of S: solve it for S."),
        (np.inf, "Up to 0.7 there is a number of draws that is enough."),
    ):
        if np.isclose(value, [wrong, np.ceil(wrong)], rtol=1e-5).any():
            return hint
    return f"For k-hat {khat} it gives {value:,.1f}; the threshold is {khat} at S = {right:,.1f}."


def check_prior_once(function: Callable) -> Verdict:
    """Chapter 10, exercise 1: K posteriors, each with the whole prior N(0, P₀⁻¹) → mean and precision of all rows."""
    for shards in (4, 9):
        rng = np.random.default_rng(shards)
        factors = rng.normal(size=(shards, 6, 3))
        sums, prior = factors.mT @ factors, np.diag([0.5, 1.0, 2.0])
        precisions, rights = sums + prior, rng.normal(size=(shards, 3))
        means = np.linalg.solve(precisions, rights[..., None])[..., 0]
        parts, problem = _call_for_arrays(function, "(mean, precision)", means.copy(), precisions.copy(), prior.copy())
        if problem:
            return problem
        mean, precision = parts
        if mean.shape != (3,) or precision.shape != (3, 3):
            shapes = f"not {mean.shape} and {precision.shape}"
            return Verdict(False, f"For three parameters the shapes should be (3,) and (3, 3), {shapes}.")
        if hint := _slip_in_precision(precision, precisions, prior) or _slip_in_mean(mean, means, precisions, prior):
            return Verdict(False, hint)
    return Verdict(True, "The prior is in it once, as for somebody who has seen all rows.")


def _slip_in_precision(precision, precisions, prior) -> str | None:
    shards, total = len(precisions), precisions.sum(axis=0)
    right = total - (shards - 1) * prior
    for wrong, hint in (
        (total, "The prior is still in it K times: take K − 1 of them away."),
        (total - shards * prior, "That takes all K priors away; one has to stay."),
        (total - prior, "That takes one prior away; there are K in the sum, and one has to stay."),
        (total + (shards - 1) * prior, "The sign is turned round: the sum has too many priors."),
        (total - (shards - 1) * np.linalg.inv(prior), "prior_precision is a precision already: no inverse."),
        (precisions.mean(axis=0), "That is an average; precisions add."),
        (np.linalg.inv(right), "That is the covariance; its inverse, the precision, is asked for."),
    ):
        if np.allclose(precision, wrong, rtol=1e-4, atol=1e-4):
            return hint
    if not np.allclose(precision, right, rtol=1e-4, atol=1e-4):
        return "The precision is the sum of the precisions less the priors that are in it too often."
    return None


def _slip_in_mean(mean, means, precisions, prior) -> str | None:
    total, weighted = precisions.sum(axis=0), np.einsum("kij,kj->i", precisions, means)
    right = total - (len(means) - 1) * prior
    for wrong, hint in (
        (means.mean(axis=0), "Means are averaged with the precisions as weights, not equally."),
        (np.linalg.solve(total, weighted), "The precision is right; the mean still divides by the sum with K priors."),
        (weighted, "That is Σ Λₖmₖ; it still has to be solved for the mean."),
        (right @ weighted, "That multiplies Σ Λₖmₖ by the precision; solve with it."),
    ):
        if np.allclose(mean, wrong, rtol=1e-4, atol=1e-4):
            return hint
    if not np.allclose(mean, np.linalg.solve(right, weighted), rtol=1e-4, atol=1e-4):
        return "The precision is right. The mean m solves Λm = Σ Λₖmₖ: a prior with mean 0 adds nothing to that sum."
    return None


def check_log_share(function: Callable[[np.ndarray, int], np.ndarray]) -> Verdict:
    """Chapter 10, exercise 2: ζ = log σ (points,), K → log of the share of σ ~ Exponential(1) for one of K shards."""
    for shards in (4, 32):
        zeta = np.linspace(-2.5, 1.5, 7)
        value, problem = _call_for_array(function, zeta.copy(), shards)
        if problem:
            return problem
        if value.shape != zeta.shape:
            return Verdict(False, f"For ζ of shape {zeta.shape} the answer has shape {value.shape}.")
        if hint := _slip_in_share(value, zeta, np.exp(zeta), shards):
            return Verdict(False, hint)
    return Verdict(True, "Prior and Jacobian, both to the power 1/K.")


def _slip_in_share(value, zeta, sigma, shards) -> str | None:
    right = (zeta - sigma) / shards
    for wrong, hint in (
        (zeta - sigma, "That is the whole prior: K shards would have it K times."),
        (-sigma / shards, "The Jacobian is missing: the density of ζ is that of σ times dσ/dζ."),
        (zeta - sigma / shards, "The Jacobian is in it whole: the product of K shards holds it K times."),
        (zeta / shards - sigma, "The prior of σ is in it whole: both parts are raised to 1/K."),
        ((-sigma - zeta) / shards, "The Jacobian is dσ/dζ = σ, so its logarithm is +ζ."),
        (-zeta / shards, "The prior is Exponential in σ = exp(ζ), not in ζ."),
        (
            zeta - sigma / shards - np.log(shards),
            "That is a new prior, Exponential(1/K). Raise the density of ζ to 1/K.",
        ),
        (shards * (zeta - sigma), "The power 1/K divides the logarithm by K."),
        (-right, "The sign is turned round."),
        (np.exp(right), "That is the share; its logarithm is asked for."),
    ):
        if np.allclose(value, wrong, atol=1e-4):
            return hint
    if np.allclose(value, right, atol=1e-4):
        return None
    if np.ptp(value - right) < 1e-4:
        return (
            f"There is a constant too much, {(value - right)[0]:+.3f}: the K shares together must be the prior itself."
        )
    return f"For ζ = {zeta[0]} and K = {shards} it gives {value[0]:.4f}; right is {right[0]:.4f}."
