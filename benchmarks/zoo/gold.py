"""What NUTS says of each posterior of the zoo: ``python -m benchmarks.zoo.gold [names]`` writes gold.json."""

from __future__ import annotations

import json
import time
import zlib
from importlib.metadata import version
from pathlib import Path

import jax
import numpy as np
import nutpie
from arviz_stats.base import array_stats
from scipy import optimize

from benchmarks.zoo import ZOO
from benchmarks.zoo.entry import Entry
from helpers.fits import FlatModel
from tools.gold import asked

FILE = Path(__file__).with_name("gold.json")
PACKAGES = ("pymc", "nutpie", "pytensor", "jax", "numpy", "arviz-stats")
CHAINS = 4
ENOUGH = 4_000  # effective draws of every parameter
PATIENCE = 90  # seconds of sampling
HARD = {"target_accept": 0.99, "draws": 20_000, "adaptation": "draw_diag"}
# What is not as `sample` has it. With a slope on raw ages that is one off, counts overflow; "factor" has a false mode.
SETTINGS: dict[str, dict] = {
    **{name: HARD for name in ("eight-schools-centred", "gp-counts", "horseshoe", "regularised-horseshoe")},
    **{name: {"target_accept": 0.99, "draws": 8_000} for name in ("surgical", "eight-schools", "garch11")},
    **{name: {"target_accept": 0.99, "adaptation": "draw_diag"} for name in ("local-level", "volatility")},
    **{name: {"from_mode": True} for name in ("roaches-poisson", "poisson-age", "lotka-volterra", "factor")},
}


def make(name: str) -> dict:
    """Sample the posterior `name`: its entry of gold.json; `ValueError` where the chains do not agree."""
    entry, started = ZOO[name], time.perf_counter()
    flat = FlatModel(entry.model())
    settings = {"target_accept": 0.9, "adaptation": "low_rank", "seed": zlib.crc32(name.encode())}
    settings |= SETTINGS.get(name, {})
    zeta, divergences = sample(entry, flat, **settings)
    found = diagnostics(zeta)
    if not (found["r_hat"] < 1.01 and found["ess"] > 1_000):
        raise ValueError(f"{name}: the chains do not agree, R-hat {found['r_hat']:.4f}, ESS {found['ess']:.0f}")
    mean = zeta.mean(axis=(0, 1))
    return {
        "labels": list(flat.labels),
        "mean": rounded(mean),
        "sd": rounded(zeta.std(axis=(0, 1))),
        "q05": rounded(np.quantile(zeta, 0.05, axis=(0, 1))),
        "q50": rounded(np.quantile(zeta, 0.5, axis=(0, 1))),
        "q95": rounded(np.quantile(zeta, 0.95, axis=(0, 1))),
        **{key: float(f"{value:.6g}") for key, value in found.items()},
        "divergences": divergences,
        "draws": zeta.shape[0] * zeta.shape[1],
        "log_p_at_mean": float(f"{float(flat.log_density(np.array(rounded(mean)))):.6g}"),
        "seconds": round(time.perf_counter() - started),
        **{key: settings[key] for key in ("target_accept", "adaptation", "seed")},
        "versions": {package: version(package) for package in PACKAGES},
    }


def sample(
    entry: Entry, flat: FlatModel, *, draws: int = 2_500, from_mode: bool = False, **settings
) -> tuple[np.ndarray, int]:
    """Draws of ζ, shape (chains, draws, size), and how many diverged; once more, longer, where they are too few."""
    twin = FlatModel(entry.twin()) if entry.twin else flat
    starts = {"initial_points": mode(twin), "jitter_rvs": set()} if from_mode else {}
    compiled = nutpie.compile_pymc_model(twin.model, backend="numba", **starts)
    settings |= {"tune": 1_000, "chains": CHAINS, "cores": 2, "progress_bar": False, "store_unconstrained": True}
    for _ in range(2):
        started = time.perf_counter()
        run = nutpie.sample(compiled, draws=draws, **settings)
        stats, seconds = run["sample_stats"], time.perf_counter() - started
        own = in_order(twin, run)
        zeta = own if twin is flat else moved(flat, twin, own)
        ess = diagnostics(zeta)["ess"]
        print(f"  {draws} draws a chain, {seconds:.0f} s, least ESS {ess:.0f}", flush=True)
        more = min(1.15 * ENOUGH / ess, PATIENCE / seconds, 12)
        if ess > ENOUGH or more <= 1:
            break
        draws = int(draws * more)
    return zeta, int(stats["diverging"].sum())


def mode(flat: FlatModel) -> dict[str, np.ndarray]:
    """Where log p̃(ζ) is largest, as the values of the model's parameters."""
    both, curvature = jax.jit(jax.value_and_grad(flat.log_density)), jax.jit(jax.hessian(flat.log_density))

    def loss(zeta):
        value, slope = both(zeta)
        return -float(value), -np.asarray(slope)

    options = {"method": "trust-exact", "jac": True, "hess": lambda zeta: -np.asarray(curvature(zeta))}
    found = flat.constrain(optimize.minimize(loss, np.asarray(flat.start), **options).x)
    return {rv.name: np.asarray(found[rv.name]) for rv in flat.model.free_RVs}


def in_order(flat: FlatModel, run) -> np.ndarray:
    """ζ in the order of the model; nutpie's own vector has another one.

    Raises
    ------
    AssertionError
        Where ζ, constrained, is not what nutpie stores.
    """
    posterior = run["posterior"]
    transformed = run["unconstrained_posterior"] if "unconstrained_posterior" in run.children else {}
    parts = [(transformed if v.name in transformed else posterior)[v.name].values for v in flat.value_vars]
    zeta = np.concatenate([part.reshape(*part.shape[:2], -1) for part in parts], axis=-1)
    some = zeta[:, ::50].reshape(-1, flat.size)
    for name, value in jax.lax.map(flat.constrain, some).items():
        stored = posterior[name].values[:, ::50].reshape(value.shape)
        np.testing.assert_allclose(value, stored, rtol=1e-6, atol=1e-8, err_msg=name)
    return zeta


def moved(flat: FlatModel, twin: FlatModel, zeta: np.ndarray) -> np.ndarray:
    """Draws of the twin's ζ as draws of the model's own."""

    def one(point: jax.Array) -> jax.Array:
        parts = twin.constrain(point) | dict(
            zip([v.name for v in twin.value_vars], twin._unravel(point), strict=True)  # transformed ones as they are
        )
        return jax.flatten_util.ravel_pytree([parts[v.name] for v in flat.value_vars])[0]

    draws = jax.lax.map(one, zeta.reshape(-1, twin.size))
    return np.asarray(draws).reshape(*zeta.shape[:2], flat.size)


def diagnostics(zeta: np.ndarray) -> dict[str, float]:
    """The largest R-hat, and the least effective number of draws, for the bulk and for both tails."""
    axes = {"chain_axis": 0, "draw_axis": 1}
    bulk = array_stats.ess(zeta, method="bulk", **axes)
    tail = array_stats.ess(zeta, method="tail", prob=(0.05, 0.95), **axes)
    return {"ess": np.min([bulk, tail]), "r_hat": np.max(array_stats.rhat(zeta, **axes))}


def rounded(values: np.ndarray) -> list[float]:
    """To six significant digits."""
    return [float(f"{v:.6g}") for v in values]


def store(name: str, made: dict) -> None:
    """Write one entry, in the order of the zoo, a line for each list."""
    gold = (json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}) | {name: made}
    entries = []
    for key in filter(gold.get, ZOO):
        lines = ",\n  ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in gold[key].items())
        entries.append(f"{json.dumps(key)}: {{\n  {lines}\n }}")
    FILE.write_text("{\n " + ",\n ".join(entries) + "\n}\n", encoding="utf-8")


def main() -> None:
    import helpers

    helpers.start()
    for name in asked(__doc__, ZOO):
        try:
            made = make(name)
        except ValueError as error:
            print(error, flush=True)
            continue
        store(name, made)
        shown = {key: made[key] for key in ("ess", "r_hat", "divergences", "draws", "seconds")}
        print(name, len(made["labels"]), shown, flush=True)


if __name__ == "__main__":
    main()
