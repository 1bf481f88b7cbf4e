"""Is Pathfinder a better start for NUTS? Gradients until R-hat < 1.01, from three starts (a table in NUTS_STARTS.md).

uv run --group bench python -m benchmarks.nuts_starts           # all
uv run --group bench python -m benchmarks.nuts_starts climbers  # one, printed only
"""

from __future__ import annotations

import sys
import time
from importlib.metadata import version
from pathlib import Path

import arviz as az
import jax
import jax.numpy as jnp
import numpy as np
import nutpie
from nutpie.compiled_pyfunc import from_pyfunc

import helpers
from benchmarks.shown_code import shown
from helpers.fits import FlatModel
from helpers.models.shop import purchases, visitors
from tools.markdown import table

TABLE = Path(__file__).with_name("NUTS_STARTS.md")
SEEDS = range(1, 6)
CHAINS, WARM_UPS, DRAWS, EVERY = 4, (25, 100), 600, 50
ROWS = 2_000  # of the million visitors
ENOUGH = 1.01
CHAPTER = "13_better_gaussians"
PROBLEMS = ("climbers", "chain", "non-centred", "visitors")
HEAD = f"""# Pathfinder as a start for NUTS

NUTS (nutpie {{version}}, its defaults otherwise) runs {CHAINS} chains. We count gradients of all chains, warm-up included, until the greatest R-hat of
ζ is below {ENOUGH}; it is taken after every {EVERY} draws a chain. Each start is given the better of the warm-ups of {" and ".join(map(str, WARM_UPS))}
draws. Medians of {len(SEEDS)} seeds, with their range. "–": not below after {DRAWS:,} draws a chain.

- **Default**: PyMC's initial point, and a uniform number between −1 and 1 added to each parameter, as nutpie does it.
- **q's draws**: each chain begins with a draw of Pathfinder's q.
- **q's coordinates**: besides, NUTS moves in η, with ζ = mean + Lη, where LLᵀ is the covariance of q.

Pathfinder is that of [chapter 13](../notebooks/13_better_gaussians.ipynb), with its four ways. What it takes itself, gradients on its ways
and log densities of 100 draws at each place, has columns of its own. The log densities of one place are computed at once, by the chapter's
own function, which gives their gradients, too, and so takes more CPU seconds than they need. The visitors are the first {ROWS:,} rows of chapter 6's million. CPU seconds are those of the sampler, in
proportion to the gradients, and of Pathfinder with compilation, on a machine that others used too.
Made by `python -m benchmarks.nuts_starts`.

"""


class Counted:
    """A function that counts its calls, and the draws that it is given."""

    def __init__(self, function):
        self.function, self.draws = function, 0

    def __call__(self, log_p, zeta):
        self.draws += len(np.atleast_2d(zeta))
        return self.function(log_p, zeta)


def problem(name: str) -> FlatModel:
    if name == "visitors":
        return FlatModel(purchases(*visitors(ROWS)))
    models = {"CLIMBERS", "rng", "x", "y", "effect", "error_sd", "near", "climbers", "chain", "models", "flats"}
    return shown(CHAPTER, models)["flats"][name]


def pathfinder(flat: FlatModel, seed: int):
    """Mean and factor L of the best of four ways, and what they took: gradients, log densities, CPU seconds."""
    counted = "value_and_slope", "values_and_slopes"
    its, rng, began = shown(CHAPTER, {*counted}), np.random.default_rng(seed), time.process_time()
    counts = [Counted(its[name]) for name in counted]
    its |= dict(zip(counted, counts, strict=True))
    ways = [its["pathfinder"](flat.log_density, place, rng) for place in rng.uniform(-2, 2, (4, flat.size))]
    _, mean, covariance = max(ways, key=lambda way: way[0])
    return mean, np.linalg.cholesky(covariance), [count.draws for count in counts], time.process_time() - began


def starts(flat: FlatModel, mean, factor) -> dict:
    """name → shift and factor of the coordinates in which NUTS moves, and what draws a place to begin, in these coordinates.

    Parameters
    ----------
    flat : FlatModel
    mean, factor : array
        Of q.
    """
    zero, one = np.zeros(flat.size), np.eye(flat.size)
    return {
        "default": (zero, one, lambda rng: np.asarray(flat.start) + rng.uniform(-1, 1, flat.size)),
        "q's draws": (zero, one, lambda rng: mean + factor @ rng.standard_normal(flat.size)),
        "q's coordinates": (mean, factor, lambda rng: rng.standard_normal(flat.size)),
    }


def slope_of(flat: FlatModel):
    """log p̃ and its gradient, in η, where ζ = shift + factor · η."""
    return jax.jit(jax.value_and_grad(lambda eta, shift, factor: flat.log_density(shift + factor @ eta)))


def sampler(flat: FlatModel, slope, start):
    """nutpie's model of log p̃ in the coordinates of this start.

    Parameters
    ----------
    flat : FlatModel
    slope : function
        As `slope_of` makes it.
    start : tuple
        As `starts` makes it.
    """
    shift, factor, place = start
    on_device = jnp.asarray(shift), jnp.asarray(factor)

    def log_p(eta):
        value, gradient = slope(eta, *on_device)
        return float(value), np.asarray(gradient)

    def expand(eta):
        return {"zeta": shift + factor @ eta}

    return from_pyfunc(
        flat.size,
        make_logp_fn=lambda: log_p,
        make_expand_fn=lambda *_: expand,
        expanded_dtypes=[np.dtype(float)],
        expanded_shapes=[(flat.size,)],
        expanded_names=["zeta"],
        make_initial_point_fn=lambda seed: place(np.random.default_rng(seed)),
    )


def gradients(model, warm_up: int, seed: int) -> tuple[float, float]:
    """Gradients until R-hat is small, infinite if it is not, and CPU seconds for them.

    Parameters
    ----------
    model : nutpie model
    warm_up : int
        Draws a chain.
    seed : int
    """
    began = time.process_time()
    options = {"chains": CHAINS, "cores": 1, "progress_bar": False}
    run = nutpie.sample(model, tune=warm_up, draws=DRAWS, seed=seed, **options)
    seconds = time.process_time() - began
    before = run["warmup_sample_stats"]["n_steps"].values.sum()
    after = run["sample_stats"]["n_steps"].values.sum(axis=0).cumsum()
    zeta = run["posterior"]["zeta"].values
    for draws in range(EVERY, DRAWS + 1, EVERY):
        if az.rhat(az.from_dict({"posterior": {"zeta": zeta[:, :draws]}}))["zeta"].max() < ENOUGH:
            used = before + after[draws - 1]
            return float(used), float(seconds * used / (before + after[-1]))
    return np.inf, np.inf


def rows(name: str) -> list[list]:
    """The rows of one posterior: one a start, with the best of its warm-ups."""
    flat, found, spent = problem(name), {}, []
    slope = slope_of(flat)
    for seed in SEEDS:
        mean, factor, counts, seconds = pathfinder(flat, seed)
        spent.append([*counts, seconds])
        for start, how in starts(flat, mean, factor).items():
            model = sampler(flat, slope, how)
            for warm_up in WARM_UPS:
                found.setdefault((start, warm_up), []).append(gradients(model, warm_up, seed))
                print(name, seed, start, warm_up, found[start, warm_up][-1], flush=True)
    own = np.median(spent, axis=0)
    table_rows = []
    for start in dict.fromkeys(start for start, _ in found):
        best = min(WARM_UPS, key=lambda warm_up: np.median(found[start, warm_up], axis=0)[0])
        used, seconds = np.array(found[start, best]).T
        row = [name, flat.size, start, best, in_words(used), f"{np.median(seconds):.1f}"]
        row += ["", "", ""] if start == "default" else [f"{own[0]:,.0f}", f"{own[1]:,.0f}", f"{own[2]:.1f}"]
        table_rows.append(row)
    return table_rows


def in_words(used: np.ndarray) -> str:
    """Median and range over the seeds."""
    middle, least, most = (f"{x:,.0f}" if np.isfinite(x) else "–" for x in (np.median(used), used.min(), used.max()))
    return f"{middle} ({least} to {most})"


def main() -> None:
    helpers.start()
    jax.config.update("jax_enable_compilation_cache", False)  # each seed compiles
    names = sys.argv[1:] or list(PROBLEMS)
    head = ["posterior", "size", "start", "warm-up", "gradients of NUTS", "CPU seconds"]
    head += ["Pathfinder: gradients", "log densities", "CPU seconds"]
    text = HEAD.format(version=version("nutpie")) + table(head, [row for name in names for row in rows(name)])
    if names == list(PROBLEMS):
        TABLE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
