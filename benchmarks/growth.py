"""How cost grows: seconds a step with rows and with parameters; memory with rows that are streamed.

Run by `python -m benchmarks`; alone: `python -m benchmarks.growth rows/10000`.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from helpers.fits import fit_phi, full_rank, mean_field

PIECE, BLOCK, BATCH = 1_000_000, 50_000, 500


def seconds_a_step(log_p, size: int, rows) -> float:
    """Median of five runs of 10 to 200 steps of the course's mean-field loop, compiled before."""
    steps = int(np.clip(20_000_000 // rows.size, 10, 200))

    @jax.jit
    def fit(key, rows):
        eta = jax.random.normal(key, (steps, 1, size))
        start = jnp.concatenate([jnp.zeros(size), jnp.full(size, jnp.log(0.1))])
        return fit_phi(lambda w, _: log_p(w, rows), mean_field, start, jnp.concatenate([eta, -eta], axis=1), None)[0]

    times = []
    for seed in range(6):
        start = time.perf_counter()
        fit(jax.random.key(seed), rows).block_until_ready()
        times.append((time.perf_counter() - start) / steps)
    return float(np.median(times[1:]))


def regression(w, rows):
    return -0.5 * w @ w - 0.5 * ((rows[:, -1] - rows[:, :-1] @ w) ** 2).sum()


def of_rows(count: int) -> dict:
    """Ten coefficients, all rows in each step, stored in single precision."""
    rows = jnp.asarray(np.random.default_rng(1).normal(size=(count, 11)).astype(np.float32))
    return {"step": seconds_a_step(regression, 10, rows)}


def of_parameters(count: int) -> dict:
    """A thousand rows."""
    rows = jnp.asarray(np.random.default_rng(1).normal(size=(1_000, count + 1)).astype(np.float32))
    return {"step": seconds_a_step(regression, count, rows)}


# Streaming: the linear regression of the last chapter, from NumPy files


def write(folder: Path, count: int) -> list[Path]:
    """`count` rows in files of a million, made one after the other."""
    paths = []
    for k in range(count // PIECE):
        rng = np.random.default_rng([1, k])
        t = (2 * (k * PIECE + np.arange(PIECE)) / count - 1).astype(np.float32)
        price = 0.8 * t + 0.6 * rng.standard_normal(PIECE, np.float32)
        y = 2 + 0.5 * t - price + rng.standard_normal(PIECE, np.float32)
        paths.append(folder / f"{k}.npy")
        np.save(paths[-1], np.column_stack([t, price, y]))
    return paths


def pools(paths, rng, blocks=5):
    """One pass: the blocks of all files in random order, five at a time, shuffled, shape (250,000, 3)."""
    places = [(path, first) for path in paths for first in range(0, PIECE, BLOCK)]
    for some in rng.permutation(len(places)).reshape(-1, blocks):
        # opened anew each time: what a map has read counts as this process's memory until the map is closed
        parts = [np.load(path, mmap_mode="r")[first : first + BLOCK] for path, first in (places[i] for i in some)]
        yield rng.permutation(np.concatenate(parts))


@partial(jax.jit, static_argnums=0)
def learn(count, phi, key, batches):
    """φ after the batches, shape (steps, rows, 3)."""
    eta = jax.random.normal(key, (len(batches), 1, 3))

    def log_p(w, rows):
        rows = rows.astype(w.dtype)
        residual = rows[:, 2] - w[0] - rows[:, :2] @ w[1:]
        return -w @ w / 50 - count / BATCH * 0.5 * residual @ residual

    etas = jnp.concatenate([eta, -eta], axis=1)
    return fit_phi(log_p, full_rank, phi, etas, batches, rate=0.01, decay=False)[0]


def peak() -> float:
    """The largest memory of this process so far, in MB (KiB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def streamed(count: int) -> dict:
    """One pass over files of `count` rows; they are written by another process, whose memory is not counted."""
    import multiprocessing

    with tempfile.TemporaryDirectory() as folder:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            paths = pool.apply(write, (Path(folder), count))
        phi, rng, start = jnp.zeros(9).at[3:6].set(jnp.log(0.1)), np.random.default_rng(1), None
        for k, rows in enumerate(pools(paths, rng)):
            phi = learn(count, phi, jax.random.key(k), rows.reshape(-1, BATCH, 3)).block_until_ready()
            start = start or time.perf_counter()  # the first pool compiles
        seconds = time.perf_counter() - start
    return {"memory": peak(), "rows_a_second": (count - 5 * BLOCK) / seconds}


def in_memory(count: int) -> dict:
    """The same batches, taken from one array in random order."""
    with tempfile.TemporaryDirectory() as folder:
        rows = np.concatenate(list(pools(write(Path(folder), count), np.random.default_rng(1))))
    phi, rng = jnp.zeros(9).at[3:6].set(jnp.log(0.1)), np.random.default_rng(1)
    order, start = rng.permutation(count).reshape(-1, 5 * BLOCK), None
    for k, some in enumerate(order):
        phi = learn(count, phi, jax.random.key(k), rows[some].reshape(-1, BATCH, 3)).block_until_ready()
        start = start or time.perf_counter()
    return {"memory": peak(), "rows_a_second": (count - 5 * BLOCK) / (time.perf_counter() - start)}


def sharded(count: int) -> dict:
    """Divide and conquer: 40 sorted shards, one after the other, full rank and mean-field, against the formula."""
    shards = 40

    @partial(jax.jit, static_argnames="family")
    def fit(gram, right, family):
        start = jnp.zeros(9 if family is full_rank else 6).at[3:6].set(jnp.log(0.003))
        eta = jax.random.normal(jax.random.key(1), (20_000, 1, 3))
        etas = jnp.concatenate([eta, -eta], axis=1)
        return fit_phi(lambda w, _: right @ w - 0.5 * w @ gram @ w, family, start, etas, None)[0]

    with tempfile.TemporaryDirectory() as folder:
        sums = []
        for path in write(Path(folder), count):
            rows = np.load(path).astype(float)
            for part in np.split(rows, shards * PIECE // count):
                features = np.column_stack([np.ones(len(part)), part[:, :2]])
                sums.append((np.eye(3) / 25 / shards + features.T @ features, features.T @ part[:, 2]))
    total = sum(gram for gram, _ in sums)
    mean, sd = np.linalg.solve(total, sum(right for _, right in sums)), np.sqrt(np.diag(np.linalg.inv(total)))
    result = {}
    for name, family in (("full rank", full_rank), ("mean-field", mean_field)):
        fits = [_moments(fit(gram, right, family), family is full_rank) for gram, right in sums]
        precision = sum(lam for _, lam in fits)
        product = np.linalg.solve(precision, sum(lam @ m for m, lam in fits))
        result[name] = float(np.abs((product - mean) / sd).max())
    return result


def _moments(phi, full: bool):
    factor = np.diag(np.exp(phi[3:6]))
    if full:
        factor[np.tril_indices(3, -1)] = phi[6:]
    return np.asarray(phi[:3]), np.linalg.inv(factor @ factor.T)


def measure(name: str) -> dict:
    kind, count = name.split("/")
    import helpers

    helpers.start()
    kinds = {"rows": of_rows, "parameters": of_parameters, "stream": streamed, "memory": in_memory, "shards": sharded}
    return kinds[kind](int(count))


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])), flush=True)
