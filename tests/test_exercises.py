"""Every solution passes its checker; every slip gets its hint; whatever people do, a checker says something."""

import ast
import copy
import math
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import jax.numpy as jnp
import nbformat
import numpy as np
import pymc as pm
import pytest
from scipy import optimize, special, stats

from helpers import exercises
from helpers.exercises import bnn_regression
from helpers.exercises.advi_in_one_loop import QUADRATIC_SLIPS
from helpers.exercises.base import EMPTY, FunctionChecker, ValueChecker
from helpers.fits import FlatModel, advi, shuffled_epochs
from helpers.truth import divergences, targets
from tests.support.cells import code_of

ROOT = Path(__file__).resolve().parents[1]
CHECK = re.compile(r"^exercises\.(check_\w+)\((.*)\)$", re.MULTILINE)
CHECKERS = [name for name in exercises.__all__ if name.startswith("check_")]
TABLES = [name for name in CHECKERS if isinstance(getattr(exercises, name), FunctionChecker | ValueChecker)]


def solved_cells():
    """(checker, its answers, stub, code of the solution, its cell, the notebook's imports) of every exercise."""
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        tree = ast.parse("\n".join(code_of(path)))
        imports = "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
        for stub, solution in pairwise(cells):
            if stub.cell_type == "code" and (call := CHECK.search(stub.source)):
                code = re.search(r"```python\n(.*?)```", solution.source, re.DOTALL)
                yield *call.groups(), stub.source, code and code[1], solution.source, imports


SOLVED = {checker: rest for checker, *rest in solved_cells()}


def answers_of(checker, code):
    """What the code of a cell gives the checker."""
    names = {}
    exec(SOLVED[checker][4] + "\n" + code, names)  # noqa: S102 - with what the notebook imports, and nothing else
    return [names[name.strip()] for name in SOLVED[checker][0].split(",")]


def solution(checker):
    return answers_of(checker, SOLVED[checker][2])


def check(name, *answers):
    return getattr(exercises, name)(*answers)


def test_every_checker_is_used():
    assert set(CHECKERS) == set(SOLVED)


@pytest.mark.parametrize("checker", SOLVED)
def test_solution_passes_its_checker_and_is_folded_away(checker):
    _, _, code, markdown, _ = SOLVED[checker]
    assert code, "the cell after an exercise holds its solution, as a block of Python"
    assert markdown.startswith("<details><summary>Solution</summary>") and markdown.rstrip().endswith("</details>")
    verdict = check(checker, *solution(checker))
    assert verdict.right, verdict
    assert getattr(exercises, checker).__doc__


@pytest.mark.parametrize("checker", SOLVED)
def test_an_untouched_stub_is_no_answer_yet(checker):
    stub = SOLVED[checker][1].split("exercises.check")[0]
    said = {"check_towards_two": "Predict KL(q‖p) first", "check_stop_when_flat": "It never stops"}
    verdict = check(checker, *answers_of(checker, stub))
    assert not verdict.right and verdict.message.startswith(said.get(checker, EMPTY))


def whole(slip, right):
    """A slip, with what may be anything filled in from the solution."""
    if not isinstance(slip, tuple):
        return slip
    return tuple(other if part is None else part for part, other in zip(slip, right, strict=True))


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_slip_gets_its_own_hint(name):
    checker, (solved,) = getattr(exercises, name), solution(name)
    first_case = copy.deepcopy(checker.cases[0]) if isinstance(checker, FunctionChecker) else ()
    for k, (_, hint) in enumerate(checker.key(*first_case)[1]):

        def with_slip(*case, k=k):
            right = solved(*copy.deepcopy(case)) if callable(solved) else solved
            return whole(checker.key(*case)[1][k][0], right)

        verdict = checker(with_slip if callable(solved) else with_slip())
        assert not verdict.right and verdict.message == hint


@pytest.mark.parametrize("name", TABLES)
def test_what_no_slip_explains_is_told_with_numbers(name):
    answer = (0.77, 3.5) if len(getattr(exercises, name).parts) == 2 else 0.77
    verdict = check(name, (lambda *case: answer) if callable(solution(name)[0]) else answer)
    assert not verdict.right and re.search(r"\d", verdict.message)


# What people do, to all checkers


def nothing(*arguments):
    value = arguments  # noqa: F841


def divide(*arguments):
    return 1 / 0


PLAIN = [None, ..., "small", 3.0, np.nan, 10**400, 1j, (), [], {}, {1: 2, 3: 4}, ("a", "b"), (1.0, None), (..., ...)]
PLAIN += [object(), np.zeros((2, 3, 5)), [[1.0], [2.0, 3.0]], np.array(["a"]), (1.0, 2.0, 3.0), True, pm.Model(), max]


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_whatever_people_do_a_checker_says_something(checker):
    count = len(SOLVED[checker][0].split(","))
    functions = [lambda *arguments, value=value: value for value in PLAIN]
    for answer in [*PLAIN, *functions, nothing, divide, lambda: 1.0]:
        verdict = check(checker, *[answer] * count)
        assert not verdict.right and verdict.message and "\n" not in verdict.message, answer


@pytest.mark.parametrize("checker", [name for name in CHECKERS if callable(solution(name)[0])])
def test_what_people_do_with_functions(checker):
    assert check(checker, None).message == check(checker, ...).message == EMPTY
    assert "the function itself, by its name alone, not 3.0" in check(checker, 3.0).message
    assert "the function itself" in check(checker, "f").message
    said = "It never stops" if checker == "check_stop_when_flat" else "returned None: is a `return` missing?"
    assert said in check(checker, nothing).message
    verdict = check(checker, divide)
    line = divide.__code__.co_firstlineno + 1
    assert f"raised ZeroDivisionError in line {line}, `return 1 / 0`: division by zero" in verdict.message
    assert "print(_.traceback)" in verdict.message and "in divide" in verdict.traceback
    assert "raised TypeError: " in check(checker, lambda: 1.0).message


def test_an_error_in_a_function_without_source_names_its_line():
    names = {}
    exec("def helper(x):\n    return x['no']\ndef f(*arguments):\n    return helper({})", names)  # noqa: S102
    assert "KeyError in line 2: 'no'" in exercises.check_mode_weights(names["f"]).message
    assert "in line" not in exercises.check_mode_weights(math.sqrt).message


@pytest.mark.parametrize("body", ["...", "pass", "return", "return ...", "'What it does.'", "'What it does.'\n    ..."])
def test_every_kind_of_stub_is_no_answer_yet(body):
    names = {}
    exec(f"def stub(elbos):\n    {body}", names)  # noqa: S102
    assert exercises.check_mode_weights(names["stub"]).message == EMPTY


def test_first_chapters_wait_for_neither_pymc_nor_jax():
    code = (
        "import sys; from helpers import exercises; exercises.check_kl_of_normals(None);"
        "exercises.check_gamma_optimum(None);"
        "assert not {'pymc', 'jax', 'pytensor'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


# Checkers with code of their own

BOTH = {"KL(q‖p)": "stays below 0.1", "KL(p‖q)": "grows without bound"}
Q, P = targets.normal(0, 1.26), targets.student_t(2.01)
MEASURED = {"KL(q‖p)": divergences.kl(Q, P), "KL(p‖q)": divergences.kl(P, Q)}


def orders(rows, steps, batch_size, draw, kept=None):
    """`draw` an order for each epoch, keep so many rows of it, and cut them into batches."""
    size = steps * batch_size
    flat = np.concatenate([draw(k)[:kept] for k in range(2 * size // rows + 1)])
    return flat[:size].reshape(steps, batch_size)


def right_epochs(n, s, b, rng):
    return orders(n, s, b, lambda k: rng.permutation(n))


def once_shuffled(n, s, b, rng):
    order = rng.permutation(n)
    return orders(n, s, b, lambda k: order)


def moved(w, *slips):
    """A copy of w, after what `slips` do in place to its parts (w1, w2, w3)."""
    parts = [part.copy() for part in (w[:10].reshape(2, 5), w[10:35].reshape(5, 5), w[35:])]
    for slip in slips:
        slip(*parts)
    return np.concatenate([part.ravel() for part in parts])


def swap_first(w1, w2, w3):
    w1[:, [0, 3]], w2[[0, 3]] = w1[:, [3, 0]], w2[[3, 0]]


def swap_second(w1, w2, w3):
    w2[:, [1, 2]], w3[[1, 2]] = w2[:, [2, 1]], w3[[2, 1]]


def swap_slices(w1, w2, w3):
    w1[:, 0], w1[:, 3] = w1[:, 3], w1[:, 0]
    w2[0], w2[3] = w2[3], w2[0]


def flip_first(w1, w2, w3):
    w1[:, 2] *= -1
    w2[2] *= -1


def flip_columns(w1, w2, w3):
    w1[:, 2] *= -1
    w2[:, 2] *= -1


def flip_entering(w1, w2, w3):
    w1[:, 2] *= -1


def flip_in_place(w):
    w[10:40:5] *= -1  # what enters the first unit of the second layer, and what leaves it
    return w


def twin(*slips):
    return lambda w: moved(w, *slips)


TWIN_OF_FIRST = moved(np.random.default_rng(1).standard_normal(40), flip_first)


def stop(rule):
    def callback(approximation, losses, iteration):
        if rule(losses):
            raise StopIteration

    return callback


def flatter(width, more=0.0):
    """Whether the last `width` losses are on average no lower than as many before them, from 1,000 losses on."""
    return lambda x: len(x) >= max(1000, 2 * width) and np.mean(x[-width:]) >= np.mean(x[-2 * width : -width]) + more


def climbers(logit=lambda a, b, c, x: a + b * x + c * x**2, bend="bend", prior=5, observe=True):
    def model(x, y):
        with pm.Model() as model:
            a, b, c = pm.Normal("intercept", 0, 5), pm.Normal("slope", 0, prior), pm.Normal(bend, 0, 5)
            logit_p = logit(a, b, c, x)
            pm.Bernoulli("top", logit_p=logit_p, observed=y) if observe else pm.Deterministic("logit", logit_p)
        return model

    return model


def forgot_observed(x, y):
    with climbers(observe=False)(x, y) as model:
        pm.Bernoulli("goal", logit_p=model["logit"], shape=len(x))
    return model


def band(noise=lambda f, sd, rng: rng.normal(0, sd, f.shape), tails=lambda c: ((1 - c) / 2, (1 + c) / 2)):
    return lambda f, sd, level, rng: np.quantile(f + noise(f, sd, rng), tails(level), axis=0)


def noise_after(f, sd, level, rng):
    return np.quantile(f, [(1 - level) / 2, (1 + level) / 2], axis=0) + rng.normal(0, sd, size=(2, f.shape[1]))


WRONG = [
    ("towards_two", [BOTH | {"KL(p‖q)": None}, MEASURED], "Predict KL(p‖q) first"),
    ("towards_two", [BOTH | {"KL(p‖q)": "explodes"}, MEASURED], "choose one of"),
    ("towards_two", [BOTH | {"KL(p‖q)": np.zeros(2)}, MEASURED], "choose one of"),
    ("towards_two", [BOTH, {}], "Now measure KL(q‖p)"),
    ("towards_two", [BOTH, dict(zip(MEASURED, [*MEASURED.values()][::-1], strict=True))], "other direction"),
    ("towards_two", [BOTH, MEASURED | {"KL(q‖p)": 0.05}], "is not 0.05"),
    ("towards_two", [BOTH, MEASURED | {"KL(q‖p)": divergences.kl}], "Real numbers"),
    ("towards_two", [None, {}], "dictionaries"),
    ("epochs", [lambda n, s, b, rng: rng.permutation(n).reshape(s, b)], "ValueError in line"),
    ("epochs", [lambda n, s, b, rng: right_epochs(n, s, b, rng).T], "a row for each step"),
    ("epochs", [lambda n, s, b, rng: right_epochs(n, s, b, rng).ravel()], "not (20, 5)"),
    ("epochs", [lambda n, s, b, rng: right_epochs(23, 20, 5, rng)], "not (12, 10)"),
    ("epochs", [lambda n, s, b, rng: right_epochs(n, s, b, rng) * 1.0], "float64"),
    ("epochs", [lambda n, s, b, rng: right_epochs(n, s, b, rng) + 1], "numbered from 0"),
    ("epochs", [lambda n, s, b, rng: right_epochs(n, s, b, rng) - 1], "run from -1 to 21"),
    ("epochs", [lambda n, s, b, rng: orders(n, s, b, lambda k: np.arange(n))], "not shuffled"),
    ("epochs", [lambda n, s, b, rng: rng.permutation(orders(n, s, b, lambda k: np.arange(n)))], "not shuffled"),
    ("epochs", [once_shuffled], "same order"),
    ("epochs", [lambda n, s, b, rng: rng.integers(n, size=(s, b))], "twice within an epoch"),
    ("epochs", [lambda n, s, b, rng: [rng.choice(n, b, replace=False) for _ in range(s)]], "twice within an epoch"),
    ("epochs", [lambda n, s, b, rng: orders(n, s, b, lambda k: rng.permutation(n), n // b * b)], "drops its last 3"),
    ("epochs", [lambda n, s, b, rng: right_epochs(n, s, b, np.random.default_rng())], "same seed"),
    ("epochs", [lambda n, s, b, rng: right_epochs(n, s, b, np.random.default_rng(5))], "different seeds"),
    ("twin", [lambda w: w[:10].reshape(2, 5)], "shape (2, 5)"),
    ("twin", [lambda w: w * np.nan], "not finite"),
    ("twin", [lambda w: w + 1e-6], "That is w itself"),
    ("twin", [flip_in_place], "It changes w itself"),
    ("twin", [lambda w: -w], "three times −1"),
    ("twin", [twin(flip_entering)], "Only w1 has changed, and the logits differ by up to"),
    ("twin", [lambda w: np.r_[w[:35], w[35:][::-1]]], "Only w3 has changed"),
    ("twin", [twin(swap_slices)], "needs a copy"),
    ("twin", [twin(flip_columns)], "a column of w1 and a row of w2"),
    ("twin", [lambda w: TWIN_OF_FIRST], "With your weights"),
    *(("quadratic_model", [climbers(logit)], hint) for logit, hint in QUADRATIC_SLIPS),
    ("quadratic_model", [climbers(bend="curve")], "should be intercept, slope, bend"),
    ("quadratic_model", [climbers(observe=False)], "Nothing is observed"),
    ("quadratic_model", [forgot_observed], "goal needs observed=y"),
    ("quadratic_model", [climbers(prior=1)], "priors differ"),
    ("quadratic_model", [climbers(lambda a, b, c, x: a + b * x + c * x**3)], "log likelihood is"),
    ("quadratic_model", [lambda x, y: 3.0], "should return a model"),
    ("stop_when_flat", [stop(lambda losses: False)], "never stops"),
    ("stop_when_flat", [stop(lambda losses: len(losses) > 10)], "before there are 1,000"),
    ("stop_when_flat", [stop(lambda losses: losses[2])], "IndexError"),
    ("stop_when_flat", [stop(lambda losses: len(losses) > 1500)], "still falling"),
    ("stop_when_flat", [stop(flatter(1500))], "but late"),
    ("stop_when_flat", [stop(flatter(20))], "means of 500"),
    ("stop_when_flat", [stop(flatter(99, more=3))], "never stops"),
    ("observation_band", [lambda *a: band()(*a).T], "A pair is asked for, (low, high)"),
    ("observation_band", [lambda f, s, c, rng: np.quantile(f, [0.1, 0.9], axis=1)], "axis=0"),
    ("observation_band", [lambda f, s, c, rng: np.quantile(f, [0.1, 0.9])], "it should have (5,)"),
    ("observation_band", [lambda *a: band()(*a)[::-1]], "changed places"),
    ("observation_band", [lambda f, s, c, rng: band()(0 * f + f.mean(0), s, c, rng)], "around the mean"),
    ("observation_band", [band(lambda f, s, rng: rng.normal(0, s))], "One noise number"),
    ("observation_band", [band(lambda f, s, rng: rng.normal(0, s, f.shape[1]))], "One noise number"),
    ("observation_band", [band(tails=lambda c: (1 - c, c))], "left out on each side"),
    ("observation_band", [band(tails=lambda c: (c / 2, 1 - c / 2))], "share inside the band"),
    ("observation_band", [band(lambda f, s, rng: rng.normal(0, s**2, f.shape))], "variance as its sd"),
    ("observation_band", [band(lambda f, s, rng: np.random.default_rng().normal(0, s, f.shape))], "from rng only"),
    ("observation_band", [noise_after], "before the quantiles are taken"),
    ("observation_band", [band(tails=lambda c: (0.1, 0.9))], "the exact quantile of f + noise is"),
    ("observation_band", [band(tails=lambda c: (0.05, (1 + c) / 2))], "low is"),
    ("observation_band", [lambda f, *a: band()(f, *a) * np.nan], "is nan"),
    # the loop's own words
    ("estimate", [lambda p, c, s: -5235.5], "survey = -11.4 your answer is -5235.5, not -6618.5."),
    ("bald", [lambda p: p[0]], "your answer has shape (4, 3); it should have (4,)."),
    ("corrected", [lambda t, r: (t, 2.0)], "mean has shape (400,); it should be one number."),
    ("layered_weights", [lambda c, s, o: c + 0 * o], "your answer["),
    ("log_copies", [lambda h: sum(k * np.log(2) + np.log(math.factorial(k)) for k in h)], "log h! is special.gammaln"),
    ("log_copies", [lambda h: special.gammaln(6) + 0 * h[2]], "IndexError"),
    ("steps_needed", [lambda n, b, e: 2 * (n // b) / e**2], "not 1578.125. If you round, round up"),
    ("gamma_log_density", [lambda z: 1e20 + 0 * z], "more than a constant"),
    ("gamma_log_density", [lambda z: np.multiply(z, 0, out=z)], "more than a constant"),
    ("log_acceptance", [lambda p, s, t: np.clip(p(t) - p(s) + np.log(t / s), -700, 0)], "Stay with logarithms"),
    ("sigma_for_laplace", [1.25], "Four digits"),
    ("sigma_for_laplace", [-1], "can be brought down to 0.0484"),
    ("gamma_optimum", [(0.24, 0.58)], "Both to three decimals"),
    ("gamma_optimum", [(0.3, 3**-0.5)], "σ is right; μ is not 0.3"),
    ("prior_sd", [2.35], "Three decimals"),
    ("prior_sd", [-2.0], "positive"),
    ("prior_sd", [5.0], "35.8%"),
]


@pytest.mark.parametrize(("checker", "answers", "hint"), WRONG)
def test_wrong_answer_gets_its_hint(checker, answers, hint):
    verdict = check(f"check_{checker}", *answers)
    assert not verdict.right and hint in verdict.message


def test_every_slip_in_a_band_gets_its_own_hint():
    tables = {case: list(bnn_regression.slips(bnn_regression.draws(), *case)) for case in ((0.3, 0.8), (0.5, 0.6))}
    for k, (_, _, hint) in enumerate(tables[0.3, 0.8]):
        verdict = exercises.check_observation_band(lambda f, sd, level, rng, k=k: tables[sd, level][k][0])
        assert verdict.message == hint


# Right answers in other forms


def single(function):
    """The same in JAX's single precision."""

    def answer(*arguments):
        value = function(*arguments)
        return (
            tuple(jnp.asarray(part, jnp.float32) for part in value) if isinstance(value, tuple) else jnp.float32(value)
        )

    return answer


@pytest.mark.parametrize("checker", [name for name in TABLES if callable(solution(name)[0])])
def test_right_answers_in_single_precision_are_right(checker):
    (solved,) = solution(checker)
    verdict = check(checker, single(solved))
    assert verdict.right, verdict


def changing(p):
    """The split of p, by a function that spoils its argument."""
    noise, mean = (p * (1 - p)).mean(0), p.mean(0)
    p -= mean
    return np.stack([noise, (p**2).mean(0)])


def exact_band(f, noise_sd, level, rng):
    """Quantiles of the mixture of normals by root finding: no noise is drawn."""

    def quantile(column, tail):
        reach = [column.min() - 9 * noise_sd, column.max() + 9 * noise_sd]
        return optimize.brentq(lambda q: special.ndtr((q - column) / noise_sd).mean() - tail, *reach)

    return [np.array([quantile(column, tail) for column in f.T]) for tail in ((1 - level) / 2, (1 + level) / 2)]


def spoiling_band(f, noise_sd, level, rng):
    """A right answer in single precision that adds the noise in place and sorts; one noise number for all points."""
    f += rng.normal(0, noise_sd, size=(len(f), 1))
    f.sort(axis=0)
    return f[int(len(f) * (1 - level) / 2)].astype(np.float32), f[int(len(f) * (1 + level) / 2)].astype(np.float32)


RIGHT = [
    ("kl_of_normals", lambda *a: np.array([divergences.kl(targets.normal(*a[:2]), targets.normal(*a[2:]))])),
    ("gamma_gradient", lambda *a: list(solution("check_gamma_gradient")[0](*a))),
    *(
        ("steps_needed", lambda n, b, e, rounding=rounding: rounding(2 * n / b / e**2))
        for rounding in (math.ceil, lambda steps: 2 * math.ceil(steps / 2))
    ),
    *(("draws_needed", lambda k, c=c: c(10 ** (1 / (1 - k))) if k <= 0.7 else math.inf) for c in (float, math.ceil)),
    ("epochs", shuffled_epochs),
    ("epochs", lambda *a: right_epochs(*a).tolist()),
    ("epochs", lambda *a: jnp.asarray(right_epochs(*a))),
    ("split", changing),
    *(
        ("twin", lambda w, slips=slips: moved(w, *slips).astype(np.float32))
        for slips in ([swap_first], [swap_second], [flip_first], [swap_first, swap_second, flip_first])
    ),
    ("one_step_ahead", lambda *a: solution("check_one_step_ahead")[0](*a).tolist()),
    ("observation_band", exact_band),
    ("observation_band", spoiling_band),
    ("observation_band", lambda f, *a: band()(np.repeat(f, 3, axis=0), *a)),
    *(("observation_band", band(lambda f, s, rng, k=k: rng.spawn(k + 1)[k].normal(0, s, f.shape))) for k in range(8)),
    ("vsbc", lambda t, m, s: (special.ndtr((t - m) / s), ((t > m).mean() - 0.5) / ((t > m).std() / len(t) ** 0.5))),
    ("log_share", lambda z, k: ((z - np.exp(z)) / k).tolist()),
]


@pytest.mark.parametrize(("checker", "answer"), RIGHT)
def test_right_answers_in_other_forms(checker, answer):
    verdict = check(f"check_{checker}", answer)
    assert verdict.right, verdict


def test_predictions_that_were_wrong_and_keys_in_ascii():
    assert "0.0762 and 62.5 nats" in exercises.check_towards_two(BOTH, MEASURED).message
    assert divergences.kl(Q, targets.student_t(3)) == pytest.approx(0.0407, abs=5e-5)
    verdict = exercises.check_towards_two(BOTH | {"KL(q‖p)": "grows without bound"}, MEASURED)
    assert verdict.right and "Your prediction for KL(q‖p) was off" in verdict.message
    in_ascii = [{key.replace("‖", "||"): value for key, value in answer.items()} for answer in (BOTH, MEASURED)]
    assert exercises.check_towards_two(*in_ascii).right


def test_log_acceptance_balances_the_chain():
    # p(σ) q(σ′ | σ) a(σ → σ′) is the same the other way, with SciPy's density of the proposal
    (accept,), p = solution("check_log_acceptance"), stats.gamma(6, scale=1 / 3).logpdf
    for here, there in ((0.6, 0.9), (2.0, 2.7), (0.7, 4.0)):
        forth = p(here) + stats.lognorm.logpdf(there, 0.5, scale=here) + accept(p, here, there)
        back = p(there) + stats.lognorm.logpdf(here, 0.5, scale=there) + accept(p, there, here)
        assert forth == pytest.approx(back)


def test_the_bend_of_the_quadratic_model_is_about_two_posterior_sds_from_zero():
    rng = np.random.default_rng(303)  # the data of the chapter
    x = rng.normal(size=100)
    y = (rng.random(100) < special.expit(-1 + 2 * x)).astype(int)
    fit = advi(FlatModel(climbers()(x, y)), family="full-rank", steps=1000, seed=1)
    bend = fit.model.labels.index("bend")
    assert 1.6 < fit.mean[bend] / fit.sd[bend] < 2.8
