"""Hold `approximate` against exact answers of posteriors with a thousand parameters and more.

uv run --group bench python -m benchmarks.zoo.many # three seeds each; a table in zoo/MANY.md
"""

from __future__ import annotations

import time
from pathlib import Path

import jax
import numpy as np
import pymc as pm
from scipy import special

import helpers
from helpers.fits import FlatModel, approximate
from tools.markdown import table

SEEDS = 1, 2, 3
NOISE = 0.5  # sd of a reading
HEAD = """# Many parameters

`approximate` with a thousand parameters and more, against exact answers: in `groups`, readings y ~ N(θ, 0.5²) of groups with
θ ~ N(μ, τ²), one each, by a grid over τ (the margins are μ, τ and every θ); in `chain`, a Gaussian autoregression with coefficient 0.7,
by its formula. Errors of means are in posterior sds; the worst is of all margins, and of seeds 1, 2 and 3. From chains come 2,500 draws, from
weights 4,000, so that noise alone makes 0.06 to 0.08 of the worst. "Cold" is from the PyMC model to the draws with
nothing compiled, "warm" the mean of the other two seeds. Made by `python -m benchmarks.zoo.many`, on two cores.

"""
COLUMNS = ["posterior", "size", "rms mean error", "worst mean error", "sds", "trusted", "cold (s)", "warm (s)"]


def groups(count: int, centred: bool) -> tuple[pm.Model, np.ndarray, np.ndarray]:
    """The model, and the exact means and sds of μ, τ and every θ."""
    rng = np.random.default_rng(count)
    y = rng.normal(1, 0.7, count) + rng.normal(0, NOISE, count)
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 5), pm.HalfNormal("tau", 2)
        if centred:
            theta = pm.Normal("theta", mu, tau, shape=count)
        else:
            theta = pm.Deterministic("theta", mu + tau * pm.Normal("eta", 0, 1, shape=count))
        pm.Normal("y", theta, NOISE, observed=y)

    tau = np.geomspace(0.4, 1.2, 2001)[:, None]
    variance = tau**2 + NOISE**2
    precision = count / variance + 1 / 25
    centre = y.sum() / variance / precision  # of μ, given τ
    misfit = ((y - centre) ** 2).sum(axis=1, keepdims=True) / variance + centre**2 / 25
    log_p = -0.5 * (misfit + count * np.log(variance) + np.log(precision) + (tau / 2) ** 2) + np.log(tau)
    own = tau**2 / variance  # the share of θ that is the group's own
    means = np.hstack([centre, tau, centre + own * (y - centre)])
    of_theta = np.repeat(own * NOISE**2 + (1 - own) ** 2 / precision, count, axis=1)
    variances = np.hstack([1 / precision, np.zeros_like(tau), of_theta])
    weights = special.softmax(log_p[:, 0])
    mean = weights @ means
    return model, mean, np.sqrt(weights @ (variances + (means - mean) ** 2))


def chain(count: int) -> tuple[pm.Model, np.ndarray, np.ndarray]:
    """A Gaussian of correlated numbers, each of mean zero and sd one."""
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1, shape=count)
        drift = x[1:] - 0.7 * x[:-1]
        pm.Potential("chain", 0.5 * (x[1:] ** 2).sum() - 0.5 * (drift**2).sum() / (1 - 0.49))
    return model, np.zeros(count), np.ones(count)


CASES = {
    "chain, 1,000": lambda: chain(1_000),
    "groups, centred, 998": lambda: groups(998, centred=True),
    "groups, non-centred, 998": lambda: groups(998, centred=False),
    "groups, centred, 4,998": lambda: groups(4_998, centred=True),
    "groups, non-centred, 4,998": lambda: groups(4_998, centred=False),
    "chain, 1,500": lambda: chain(1_500),
}


def judge(name: str) -> list:
    """One row of the table."""
    model, mean, sd = CASES[name]()
    began = time.perf_counter()
    flat, seconds, shifts, ratios, trusted = FlatModel(model), [], [], [], 0
    names = ["x"] if name.startswith("chain") else ["mu", "tau", "theta"]
    for seed in SEEDS:
        found = approximate(flat, seed=seed)
        seconds.append(time.perf_counter() - began)
        summary = found.summary(names)
        shifts.append((summary["mean"].to_numpy() - mean) / sd)
        ratios.append(summary["sd"].to_numpy() / sd)
        trusted += found.usable
        print(name, seed, f"{seconds[-1]:.1f} s", found.verdict, flush=True)
        began = time.perf_counter()
    shifts, ratios = np.abs(shifts), np.array(ratios)
    errors = [f"{np.sqrt((shifts**2).mean()):.3f}", f"{shifts.max():.2f}", f"{ratios.min():.2f}–{ratios.max():.2f}"]
    times = [f"{seconds[0]:.0f}", f"{np.mean(seconds[1:]):.0f}"]
    return [name, flat.size, *errors, f"{trusted} of {len(SEEDS)}", *times]


def main() -> None:
    helpers.start()
    jax.config.update("jax_enable_compilation_cache", False)
    results = table(COLUMNS, [judge(name) for name in CASES])
    Path(__file__).with_name("MANY.md").write_text(HEAD + results, encoding="utf-8")


if __name__ == "__main__":
    main()
