"""Exact answers for the network on the sensor's readings, stored; `python -m tools.sensor_study` makes them.

Given the first layer the network is a Bayesian line on the hidden units, so that its last layer integrates out in closed
form. What is left, 2 · width numbers, was sampled by sequential Monte Carlo.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from helpers.models.sensor_data import GRID, NOISE, bayesian_line, sensor

FILE = Path(__file__).with_suffix(".npz")
BASELINE = (5, 20, 1.0)  # width, rows, prior sd
SETTINGS = (
    BASELINE,
    *((width, 20, 1.0) for width in (2, 10, 20)),
    *((5, rows, 1.0) for rows in (5, 10, 50)),
    *((5, 20, prior_sd) for prior_sd in (0.1, 10.0)),
)
SAMPLER = {"runs": 4, "particles": 20_000, "moves": 20, "keep": 0.7, "seed": 808}
DATA_SETS = {"seeds": list(range(1000, 1050)), "runs": 2, "particles": 5_000, "moves": 20, "keep": 0.5, "seed": 909}
IMPORTANCE = {"draws": 1_000_000, "seed": 707}
BAND = 0.9
ON = np.abs(GRID) <= 3  # on the data; the rest of the grid is off them


@dataclass(frozen=True)
class Study:
    """What is stored; the first axis of the first group of arrays runs over `SETTINGS`.

    Parameters
    ----------
    log_evidence, error : array, shape (settings,)
        The log evidence and its standard error, from independent runs.
    mean, sd, low, high : array, shape (settings, points)
        Of the network's function on `GRID`: the posterior's mean and sd, and the ends of the central 90 % band.
    coverage : array, shape (data sets, 4)
        Share of the points where the 90 % band holds the truth: f on the data, f off them, a new reading on, off.
    band : array, shape (data sets, 4)
        The mean width of those bands.
    coverage_at : array, shape (2, points)
        The share of the data sets where the bands of f and of a new reading hold the truth, at every point.
    made : dict
        How, when and with which versions this was made, and how well independent runs agree.
    """

    log_evidence: np.ndarray
    error: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray
    coverage: np.ndarray
    band: np.ndarray
    coverage_at: np.ndarray
    made: dict

    def at(self, width: int = 5, rows: int = 20, prior_sd: float = 1.0) -> dict[str, np.ndarray]:
        """Log evidence, its error, mean, sd, low and high of one setting."""
        i = SETTINGS.index((width, rows, prior_sd))
        return {name: getattr(self, name)[i] for name in ("log_evidence", "error", "mean", "sd", "low", "high")}


def load(path: Path = FILE) -> Study:
    """The stored study; `ValueError` for a file that has changed since it was made."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "made"}
        made = json.loads(str(stored["made"]))
    if digest(arrays) != made["sha256"]:
        raise ValueError(f"{path.name} is not the file that was made: run python -m tools.sensor_study")
    return Study(**{name: array.astype(float) for name, array in arrays.items()}, made=made)


def digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of the arrays, names and all, in hexadecimal."""
    parts = [name.encode() + array.tobytes() for name, array in sorted(arrays.items())]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def problems(study: Study) -> list[str]:
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
    given = {"settings": SETTINGS, "sampler": SAMPLER, "data_sets": DATA_SETS, "importance": IMPORTANCE, "band": BAND}
    return json.loads(json.dumps(given))


def fingerprint() -> list[float]:
    """The log evidence of one first layer in every setting, then for the first and last data set."""
    cases = [(width, sensor(rows), sd) for width, rows, sd in SETTINGS]
    cases += [(5, sensor(20, seed=DATA_SETS["seeds"][i]), 1.0) for i in (0, -1)]
    jax.config.update("jax_enable_x64", True)  # JAX 0.7 has no `jax.enable_x64`; stays on, as in the notebooks
    return [float(one_evidence(jnp.sin(jnp.arange(2.0 * width)), *data, sd)) for width, data, sd in cases]


def features(u, x, prior_sd):
    """Hidden units and a column of ones, shape (points, width + 1), for a first layer u = (w1, b1) / prior_sd.

    Parameters
    ----------
    u : array, shape (2 · width,)
        The first layer, (w1, b1) / prior_sd.
    x : array, shape (points,)
    prior_sd : float
        Of every weight.
    """
    w1, b1 = jnp.split(prior_sd * u, 2)
    return jnp.append(jnp.maximum(x[:, None] * w1 + b1, 0), jnp.ones((len(x), 1)), axis=1)


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
    return bayesian_line(features(u, x, prior_sd), y, prior_sd**-2.0, NOISE**-2.0)[2]


one_evidence = jax.jit(log_evidence)


@jax.jit
def functions(layers, x, y, prior_sd, points):
    """Mean and sd of the network's function at `points` given each first layer: two arrays, shape (layers, points).

    Parameters
    ----------
    layers : array, shape (layers, 2 · width)
        First layers / prior_sd.
    x, y : array, shape (rows,)
        The readings.
    prior_sd : float
        Of every weight.
    points : array, shape (points,)
        Where the function is asked for.
    """

    def one(u):
        mean, covariance, _ = bayesian_line(features(u, x, prior_sd), y, prior_sd**-2.0, NOISE**-2.0)
        basis = features(u, points, prior_sd)
        return basis @ mean, jnp.sqrt(jnp.sum((basis @ covariance) * basis, axis=1))

    return jax.lax.map(one, layers, batch_size=500)
