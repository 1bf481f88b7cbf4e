"""Time to truth: how long a fit needs until its ELBO is as good as its family allows, for ours and for others.

Run by `python -m benchmarks`; alone: `python -m benchmarks.fits logistic/ours` prints one measurement as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

SEEDS = range(1, 6)
LADDER = [round(250 * 2 ** (k / 2)) for k in range(17)]  # steps
PATIENCE = 20.0  # seconds for one fit
ADAM = ((0.3, True), (0.1, True), (0.03, True), (0.03, False))  # rate, and whether it decays


def ours(problem, model, rate, decay, draws):
    """A function of (steps, seed) that returns a fit of the course's `advi`, or None if it diverged."""
    from helpers.fits import restarts

    options = {"rate": rate, "decay": decay, "draws": draws, "antithetic": draws > 1, "family": problem.family}
    options |= {"start_sd": problem.start_sd, "average": averaged(problem, decay)}
    if problem.minibatch:
        from benchmarks.problems import BATCH

        options["batch_size"] = BATCH

    def fit(steps, seed):
        starts = model.prior_draws(problem.starts, seed=seed) if problem.starts else [model.start]
        try:
            fits = restarts(model, starts, seed=seed, steps=steps, **options)
        except FloatingPointError:
            return None
        return min(fits, key=lambda fit: fit.losses[-steps // 4 :].mean())

    return fit


def averaged(problem, decay: bool) -> bool:
    """Whether to average over the second half of the steps.

    A rate that falls to zero quiets the noise of the draws, and the average would lag behind; not so that of batches.
    """
    return problem.minibatch or not decay


def numpyro_svi(problem, model, rate, decay, draws):
    """The same of NumPyro's SVI, with an automatic guide; start, Adam's b2, order of rows and averaging are as ours."""
    import optax
    from numpyro.infer import SVI, Trace_ELBO, init_to_sample, init_to_value
    from numpyro.infer.autoguide import AutoMultivariateNormal, AutoNormal

    start = init_to_sample if problem.starts else init_to_value(values=model.constrain(model.start))
    make = AutoMultivariateNormal if problem.family == "full-rank" else AutoNormal
    average = averaged(problem, decay)

    @partial(jax.jit, static_argnums=0)
    def run(steps, key, data, rows):
        def batch(rows):
            return () if data is None else (data[rows],)

        def one(key):
            guide = make(problem.numpyro_model, init_loc_fn=start, init_scale=problem.start_sd)
            adam = optax.adam(optax.cosine_decay_schedule(rate, steps) if decay else rate, b2=0.99)
            svi = SVI(problem.numpyro_model, guide, adam, Trace_ELBO(num_particles=draws))

            def step(carry, now):
                state, total = carry
                t, rows = now
                state, loss = svi.update(state, *batch(rows))
                late = t >= steps // 2
                return (state, add(total, svi.get_params(state), late) if average else total), loss

            state = svi.init(key, *batch(None if rows is None else rows[0]))
            zero = jax.tree.map(jnp.zeros_like, svi.get_params(state))
            (state, total), losses = jax.lax.scan(step, (state, zero), (jnp.arange(steps), rows))
            mean = jax.tree.map(lambda value: value / (steps - steps // 2), total)
            return mean if average else svi.get_params(state), losses

        return jax.vmap(one)(jax.random.split(key, max(problem.starts, 1)))

    def add(total, params, late):
        return jax.tree.map(lambda a, b: a + jnp.where(late, b, 0), total, params)

    return best_of(problem, model, run)


def best_of(problem, model, run):
    """A function of (steps, seed): of what NumPyro's `run` found from all starts, the best as a GaussianFit."""
    from benchmarks.problems import BATCH, readings
    from helpers.fits import GaussianFit, shuffled_epochs

    data = jnp.asarray(readings()) if problem.minibatch else None  # an argument: not compiled in as a constant
    names = [variable.name for variable in model.model.free_RVs]

    def fit(steps, seed):
        rng = np.random.default_rng(seed)
        rows = shuffled_epochs(len(data), steps, BATCH, rng) if problem.minibatch else None
        found, losses = jax.device_get(run(steps, jax.random.key(seed), data, rows))
        k = int(np.argmin(losses[:, -steps // 4 :].mean(axis=1)))
        params = {name: value[k] for name, value in found.items()}
        if problem.family == "full-rank":
            return GaussianFit(model, params["auto_loc"], params["auto_scale_tril"])
        flat = [np.concatenate([params[f"{n}_auto_{part}"].ravel() for n in names]) for part in ("loc", "scale")]
        return GaussianFit(model, *(np.asarray(part, float) for part in flat))

    return fit


def published(problem, model):
    """`pm.fit` as the source has it, on PyMC's own default backend; its number of steps is given, not asked for.

    Networks start at standard normal weights, as in their sources: at zero they would stay there.
    """
    import pymc as pm

    from benchmarks import problems

    data = problems.readings().astype(float) if problem.minibatch else None

    def fit(steps, seed):
        pymc_model = model.model
        if problem.minibatch:
            batch = pm.Minibatch(data, batch_size=problems.BATCH)
            pymc_model = problems.sensors(batch, total_size=problems.readings().size)
        rng = np.random.default_rng(seed)
        point = pymc_model.initial_point() if problem.starts else {}
        start = {name: rng.normal(size=value.shape) for name, value in point.items()} or None
        with pymc_model:
            return pm.fit(**problem.published, start=start, random_seed=seed, progressbar=False)

    return fit


def timed(fit, steps: int, seed: int, calls: int = 3):
    """A fit and its seconds; of quick ones the least of three calls, since the machine has other things to do."""
    seconds = np.inf
    for _ in range(calls):
        start = time.perf_counter()
        q = fit(steps, seed)
        seconds = min(seconds, time.perf_counter() - start)
        if seconds > 0.1:
            break
    return q, seconds


def rung(problem, fit, steps: int, seeds=SEEDS, read=lambda found: found) -> dict:
    """One number of steps: seconds of the first call, then of each seed, and how far behind their ELBOs are.

    `read` makes a GaussianFit of what `fit` returns; its time does not count.
    """
    first = timed(fit, steps, seeds[0], calls=1)[1]
    found = [timed(fit, steps, seed) for seed in seeds]
    behind = [np.inf if q is None else float(problem.behind(read(q))) for q, _ in found]
    behind = [value if np.isfinite(value) else np.inf for value in behind]
    return {"steps": steps, "first": first, "seconds": [s for _, s in found], "behind": behind}


def climb_ladder(problem, fit) -> list[dict]:
    """More and more steps, until the median fit has arrived and took at least a second, or the next takes too long."""
    rungs = []
    for steps in LADDER:
        rungs.append(rung(problem, fit, steps))
        seconds, behind = (np.median(rungs[-1][key]) for key in ("seconds", "behind"))
        if (behind <= problem.allowed and seconds > 1) or np.sqrt(2) * seconds > PATIENCE:
            break
    return rungs


def tuned(problem, make):
    """The setting that arrives first, with each of two seeds; if none does, the one that came nearest.

    All settings climb the ladder together, two rungs at a time; from the third time on, the better half of them goes on
    (successive halving: Jamieson and Talwalkar 2016, arXiv:1502.07943), as long as it may still be the quickest.
    """
    settings = [(*adam, draws) for adam in ADAM for draws in problem.draws]
    fits, quickest, best = {setting: make(*setting) for setting in settings}, np.inf, None
    for level, steps in enumerate(LADDER[::2]):
        rungs = {setting: rung(problem, fit, steps, seeds=(11, 12)) for setting, fit in fits.items()}
        seconds = {setting: np.median(found["seconds"]) for setting, found in rungs.items()}
        behind = {setting: max(found["behind"]) for setting, found in rungs.items()}
        order = sorted(rungs, key=behind.get)
        for setting in order:
            if behind[setting] <= problem.allowed and seconds[setting] < quickest:
                quickest, best = seconds[setting], setting
        left = order[: max(1, len(order) // 2)] if level >= 2 else order
        fits = {s: fits[s] for s in left if 2 * seconds[s] < min(quickest, PATIENCE / 2)}
        if not fits:
            break
    return best or order[0]


def measure(name: str) -> dict:
    """`name` is "problem/method"."""
    key, method = name.split("/")
    if method != "published":
        import helpers

        helpers.start()
    from benchmarks.problems import PROBLEMS
    from helpers.fits import GaussianFit

    problem = PROBLEMS[key]
    model = problem.flat()
    if method == "published":
        read = partial(GaussianFit.from_pymc, model)
        rungs, setting = [rung(problem, published(problem, model), problem.published["n"], read=read)], "as published"
        return {"allowed": problem.allowed, "setting": setting, "rungs": rungs}
    make = partial({"ours": ours, "others": numpyro_svi}[method], problem)
    rate, decay, draws = best = problem.setting or tuned(problem, partial(make, model))
    jax.clear_caches()  # so that first calls compile, whatever tuning has compiled
    start = time.perf_counter()
    model = problem.flat() if method == "ours" else model  # its first call needs it; NumPyro's traces its own model
    built = time.perf_counter() - start
    rungs = climb_ladder(problem, make(model, *best))
    setting = f"{rate}{' decaying' if decay else ''}, {draws} draw{'s' * (draws > 1)}"
    return {"allowed": problem.allowed, "setting": setting, "rungs": [r | {"first": built + r["first"]} for r in rungs]}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
