"""What one step of ADVI costs: the course's compiled loop beside `pm.fit` on each of PyMC's backends.

A logistic regression with two parameters, one draw a step. Prints the median of seven runs, in microseconds a step,
compilation left out. Exit status 1 where the loop is less than five times as fast as the fastest backend.

    uv run python -m benchmarks.advi_iterations
"""

import sys
import time
import warnings

import numpy as np
import pymc as pm

from helpers.advi import advi
from helpers.flat_model import FlatModel
from helpers.startup import use_fast_backends

RUNS = 7
LOOP_STEPS, PYMC_STEPS = 20_000, 3000
METHODS = {"mean-field": pm.ADVI, "full-rank": pm.FullRankADVI}
BACKENDS = ("jax", "numba", "c")
REQUIRED = 5  # times as fast


def logistic_regression() -> pm.Model:
    """100 rows, an intercept and a slope."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=100)
    y = rng.random(100) < 1 / (1 + np.exp(0.5 - 1.5 * x))
    with pm.Model() as model:
        b = pm.Normal("b", 0, 2, shape=2)
        pm.Bernoulli("y", logit_p=b[0] + b[1] * x, observed=y.astype(int))
    return model


def per_step(run, steps: int) -> float:
    """Median time of a step in microseconds; the first run compiles and does not count."""
    times = []
    for seed in range(RUNS + 1):
        start = time.perf_counter()
        run(seed)
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:]) / steps * 1e6)


def measure(model: pm.Model, family: str) -> dict[str, float]:
    """Microseconds a step: the loop, then each backend."""
    flat = FlatModel(model)
    single = {"draws": 1, "antithetic": False}
    found = {
        "loop": per_step(lambda seed: advi(flat, seed=seed, family=family, steps=LOOP_STEPS, **single), LOOP_STEPS)
    }
    for backend in BACKENDS:
        with model:
            method = METHODS[family](random_seed=1)
        method.fit(1, obj_optimizer=pm.adam(learning_rate=0.01), backend=backend, progressbar=False)
        found[backend] = per_step(lambda _, method=method: method.refine(PYMC_STEPS, progressbar=False), PYMC_STEPS)
    return found


def main() -> None:
    warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
    use_fast_backends()
    model = logistic_regression()
    print(f"{'µs a step':12}{'loop':>8}" + "".join(f"{name:>8}" for name in BACKENDS) + f"{'times as fast':>16}")
    slow = False
    for family in METHODS:
        found = measure(model, family)
        gain = min(found[name] for name in BACKENDS) / found["loop"]
        print(f"{family:12}" + "".join(f"{value:8.1f}" for value in found.values()) + f"{gain:16.1f}", flush=True)
        slow |= gain < REQUIRED
    sys.exit(int(slow))


if __name__ == "__main__":
    main()
