"""Make the controls for the network on the sensor's readings: `uv run python -m tools.sensor_controls` (ten minutes).

The exact posteriors come from the sampler of `tools.sensor_study`, with other random numbers.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import jax
import numpy as np
from scipy import optimize, special

from helpers.models import sensor_controls as stored
from helpers.models import sensor_study
from helpers.models.sensor_data import NOISE, bayesian_line, features, outputs, sensor
from tools.annealing import anneal
from tools.records import provenance, store
from tools.sensor_study import fingerprint, functions, log_evidence

SAMPLER = {"particles": 5_000, "moves": 20, "keep": 0.5, "seed": 1010}
TRAINING = {"starts": 10, "steps": 5_000, "seed": 1010}
DRAWS = {"draws": 1_000_000, "seed": 707}


def posterior(seed: int, setting: tuple, data: tuple, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sd of f at `points` given each of the particles, two arrays of shape (particles, points).

    Parameters
    ----------
    seed : int
    setting : (width, rows, prior sd)
    data : (array, array)
        x and y of the readings.
    points : array
    """
    width, _, prior_sd = setting
    sampler = {name: SAMPLER[name] for name in ("particles", "moves", "keep")}
    layers, _, _ = anneal(log_evidence, (*data, prior_sd), 2 * width, jax.random.key(seed), **sampler)
    return tuple(np.asarray(part) for part in functions(layers, *data, prior_sd, points))


def _score(means: np.ndarray, sds: np.ndarray, y: np.ndarray) -> float:
    """The log score of readings.

    Parameters
    ----------
    means, sds : array, shape (particles, readings)
        What `posterior` returns at their places.
    y : array, shape (readings,)
    """
    return stored.log_score(means, y, np.hypot(sds, NOISE))


def data_set(seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Mean and sd of f at `stored.PLACES` under one data set's exact posterior, and its score of what is held out."""
    x_new, y_new = sensor(**stored.HELD_OUT)
    points = np.concatenate([stored.PLACES, x_new])
    rows = sensor_study.BASELINE[1]
    means, sds = posterior(SAMPLER["seed"] + seed, sensor_study.BASELINE, sensor(rows, seed=seed), points)
    here, new = np.s_[:, : len(stored.PLACES)], np.s_[:, len(stored.PLACES) :]
    sd = np.sqrt((sds[here] ** 2).mean(axis=0) + means[here].var(axis=0))
    return means[here].mean(axis=0), sd, _score(means[new], sds[new], y_new)


def setting(index: int) -> list[float]:
    """The exact posterior's two scores in one of the study's settings."""
    each = sensor_study.SETTINGS[index]
    (x, y), (x_new, y_new) = data = sensor(each[1]), sensor(**stored.HELD_OUT)
    means, sds = posterior(SAMPLER["seed"] + index, each, data[0], np.concatenate([x, x_new]))
    return [_score(means[:, : len(x)], sds[:, : len(x)], y), _score(means[:, len(x) :], sds[:, len(x) :], y_new)]


def trained(width: int) -> list[float]:
    """The two scores of the network with the smallest squared error, the best of several starts."""
    x, y = sensor()

    def loss(weights):
        hidden = features(weights[: 2 * width].reshape(2, width), x)
        return 0.5 * ((y - hidden @ weights[2 * width :]) ** 2).sum() / NOISE**2

    slope, rng = jax.jit(jax.value_and_grad(loss)), np.random.default_rng(TRAINING["seed"])
    runs = [
        optimize.minimize(slope, start, jac=True, options={"maxiter": TRAINING["steps"]})
        for start in rng.standard_normal((TRAINING["starts"], 3 * width + 1))
    ]
    best = min(runs, key=lambda run: run.fun).x[None]
    both = (x, y), sensor(**stored.HELD_OUT)
    return [stored.log_score(outputs(best, at), readings, NOISE) for at, readings in both]


def effective(width: int, rows: int, noise: float) -> float:
    """Effective number of the draws of the prior, each weighted by the evidence of its first layer.

    Parameters
    ----------
    width, rows : int
        Hidden units, and readings.
    noise : float
        The sd of the readings' errors, which are those of `sensor`, larger or smaller; the model knows it.
    """
    x, y = sensor(rows)
    y = np.sin(x) + noise / NOISE * (y - np.sin(x))
    layers = np.random.default_rng(DRAWS["seed"]).standard_normal((DRAWS["draws"], 2, width))
    parts = np.array_split(layers, max(DRAWS["draws"] // 10_000, 1))
    evidences = np.hstack([bayesian_line(features(part, x), y, 1.0, noise**-2.0)[2] for part in parts])
    return float(1 / (special.softmax(evidences) ** 2).sum())


def make(path: Path = stored.FILE) -> stored.Controls:
    """Run everything and store it."""
    began = time.perf_counter()
    means, sds, scores = zip(*map(data_set, sensor_study.DATA_SETS["seeds"]), strict=True)
    arrays = {
        "mean": means,
        "sd": sds,
        "score_of_sets": scores,
        "score": [setting(index) for index in range(len(sensor_study.SETTINGS))],
        "trained": [trained(width) for width in stored.WIDTHS],
        "effective": [effective(*each) for each in stored.WORTH],
    }
    made = {"fingerprint": fingerprint(), "seconds": round(time.perf_counter() - began)}
    store(path, arrays, provenance("sensor_controls", settings()) | made)
    return stored.load(path)


def settings() -> dict:
    """Everything that the controls are made with, as JSON gives it back."""
    given = {
        "settings": sensor_study.SETTINGS,
        "data_sets": sensor_study.DATA_SETS["seeds"],
        "sampler": SAMPLER,
        "training": TRAINING,
        "draws": DRAWS,
        "held_out": stored.HELD_OUT,
        "worth": stored.WORTH,
        "widths": stored.WIDTHS,
    }
    return json.loads(json.dumps(given))


if __name__ == "__main__":
    import helpers

    helpers.start()
    controls = make()
    print(stored.FILE, stored.FILE.stat().st_size, "bytes", controls.made["seconds"], "s")
    print("score", controls.score.round(3).tolist(), "trained", controls.trained.round(3).tolist())
    print("effective", controls.effective.round().tolist())
