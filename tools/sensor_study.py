"""Make the exact answers for the network on the sensor's readings: `uv run python -m tools.sensor_study` (20 minutes).

Sequential Monte Carlo (Del Moral, Doucet and Jasra 2006, doi:10.1111/j.1467-9868.2006.00553.x) goes from the prior to the
posterior of the first layer in steps of β: prior · evidence^β.
"""

from __future__ import annotations

import datetime
import json
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from scipy.stats import norm

from helpers.models import sensor_study as stored
from helpers.models.sensor_data import GRID, NOISE, sensor


def importance(draws: int, key, width, data, prior_sd) -> tuple[np.ndarray, np.ndarray, dict]:
    """First layers from the prior, their log weights, and the log evidence with its error and the effective number."""
    layers = jax.random.normal(key, (draws, 2 * width))
    one = jax.jit(
        lambda layers: jax.lax.map(lambda u: stored.log_evidence(u, *data, prior_sd), layers, batch_size=20_000)
    )
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
    layers, log_z, betas = anneal(stored.log_evidence, (*data, prior_sd), 2 * width, key, **sampler)
    means, sds = stored.functions(layers, *data, prior_sd, GRID)
    f = means + sds * jax.random.normal(last, (len(layers), 1))  # at each point its own law; not one joint function
    sd = jnp.sqrt((sds**2).mean(axis=0) + means.var(axis=0))
    return {"log_evidence": log_z, "mean": means.mean(axis=0), "sd": sd, "f": np.asarray(f), "steps": len(betas) - 1}


def setting(index: int) -> dict:
    """One of `stored.SETTINGS`: all its runs together, and how well they agree."""
    width, rows, prior_sd = stored.SETTINGS[index]
    sampler = {name: stored.SAMPLER[name] for name in ("particles", "moves", "keep")}
    keys = jax.random.split(jax.random.key(stored.SAMPLER["seed"] + index), stored.SAMPLER["runs"])
    runs = [posterior(key, width, sensor(rows), prior_sd, **sampler) for key in keys]
    log_z, mean, sd = (np.array([run[name] for run in runs]) for name in ("log_evidence", "mean", "sd"))
    whole = np.sqrt((sd**2).mean(axis=0) + mean.var(axis=0))
    low, high = np.quantile(
        np.concatenate([run["f"] for run in runs]), [(1 - stored.BAND) / 2, (1 + stored.BAND) / 2], axis=0
    )
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
    ends = (1 - stored.BAND) / 2, (1 + stored.BAND) / 2
    low, high = np.quantile(f, ends, axis=0)
    low_y, high_y = np.quantile(f + NOISE * rng.standard_normal(f.shape), ends, axis=0)
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
    parts = [values[..., k, where].mean(axis=-1) for k in (0, 1) for where in (stored.ON, ~stored.ON)]
    return np.stack(parts, axis=-1)


def make(path: Path = stored.FILE) -> stored.Study:
    """Run everything and store it."""
    started = time.perf_counter()
    results = []
    for index in range(len(stored.SETTINGS)):
        results.append(setting(index))
        shown = {name: round(float(value), 4) for name, value in results[-1].items() if np.ndim(value) == 0}
        print(stored.SETTINGS[index], shown, flush=True)
    key = jax.random.key(stored.IMPORTANCE["seed"])
    checks = [
        importance(stored.IMPORTANCE["draws"], key, width, sensor(rows), sd)[2] for width, rows, sd in stored.SETTINGS
    ]
    inside, widths = (np.array(part) for part in zip(*map(data_set, stored.DATA_SETS["seeds"]), strict=True))
    shares = on_and_off(inside)
    arrays = {name: np.array([r[name] for r in results]) for name in list(stored.Study.__dataclass_fields__)[:6]}
    arrays |= {"coverage": shares.mean(axis=1), "band": on_and_off(widths).mean(axis=1)}
    arrays |= {"coverage_at": inside.mean(axis=(0, 1))}
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    made = {
        "seconds": round(time.perf_counter() - started),
        **{name: [r[name] for r in results] for name in ("r_hat", "worst_mean", "worst_sd", "steps")},
        "importance": checks,
        "coverage_gap": np.abs(np.diff(shares.mean(axis=0), axis=0)).max(axis=0).tolist(),  # between the two runs
    }
    np.savez_compressed(path, made=json.dumps(provenance() | made | {"sha256": stored.digest(arrays)}), **arrays)
    return stored.load(path)


def provenance() -> dict:
    """Command, date, versions, settings and fingerprint."""
    return {
        "command": "python -m tools.sensor_study",
        "date": datetime.date.today().isoformat(),
        "versions": {package: version(package) for package in ("jax", "numpy", "scipy")},
        "settings": stored.settings(),
        "fingerprint": stored.fingerprint(),
    }


if __name__ == "__main__":
    import helpers

    helpers.start()
    study = make()
    print(stored.FILE, stored.FILE.stat().st_size, "bytes", study.made["seconds"], "s", stored.problems(study))
    print("coverage", study.coverage.mean(axis=0), "band", study.band.mean(axis=0), study.made["coverage_gap"])
