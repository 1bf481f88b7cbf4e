"""What ADVI costs: the course's compiled loop beside `pm.fit` on each of PyMC's backends.

A logistic regression with two parameters, one draw a step. For each way, in a process of its own and with an empty
compilation cache: the seconds of the first step, which compiles, and the seconds of 10,000 steps after it (the median
of several runs; the processor's seconds in brackets, which a busy machine disturbs less).

    uv run python -m benchmarks.advi_iterations            # all of them
    uv run python -m benchmarks.advi_iterations jax c      # some
"""

import os
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import pymc as pm

from helpers.fits import FlatModel, advi
from helpers.startup import use_fast_backends

RUNS = 5
LOOP_STEPS, PYMC_STEPS = 20_000, 3000
METHODS = {"mean-field": pm.ADVI, "full-rank": pm.FullRankADVI}
WAYS = ("loop", "jax", "numba", "c")


def logistic_regression() -> pm.Model:
    """100 rows, an intercept and a slope."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=100)
    y = rng.random(100) < 1 / (1 + np.exp(0.5 - 1.5 * x))
    with pm.Model() as model:
        b = pm.Normal("b", 0, 2, shape=2)
        pm.Bernoulli("y", logit_p=b[0] + b[1] * x, observed=y.astype(int))
    return model


def per_10_000(run, steps: int) -> tuple[float, float]:
    """Median seconds of 10,000 steps, by the clock and by the processor."""
    times = []
    for seed in range(RUNS):
        clock, processor = time.perf_counter(), time.process_time()
        run(seed)
        times.append((time.perf_counter() - clock, time.process_time() - processor))
    return tuple(np.median(times, axis=0) / steps * 10_000)


def measure(way: str, family: str) -> tuple[float, float, float]:
    """Seconds of the first step, and of 10,000 steps by the clock and by the processor."""
    model = logistic_regression()
    began = time.perf_counter()
    if way == "loop":
        options = {"family": family, "steps": LOOP_STEPS, "draws": 1, "antithetic": False}
        flat = FlatModel(model)
        advi(flat, seed=1, **options)
        return time.perf_counter() - began, *per_10_000(lambda seed: advi(flat, seed=seed, **options), LOOP_STEPS)
    with model:
        method = METHODS[family](random_seed=1)
    method.fit(1, obj_optimizer=pm.adam(learning_rate=0.01), backend=way, progressbar=False)
    first = time.perf_counter() - began
    return first, *per_10_000(lambda _: method.refine(PYMC_STEPS, progressbar=False), PYMC_STEPS)


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
        use_fast_backends()
        way, family = sys.argv[2:]
        first, clock, processor = measure(way, family)
        print(f"{family:12}{way:>8}{first:12.1f}{clock:16.2f} ({processor:.2f})", flush=True)
        return
    print(f"{'seconds':20}{'first step':>12}{'10,000 more':>16}", flush=True)
    for family in METHODS:
        for way in sys.argv[1:] or WAYS:
            with tempfile.TemporaryDirectory() as cache:
                environment = os.environ | {"PYTENSOR_FLAGS": f"base_compiledir={cache}"}
                command = [sys.executable, "-m", "benchmarks.advi_iterations", "--one", way, family]
                subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
