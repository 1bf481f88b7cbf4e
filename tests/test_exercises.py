"""Every solution passes its checker; every named mistake gets the hint that was written for it."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pytest
from scipy import special, stats

from helpers import divergences, exercises, targets

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
    names = {"np": np, "special": special, "stats": stats, "targets": targets, "divergences": divergences}
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


WRONG = [
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
