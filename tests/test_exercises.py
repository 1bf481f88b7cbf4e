"""Every solution passes its checker; every named mistake gets the hint that was written for it."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pymc as pm
import pytest
from scipy import special, stats

from helpers import divergences, exercises, targets
from helpers.advi import advi
from helpers.flat_model import FlatModel

ROOT = Path(__file__).resolve().parents[1]
CHECK = re.compile(r"^exercises\.check_\w+\(.*\)$", re.MULTILINE)


def solved_cells():
    """(chapter, call of the checker, code of the solution) for every exercise of every notebook."""
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        for stub, solution in pairwise(cells):
            if stub.cell_type == "code" and (call := CHECK.search(stub.source)):
                code = re.search(r"```python\n(.*?)```", solution.source, re.DOTALL)
                yield pytest.param(call[0], code and code[1], solution.source, id=f"{path.stem}: {call[0]}")


@pytest.mark.parametrize(("call", "code", "markdown"), list(solved_cells()))
def test_solution_passes_its_checker_and_is_folded_away(call, code, markdown):
    assert code, "the cell after an exercise holds its solution, as a block of Python"
    assert markdown.startswith("<details><summary>Solution</summary>") and markdown.rstrip().endswith("</details>")
    names = {"np": np, "pm": pm, "special": special, "stats": stats, "targets": targets, "divergences": divergences}
    exec(code, names)  # noqa: S102
    verdict = eval(call, names | {"exercises": exercises})
    assert verdict.right, verdict


def test_every_checker_is_used():
    used = " ".join(param.values[0] for param in solved_cells())
    assert {name for name in vars(exercises) if name.startswith("check_")} == set(re.findall(r"check_\w+", used))


def kl(m1, s1, m2, s2):
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5


BOTH = {"KL(q‖p)": "stays below 0.1", "KL(p‖q)": "grows without bound"}
Q, P = targets.normal(0, 1.26), targets.student_t(2.01)
MEASURED = {"KL(q‖p)": divergences.kl(Q, P), "KL(p‖q)": divergences.kl(P, Q)}


def gamma_gradient(mu, omega, eta, for_mu=0.0, by_sigma=False, entropy=1):
    sigma = np.exp(omega)
    g = 3 - 2 * np.exp(mu + sigma * eta)
    return g.mean() + for_mu, (g * eta * (1 if by_sigma else sigma)).mean() + entropy


def climbers(bend="bend", prior=5, power=2, weight=1.0, observe=True):
    def model(x, y):
        with pm.Model() as model:
            a, b, c = pm.Normal("intercept", 0, 5), pm.Normal("slope", 0, prior), pm.Normal(bend, 0, 5)
            logit_p = a + b * x + weight * c * x**power
            pm.Bernoulli("top", logit_p=logit_p, observed=y) if observe else pm.Deterministic("logit", logit_p)
        return model

    return model


def empty_model(x, y):
    with pm.Model() as model:
        ...
    return model


def forgot_observed(x, y):
    with pm.Model() as model:
        a, b, c = (pm.Normal(name, 0, 5) for name in ("intercept", "slope", "bend"))
        pm.Bernoulli("top", logit_p=a + b * x + c * x**2, shape=len(x))
    return model


MEAN_FIELD_3 = 1 / np.sqrt(np.diag(np.linalg.inv([[2.0, 0.9, -0.3], [0.9, 1.0, 0.2], [-0.3, 0.2, 0.5]])))
EDGE = special.logit(0.99)


def kernel(other, x, h):
    return np.exp(-np.sum((x - other) ** 2) / h)


def stop(rule):
    def callback(approximation, losses, iteration):
        if rule(losses):
            raise StopIteration

    return callback


WRONG = [
    (exercises.check_prior_sd, [None], "no answer yet"),
    (exercises.check_prior_sd, ["small"], "One number"),
    (exercises.check_prior_sd, [EDGE / stats.norm.ppf(0.95)], "both sides"),
    (exercises.check_prior_sd, [EDGE], "Which quantile"),
    (exercises.check_prior_sd, [(EDGE / 1.96) ** 2], "variance"),
    (exercises.check_prior_sd, [1.96 / EDGE], "Turned over"),
    (exercises.check_prior_sd, [2.35], "Three decimals"),
    (exercises.check_prior_sd, [-2.0], "positive"),
    (exercises.check_prior_sd, [5.0], "35.8%"),
    (exercises.check_mean_field_sds, [lambda c: ...], "no answer yet"),
    (exercises.check_mean_field_sds, [lambda c: 1 / 0], "ZeroDivisionError"),
    (exercises.check_mean_field_sds, [lambda c: 1.0], "shape ()"),
    (exercises.check_mean_field_sds, [lambda c: np.sqrt(np.diag(c))], "own sds"),
    (exercises.check_mean_field_sds, [lambda c: 1 / np.diag(np.linalg.inv(c))], "variances"),
    (exercises.check_mean_field_sds, [lambda c: np.sqrt(np.diag(np.linalg.inv(c)))], "turned over"),
    (exercises.check_mean_field_sds, [lambda c: 1 / np.sqrt(np.diag(c))], "as a matrix"),
    (exercises.check_mean_field_sds, [lambda c: 1 / np.diag(c)], "as a matrix"),
    (exercises.check_mean_field_sds, [lambda c: np.ones(3)], "not the optimum"),
    (exercises.check_quadratic_model, [empty_model], "no answer yet"),
    (exercises.check_quadratic_model, [lambda x, y: None], "return model"),
    (exercises.check_quadratic_model, [climbers(bend="curve")], "should be intercept, slope, bend"),
    (exercises.check_quadratic_model, [climbers(observe=False)], "Nothing is observed"),
    (exercises.check_quadratic_model, [climbers(prior=1)], "priors differ"),
    (exercises.check_quadratic_model, [climbers(weight=0.0)], "no part in logit p"),
    (exercises.check_quadratic_model, [climbers(power=1)], "not x."),
    (exercises.check_quadratic_model, [lambda x, y: 3.0], "should return a model"),
    (exercises.check_quadratic_model, [forgot_observed], "top needs observed=y"),
    (exercises.check_mean_field_sds, [lambda c: np.diag(c)], "target's variances"),
    (exercises.check_mean_field_sds, [lambda c: np.diag(np.linalg.inv(c))], "a precision"),
    (exercises.check_mean_field_sds, [lambda c: MEAN_FIELD_3], "shape (3,); it should be (2,)"),
    (exercises.check_mode_weights, [lambda e: np.exp(e - e.min()) / np.exp(e - e.min()).sum()], "take the largest"),
    (exercises.check_kernel_gradient, [lambda o, x, h: 1 / h * (o - x) * kernel(o, x, h)], "and the 2"),
    (exercises.check_kernel_gradient, [lambda o, x, h: 2 / h * (x - o) * kernel(o[:2], x[:2], h)], "it gives"),
    (exercises.check_quadratic_model, [climbers(power=3)], "log likelihood is"),
    (exercises.check_mode_weights, [lambda e: ...], "no answer yet"),
    (exercises.check_mode_weights, [lambda e: 1 / 0], "ZeroDivisionError"),
    (exercises.check_mode_weights, [lambda e: 1.0], "shape ()"),
    (exercises.check_mode_weights, [lambda e: np.exp(e) / np.exp(e).sum()], "take the largest"),
    (exercises.check_mode_weights, [lambda e: special.softmax(-e)], "sign"),
    (exercises.check_mode_weights, [lambda e: e / e.sum()], "logarithms"),
    (exercises.check_mode_weights, [lambda e: np.exp(e - e.max())], "sum to 1"),
    (exercises.check_mode_weights, [lambda e: np.full(3, 1 / 3)], "it gives"),
    (exercises.check_kernel_gradient, [lambda o, x, h: ...], "no answer yet"),
    (exercises.check_kernel_gradient, [lambda o, x, h: 1 / 0], "ZeroDivisionError"),
    (exercises.check_kernel_gradient, [lambda o, x, h: 1.0], "shape ()"),
    (exercises.check_kernel_gradient, [lambda o, x, h: 2 / h * (o - x) * kernel(o, x, h)], "The sign"),
    (exercises.check_kernel_gradient, [lambda o, x, h: 1 / h * (x - o) * kernel(o, x, h)], "The 2"),
    (exercises.check_kernel_gradient, [lambda o, x, h: 2 * (x - o) * kernel(o, x, h)], "factor 1/h"),
    (exercises.check_kernel_gradient, [lambda o, x, h: 2 / h * (x - o)], "kernel itself"),
    (exercises.check_kernel_gradient, [lambda o, x, h: 2 / h * (x - o) * np.exp(-((x - o) ** 2) / h)], "one number"),
    (exercises.check_kernel_gradient, [lambda o, x, h: x - o], "it gives"),
    (exercises.check_stop_when_flat, [stop(lambda losses: False)], "never stops"),
    (exercises.check_stop_when_flat, [stop(lambda losses: len(losses) > 10)], "before there are 1,000"),
    (exercises.check_stop_when_flat, [stop(lambda losses: losses[2])], "IndexError"),
    (exercises.check_stop_when_flat, [stop(lambda losses: len(losses) > 1500)], "still falling"),
    (
        exercises.check_stop_when_flat,
        [stop(lambda losses: len(losses) >= 3000 and np.mean(losses[-1500:]) >= np.mean(losses[-3000:-1500]))],
        "but late",
    ),
    (
        exercises.check_stop_when_flat,
        [stop(lambda losses: len(losses) >= 1000 and np.mean(losses[-20:]) >= np.mean(losses[-40:-20]))],
        "means of 500",
    ),
    (
        exercises.check_stop_when_flat,
        [stop(lambda losses: len(losses) >= 1000 and np.mean(losses[-99:]) >= np.mean(losses[-1000:-900]) + 3)],
        "never stops",
    ),
    (exercises.check_kl_of_normals, [lambda a, b, c, d: ...], "no answer yet"),
    (exercises.check_kl_of_normals, [lambda a, b, c, d: kl(c, d, a, b)], "swapped"),
    (exercises.check_kl_of_normals, [lambda a, b, c, d: -kl(a, b, c, d)], "sign"),
    (exercises.check_kl_of_normals, [lambda a, b, c, d: kl(a, b, c, d) + 0.5], "−½"),
    (exercises.check_kl_of_normals, [lambda a, b, c, d: kl(0, b, 0, d)], "means play no part"),
    (exercises.check_kl_of_normals, [lambda a, b, c, d: np.log(d / b) + (b**2 + (a - c) ** 2) / d**2 - 0.5], "2σ₂²"),
    (exercises.check_kl_of_normals, [lambda a, b, c, d: 1.0], "quadrature gives"),
    (exercises.check_kl_of_normals, [lambda a, b, c, d: 1 / 0], "ZeroDivisionError"),
    (exercises.check_kl_of_normals, [lambda a, b, c, d: "1.2 nats"], "one finite number"),
    (exercises.check_kl_of_normals, [lambda a, b, c, d: kl(0.3, 0.5, -1, 2)], "not for"),
    (exercises.check_sigma_for_laplace, [None], "no answer yet"),
    (exercises.check_sigma_for_laplace, ["wide"], "One number"),
    (exercises.check_sigma_for_laplace, [2**0.5], "KL(p‖q)"),
    (exercises.check_sigma_for_laplace, [np.pi / 2], "σ²"),
    (exercises.check_sigma_for_laplace, [(2 / np.pi) ** 0.5], "1/σ"),
    (exercises.check_sigma_for_laplace, [-1], "can be brought down to 0.0484"),
    (exercises.check_towards_two, [BOTH | {"KL(p‖q)": None}, MEASURED], "Predict KL(p‖q) first"),
    (exercises.check_towards_two, [BOTH | {"KL(p‖q)": "explodes"}, MEASURED], "choose one of"),
    (exercises.check_towards_two, [BOTH, {}], "Now measure KL(q‖p)"),
    (
        exercises.check_towards_two,
        [BOTH, dict(zip(MEASURED, [*MEASURED.values()][::-1], strict=True))],
        "other direction",
    ),
    (exercises.check_towards_two, [BOTH, MEASURED | {"KL(q‖p)": 0.05}], "is not 0.05"),
    (exercises.check_gamma_log_density, [lambda z: None], "no answer yet"),
    (exercises.check_gamma_log_density, [lambda z: 2 * z - 2 * np.exp(z)], "Jacobian is missing"),
    (exercises.check_gamma_log_density, [lambda z: z - 2 * np.exp(z)], "wrong sign"),
    (exercises.check_gamma_log_density, [lambda z: 3 * z - np.exp(z)], "counts twice"),
    (exercises.check_gamma_log_density, [lambda z: 3 * z - np.exp(z) / 2], "it is a rate"),
    (exercises.check_gamma_log_density, [lambda z: z**2], "more than a constant"),
    (exercises.check_gamma_log_density, [lambda z: 1.0], "shape"),
    (exercises.check_gamma_log_density, [lambda z: 1 / 0], "ZeroDivisionError"),
    (exercises.check_gamma_optimum, [(None, None)], "no answer yet"),
    (exercises.check_gamma_optimum, [3.0], "A pair"),
    (exercises.check_gamma_optimum, [(0.2388, 1 / 3)], "That is σ²"),
    (exercises.check_gamma_optimum, [(np.log(1.5), 3**-0.5)], "mode"),
    (exercises.check_gamma_gradient, [lambda m, o, e: None], "no answer yet"),
    (exercises.check_gamma_gradient, [lambda m, o, e: 3.0], "two numbers"),
    (exercises.check_gamma_gradient, [lambda m, o, e: (np.nan, np.nan)], "two finite numbers"),
    (exercises.check_gamma_gradient, [lambda m, o, e: (gamma_gradient(m, o, e)[0], np.nan)], "two finite numbers"),
    (exercises.check_gamma_log_density, [lambda z: 1e20 + 0 * z], "more than a constant"),
    (exercises.check_gamma_log_density, [lambda z: np.multiply(z, 0, out=z)], "more than a constant"),
    (exercises.check_gamma_log_density, [lambda z: 0 * z + np.inf], "all should be finite"),
    (exercises.check_sigma_for_laplace, [10**400], "One number"),
    (exercises.check_sigma_for_laplace, [np.complex128(1.2533 + 9j)], "One number"),
    (exercises.check_sigma_for_laplace, [1.25], "Four digits"),
    (exercises.check_towards_two, [None, {}], "dictionaries"),
    (exercises.check_towards_two, [BOTH | {"KL(p‖q)": np.zeros(2)}, MEASURED], "choose one of"),
    (exercises.check_gamma_optimum, [{0.2388: 1, 0.5774: 2}], "A pair"),
    (exercises.check_gamma_optimum, [("a", "b")], "Two finite numbers"),
    (exercises.check_gamma_gradient, [lambda m, o, e: gamma_gradient(m, o, e, for_mu=-1)], "Jacobian term"),
    (exercises.check_gamma_gradient, [lambda m, o, e: gamma_gradient(m, o, e, entropy=0)], "entropy is missing"),
    (exercises.check_gamma_gradient, [lambda m, o, e: gamma_gradient(m, o, e, by_sigma=True)], "chain rule"),
    (
        exercises.check_gamma_gradient,
        [lambda m, o, e: gamma_gradient(m, o, e, by_sigma=True, entropy=np.exp(-o))],
        "gradient for σ",
    ),
]


@pytest.mark.parametrize(("checker", "answers", "hint"), WRONG)
def test_wrong_answer_gets_its_hint(checker, answers, hint):
    verdict = checker(*answers)
    assert not verdict.right
    assert hint in verdict.message


def test_right_answers_in_single_precision_are_right():
    half = np.float32
    assert exercises.check_gamma_log_density(lambda z: (3 * z - 2 * np.exp(z)).astype(half)).right
    assert exercises.check_gamma_gradient(lambda m, o, e: [half(x) for x in gamma_gradient(m, o, e)]).right
    assert exercises.check_kl_of_normals(lambda *a: np.array([kl(*a)], half)).right


def test_numbers_of_a_solution_that_the_notebook_does_not_compute():
    verdict = exercises.check_towards_two(BOTH, MEASURED)
    assert "0.0762 and 62.5 nats" in verdict.message
    assert divergences.kl(Q, targets.student_t(3)) == pytest.approx(0.0407, abs=5e-5)


def test_a_wrong_prediction_with_right_measurements_is_right_and_says_so():
    verdict = exercises.check_towards_two(BOTH | {"KL(q‖p)": "grows without bound"}, MEASURED)
    assert verdict.right and "Your prediction for KL(q‖p) was off" in verdict.message


def test_the_bend_of_exercise_3_is_about_two_posterior_sds_from_zero():
    rng = np.random.default_rng(303)  # the data of chapter 3
    x = rng.normal(size=100)
    y = (rng.random(100) < special.expit(-1 + 2 * x)).astype(int)
    fit = advi(FlatModel(climbers()(x, y)), family="full-rank", steps=1000, seed=1)
    bend = fit.model.labels.index("bend")
    assert 1.6 < fit.mean[bend] / fit.sd[bend] < 2.8
