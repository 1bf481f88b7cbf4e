"""SVGD on the banana, 50 particles: seconds until their marginals are as near to the true ones as allowed.

Run by `python -m benchmarks`; alone: `python -m benchmarks.particles ours`.
"""

from __future__ import annotations

import json
import sys
import time
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np

from helpers.truth import get_target_2d

PARTICLES, ALLOWED = 50, 0.15
SEEDS, LADDER = range(1, 6), [round(25 * 2 ** (k / 2)) for k in range(17)]


@cache
def banana():
    return get_target_2d("banana")


def distance(particles: np.ndarray) -> float:
    """Wasserstein-1 distance of the worse margin, in sds of the target: ∫ |F_a − F_b|."""
    worst = 0.0
    for axis, (grid, density) in enumerate(banana().marginals):
        step = grid[1] - grid[0]
        density = density / density.sum()
        mean = density @ grid
        sd = np.sqrt(density @ (grid - mean) ** 2)
        exact = density.cumsum() - density / 2
        found = (particles[:, axis] <= grid[:, None]).mean(axis=1)
        worst = max(worst, np.abs(exact - found).sum() * step / sd)
    return float(worst)


def start(seed: int) -> np.ndarray:
    return banana().start(PARTICLES, np.random.default_rng(seed))


def ours(rate: float):
    from helpers.fits import svgd

    return lambda steps, seed: svgd(start(seed), banana().score, steps, rate)[-1]


def blackjax_svgd(rate: float, decay: bool):
    """BlackJAX's SVGD with its median heuristic, and Adam, as one compiled loop."""
    import optax
    from blackjax import svgd
    from blackjax.vi.svgd import update_median_heuristic

    @partial(jax.jit, static_argnums=0)
    def run(steps, particles):
        schedule = optax.cosine_decay_schedule(rate, steps) if decay else rate
        algorithm = svgd(
            jax.grad(banana().log_density), optax.adam(schedule), update_kernel_parameters=update_median_heuristic
        )
        state = algorithm.init(particles)
        return jax.lax.scan(lambda s, _: (algorithm.step(s), None), state, None, steps)[0].particles

    return lambda steps, seed: np.asarray(run(steps, jnp.asarray(start(seed))))


def pymc_svgd():
    """PyMC's, for the source's 300 iterations of plain steps of 0.01; it starts in one place, jittered."""
    import pymc as pm

    def run(steps, seed):
        with pm.Model():
            z = pm.Flat("z", shape=2)
            pm.Potential("banana", banana().log_density(z))
            method = pm.SVGD(n_particles=PARTICLES, start={"z": np.array(banana().start_mean)}, random_seed=seed)
            found = method.fit(300, obj_optimizer=pm.sgd(learning_rate=0.01), progressbar=False)
        return found.params[0].get_value()

    return run


def rung(run, steps: int, seeds=SEEDS) -> dict:
    """One number of steps: seconds of the first call, of five more, and their distances."""
    seconds, far = [], []
    for seed in (seeds[0], *seeds):
        began = time.perf_counter()
        particles = run(steps, seed)
        seconds.append(time.perf_counter() - began)
        far.append(distance(particles))
    return {"steps": steps, "first": seconds[0], "seconds": seconds[1:], "behind": far[1:]}


def ladder(run, seeds=SEEDS, least=0.0) -> list[dict]:
    """More and more steps, until the median distance is allowed and a run takes at least so many seconds."""
    rungs = []
    for steps in LADDER:
        rungs.append(rung(run, steps, seeds))
        seconds, behind = (np.median(rungs[-1][key]) for key in ("seconds", "behind"))
        if behind <= ALLOWED and seconds > least:
            break
    return rungs


def tuned(make, settings: list[tuple]):
    """The setting that needs the fewest steps, found with two seeds."""
    best = {}
    for setting in settings:
        last = ladder(make(*setting), seeds=(11, 12))[-1]
        far = np.median(last["behind"])
        best[setting] = (far > ALLOWED, last["steps"], far)
    setting = min(best, key=best.get)
    return make(*setting), setting


def measure(name: str) -> dict:
    if name == "published":
        return {"allowed": ALLOWED, "setting": "as published", "rungs": [rung(pymc_svgd(), 300)]}
    import helpers

    helpers.start()
    rates = (0.03, 0.1, 0.3, 1.0)
    if name == "ours":
        run, (rate,) = tuned(ours, [(rate,) for rate in rates])
        setting = f"rate {rate}"
    else:
        run, (rate, decay) = tuned(blackjax_svgd, [(rate, decay) for rate in rates for decay in (False, True)])
        setting = f"BlackJAX, Adam {rate}{', decaying' if decay else ''}"
    jax.clear_caches()  # so that the first call compiles, whatever tuning has compiled
    return {"allowed": ALLOWED, "setting": setting, "rungs": ladder(run, least=1.0)}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])), flush=True)
