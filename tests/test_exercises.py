"""Every solution passes its checker; every named mistake gets the hint that was written for it."""

import math
import re
from itertools import pairwise
from pathlib import Path

import jax.numpy as jnp
import nbformat
import numpy as np
import pymc as pm
import pytest
from scipy import optimize, special, stats

from helpers import exercises
from helpers.fits import FlatModel, advi, shuffled_epochs
from helpers.truth import divergences, targets

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


LOG_2 = np.log(2)


def estimate(prior=1, clicks=2000, survey=1):
    return lambda p, c, s: prior * p + clicks * c + survey * s


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


def steps_needed(share=2, power=2, rows=1):
    return lambda n, b, e: share * (n / b) ** rows / e**power


def log_copies(sign=LOG_2, order=1):
    return lambda widths: sum(h * sign + order * special.gammaln(h + 1) for h in widths)


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


def split(first=lambda p: (p * (1 - p)).mean(0), second=lambda p: p.var(0)):
    return lambda p: (first(p), second(p))


def bald(total=1.0, noise=-1.0, entr=special.entr):
    return lambda p: total * entr(p.mean(0)).sum(-1) + noise * entr(p).sum(-1).mean(0)


def layered(sizes=(10, 25, 5), spread=np.exp, combine=lambda c, s, o: c + s * o):
    return lambda centre, log_spread, offset: combine(centre, np.repeat(spread(log_spread), sizes), offset)


def paired(error, sign=1):
    return lambda a, b: (sign * (a - b).mean(), error(a, b, len(a)))


def ahead(known=lambda i, n: slice(i), scale=np.sqrt, line=1, noise=1, prior=lambda a: a, precision=lambda b: b):
    """log p(y_i | the readings known(i, n)), with a place for every slip."""

    def function(features, y, alpha, beta):
        alpha, beta, values = prior(alpha), precision(beta), []
        for i, phi in enumerate(features):
            rows = known(i, len(y))
            covariance = np.linalg.inv(alpha * np.eye(len(phi)) + beta * features[rows].T @ features[rows])
            mean = beta * phi @ covariance @ features[rows].T @ y[rows]
            values.append(stats.norm.logpdf(y[i], mean, scale(line * phi @ covariance @ phi + noise / beta)))
        return np.array(values)

    return function


def steps_of_evidence(features, y, alpha, beta):
    """The same as differences of the log evidence, by the marginal normal of y."""
    covariance = np.eye(len(y)) / beta + features @ features.T / alpha
    sums = [stats.multivariate_normal.logpdf(y[:i], np.zeros(i), covariance[:i, :i]) for i in range(1, len(y) + 1)]
    return np.diff(sums, prepend=0)


def acceptance(gain=1.0, turn=1.0, finish=lambda log_ratio: min(0, log_ratio)):
    return lambda p, s, t: finish(gain * (p(t) - p(s)) + turn * np.log(t / s))


def band(noise=lambda f, sd, rng: rng.normal(0, sd, f.shape), tails=lambda c: ((1 - c) / 2, (1 + c) / 2)):
    return lambda f, sd, level, rng: np.quantile(f + noise(f, sd, rng), tails(level), axis=0)


def around(centre, sd):
    """centre(f) ± z sd(f, noise)"""
    z = np.array([[-1], [1]])
    return lambda f, s, c, rng: centre(f) + z * stats.norm.ppf((1 + c) / 2) * sd(f, s)


def noise_after(f, sd, level, rng):
    return np.quantile(f, [(1 - level) / 2, (1 + level) / 2], axis=0) + rng.normal(0, sd, size=(2, f.shape[1]))


def corrected(weigh=special.softmax, effective=lambda w: 1 / (w**2).sum()):
    def answer(theta, log_ratio):
        w = weigh(log_ratio)
        return w @ theta, effective(w)

    return answer


def naive(r):
    return np.exp(r) / np.exp(r).sum()


def vsbc(
    score=lambda t, m, s: (t - m) / s,
    p_of=stats.norm.cdf,
    z_of=lambda p: 2 * np.sqrt(len(p)) * ((p > 0.5).mean() - 0.5),
):
    def answer(truth, mean, sd):
        p = p_of(score(truth, mean, sd))
        return p, z_of(p)

    return answer


def prior_once(away=lambda k: k - 1, prior_of=lambda p: p, precision_of=lambda p: p, mean_of=np.linalg.solve):
    def answer(means, precisions, prior):
        precision = precisions.sum(0) - away(len(means)) * prior_of(prior)
        return mean_of(precision, np.einsum("kij,kj->i", precisions, means)), precision_of(precision)

    return answer


def repaired(mean):
    """A right precision with another mean, computed from what the function gets."""
    return lambda m, p, prior: (mean(m, p), prior_once()(m, p, prior)[1])


def draws_needed(f=lambda k: math.ceil(10 ** (1 / (1 - k))), limit=0.7):
    return lambda khat: f(khat) if khat <= limit else np.inf


WRONG = [
    (exercises.check_estimate, [lambda p, c, s: ...], "no answer yet"),
    (exercises.check_estimate, [lambda p, c, s: None], "no answer yet"),
    (exercises.check_estimate, [lambda p, c, s: 1 / 0], "ZeroDivisionError"),
    (exercises.check_estimate, [estimate(clicks=1)], "Nothing is scaled"),
    (exercises.check_estimate, [estimate(survey=2000)], "survey is whole: all"),
    (exercises.check_estimate, [estimate(clicks=1, survey=2000)], "It is the clicks"),
    (exercises.check_estimate, [estimate(clicks=400.8, survey=400.8)], "two factors"),
    (exercises.check_estimate, [estimate(2000, 2000, 2000)], "no batches"),
    (exercises.check_estimate, [estimate(2000)], "prior counts once"),
    (exercises.check_estimate, [estimate(clicks=1 / 2000)], "turned over"),
    (exercises.check_estimate, [estimate(clicks=1 / 500, survey=1 / 2000)], "averages per row"),
    (exercises.check_estimate, [estimate(clicks=1 / 500)], "stands for one row"),
    (exercises.check_estimate, [estimate(clicks=1_000_000)], "already"),
    (exercises.check_estimate, [estimate(0)], "log prior is missing"),
    (exercises.check_estimate, [estimate(survey=0)], "survey is missing"),
    (exercises.check_estimate, [estimate(clicks=-2000)], "it gives 5164.5, not -5235.5"),
    (exercises.check_estimate, [lambda p, c, s: -5235.5], "it gives -5235.5, not -6618.5"),
    (exercises.check_epochs, [lambda n, s, b, rng: ...], "no answer yet"),
    (exercises.check_epochs, [lambda n, s, b, rng: None], "no answer yet"),
    (exercises.check_epochs, [lambda n, s, b, rng: rng.permutation(n).reshape(s, b)], "ValueError"),
    (exercises.check_epochs, [lambda n, s, b, rng: right_epochs(n, s, b, rng).T], "a row for each step"),
    (exercises.check_epochs, [lambda n, s, b, rng: right_epochs(n, s, b, rng).ravel()], "not (20, 5)"),
    (exercises.check_epochs, [lambda n, s, b, rng: right_epochs(23, 20, 5, rng)], "not (12, 10)"),
    (exercises.check_epochs, [lambda n, s, b, rng: right_epochs(n, s, b, rng) * 1.0], "float64"),
    (exercises.check_epochs, [lambda n, s, b, rng: right_epochs(n, s, b, rng) + 1], "numbered from 0"),
    (exercises.check_epochs, [lambda n, s, b, rng: right_epochs(n, s, b, rng) - 1], "run from -1 to 21"),
    (exercises.check_epochs, [lambda n, s, b, rng: orders(n, s, b, lambda k: np.arange(n))], "not shuffled"),
    (
        exercises.check_epochs,
        [lambda n, s, b, rng: rng.permutation(orders(n, s, b, lambda k: np.arange(n)))],
        "not shuffled",
    ),
    (exercises.check_epochs, [once_shuffled], "same order"),
    (exercises.check_epochs, [lambda n, s, b, rng: rng.integers(n, size=(s, b))], "twice within an epoch"),
    (
        exercises.check_epochs,
        [lambda n, s, b, rng: np.array([rng.choice(n, b, replace=False) for _ in range(s)])],
        "twice within an epoch",
    ),
    (
        exercises.check_epochs,
        [lambda n, s, b, rng: orders(n, s, b, lambda k: rng.permutation(n), n // b * b)],
        "drops its last 3 rows",
    ),
    (exercises.check_epochs, [lambda n, s, b, rng: right_epochs(n, s, b, np.random.default_rng())], "same seed"),
    (exercises.check_epochs, [lambda n, s, b, rng: right_epochs(n, s, b, np.random.default_rng(5))], "different seeds"),
    (exercises.check_steps_needed, [lambda n, b, e: ...], "no answer yet"),
    (exercises.check_steps_needed, [lambda n, b, e: None], "no answer yet"),
    (exercises.check_steps_needed, [lambda n, b, e: 1 / 0], "ZeroDivisionError"),
    (exercises.check_steps_needed, [steps_needed(1)], "Only the second half"),
    (exercises.check_steps_needed, [steps_needed(1 / 2)], "twice the steps"),
    (exercises.check_steps_needed, [steps_needed(2, 1)], "should be squared: error"),
    (exercises.check_steps_needed, [steps_needed(1, 1)], "squared, and only the second half"),
    (exercises.check_steps_needed, [steps_needed(2, 0.5)], "not by a root"),
    (exercises.check_steps_needed, [lambda n, b, e: np.sqrt(2 * n / b / e**2)], "one too many"),
    (exercises.check_steps_needed, [steps_needed(2, -2)], "divide by error²"),
    (exercises.check_steps_needed, [steps_needed(1, rows=0)], "epochs averaged"),
    (exercises.check_steps_needed, [lambda n, b, e: np.ceil(2 / e**2)], "Those are epochs;"),
    (exercises.check_steps_needed, [lambda n, b, e: 2 * n / e**2], "Those are rows"),
    (exercises.check_steps_needed, [steps_needed(3)], "it gives 2.4e+06, not 1.6e+06"),
    (exercises.check_steps_needed, [lambda n, b, e: 2 * (n // b) / e**2], "it gives 1550, not 1578"),
    (exercises.check_steps_needed, [lambda n, b, e: int(2 * n / b / e**2 + 0.01)], "it gives 1578, not 1578.12"),
    (exercises.check_split, [lambda p: ...], "no answer yet"),
    (exercises.check_split, [lambda p: None], "no answer yet"),
    (exercises.check_split, [lambda p: (..., ...)], "no answer yet"),
    (exercises.check_split, [split(second=lambda p: None)], "no answer yet"),
    (exercises.check_split, [lambda p: 1 / 0], "ZeroDivisionError"),
    (exercises.check_split, [lambda p: 0.3], "should return two arrays; it gave TypeError"),
    (exercises.check_split, [lambda p: p.var(0)], "not 4 parts"),
    (exercises.check_split, [lambda p: ((p * (1 - p)).mean(1), p.var(1))], "over the points"),
    (exercises.check_split, [split(second=lambda p: p.var(1))], "over the points"),
    (exercises.check_split, [split(lambda p: (p * (1 - p)).mean())], "each part should have (4,), not ()"),
    (exercises.check_split, [lambda p: split()(p)[::-1]], "changed places"),
    (exercises.check_split, [split(lambda p: p.mean(0) * (1 - p.mean(0)))], "multiply first"),
    (exercises.check_split, [split(second=lambda p: p.mean(0) * (1 - p.mean(0)))], "only the variance"),
    (exercises.check_split, [split(second=lambda p: p.var(0, ddof=1))], "draws − 1"),
    (exercises.check_split, [split(second=lambda p: p.std(0))], "add up as variances"),
    (exercises.check_split, [split(second=lambda p: p.std(0, ddof=1))], "with ddof=1"),
    (exercises.check_split, [split(lambda p: p.mean(0))], "E[p(1 − p)] is"),
    (exercises.check_split, [split(second=lambda p: p.mean(0))], "Var[p] is"),
    (exercises.check_split, [split(second=lambda p: p.mean(0) * 0 + np.ones(4))], "Var[p] is"),
    (exercises.check_split, [lambda p: split()(p[:6, :4])], "should have (9,), not (4,)"),
    (exercises.check_log_copies, [lambda widths: ...], "no answer yet"),
    (exercises.check_log_copies, [lambda widths: None], "no answer yet"),
    (exercises.check_log_copies, [lambda widths: 1 / 0], "ZeroDivisionError"),
    (exercises.check_log_copies, [log_copies(sign=0)], "signs are missing"),
    (exercises.check_log_copies, [log_copies(order=0)], "orders are missing"),
    (exercises.check_log_copies, [lambda h: log_copies(sign=0)(h) + len(h) * np.log(2)], "2^h choices"),
    (exercises.check_log_copies, [lambda h: np.exp(log_copies()(h))], "take its logarithm"),
    (exercises.check_log_copies, [lambda h: log_copies()(h) / np.log(10)], "base 10"),
    (exercises.check_log_copies, [lambda h: log_copies()(h) / np.log(2)], "base 2"),
    (exercises.check_log_copies, [lambda h: sum(k * np.log(2) + special.gammaln(k) for k in h)], "(h − 1)!"),
    (exercises.check_log_copies, [lambda h: log_copies()(k - 1 for k in h)], "not h − 1"),
    (exercises.check_log_copies, [lambda h: log_copies()(h[:1])], "first layer alone"),
    (exercises.check_log_copies, [lambda h: special.logsumexp([log_copies()([k]) for k in h])], "multiply"),
    (exercises.check_log_copies, [lambda h: log_copies()([sum(h)])], "within their own layer"),
    (exercises.check_log_copies, [lambda h: 3.0], "it gives 3.0000"),
    (exercises.check_log_copies, [lambda h: log_copies()((5, 5))], "For (4, 7, 2) it gives"),
    (
        exercises.check_log_copies,
        [lambda h: sum(k * np.log(2) + np.log(special.factorial(k)) for k in h)],
        "not for (200, 300). Your function should return one finite number, not",
    ),
    (
        exercises.check_log_copies,
        [lambda h: sum(k * np.log(2) + np.log(math.factorial(k)) for k in h)],
        "not for (200, 300). Your function raised TypeError",
    ),
    (exercises.check_log_copies, [lambda h: min(log_copies()(h), 700.0)], "It gives 700.0000"),
    (exercises.check_twin, [lambda w: ...], "no answer yet"),
    (exercises.check_twin, [lambda w: None], "no answer yet"),
    (exercises.check_twin, [lambda w: 1 / 0], "ZeroDivisionError"),
    (exercises.check_twin, [lambda w: w[:10].reshape(2, 5)], "shape (2, 5)"),
    (exercises.check_twin, [lambda w: w * np.nan], "not finite"),
    (exercises.check_twin, [lambda w: w], "That is w itself"),
    (exercises.check_twin, [lambda w: w + 1e-6], "That is w itself"),
    (exercises.check_twin, [flip_in_place], "It changes w itself"),
    (exercises.check_twin, [lambda w: -w], "three times −1"),
    (exercises.check_twin, [twin(flip_entering)], "Only w1 has changed, and the logits differ by up to"),
    (exercises.check_twin, [lambda w: np.r_[w[:35], w[35:][::-1]]], "Only w3 has changed"),
    (exercises.check_twin, [twin(swap_slices)], "needs a copy"),
    (exercises.check_twin, [twin(flip_columns)], "a column of w1 and a row of w2"),
    (exercises.check_twin, [lambda w: TWIN_OF_FIRST], "With your weights"),
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
    (exercises.check_bald, [lambda p: ...], "no answer yet"),
    (exercises.check_bald, [lambda p: None], "no answer yet"),
    (exercises.check_bald, [lambda p: 1 / 0], "ZeroDivisionError"),
    (exercises.check_bald, [lambda p: special.entr(p.mean(0)) - special.entr(p).mean(0)], "it should be (4,)"),
    (exercises.check_bald, [bald(entr=lambda p: -p * np.log(p))], "special.entr knows"),
    (exercises.check_bald, [bald(noise=0)], "total entropy; take"),
    (exercises.check_bald, [bald(0, 1)], "the label noise"),
    (exercises.check_bald, [bald(-1, 1)], "The sign"),
    (exercises.check_bald, [bald(1, 1)], "do not add it"),
    (exercises.check_bald, [bald(entr=lambda p: special.entr(p) / np.log(2))], "in bits"),
    (exercises.check_bald, [lambda p: bald()(p[..., :1])], "first class alone"),
    (exercises.check_bald, [lambda p: bald()(p) / p.shape[-1]], "do not average"),
    (exercises.check_bald, [lambda p: p.var(0).sum(-1)], "variance of p"),
    (exercises.check_bald, [lambda p: bald()(p) + 0.1], "it gives"),
    (exercises.check_layered_weights, [lambda c, s, o: ...], "no answer yet"),
    (exercises.check_layered_weights, [lambda c, s, o: 1 / 0], "ZeroDivisionError"),
    (exercises.check_layered_weights, [lambda c, s, o: c], "shape (40,), not (4, 40)"),
    (exercises.check_layered_weights, [layered(spread=np.array)], "log_spread is a logarithm"),
    (exercises.check_layered_weights, [layered(combine=lambda c, s, o: s * o)], "centre is missing"),
    (exercises.check_layered_weights, [layered(combine=lambda c, s, o: c + o)], "play no part"),
    (exercises.check_layered_weights, [layered(combine=lambda c, s, o: s * (c + o))], "not to the centre"),
    (exercises.check_layered_weights, [layered(combine=lambda c, s, o: o)], "Those are the offsets"),
    (exercises.check_layered_weights, [layered(combine=lambda c, s, o: c + s**2 * o)], "variance"),
    (exercises.check_layered_weights, [lambda c, s, o: c + np.resize(np.exp(s), 40) * o], "ten times the first"),
    (exercises.check_layered_weights, [lambda c, s, o: c + np.exp(s[0]) * o], "own spread"),
    (exercises.check_layered_weights, [layered((10, 5, 25))], "in that order"),
    (exercises.check_layered_weights, [layered((5, 25, 10))], "is off the most"),
    (exercises.check_paired, [lambda a, b: ...], "no answer yet"),
    (exercises.check_paired, [lambda a, b: (..., ...)], "two finite numbers"),
    (exercises.check_paired, [lambda a, b: 1 / 0], "ZeroDivisionError"),
    (exercises.check_paired, [lambda a, b: 0.1], "two numbers; it gave TypeError"),
    (exercises.check_paired, [paired(lambda a, b, n: 1.0, sign=-1)], "The sign"),
    (exercises.check_paired, [lambda a, b: (a.mean(), 1.0)], "The mean of a − b is"),
    (exercises.check_paired, [paired(lambda a, b, n: np.hypot(a.std(), b.std()) / n**0.5)], "two separate samples"),
    (
        exercises.check_paired,
        [paired(lambda a, b, n: np.hypot(a.std(ddof=1), b.std(ddof=1)) / n**0.5)],
        "two separate samples",
    ),
    (exercises.check_paired, [paired(lambda a, b, n: (a - b).std(ddof=1))], "sd of one difference"),
    (exercises.check_paired, [paired(lambda a, b, n: (a - b).std())], "sd of one difference"),
    (exercises.check_paired, [paired(lambda a, b, n: (a - b).var(ddof=1) / n)], "take the root"),
    (exercises.check_paired, [paired(lambda a, b, n: (a - b).std(ddof=1) / n)], "not by n:"),
    (exercises.check_paired, [paired(lambda a, b, n: (a - b).std() / n**0.5)], "ddof=1"),
    (exercises.check_paired, [paired(lambda a, b, n: 1.0)], "standard error should be"),
    (exercises.check_one_step_ahead, [lambda f, y, a, b: ...], "no answer yet"),
    (exercises.check_one_step_ahead, [lambda f, y, a, b: None], "no answer yet"),
    (exercises.check_one_step_ahead, [lambda f, y, a, b: 1 / 0], "ZeroDivisionError"),
    (exercises.check_one_step_ahead, [lambda *a: ahead()(*a)[1:]], "The first is missing"),
    (exercises.check_one_step_ahead, [lambda *a: ahead()(*a).sum()], "the log evidence; the question"),
    (exercises.check_one_step_ahead, [lambda *a: ahead()(*a)[:-1]], "shape (5,); it should be (6,)"),
    (exercises.check_one_step_ahead, [lambda *a: 0.3], "shape (); it should be (6,)"),
    (exercises.check_one_step_ahead, [ahead(lambda i, n: slice(n))], "uses all the data"),
    (exercises.check_one_step_ahead, [ahead(lambda i, n: slice(i + 1))], "Off by one"),
    (exercises.check_one_step_ahead, [ahead(lambda i, n: np.delete(np.arange(n), i))], "leaves one out"),
    (exercises.check_one_step_ahead, [ahead(lambda i, n: slice(i + 1, n))], "from those after it"),
    (exercises.check_one_step_ahead, [ahead(lambda i, n: slice(0))], "prior's prediction for each"),
    (exercises.check_one_step_ahead, [ahead(lambda i, n: slice(1, i))], "never learnt from"),
    (exercises.check_one_step_ahead, [ahead(lambda i, n: slice(max(i - 1, 0)))], "One step late"),
    (exercises.check_one_step_ahead, [ahead(precision=lambda b: 1 / b)], "β is a precision"),
    (exercises.check_one_step_ahead, [ahead(prior=lambda a: 1 / a)], "α is a precision"),
    (exercises.check_one_step_ahead, [ahead(noise=0)], "noise is missing"),
    (exercises.check_one_step_ahead, [ahead(line=0)], "noise alone"),
    (exercises.check_one_step_ahead, [ahead(scale=float)], "wants the sd"),
    (
        exercises.check_one_step_ahead,
        [lambda f, y, a, b: ahead(scale=lambda v: np.sqrt(v - 1 / b) + np.sqrt(1 / b))(f, y, a, b)],
        "not sds",
    ),
    (exercises.check_one_step_ahead, [lambda *a: np.cumsum(ahead()(*a))], "running sums"),
    (exercises.check_one_step_ahead, [lambda *a: np.exp(ahead()(*a))], "take their logarithms"),
    (exercises.check_one_step_ahead, [lambda *a: -ahead()(*a)], "The sign"),
    (exercises.check_one_step_ahead, [lambda *a: ahead()(*a)[::-1]], "For i = 1 of 6 it gives"),
    (exercises.check_one_step_ahead, [lambda *a: np.full(6, np.nan)], "it gives nan"),
    (exercises.check_one_step_ahead, [lambda f, y, a, b: ahead()(f[:, :2], y, a, b)], "of 8 it gives"),
    (exercises.check_log_acceptance, [lambda p, s, t: ...], "no answer yet"),
    (exercises.check_log_acceptance, [lambda p, s, t: None], "no answer yet"),
    (exercises.check_log_acceptance, [lambda p, s, t: 1 / 0], "ZeroDivisionError"),
    (exercises.check_log_acceptance, [lambda p, s, t: np.nan], "one finite number"),
    (exercises.check_log_acceptance, [acceptance(turn=0)], "correction is missing: q"),
    (exercises.check_log_acceptance, [acceptance(turn=0, finish=float)], "correction is missing: q"),
    (exercises.check_log_acceptance, [acceptance(turn=-1)], "wrong way round"),
    (exercises.check_log_acceptance, [acceptance(gain=-1, turn=-1)], "whole ratio is turned round"),
    (exercises.check_log_acceptance, [acceptance(gain=-1, turn=0)], "and Hastings' correction is missing"),
    (exercises.check_log_acceptance, [acceptance(gain=-1)], "ratio of p̃ is turned round"),
    (exercises.check_log_acceptance, [lambda p, s, t: min(0, p(t) - p(s) + t / s)], "log(σ′/σ)"),
    (exercises.check_log_acceptance, [lambda p, s, t: min(0, p(t) - p(s) + t - s)], "not σ′ − σ"),
    (exercises.check_log_acceptance, [acceptance(turn=2)], "counts twice"),
    (exercises.check_log_acceptance, [acceptance(gain=0)], "correction alone"),
    (exercises.check_log_acceptance, [lambda p, s, t: min(0, p(t) + np.log(t / s))], "p̃(σ′) alone"),
    (exercises.check_log_acceptance, [lambda p, s, t: min(0, p(t))], "p̃(σ′) alone"),
    (exercises.check_log_acceptance, [lambda p, s, t: min(0, p(s) + np.log(t / s))], "at p̃(σ) alone"),
    (exercises.check_log_acceptance, [lambda p, s, t: p(s)], "at p̃(σ) alone"),
    (exercises.check_log_acceptance, [acceptance(finish=float)], "cap it"),
    (exercises.check_log_acceptance, [acceptance(finish=lambda r: min(1, r))], "its log is at most 0"),
    (exercises.check_log_acceptance, [acceptance(finish=lambda r: max(0, r))], "not max"),
    (exercises.check_log_acceptance, [acceptance(finish=lambda r: min(1, np.exp(r)))], "That is the probability"),
    (exercises.check_log_acceptance, [acceptance(finish=np.exp)], "That is the ratio"),
    (exercises.check_log_acceptance, [acceptance(turn=0.5)], "σ = 0.7 and σ′ = 4.0 it gives -0.3137, not 0.0000"),
    (
        exercises.check_log_acceptance,
        [acceptance(finish=lambda r: math.log(min(1, math.exp(r))))],
        "where it is -2058.6",
    ),
    (exercises.check_log_acceptance, [acceptance(finish=lambda r: np.clip(r, -700, 0))], "where it is -2058.6"),
    (exercises.check_observation_band, [lambda f, s, c, rng: ...], "no answer yet"),
    (exercises.check_observation_band, [lambda f, s, c, rng: None], "no answer yet"),
    (exercises.check_observation_band, [lambda f, s, c, rng: (None, None)], "no answer yet"),
    (exercises.check_observation_band, [lambda f, s, c, rng: 1 / 0], "ZeroDivisionError"),
    (exercises.check_observation_band, [lambda f, s, c, rng: 0.3], "should return two arrays"),
    (exercises.check_observation_band, [lambda *a: band()(*a).T], "(low, high), not 5 parts"),
    (exercises.check_observation_band, [lambda f, s, c, rng: np.quantile(f, [0.1, 0.9], axis=1)], "axis=0"),
    (exercises.check_observation_band, [lambda f, s, c, rng: np.quantile(f, [0.1, 0.9])], "it should have (5,)"),
    (exercises.check_observation_band, [lambda *a: band()(*a)[::-1]], "changed places"),
    (exercises.check_observation_band, [band(lambda f, s, rng: 0)], "band of the function"),
    (exercises.check_observation_band, [around(lambda f: f.mean(0), lambda f, s: s)], "around the mean"),
    (
        exercises.check_observation_band,
        [lambda f, s, c, rng: band()(0 * f + f.mean(0), s, c, rng)],
        "around the mean",
    ),
    (exercises.check_observation_band, [around(lambda f: np.median(f, 0), lambda f, s: s)], "around the median"),
    (
        exercises.check_observation_band,
        [lambda *a: band(lambda f, s, rng: 0)(*a) + around(lambda f: 0, lambda f, s: s)(*a)],
        "Widths do not add",
    ),
    (exercises.check_observation_band, [around(lambda f: f.mean(0), lambda f, s: f.std(0) + s)], "Sds do not add"),
    (
        exercises.check_observation_band,
        [around(lambda f: f.mean(0), lambda f, s: np.sqrt(f.var(0, ddof=1) + s**2))],
        "two modes at one point",
    ),
    (exercises.check_observation_band, [band(lambda f, s, rng: rng.normal(0, s))], "One noise number"),
    (exercises.check_observation_band, [band(lambda f, s, rng: rng.normal(0, s, f.shape[1]))], "One noise number"),
    (exercises.check_observation_band, [band(tails=lambda c: (1 - c, c))], "20% are left out on each side"),
    (exercises.check_observation_band, [band(tails=lambda c: (c / 2, 1 - c / 2))], "share inside the band"),
    (
        exercises.check_observation_band,
        [band(tails=lambda c: ((1 - c) / 200, (1 + c) / 200))],
        "counts in hundredths",
    ),
    (exercises.check_observation_band, [band(tails=lambda c: (0.025, 0.975))], "whatever the level"),
    (exercises.check_observation_band, [band(lambda f, s, rng: rng.normal(0, s**2, f.shape))], "variance as its sd"),
    (exercises.check_observation_band, [band(lambda f, s, rng: rng.normal(0, s**0.5, f.shape))], "no root"),
    (
        exercises.check_observation_band,
        [band(lambda f, s, rng: np.random.default_rng().normal(0, s, f.shape))],
        "from rng only",
    ),
    (exercises.check_observation_band, [noise_after], "before the quantiles are taken"),
    (exercises.check_observation_band, [band(tails=lambda c: (0.1, 0.9))], "the exact quantile of f + noise is"),
    (exercises.check_observation_band, [band(tails=lambda c: (0.05, (1 + c) / 2))], "low is"),
    (exercises.check_observation_band, [lambda f, *a: band()(f, *a) * np.nan], "is nan"),
    (exercises.check_corrected, [lambda t, r: ...], "no answer yet"),
    (exercises.check_corrected, [lambda t, r: 0.3], "should return two arrays"),
    (exercises.check_corrected, [lambda t, r: (t, t)], "single numbers"),
    (exercises.check_corrected, [corrected(naive)], "Subtract the largest"),
    (exercises.check_corrected, [lambda *a: corrected()(*a)[::-1]], "changed places"),
    (exercises.check_corrected, [corrected(np.exp)], "sum of the ratios."),
    (exercises.check_corrected, [corrected(lambda r: np.exp(r - r.max()))], "Subtracting the largest is right"),
    (exercises.check_corrected, [corrected(effective=lambda w: 1 / ((w / w.max()) ** 2).sum())], "The mean is right"),
    (exercises.check_corrected, [corrected(effective=lambda w: len(w) * (w**2).sum())], "no S in it"),
    (exercises.check_corrected, [corrected(lambda r: np.exp(r) / len(r))], "not by S"),
    (exercises.check_corrected, [corrected(lambda r: np.full(len(r), 1 / len(r)))], "the plain one"),
    (exercises.check_corrected, [corrected(lambda r: special.softmax(-r))], "turned round"),
    (exercises.check_corrected, [corrected(lambda r: r / r.sum())], "exp is missing"),
    (exercises.check_corrected, [corrected(effective=lambda w: (w**2).sum())], "one over it"),
    (exercises.check_corrected, [corrected(effective=lambda w: 1 / np.sqrt((w**2).sum()))], "No root"),
    (exercises.check_corrected, [corrected(effective=lambda w: 1 / w.max())], "largest weight only"),
    (exercises.check_corrected, [corrected(effective=len)], "number of draws"),
    (exercises.check_corrected, [corrected(effective=lambda w: 1 / (w**2).sum() / len(w))], "share of the draws"),
    (exercises.check_corrected, [corrected(effective=lambda w: 7.0)], "right are"),
    (exercises.check_vsbc, [lambda t, m, s: ...], "no answer yet"),
    (exercises.check_vsbc, [lambda t, m, s: (0.5, 1.0)], "shape (200,)"),
    (exercises.check_vsbc, [vsbc(lambda t, m, s: (m - t) / s)], "1 − p"),
    (exercises.check_vsbc, [vsbc(p_of=lambda x: x)], "z-scores"),
    (exercises.check_vsbc, [vsbc(p_of=stats.norm.pdf)], "a density"),
    (exercises.check_vsbc, [vsbc(lambda t, m, s: (t - m) / s**2)], "sd for a variance"),
    (exercises.check_vsbc, [vsbc(lambda t, m, s: (t - m) / np.sqrt(s))], "no root"),
    (exercises.check_vsbc, [vsbc(lambda t, m, s: t - m)], "divide by it"),
    (exercises.check_vsbc, [vsbc(lambda t, m, s: t)], "own mean and sd"),
    (exercises.check_vsbc, [vsbc(lambda t, m, s: (t - m) / s + 1)], "p is"),
    (exercises.check_vsbc, [vsbc(z_of=lambda p: -2 * np.sqrt(len(p)) * ((p > 0.5).mean() - 0.5))], "sign is turned"),
    (exercises.check_vsbc, [vsbc(z_of=lambda p: 2 * np.sqrt(len(p)) * abs((p > 0.5).mean() - 0.5))], "sign is turned"),
    (exercises.check_vsbc, [vsbc(z_of=lambda p: (p > 0.5).mean())], "share above"),
    (exercises.check_vsbc, [vsbc(z_of=lambda p: (p > 0.5).mean() - 0.5)], "Divide by the share's"),
    (exercises.check_vsbc, [vsbc(z_of=lambda p: np.sqrt(len(p)) * ((p > 0.5).mean() - 0.5))], "half of what"),
    (exercises.check_vsbc, [vsbc(z_of=lambda p: 2 * len(p) * ((p > 0.5).mean() - 0.5))], "√R, not with R"),
    (exercises.check_vsbc, [vsbc(z_of=lambda p: 2 * ((p > 0.5).mean() - 0.5) / np.sqrt(len(p)))], "belongs below"),
    (exercises.check_vsbc, [vsbc(z_of=lambda p: np.sqrt(12 * len(p)) * (p.mean() - 0.5))], "only where p is uniform"),
    (exercises.check_vsbc, [vsbc(z_of=lambda p: 1.234)], "p is right; for 200 fits z is"),
    (exercises.check_draws_needed, [lambda k: ...], "no answer yet"),
    (exercises.check_draws_needed, [lambda k: 1 / 0], "ZeroDivisionError"),
    (exercises.check_draws_needed, [lambda k: "many"], "one number"),
    (exercises.check_draws_needed, [draws_needed(lambda k: np.exp(1 / (1 - k)))], "powers of ten"),
    (exercises.check_draws_needed, [draws_needed(lambda k: np.ceil(np.exp(1 / (1 - k))))], "powers of ten"),
    (exercises.check_draws_needed, [draws_needed(lambda k: 1 / (1 - k))], "ten to that"),
    (exercises.check_draws_needed, [draws_needed(lambda k: 10 ** (1 - k))], "not 1 − k"),
    (exercises.check_draws_needed, [draws_needed(lambda k: 10 ** (1 / k))], "1 − k, not k"),
    (exercises.check_draws_needed, [draws_needed(lambda k: math.floor(10 ** (1 / (1 - k))))], "round up"),
    (exercises.check_draws_needed, [draws_needed(lambda k: 1 - 1 / np.log10(k))], "solve it for S"),
    (exercises.check_draws_needed, [draws_needed(limit=0.5)], "Up to 0.7 there is"),
    (exercises.check_draws_needed, [draws_needed(limit=2)], "should be np.inf"),
    (exercises.check_draws_needed, [draws_needed(limit=0.75)], "should be np.inf"),
    (exercises.check_draws_needed, [draws_needed(lambda k: 1000)], "the threshold is 0.65 at S = 719.7"),
    (exercises.check_prior_once, [lambda m, p, prior: ...], "no answer yet"),
    (exercises.check_prior_once, [lambda m, p, prior: (m, p)], "should be (3,) and (3, 3), not (4, 3) and (4, 3, 3)"),
    (exercises.check_prior_once, [prior_once(away=lambda k: 0)], "still in it K times"),
    (exercises.check_prior_once, [prior_once(away=lambda k: k)], "all K priors away"),
    (exercises.check_prior_once, [prior_once(away=lambda k: 1)], "takes one prior away"),
    (exercises.check_prior_once, [prior_once(away=lambda k: 1 - k)], "sign is turned"),
    (exercises.check_prior_once, [prior_once(prior_of=np.linalg.inv)], "no inverse"),
    (exercises.check_prior_once, [lambda m, p, prior: (m.mean(0), p.mean(0))], "an average"),
    (exercises.check_prior_once, [prior_once(precision_of=np.linalg.inv)], "is the covariance"),
    (exercises.check_prior_once, [prior_once(away=lambda k: 2.5)], "in it too often"),
    (exercises.check_prior_once, [repaired(lambda m, p: m.mean(0))], "not equally"),
    (
        exercises.check_prior_once,
        [repaired(lambda m, p: np.linalg.solve(p.sum(0), np.einsum("kij,kj->i", p, m)))],
        "divides by the sum with K priors",
    ),
    (exercises.check_prior_once, [prior_once(mean_of=lambda precision, weighted: weighted)], "still has to be solved"),
    (exercises.check_prior_once, [prior_once(mean_of=np.matmul)], "solve with it"),
    (exercises.check_prior_once, [repaired(lambda m, p: m[0])], "adds nothing to that sum"),
    (exercises.check_log_share, [lambda z, k: ...], "no answer yet"),
    (exercises.check_log_share, [lambda z, k: 1.0], "has shape ()"),
    (exercises.check_log_share, [lambda z, k: z - np.exp(z)], "whole prior"),
    (exercises.check_log_share, [lambda z, k: -np.exp(z) / k], "Jacobian is missing"),
    (exercises.check_log_share, [lambda z, k: z - np.exp(z) / k], "Jacobian is in it whole"),
    (exercises.check_log_share, [lambda z, k: z / k - np.exp(z)], "both parts"),
    (exercises.check_log_share, [lambda z, k: (-z - np.exp(z)) / k], "its logarithm is +ζ"),
    (exercises.check_log_share, [lambda z, k: -z / k], "not in ζ"),
    (exercises.check_log_share, [lambda z, k: z + stats.expon(scale=k).logpdf(np.exp(z))], "a new prior"),
    (exercises.check_log_share, [lambda z, k: k * (z - np.exp(z))], "divides the logarithm"),
    (exercises.check_log_share, [lambda z, k: (np.exp(z) - z) / k], "sign is turned"),
    (exercises.check_log_share, [lambda z, k: np.exp((z - np.exp(z)) / k)], "its logarithm is asked"),
    (exercises.check_log_share, [lambda z, k: (z - np.exp(z)) / k + 1], "constant too much, +1.000"),
    (exercises.check_log_share, [lambda z, k: (z - np.exp(z)) / 4], "For ζ = -2.5 and K = 32"),
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


@pytest.mark.parametrize("rounding", [float, np.float32, math.ceil, lambda steps: 2 * math.ceil(steps / 2)])
def test_steps_needed_may_be_rounded_up(rounding):
    assert exercises.check_steps_needed(lambda n, b, e: rounding(steps_needed()(n, b, e))).right


def test_right_answers_of_chapter_5_in_other_forms():
    assert exercises.check_estimate(lambda *a: np.float32(estimate()(*a))).right
    assert exercises.check_epochs(shuffled_epochs).right
    assert exercises.check_epochs(lambda *a: right_epochs(*a).tolist()).right
    assert exercises.check_epochs(lambda *a: jnp.asarray(right_epochs(*a))).right


def shift(p):
    """The split of p, by a function that spoils its argument."""
    noise, mean = (p * (1 - p)).mean(0), p.mean(0)
    p -= mean
    return np.stack([noise, (p**2).mean(0)]).astype(np.float32)


def test_right_answers_of_chapter_6_in_other_forms():
    assert exercises.check_split(split()).right and exercises.check_split(shift).right
    assert exercises.check_log_copies(lambda h: sum(math.log(2**k * math.factorial(k)) for k in h)).right
    assert exercises.check_log_copies(lambda h: np.float32(log_copies()(h))).right
    assert "16.5: some 15 million" in exercises.check_log_copies(log_copies()).message
    assert log_copies()((5, 5)) == pytest.approx(16.5, abs=0.01) == np.log(14_745_600)


@pytest.mark.parametrize("slips", [[swap_first], [swap_second], [flip_first], [swap_first, swap_second, flip_first]])
def test_every_symmetry_makes_a_twin(slips):
    assert exercises.check_twin(twin(*slips)).right
    assert exercises.check_twin(lambda w: twin(*slips)(w).astype(np.float32)).right


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


def several_noises(f, noise_sd, level, rng):
    return band()(np.repeat(f, 3, axis=0), noise_sd, level, rng)


def test_right_answers_of_chapter_8_in_other_forms():
    assert exercises.check_one_step_ahead(ahead()).right and exercises.check_one_step_ahead(steps_of_evidence).right
    assert exercises.check_one_step_ahead(lambda *a: jnp.asarray(ahead()(*a), jnp.float32)).right
    assert exercises.check_one_step_ahead(lambda *a: ahead()(*a).tolist()).right
    assert exercises.check_log_acceptance(acceptance()).right
    assert exercises.check_log_acceptance(acceptance(finish=lambda r: jnp.minimum(0, r).astype(jnp.float32))).right
    for function in (band(), exact_band, spoiling_band, several_noises):
        assert exercises.check_observation_band(function).right


def test_observation_band_lets_right_answers_pass_whatever_their_generator():
    for k in range(8):
        assert exercises.check_observation_band(
            band(lambda f, s, rng, k=k: rng.spawn(k + 1)[k].normal(0, s, f.shape))
        ).right


def test_log_acceptance_balances_the_chain():
    # p(σ) q(σ′ | σ) a(σ → σ′) is the same the other way, with SciPy's density of the proposal
    accept, p = acceptance(), stats.gamma(6, scale=1 / 3).logpdf
    for here, there in ((0.6, 0.9), (2.0, 2.7), (0.7, 4.0)):
        forth = p(here) + stats.lognorm.logpdf(there, 0.5, scale=here) + accept(p, here, there)
        back = p(there) + stats.lognorm.logpdf(here, 0.5, scale=there) + accept(p, there, here)
        assert forth == pytest.approx(back)


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


def test_right_answers_of_chapter_9_in_other_forms():
    assert (
        exercises.check_corrected(corrected()).right
        and exercises.check_vsbc(vsbc()).right
        and exercises.check_draws_needed(draws_needed()).right
    )
    assert exercises.check_corrected(lambda t, r: np.asarray(corrected()(t, r), np.float32)).right
    assert exercises.check_corrected(
        lambda t, r: (
            np.average(t, weights=np.exp(r - r.max())),
            np.exp(2 * special.logsumexp(r) - special.logsumexp(2 * r)),
        )
    ).right
    assert exercises.check_vsbc(vsbc(z_of=lambda p: ((p > 0.5).sum() - len(p) / 2) / np.sqrt(len(p) / 4))).right
    assert exercises.check_vsbc(vsbc(z_of=lambda p: ((p > 0.5).mean() - 0.5) / np.sqrt(p_share(p) / len(p)))).right
    assert exercises.check_vsbc(lambda *a: [jnp.asarray(x, jnp.float32) for x in vsbc()(*a)]).right
    assert (
        exercises.check_draws_needed(draws_needed(lambda k: 10 ** (1 / (1 - k)))).right
        and exercises.check_draws_needed(draws_needed(lambda k: np.float32(10 ** (1 / (1 - k))))).right
    )


def p_share(p):
    share = (p > 0.5).mean()
    return share * (1 - share)


def test_right_answers_of_chapter_10_in_other_forms():
    assert exercises.check_prior_once(prior_once()).right
    assert exercises.check_prior_once(lambda *a: [jnp.asarray(x, jnp.float32) for x in prior_once()(*a)]).right
    assert exercises.check_log_share(lambda z, k: (stats.expon.logpdf(np.exp(z)) + z) / k).right
    assert exercises.check_log_share(lambda z, k: ((z - np.exp(z)) / k).tolist()).right
