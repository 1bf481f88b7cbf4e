"""Chapter 13's methods, as the chapter defines them, on three posteriors that it has no room for (a table in BETTER_GAUSSIANS.md).

uv run --group bench python -m benchmarks.better_gaussians          # all
uv run --group bench python -m benchmarks.better_gaussians network  # one, printed only
"""

from __future__ import annotations

import sys
import time
from functools import cache, partial
from pathlib import Path

import arviz as az
import jax
import numpy as np
import pymc as pm

import helpers
from benchmarks.shown_code import shown
from helpers.fits import FlatModel, GaussianFit, approximate, psis
from helpers.models.moons import network, two_moons
from helpers.models.shop import purchases, visitors
from helpers.truth import Draws, gold
from tools.gold_recipes import independence_metropolis, probabilities
from tools.markdown import table

TABLE = Path(__file__).with_name("BETTER_GAUSSIANS.md")
SEEDS = 1, 2, 3
ROWS = 5_000  # of the million visitors
COLUMNS = ["worst mean error", "least sd ratio", "greatest sd ratio", "k-hat", "CPU seconds"]
ON_PLANE = ["worst error of P", "mean error of P", "sd ratio of P", "k-hat", "CPU seconds"]
HEAD = """# Chapter 13's methods on three more posteriors

The functions are those of [chapter 13](../notebooks/13_better_gaussians.ipynb), taken from its cells. Medians of {seeds} seeds, with
the range in brackets for the first column. CPU seconds, with compilation, on a machine that others used too. "–": an error, or no Gaussian.
Laplace and mean-field begin where the chapter begins, 1 away from PyMC's initial point; so does batch and match, with 100 steps.
Made by `python -m benchmarks.better_gaussians`.

"""
TEXTS = {
    "visitors": f"""## The visitors of chapter 6

21 parameters; the first {ROWS:,} of the million visitors, not all of them, so the truth is not chapter 6's gold: it is {{draws:,}} draws
that its sampler (`tools.gold_recipes`) made for these rows, with R-hat {{rhat:.3f}}. Errors of means in posterior sds; the draws' own
error is about {{noise:.2f}}.
""",
    "student-t": """## A Student-t in two dimensions

The one of the section on symmetry: five degrees of freedom, correlation 0.7, centre (1, 2). The truth is a formula.
""",
    "network": """## The network of chapter 7, in function space

40 weights, which have no means to compare, as units may change places. So we compare P(class 1) at 400 points of the plane with that of
chapter 7's gold draws: the greatest and the mean difference of its mean over draws, and its mean sd over theirs.
The starts are draws from the prior.
""",
}


@cache
def chapter() -> dict:
    return shown("13_better_gaussians", {"value_and_slope", "values_and_slopes", "hessian"})


def student_t() -> pm.Model:
    with pm.Model() as model:
        pm.MvStudentT("z", nu=5, mu=[1.0, 2.0], scale=[[1, 0.7], [0.7, 1]], shape=2)
    return model


def fits(flat: FlatModel, start, rng):
    """(method, what it fits: a function without arguments that returns mean and covariance), of each method of the chapter.

    Parameters
    ----------
    flat : FlatModel
    start : array, shape (size,)
        Where all but Pathfinder and `approximate` begin.
    rng : numpy Generator
    """
    its, log_p = chapter(), flat.log_density
    loss = partial(its["fixed_loss"], log_p)
    eta = its["antithetic"](20, flat.size, rng)

    @cache
    def optimum():
        slope = jax.jit(jax.value_and_grad(loss))
        return its["minimise"](slope, np.r_[start, np.zeros(flat.size)], eta).x

    def mean_field():
        mean, omega = np.split(optimum(), 2)
        return mean, np.diag(np.exp(2 * omega))

    def response():
        return optimum()[: flat.size], its["linear_response"](jax.jit(jax.hessian(loss))(optimum(), eta))

    def paths():
        ways = [its["pathfinder"](log_p, place, rng) for place in rng.uniform(-2, 2, (4, flat.size))]
        return max(ways, key=lambda way: way[0])[1:]

    def automatic():
        q = approximate(flat, seed=int(rng.integers(2**31)), progress=False).q
        return q.mean, q.covariance

    yield "Laplace", lambda: its["laplace"](log_p, start)
    yield "mean-field", mean_field
    yield "linear response (after it)", response
    yield "batch and match", lambda: its["batch_and_match"](log_p, start, rng)
    yield "Pathfinder", paths
    yield "`approximate`: q", automatic


def measured(flat: FlatModel, fit, errors) -> list[float]:
    """One row without its name: three errors, k-hat and CPU seconds; NaN where there is no Gaussian.

    Parameters
    ----------
    flat : FlatModel
    fit : function
        Of nothing: mean and covariance.
    errors : function
        GaussianFit → three numbers.
    """
    began = time.process_time()
    try:
        mean, covariance = fit()
        seconds = time.process_time() - began
        q = GaussianFit(flat, np.asarray(mean), np.linalg.cholesky(covariance))
        return [*errors(q), psis(q.draws(10_000, seed=1).log_ratio)[1], seconds]
    except (np.linalg.LinAlgError, ValueError) as error:
        print(type(error).__name__, error, file=sys.stderr)
        return [np.nan] * len(COLUMNS)


def in_moments(truth: Draws):
    """The errors of the means and sds, as the chapter has them."""

    def errors(q: GaussianFit) -> list[float]:
        ratio = q.sd / truth.sd
        return [np.abs((q.mean - truth.mean) / truth.sd).max(), ratio.min(), ratio.max()]

    return errors


def on_plane(reference: np.ndarray):
    """The errors of P(class 1); `reference` has shape (draws, points)."""

    def errors(q: GaussianFit) -> list[float]:
        p = probabilities(q.draws(2_000, seed=1).values[None])[0]
        off = np.abs(p.mean(axis=0) - reference.mean(axis=0))
        return [off.max(), off.mean(), p.std(axis=0).mean() / reference.std(axis=0).mean()]

    return errors


def problem(name: str):
    """Its FlatModel, its errors, and what its text is filled with."""
    if name == "network":
        flat = FlatModel(network(*two_moons()[:2]))
        return flat, on_plane(probabilities(gold.load("moons").draws.values[None])[0]), {}
    if name == "student-t":
        # means and sds are all that is asked of these four draws
        corners = np.array([1.0, 2.0]) + np.sqrt(5 / 3) * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
        return FlatModel(student_t()), in_moments(Draws(corners)), {}
    x, bought = visitors(ROWS)
    flat = FlatModel(purchases(x, bought))
    draws = independence_metropolis(flat, chains=4, draws=5_000, seed=505)
    rhat = float(az.rhat(az.from_dict({"posterior": {"zeta": draws}}))["zeta"].max())
    truth = Draws(draws.reshape(-1, flat.size))
    return flat, in_moments(truth), {"draws": len(truth.values), "rhat": rhat, "noise": len(truth.values) ** -0.5}


def section(name: str) -> str:
    """The text of one posterior and its table."""
    flat, errors, facts = problem(name)
    found = {}
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        start = flat.prior_draws(1, seed=seed)[0] if name == "network" else flat.start + 1.0
        for method, fit in fits(flat, np.asarray(start), rng):
            found.setdefault(method, []).append(measured(flat, fit, errors))
            print(name, seed, method, np.round(found[method][-1], 3), flush=True)
        jax.clear_caches()  # so that the next seed compiles, too
    rows = [[method, *in_words(np.array(values))] for method, values in found.items()]
    columns = ON_PLANE if name == "network" else COLUMNS
    return TEXTS[name].format(**facts) + "\n" + table(["method", *columns], rows)


def in_words(values: np.ndarray) -> list[str]:
    """Cells of a row: medians over seeds; `values` has shape (seeds, columns)."""
    if np.isnan(values).any():
        return ["–"] * values.shape[1]
    cells = [f"{x:z.2f}" for x in np.median(values, axis=0)]
    cells[0] += f" ({values[:, 0].min():.2f} to {values[:, 0].max():.2f})"
    return cells


def main() -> None:
    helpers.start()
    jax.config.update("jax_enable_compilation_cache", False)  # each seed compiles
    names = sys.argv[1:] or list(TEXTS)
    sections = [section(name) for name in names]
    text = HEAD.format(seeds=len(SEEDS)) + "\n".join(sections)
    if names == list(TEXTS):
        TABLE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
