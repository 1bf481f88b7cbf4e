"""Hold what others offer against the gold of twenty posteriors of the zoo, beside `approximate`: one seed each.

uv run --group bench python -m benchmarks.zoo.others             # all twenty; a table in zoo/OTHERS.md, which says what each is
uv run --group bench python -m benchmarks.zoo.others wells tight # some, printed only
"""

from __future__ import annotations

import json
import time
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import nutpie
import optax
import pymc as pm
from blackjax.vi.multipathfinder import multi_approximate, psis_weights
from numpyro import distributions
from numpyro.infer import SVI, Trace_ELBO, init_to_value
from numpyro.infer.autoguide import AutoMultivariateNormal

import helpers
from benchmarks.zoo import TRIED, ZOO
from benchmarks.zoo.errors import arrived, in_words, worst_errors
from benchmarks.zoo.gold import in_order
from helpers.fits import FlatModel, approximate
from helpers.fits.starting_places import jittered
from tools.gold import asked
from tools.markdown import table

FOLDER = Path(__file__).parent
SEED = 1
RATES = 0.1, 0.01, 0.001
STEPS = 10_000
PATHS = 8  # with BlackJAX's 200 draws each
PACKAGES = ("pymc", "numpyro", "blackjax", "nutpie", "jax")
HEAD = """# The zoo, and what others offer

Worst error of a mean of ζ, in posterior sds, and least and largest ratio of sds, against `gold.json`; then CPU seconds, from
the PyMC model to the draws with nothing compiled. One seed; eight regressions as people write them, with raw columns, and
twelve posteriors of other kinds. "–": it ended at NaN. `pm.fit()` is PyMC's default, 10,000 steps of mean-field ADVI.
"Tuned" is full rank with Adam, {steps:,} steps at each of the rates {rates}, of which the one with the least loss at the
end is kept; the seconds are those of all three. Pathfinder is BlackJAX's as it comes, {paths} paths of at most 30 steps and
200 draws, resampled by importance weights. NUTS is nutpie as it comes, with its default backend. `pm.fit` runs in
PyTensor's mode of the course's start-up. Versions:
{versions}. Made by `python -m benchmarks.zoo.others`.

"""


def as_it_comes(flat: FlatModel) -> tuple[np.ndarray, np.ndarray]:
    """The mean and sds of ζ, each of shape (size,), by `pm.fit()`; so do the functions below."""
    with flat.model:
        return moments(flat, pm.fit(random_seed=SEED, progressbar=False))


def moments(flat: FlatModel, approx) -> tuple[np.ndarray, np.ndarray]:
    """Of a PyMC approximation, in the order of `flat`."""
    place = approx.groups[0].ordering
    order = np.concatenate([np.arange(place[v.name][1].start, place[v.name][1].stop) for v in flat.value_vars])
    return approx.mean.eval()[order], approx.std.eval()[order]


def tuned(flat: FlatModel) -> tuple[np.ndarray, np.ndarray]:
    found = []
    for rate in RATES:
        with flat.model:
            options = {"method": "fullrank_advi", "random_seed": SEED, "progressbar": False}
            try:
                approx = pm.fit(STEPS, obj_optimizer=pm.adam(learning_rate=rate), **options)
            except FloatingPointError:
                continue
        found.append((approx.hist[-STEPS // 10 :].mean(), moments(flat, approx)))
    if not found:
        raise FloatingPointError("NaN at every rate")
    return min(found, key=lambda one: np.nan_to_num(one[0], nan=np.inf))[1]


def numpyro_tuned(flat: FlatModel) -> tuple[np.ndarray, np.ndarray]:
    def model():
        zeta = numpyro.sample("zeta", distributions.ImproperUniform(distributions.constraints.real, (), (flat.size,)))
        numpyro.factor("log_p", flat.full_log_density(zeta))

    guide = AutoMultivariateNormal(model, init_loc_fn=init_to_value(values={"zeta": flat.start}))
    found = []
    for rate in RATES:
        svi = SVI(model, guide, optax.adam(rate), Trace_ELBO())
        run = svi.run(jax.random.key(SEED), STEPS, progress_bar=False)
        loc, scale = run.params["auto_loc"], run.params["auto_scale_tril"]
        found.append((float(run.losses[-STEPS // 10 :].mean()), (loc, jnp.linalg.norm(scale, axis=1))))
    return min(found, key=lambda one: np.nan_to_num(one[0], nan=np.inf))[1]


def pathfinder(flat: FlatModel) -> tuple[np.ndarray, np.ndarray]:
    key = jax.random.key(SEED)
    starts = jnp.asarray(jittered(flat, PATHS, np.random.default_rng(SEED)))
    state, _ = multi_approximate(key, flat.full_log_density, starts)
    weights = np.exp(np.asarray(psis_weights(state)[0]))
    draws = np.asarray(state.samples).reshape(-1, flat.size)
    mean = weights @ draws
    return mean, np.sqrt(weights @ (draws - mean) ** 2)


def nuts(flat: FlatModel) -> tuple[np.ndarray, np.ndarray]:
    run = nutpie.sample(
        nutpie.compile_pymc_model(flat.model), seed=SEED, cores=2, progress_bar=False, store_unconstrained=True
    )
    zeta = in_order(flat, run).reshape(-1, flat.size)
    return zeta.mean(axis=0), zeta.std(axis=0)


def ours(flat: FlatModel) -> tuple[np.ndarray, np.ndarray]:
    draws = approximate(flat, seed=SEED, progress=False).draws
    return draws.mean, draws.sd


METHODS = {
    "approximate": ours,
    "pm.fit()": as_it_comes,
    "pm.fit, tuned": tuned,
    "NumPyro, tuned": numpyro_tuned,
    "Pathfinder": pathfinder,
    "NUTS": nuts,
}


def compare(name: str, gold: dict) -> dict[str, tuple[np.ndarray, float]]:
    """Of each method: its errors, NaN where there is no answer, and its seconds."""
    found = {}
    for method, fit in METHODS.items():
        flat, began = FlatModel(ZOO[name].model()), time.process_time()
        try:
            mean, sd = (np.asarray(part, float) for part in fit(flat))
        except FloatingPointError:  # how pm.fit ends at NaN
            mean = sd = np.full(flat.size, np.nan)
        found[method] = worst_errors(mean, sd, gold), time.process_time() - began
        print(name, method, in_words(*found[method]), sep=" | ", flush=True)
        jax.clear_caches()
    return found


def as_table(found: dict, gold: dict) -> str:
    """A row for each posterior; in the last, how many arrived."""
    rows = [[n, len(gold[n]["labels"]), *(in_words(*found[n][method]) for method in METHODS)] for n in found]
    there = [sum(arrived(one[method][0]) for one in found.values()) for method in METHODS]
    last = ["**within 0.1 sd and 0.9–1.1**", "", *(f"**{n} of {len(found)}**" for n in there)]
    return table(["posterior", "size", *METHODS], [*rows, last])


def write(results: str) -> None:
    words = {"steps": STEPS, "paths": PATHS, "rates": ", ".join(map(str, RATES))}
    words["versions"] = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    (FOLDER / "OTHERS.md").write_text(HEAD.format(**words) + results, encoding="utf-8")


def main() -> None:
    helpers.start()
    gold = json.loads((FOLDER / "gold.json").read_text(encoding="utf-8"))
    names = asked(__doc__.splitlines()[0], TRIED)
    results = as_table({name: compare(name, gold[name]) for name in names}, gold)
    print(results)
    if names == list(TRIED):
        write(results)


if __name__ == "__main__":
    main()
