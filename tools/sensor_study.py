"""Make the exact answers for the network on the sensor's readings: `uv run python -m tools.sensor_study` (20 minutes).

Given the first layer, the network is a Bayesian line; sequential Monte Carlo (`tools.annealing`) goes from the prior to the
posterior of the first layer.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from scipy.stats import norm

from helpers.models import sensor_study as stored
from helpers.models.sensor_data import GRID, NOISE, bayesian_line, features, sensor
from helpers.models.sensor_fits import Setting
from tools import sensor_exact
from tools.annealing import anneal
from tools.records import provenance, store

SAMPLER = {"runs": 4, "particles": 20_000, "moves": 20, "keep": 0.7, "seed": 808}
IMPORTANCE = {"draws": 1_000_000, "seed": 707}
BAND = 0.9
ENDS = (1 - BAND) / 2, (1 + BAND) / 2  # of a band, as quantiles
ON = np.abs(GRID) <= 3  # on the data; the rest of the grid is off them


def log_evidence(u, x, y, prior_sd):
    """log p(y | first layer).

    Parameters
    ----------
    u : array, shape (2 · width,)
        The first layer, (w1, b1) / prior_sd.
    x, y : array, shape (rows,)
        The readings.
    prior_sd : float
        Of every weight.
    """
    return bayesian_line(features(prior_sd * u.reshape(2, -1), x), y, prior_sd**-2.0, NOISE**-2.0)[2]


@jax.jit
def functions(layers, x, y, prior_sd, points):
    """Mean and sd of the network's function at `points` given each first layer: two arrays, shape (layers, points).

    Parameters
    ----------
    layers : array, shape (layers, 2 · width)
        First layers / prior_sd.
    x, y, prior_sd
        As for `log_evidence`.
    points : array, shape (points,)
        Where the function is asked for.
    """

    def one(u):
        mean, covariance, _ = bayesian_line(features(prior_sd * u.reshape(2, -1), x), y, prior_sd**-2.0, NOISE**-2.0)
        basis = features(prior_sd * u.reshape(2, -1), points)
        return basis @ mean, jnp.sqrt(jnp.sum((basis @ covariance) * basis, axis=1))

    return jax.lax.map(one, layers, batch_size=500)


def importance(width: int, rows: int, prior_sd: float) -> dict[str, float]:
    """The log evidence by weighted draws of the first layer from its prior, its error, and the effective number.

    Parameters
    ----------
    width, rows, prior_sd
        As for `stored.Study.at`.
    """
    answer = sensor_exact.exact(Setting(width, rows, prior_sd), **IMPORTANCE)
    error = answer.log_evidence_error
    return {"log_evidence": answer.log_evidence, "error": error, "effective": answer.effective}


def posterior(key, width, data, prior_sd, **sampler) -> dict[str, np.ndarray]:
    """One run: log evidence; mean, sd and draws of f on `GRID` (one for each particle); how many steps of β.

    Parameters
    ----------
    key : JAX key
    width : int
        Hidden units.
    data : (array, array)
        x and y of the readings, each of shape (rows,).
    prior_sd : float
        Of every weight.
    **sampler
        The settings of `tools.annealing.anneal`.
    """
    key, last = jax.random.split(key)
    layers, log_z, betas = anneal(log_evidence, (*data, prior_sd), 2 * width, key, **sampler)
    means, sds = functions(layers, *data, prior_sd, GRID)
    f = means + sds * jax.random.normal(last, (len(layers), 1))  # at each point its own law; not one joint function
    sd = jnp.sqrt((sds**2).mean(axis=0) + means.var(axis=0))
    return {"log_evidence": log_z, "mean": means.mean(axis=0), "sd": sd, "f": np.asarray(f), "steps": len(betas) - 1}


def setting(index: int) -> dict:
    """One of `stored.SETTINGS`: all its runs together, and how well they agree."""
    width, rows, prior_sd = stored.SETTINGS[index]
    sampler = {name: SAMPLER[name] for name in ("particles", "moves", "keep")}
    keys = jax.random.split(jax.random.key(SAMPLER["seed"] + index), SAMPLER["runs"])
    runs = [posterior(key, width, sensor(rows), prior_sd, **sampler) for key in keys]
    log_z, mean, sd = (np.array([run[name] for run in runs]) for name in ("log_evidence", "mean", "sd"))
    whole = np.sqrt((sd**2).mean(axis=0) + mean.var(axis=0))
    low, high = np.quantile(np.concatenate([run["f"] for run in runs]), ENDS, axis=0)
    return {
        "log_evidence": logsumexp(log_z) - np.log(len(runs)),
        "error": log_z.std(ddof=1) / np.sqrt(len(runs)),
        "mean": mean.mean(axis=0),
        "sd": whole,
        "low": low,
        "high": high,
        "r_hat": float(np.sqrt(1 + mean.var(axis=0, ddof=1) / (sd**2).mean(axis=0)).max()),
        "worst_mean": float(np.abs((mean - mean.mean(axis=0)) / whole).max()),  # of one run, in posterior sds
        "worst_sd": float(np.abs(sd / whole - 1).max()),
        "steps": runs[0]["steps"],
    }


def bands(f: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
    """Does the band of f, and with what probability that of a new reading, hold the truth? And their widths.

    Two arrays of shape (2, points), for draws of f of shape (draws, points).
    """
    low, high = np.quantile(f, ENDS, axis=0)
    low_y, high_y = np.quantile(f + NOISE * rng.standard_normal(f.shape), ENDS, axis=0)
    truth = np.sin(GRID)
    reading = norm.cdf(high_y, truth, NOISE) - norm.cdf(low_y, truth, NOISE)
    return np.array([(low <= truth) & (truth <= high), reading]), np.array([high - low, high_y - low_y])


def data_set(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Coverage and widths of the bands for one data set: two arrays of shape (runs, 2, points)."""
    sampler = {name: stored.DATA_SETS[name] for name in ("particles", "moves", "keep")}
    keys = jax.random.split(jax.random.key(stored.DATA_SETS["seed"] + seed), stored.DATA_SETS["runs"])
    width, rows, prior_sd = stored.BASELINE
    fs = [posterior(key, width, sensor(rows, seed=seed), prior_sd, **sampler)["f"] for key in keys]
    found = [bands(f, np.random.default_rng([seed, i])) for i, f in enumerate(fs)]
    return tuple(np.array(part) for part in zip(*found, strict=True))


def on_and_off(values: np.ndarray) -> np.ndarray:
    """(…, 2, points) → (…, 4): f on the data, f off them, a new reading on, off."""
    parts = [values[..., k, where].mean(axis=-1) for k in (0, 1) for where in (ON, ~ON)]
    return np.stack(parts, axis=-1)


def make(path: Path = stored.FILE) -> stored.Study:
    """Run everything and store it."""
    started = time.perf_counter()
    results = []
    for index in range(len(stored.SETTINGS)):
        results.append(setting(index))
        shown = {name: round(float(value), 4) for name, value in results[-1].items() if np.ndim(value) == 0}
        print(stored.SETTINGS[index], shown, flush=True)
    inside, widths = (np.array(part) for part in zip(*map(data_set, stored.DATA_SETS["seeds"]), strict=True))
    shares = on_and_off(inside)
    arrays = {name: np.array([r[name] for r in results]) for name in list(stored.Study.__dataclass_fields__)[:6]}
    arrays |= {"coverage": shares.mean(axis=1), "band": on_and_off(widths).mean(axis=1)}
    arrays |= {"coverage_at": inside.mean(axis=(0, 1))}
    made = {
        "fingerprint": fingerprint(),
        "seconds": round(time.perf_counter() - started),
        **{name: [r[name] for r in results] for name in ("r_hat", "worst_mean", "worst_sd", "steps")},
        "importance": [importance(*each) for each in stored.SETTINGS],
        "coverage_gap": np.abs(np.diff(shares.mean(axis=0), axis=0)).max(axis=0).tolist(),  # between the two runs
    }
    store(path, arrays, provenance("sensor_study", settings()) | made)
    return stored.load(path)


def problems(study: stored.Study) -> list[str]:
    """Why this study is not (or no longer) a reference; empty where it is."""
    found = []
    if study.made["settings"] != settings():
        found.append("stale: made with other settings")
    if not np.allclose(study.made["fingerprint"], fingerprint(), rtol=1e-5):
        found.append("stale: the model or its data have changed")
    if (worst := max(study.made["r_hat"])) > 1.01:
        found.append(f"not converged: R-hat {worst:.4f}")
    return found


def settings() -> dict:
    """Everything that the study is made with, as JSON gives it back."""
    given = {
        "settings": stored.SETTINGS,
        "sampler": SAMPLER,
        "data_sets": stored.DATA_SETS,
        "importance": IMPORTANCE,
        "band": BAND,
    }
    return json.loads(json.dumps(given))


def fingerprint() -> list[float]:
    """The log evidence of one first layer in every setting, then for the first and last data set."""
    cases = [(width, sensor(rows), sd) for width, rows, sd in stored.SETTINGS]
    cases += [(5, sensor(20, seed=stored.DATA_SETS["seeds"][i]), 1.0) for i in (0, -1)]
    jax.config.update("jax_enable_x64", True)  # JAX 0.7 has no `jax.enable_x64`; stays on, as in the notebooks
    one = jax.jit(log_evidence)
    return [float(one(jnp.sin(jnp.arange(2.0 * width)), *data, sd)) for width, data, sd in cases]


if __name__ == "__main__":
    import helpers

    helpers.start()
    study = make()
    print(stored.FILE, stored.FILE.stat().st_size, "bytes", study.made["seconds"], "s", problems(study))
    print("coverage", study.coverage.mean(axis=0), "band", study.band.mean(axis=0), study.made["coverage_gap"])
