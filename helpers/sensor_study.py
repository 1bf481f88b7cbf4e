"""Exact answers for chapter 8's network, stored: ``python -m helpers.sensor_study`` makes them (some 20 minutes).

Given the first layer the network is a Bayesian line on the hidden units, so that its last layer integrates out in closed
form. What is left, 2 · width numbers, is sampled by sequential Monte Carlo (Del Moral, Doucet and Jasra 2006,
doi:10.1111/j.1467-9868.2006.00553.x), from the prior to the posterior in steps of β: prior · evidence^β.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import time
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from scipy.stats import norm

from helpers.sensor import GRID, NOISE, bayesian_line, sensor

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
        raise ValueError(f"{path.name} is not the file that was made: run python -m helpers.sensor_study")
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
    """Hidden units and a column of ones, shape (points, width + 1), for a first layer u = (w1, b1) / prior_sd."""
    w1, b1 = jnp.split(prior_sd * u, 2)
    return jnp.append(jnp.maximum(x[:, None] * w1 + b1, 0), jnp.ones((len(x), 1)), axis=1)


def log_evidence(u, x, y, prior_sd):
    """log p(y | first layer)."""
    return bayesian_line(features(u, x, prior_sd), y, prior_sd**-2.0, NOISE**-2.0)[2]


one_evidence = jax.jit(log_evidence)


@jax.jit
def functions(layers, x, y, prior_sd, points):
    """Mean and sd of the network's function at `points` given each first layer: two arrays, shape (layers, points)."""

    def one(u):
        mean, covariance, _ = bayesian_line(features(u, x, prior_sd), y, prior_sd**-2.0, NOISE**-2.0)
        basis = features(u, points, prior_sd)
        return basis @ mean, jnp.sqrt(jnp.sum((basis @ covariance) * basis, axis=1))

    return jax.lax.map(one, layers, batch_size=500)


def importance(draws: int, key, width, data, prior_sd) -> tuple[np.ndarray, np.ndarray, dict]:
    """First layers from the prior, their log weights, and the log evidence with its error and the effective number."""
    layers = jax.random.normal(key, (draws, 2 * width))
    one = jax.jit(lambda layers: jax.lax.map(lambda u: log_evidence(u, *data, prior_sd), layers, batch_size=20_000))
    log_w = np.asarray(one(layers))
    w = np.exp(log_w - log_w.max())
    effective = w.sum() ** 2 / (w**2).sum()
    found = {"log_evidence": float(log_w.max() + np.log(w.mean())), "effective": float(effective)}
    return layers, log_w, found | {"error": float(np.sqrt(1 / effective - 1 / draws))}


def anneal(log_likelihood, given, size: int, key, *, particles: int, moves: int, keep: float):
    """Sequential Monte Carlo from N(0, I) to N(0, I) · likelihood.

    Parameters
    ----------
    log_likelihood : callable
        (u, *given) → number, for one u of shape (size,).
    keep : float
        Every step of β is as long as leaves an effective number of keep · particles.

    Returns
    -------
    tuple
        Particles, shape (particles, size), equally weighted; log evidence; the values of β.
    """
    key, first = jax.random.split(key)
    u = jax.random.normal(first, (particles, size))
    log_l = each(log_likelihood, given, u)
    log_z, betas = 0.0, [0.0]
    while betas[-1] < 1:
        delta = next_step(log_l, 1 - betas[-1], keep)
        betas.append(1.0 if delta == 1 - betas[-1] else float(betas[-1] + delta))
        log_z += float(logsumexp(delta * log_l) - jnp.log(particles))
        key, one, two = jax.random.split(key, 3)
        chosen = resample(one, delta * log_l)
        u, log_l = move(log_likelihood, given, two, u[chosen], log_l[chosen], betas[-1], moves)
    return u, log_z, betas


@partial(jax.jit, static_argnames="log_likelihood")
def each(log_likelihood, given, u):
    """The log likelihood of every particle."""
    return jax.vmap(lambda u: log_likelihood(u, *given))(u)


@jax.jit
def next_step(log_l, most, keep):
    """How far β may go: the effective number falls as it grows, so halve the interval until keep · particles is met."""

    def enough(delta):
        return 2 * logsumexp(delta * log_l) - logsumexp(2 * delta * log_l) >= jnp.log(keep * len(log_l))

    def halve(_, ends):
        middle = sum(ends) / 2
        return jnp.where(enough(middle), middle, ends[0]), jnp.where(enough(middle), ends[1], middle)

    return jnp.where(enough(most), most, jax.lax.fori_loop(0, 40, halve, (0.0, most))[0])


@jax.jit
def resample(key, log_w):
    """Systematic resampling: which particles live on, in proportion to their weights."""
    upto = jnp.cumsum(jax.nn.softmax(log_w))
    places = (jnp.arange(len(log_w)) + jax.random.uniform(key)) / len(log_w)
    return jnp.searchsorted(upto, places * upto[-1]).clip(max=len(log_w) - 1)


@partial(jax.jit, static_argnames=("log_likelihood", "moves"))
def move(log_likelihood, given, key, u, log_l, beta, moves: int):
    """Metropolis moves that leave N(0, I) · likelihood^β as it is, for every particle on its own.

    The proposal u √(1 − s²) + s · noise leaves the prior as it is (preconditioned Crank and Nicolson), so that only the
    likelihood decides; every particle draws its own s, from 0.003 to 1, and a random half of the numbers stays.
    """

    def once(k, state):
        u, log_l = state
        scale, stay, noise, accept = jax.random.split(jax.random.fold_in(key, k), 4)
        s = 10 ** jax.random.uniform(scale, (len(u), 1), minval=-2.5, maxval=0)
        s = jnp.where(jax.random.bernoulli(stay, 0.5, u.shape), 0, s)
        proposal = jnp.sqrt(1 - s**2) * u + s * jax.random.normal(noise, u.shape)
        proposed = each(log_likelihood, given, proposal)
        yes = jnp.log(jax.random.uniform(accept, (len(u),))) < beta * (proposed - log_l)
        return jnp.where(yes[:, None], proposal, u), jnp.where(yes, proposed, log_l)

    return jax.lax.fori_loop(0, moves, once, (u, log_l))


def posterior(key, width, data, prior_sd, **sampler) -> dict[str, np.ndarray]:
    """One run: log evidence; mean, sd and draws of f on `GRID` (one for each particle); how many steps of β."""
    key, last = jax.random.split(key)
    layers, log_z, betas = anneal(log_evidence, (*data, prior_sd), 2 * width, key, **sampler)
    means, sds = functions(layers, *data, prior_sd, GRID)
    f = means + sds * jax.random.normal(last, (len(layers), 1))  # at each point its own law; not one joint function
    sd = jnp.sqrt((sds**2).mean(axis=0) + means.var(axis=0))
    return {"log_evidence": log_z, "mean": means.mean(axis=0), "sd": sd, "f": np.asarray(f), "steps": len(betas) - 1}


def setting(index: int) -> dict:
    """One of `SETTINGS`: all its runs together, and how well they agree."""
    width, rows, prior_sd = SETTINGS[index]
    sampler = {name: SAMPLER[name] for name in ("particles", "moves", "keep")}
    keys = jax.random.split(jax.random.key(SAMPLER["seed"] + index), SAMPLER["runs"])
    runs = [posterior(key, width, sensor(rows), prior_sd, **sampler) for key in keys]
    log_z, mean, sd = (np.array([run[name] for run in runs]) for name in ("log_evidence", "mean", "sd"))
    whole = np.sqrt((sd**2).mean(axis=0) + mean.var(axis=0))
    low, high = np.quantile(np.concatenate([run["f"] for run in runs]), [(1 - BAND) / 2, (1 + BAND) / 2], axis=0)
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
    ends = (1 - BAND) / 2, (1 + BAND) / 2
    low, high = np.quantile(f, ends, axis=0)
    low_y, high_y = np.quantile(f + NOISE * rng.standard_normal(f.shape), ends, axis=0)
    truth = np.sin(GRID)
    reading = norm.cdf(high_y, truth, NOISE) - norm.cdf(low_y, truth, NOISE)
    return np.array([(low <= truth) & (truth <= high), reading]), np.array([high - low, high_y - low_y])


def data_set(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Coverage and widths of the bands for one data set: two arrays of shape (runs, 2, points)."""
    sampler = {name: DATA_SETS[name] for name in ("particles", "moves", "keep")}
    keys = jax.random.split(jax.random.key(DATA_SETS["seed"] + seed), DATA_SETS["runs"])
    width, rows, prior_sd = BASELINE
    fs = [posterior(key, width, sensor(rows, seed=seed), prior_sd, **sampler)["f"] for key in keys]
    found = [bands(f, np.random.default_rng([seed, i])) for i, f in enumerate(fs)]
    return tuple(np.array(part) for part in zip(*found, strict=True))


def on_and_off(values: np.ndarray) -> np.ndarray:
    """(…, 2, points) → (…, 4): f on the data, f off them, a new reading on, off."""
    parts = [values[..., k, where].mean(axis=-1) for k in (0, 1) for where in (ON, ~ON)]
    return np.stack(parts, axis=-1)


def make(path: Path = FILE) -> Study:
    """Run everything and store it."""
    started = time.perf_counter()
    results = []
    for index in range(len(SETTINGS)):
        results.append(setting(index))
        shown = {name: round(float(value), 4) for name, value in results[-1].items() if np.ndim(value) == 0}
        print(SETTINGS[index], shown, flush=True)
    key = jax.random.key(IMPORTANCE["seed"])
    checks = [importance(IMPORTANCE["draws"], key, width, sensor(rows), sd)[2] for width, rows, sd in SETTINGS]
    inside, widths = (np.array(part) for part in zip(*map(data_set, DATA_SETS["seeds"]), strict=True))
    shares = on_and_off(inside)
    arrays = {name: np.array([r[name] for r in results]) for name in list(Study.__dataclass_fields__)[:6]}
    arrays |= {"coverage": shares.mean(axis=1), "band": on_and_off(widths).mean(axis=1)}
    arrays |= {"coverage_at": inside.mean(axis=(0, 1))}
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    made = {
        "seconds": round(time.perf_counter() - started),
        **{name: [r[name] for r in results] for name in ("r_hat", "worst_mean", "worst_sd", "steps")},
        "importance": checks,
        "coverage_gap": np.abs(np.diff(shares.mean(axis=0), axis=0)).max(axis=0).tolist(),  # between the two runs
    }
    np.savez_compressed(path, made=json.dumps(provenance() | made | {"sha256": digest(arrays)}), **arrays)
    return load(path)


def provenance() -> dict:
    """Command, date, versions, settings and fingerprint."""
    return {
        "command": "python -m helpers.sensor_study",
        "date": datetime.date.today().isoformat(),
        "versions": {package: version(package) for package in ("jax", "numpy", "scipy")},
        "settings": settings(),
        "fingerprint": fingerprint(),
    }


if __name__ == "__main__":
    import helpers

    helpers.start()
    study = make()
    print(FILE, FILE.stat().st_size, "bytes", study.made["seconds"], "s", problems(study))
    print("coverage", study.coverage.mean(axis=0), "band", study.band.mean(axis=0), study.made["coverage_gap"])
