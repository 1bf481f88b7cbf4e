"""Make gold draws: ``python -m tools.gold moons`` (each takes some minutes)."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path

import arviz as az
import numpy as np

from helpers.fits.flat_model import FlatModel
from helpers.truth.gold import FOLDER, Gold, digest
from tools.gold_recipes import RECIPES, Recipe
from tools.records import provenance

PACKAGES = ("pymc", "nutpie", "pytensor", "jax", "numpy", "scipy", "arviz")


def make(name: str, folder: Path = FOLDER) -> Gold:
    """Run the recipe `name`, and store its draws and their entry of the manifest; `ValueError` where they are not good."""
    recipe = RECIPES[name]
    started = time.perf_counter()
    flat = FlatModel(recipe.model())
    values = recipe.sample(flat).astype(np.float32)
    made = provenance(f"gold {name}", recipe.settings, PACKAGES) | {
        "seconds": round(time.perf_counter() - started),
        "parameters": list(flat.labels),
        "fingerprint": fingerprint(flat),
        **diagnostics(recipe, values),
    }
    if found := _not_converged(made):
        raise ValueError(f"{name}: {found}")
    np.savez_compressed(folder / f"{name}.npz", values=values)
    manifest = folder / "manifest.json"
    entries = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    entries[name] = made | {"sha256": digest(folder / f"{name}.npz")}
    manifest.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    return Gold(values, entries[name])


def fingerprint(flat: FlatModel) -> list[float]:
    """log p̃ at five fixed places: another model or other data give other numbers."""
    zeta = 0.5 * np.random.default_rng(1).standard_normal((5, flat.size))
    return np.asarray(flat.log_densities(zeta)).tolist()


def diagnostics(recipe: Recipe, values: np.ndarray) -> dict[str, float]:
    """The worst R-hat and effective sample size over the functions of the recipe."""
    functions = recipe.functions(values.astype(float))
    summary = az.summary(az.from_dict({"posterior": {"f": functions}}), kind="diagnostics", round_to="none")
    ess = summary[["ess_bulk", "ess_tail"]].min(axis=None, skipna=False)  # a NaN must not go by unseen
    return {"r_hat": float(summary["r_hat"].max(skipna=False)), "ess": float(ess)}


def _not_converged(worst: dict[str, float]) -> str:
    """What is wrong with these diagnostics; empty where nothing is."""
    if worst["r_hat"] < 1.01 and worst["ess"] > 400:
        return ""
    return f"not converged: R-hat {worst['r_hat']:.4f}, effective sample size {worst['ess']:.0f}"


def problems(recipe: Recipe, gold: Gold) -> list[str]:
    """Why these draws are not (or no longer) a reference; empty where they are."""
    found = []
    flat = FlatModel(recipe.model())
    if gold.made["settings"] != recipe.settings or gold.made["parameters"] != list(flat.labels):
        found.append("stale: the recipe has other settings or parameters now")
    elif not np.allclose(gold.made["fingerprint"], fingerprint(flat), rtol=1e-5):
        found.append("stale: the model or its data have changed")
    if late := _not_converged(diagnostics(recipe, gold.values)):
        found.append(late)
    return found


def asked(description: str, known: Iterable[str]) -> list[str]:
    """The names on the command line, all that are known by default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(known)}; all by default")
    names = parser.parse_args().names
    if unknown := [name for name in names if name not in known]:
        parser.error(f"name must be one of {', '.join(map(repr, known))}; got {unknown[0]!r}")
    return names or list(known)


if __name__ == "__main__":
    import helpers

    helpers.start()
    for name in asked(__doc__, RECIPES):
        gold = make(name)
        print(name, gold.values.shape, {key: gold.made[key] for key in ("seconds", "r_hat", "ess")})
