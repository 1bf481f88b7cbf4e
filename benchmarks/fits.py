"""Time to truth: how long a fit needs until its ELBO is as good as its family allows, for ours and for others.

Run by `python -m benchmarks`; alone: `python -m benchmarks.fits logistic/ours` prints one measurement as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial

import jax
import numpy as np

SEEDS = range(1, 6)
LADDER = [round(250 * 2 ** (k / 2)) for k in range(17)]  # steps
PATIENCE = 20.0  # seconds for one fit
ADAM = ((0.3, True), (0.1, True), (0.03, True), (0.03, False))  # rate, and whether it decays


def ours(problem, model, rate, decay, draws):
    """A function of (steps, seed) that returns a fit of the course's `advi`, or None if it diverged."""
    from helpers.advi import restarts

    options = {"rate": rate, "decay": decay, "draws": draws, "antithetic": draws > 1, "family": problem.family}
    # a rate that falls to zero quiets the noise of the draws, and the average lags behind; that of batches it does not
    options["average"] = problem.minibatch or not decay
    if problem.minibatch or problem.starts:
        options["start_sd"] = 0.1  # as NumPyro's
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


def numpyro_svi(problem, model, rate, decay, draws):
    """The same of NumPyro's SVI, with an automatic guide."""
    import optax
    from numpyro.infer import SVI, Trace_ELBO, init_to_sample
    from numpyro.infer.autoguide import AutoMultivariateNormal, AutoNormal

    from benchmarks.problems import BATCH, readings
    from helpers.gaussian_fit import GaussianFit

    make = AutoMultivariateNormal if problem.family == "full-rank" else AutoNormal
    data = jax.numpy.asarray(readings()) if problem.minibatch else None  # an argument: not compiled in as a constant
    start = {"init_loc_fn": init_to_sample} if problem.starts else {}

    @partial(jax.jit, static_argnums=0)
    def run(steps, key, data):
        schedule = optax.cosine_decay_schedule(rate, steps) if decay else rate

        def one(key):
            guide = make(problem.numpyro_model, **start)
            svi = SVI(problem.numpyro_model, guide, optax.adam(schedule), Trace_ELBO(num_particles=draws))
            if not problem.minibatch:
                return svi.run(key, steps, progress_bar=False)[::2]
            order = jax.random.randint(key, (steps, BATCH), 0, len(data))
            state, losses = jax.lax.scan(
                lambda state, rows: svi.update(state, data[rows]), svi.init(key, data[:BATCH]), order
            )
            return svi.get_params(state), losses

        return jax.vmap(one)(jax.random.split(key, max(problem.starts, 1)))

    def fit(steps, seed):
        found, losses = run(steps, jax.random.key(seed), data)
        k = int(np.argmin(losses[:, -steps // 4 :].mean(axis=1)))
        params = {name: np.asarray(value[k]) for name, value in found.items()}
        if problem.family == "full-rank":
            return GaussianFit(model, params["auto_loc"], params["auto_scale_tril"])
        names = [variable.name for variable in model.model.free_RVs]
        flat = [np.concatenate([params[f"{n}_auto_{part}"].ravel() for n in names]) for part in ("loc", "scale")]
        return GaussianFit(model, *(np.asarray(part, float) for part in flat))

    return fit


def published(problem, model):
    """`pm.fit` as the source has it, on PyMC's own default backend; its number of steps is given, not asked for.

    Networks start at standard normal weights, as in their sources: at zero they would stay there.
    """
    import pymc as pm

    from benchmarks import problems
    from helpers.gaussian_fit import GaussianFit

    def fit(steps, seed):
        pymc_model = model.model
        if problem.minibatch:
            batch = pm.Minibatch(problems.readings().astype(float), batch_size=problems.BATCH)
            pymc_model = problems.sensors(batch, total_size=problems.readings().size)
        rng = np.random.default_rng(seed)
        point = pymc_model.initial_point() if problem.starts else {}
        start = {name: rng.normal(size=value.shape) for name, value in point.items()} or None
        with pymc_model:
            approximation = pm.fit(**problem.published, start=start, random_seed=seed, progressbar=False)
        return GaussianFit.from_pymc(model, approximation)

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


def rung(problem, fit, steps: int, seeds=SEEDS) -> dict:
    """One number of steps: seconds of the first call, then of each seed, and how far behind their ELBOs are."""
    first = timed(fit, steps, seeds[0], calls=1)[1]
    found = [timed(fit, steps, seed) for seed in seeds]
    behind = [np.inf if q is None else float(problem.behind(q)) for q, _ in found]
    behind = [value if np.isfinite(value) else np.inf for value in behind]
    return {"steps": steps, "first": first, "seconds": [s for _, s in found], "behind": behind}


def climb_ladder(problem, fit) -> list[dict]:
    """More and more steps, until the median fit has arrived and took at least a second, or one takes too long."""
    rungs = []
    for steps in LADDER:
        rungs.append(rung(problem, fit, steps))
        seconds, behind = (np.median(rungs[-1][key]) for key in ("seconds", "behind"))
        if (behind <= problem.allowed and seconds > 1) or 2 * seconds > PATIENCE:
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

    problem = PROBLEMS[key]
    model = problem.flat()
    if method == "published":
        rungs, setting = [rung(problem, published(problem, model), problem.published["n"])], "as published"
    else:
        make = partial({"ours": ours, "others": numpyro_svi}[method], problem, model)
        chapters = problem.ours if method == "ours" else None
        rate, decay, draws = best = chapters or tuned(problem, make)
        jax.clear_caches()  # so that first calls compile, whatever tuning has compiled
        rungs = climb_ladder(problem, make(*best))
        setting = f"{rate}{' decaying' if decay else ''}, {draws} draw{'s' * (draws > 1)}"
    return {"allowed": problem.allowed, "setting": setting, "rungs": rungs}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
