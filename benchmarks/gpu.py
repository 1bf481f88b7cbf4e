"""What a GPU gains and where it loses: steps of the course's loop, and whole notebooks, with and without it.

Not part of `python -m benchmarks`: it needs a GPU that JAX can use. Both tables stand in chapter 12.

    python -m benchmarks.gpu --json gpu.json                      # a step of the loop, on each device
    python -m benchmarks.gpu --chapters 00 05 --device default    # notebooks as they come
    python -m benchmarks.gpu --chapters 00 05 --device gpu        # everything on the GPU
    python -m benchmarks.gpu --chapters 00 05 --device cpu        # JAX without the GPU
"""

from __future__ import annotations

import argparse
import json
import os
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import nbformat
import numpy as np
from nbclient import NotebookClient

from helpers.fits import fit_phi, mean_field
from helpers.models.moons import logits, two_moons

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
ENVIRONMENT = {"default": {}, "gpu": {"JAX_DEFAULT_DEVICE": "gpu"}, "cpu": {"JAX_PLATFORMS": "cpu"}}


def log_joint(w, rows, width):
    """The network of chapter 7 with hidden layers of `width`, summed over `rows`, shape (n, 3): x and the label."""
    z = logits(w, rows[:, :2], width)
    return -0.5 * w @ w + (rows[:, 2] * z - jnp.logaddexp(0, z)).sum()


@partial(jax.jit, static_argnames=("width", "steps"))
def fit(seed, rows, width, steps):
    """φ after `steps` steps of the mean-field loop with one antithetic pair each."""
    size = 3 * width + width**2
    for_start, for_eta = jax.random.split(jax.random.key(seed))
    phi = jnp.concatenate([0.1 * jax.random.normal(for_start, size), jnp.full(size, jnp.log(0.1))])
    keys = jax.random.split(for_eta, steps)

    def log_p(w, _):
        return log_joint(w, rows, width)

    def draw(key):
        eta = jax.random.normal(key, (1, size))
        return jnp.concatenate([eta, -eta])

    return fit_phi(log_p, mean_field, phi, jax.vmap(draw)(keys), None)[0]


def microseconds(device, count, width=5, restarts=1, steps=300):
    """A step of one fit, median of five runs after the one that compiles."""
    x, label, *_ = two_moons(count * 2)  # half of the points are for training
    with jax.default_device(device):
        rows = jnp.asarray(np.column_stack([x, label]), float)
        run = jax.vmap(partial(fit, rows=rows, width=width, steps=steps))
        seconds = []
        for repeat in range(6):
            start = time.perf_counter()
            run(repeat * restarts + jnp.arange(restarts)).block_until_ready()
            seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[1:])) / steps / restarts * 1e6


def steps_table() -> list[dict]:
    """One row a setting: microseconds on each device; None where the CPU would take minutes."""
    settings = [{"count": 500}] + [{"count": 10**k} for k in (4, 5, 6, 7)]
    settings += [{"count": 500, "restarts": k} for k in (64, 1024)]
    settings += [{"count": 10**4, "width": width} for width in (64, 512)]
    table = []
    for setting in settings:
        work = setting["count"] * setting.get("restarts", 1) * setting.get("width", 5) ** 2
        row = setting | {"gpu": microseconds(jax.devices("gpu")[0], **setting)}
        slow = work > 2e8
        row["cpu"] = None if slow else microseconds(jax.devices("cpu")[0], **setting, steps=20 if work > 2e6 else 300)
        print(row, flush=True)
        table.append(row)
    return table


def whole_notebook(path: Path, device: str) -> dict:
    """Run it in a fresh kernel: seconds, and the errors that a reader would see."""
    os.environ.update(ENVIRONMENT[device], JAX_ENABLE_COMPILATION_CACHE="0", XLA_PYTHON_CLIENT_PREALLOCATE="false")
    notebook = nbformat.read(path, as_version=4)
    start = time.perf_counter()
    NotebookClient(
        notebook, timeout=600, allow_errors=True, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    outputs = [(k, o) for k, cell in enumerate(notebook.cells) for o in cell.get("outputs", [])]
    errors = [f"[{k}] {o.ename}: {o.evalue[:200]}" for k, o in outputs if o.output_type == "error"]
    row = {"chapter": path.stem, "device": device, "seconds": round(time.perf_counter() - start, 1), "errors": errors}
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chapters", nargs="+", metavar="00", help="how their names begin; without it: the steps")
    parser.add_argument("--device", choices=ENVIRONMENT, default="default", help="where JAX computes")
    parser.add_argument("--json", type=Path, help="where to write what was found")
    arguments = parser.parse_args()
    if arguments.chapters:
        paths = [p for start in arguments.chapters for p in sorted(NOTEBOOKS.glob(f"{start}*.ipynb"))]
        found = [whole_notebook(path, arguments.device) for path in paths]
    else:
        jax.config.update("jax_enable_x64", True)
        found = steps_table()
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
