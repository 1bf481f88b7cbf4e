"""Make what the posterior of the sensor's network says in 120 settings: `uv run python -m tools.function_study` (10 minutes)."""

from __future__ import annotations

import json
import time
from pathlib import Path

import jax
import numpy as np

from helpers.models import function_study as stored
from helpers.models import sensor_fits
from helpers.models.sensor_data import outputs
from tools import sensor_exact
from tools.records import provenance, store

SEED = 0
DRAWS = 4_000  # of the posterior, for the band


def answers(setting: sensor_fits.Setting, drawn: int = stored.DRAWN) -> dict:
    """Both answers for one setting, by the names of `stored.Study`, and without its zeros.

    Parameters
    ----------
    setting : Setting
    drawn : int
        First layers, for the exact answer.
    """
    (fit,) = sensor_fits.mean_field([setting], seed=SEED, starts=stored.STARTS)
    exact = sensor_exact.exact(setting, seed=SEED, draws=drawn)
    found = {name: getattr(fit, name) for name in ("elbo", "elbo_error", "mean", "sd")}
    found |= {name: getattr(exact, name) for name in ("log_evidence", "log_evidence_error", "effective")}
    if exact.effective < stored.ENOUGH:
        return found | {"draws": np.zeros((stored.CURVES, setting.size)), "band": np.zeros((2, stored.X.size))}
    draws = exact.draws(DRAWS, seed=SEED)
    return found | {"draws": draws[: stored.CURVES], "band": np.quantile(outputs(draws, stored.X), stored.BAND, axis=0)}


def padded(values) -> np.ndarray:
    """An array whose last axis holds weights, with zeros up to those of the widest network."""
    return np.pad(values, [(0, 0)] * (np.ndim(values) - 1) + [(0, stored.SETTINGS[-1].size - np.shape(values)[-1])])


def make(path: Path = stored.FILE) -> stored.Study:
    """Run everything and store it."""
    jax.config.update("jax_enable_x64", True)
    started, rows = time.perf_counter(), []
    for setting in stored.SETTINGS:
        found = answers(setting)
        rows.append(found | {name: padded(found[name]) for name in ("mean", "sd", "draws")})
        print(setting, *(f"{found[name]:.2f}" for name in ("elbo", "log_evidence", "effective")), flush=True)
    names = [name for name in stored.Study.__dataclass_fields__ if name != "made"]
    arrays = {name: np.array([row[name] for row in rows]) for name in names}
    made = provenance("function_study", settings()) | {"seconds": round(time.perf_counter() - started)}
    store(path, arrays, made)
    return stored.load(path)


def settings() -> dict:
    """Everything that the study is made with, as JSON gives it back."""
    given = {"choices": stored.CHOICES, "starts": stored.STARTS, "drawn": stored.DRAWN, "enough": stored.ENOUGH}
    given |= {"curves": stored.CURVES, "points": stored.X.size, "seed": SEED, "band": stored.BAND, "draws": DRAWS}
    return json.loads(json.dumps(given))


if __name__ == "__main__":
    import helpers

    helpers.start()
    study = make()
    print(stored.FILE, stored.FILE.stat().st_size, "bytes", study.made["seconds"], "s")
    print((study.effective >= stored.ENOUGH).sum(), "of", len(stored.SETTINGS), "have an exact answer")
