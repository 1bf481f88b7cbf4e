"""What the start-up policy of `helpers.startup` gains: seconds of plain PyMC calls in a new process with empty caches.

    uv run --group bench python -m benchmarks.policy            # a quarter of an hour, on a quiet machine
    uv run --group bench python -m benchmarks.policy c weights  # one of them, in this process

Writes `benchmarks/POLICY.md`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "benchmarks" / "POLICY.md"
RUNS = 3
WAYS = {
    "policy": "the course's policy, `helpers.start()`",
    "default": "PyMC's defaults (numba)",
    "c": '`backend="c"` for fit or sampler, the rest as by default',
}
TASKS = {
    "weights": "2 weights: 10,000 iterations, draws, predictions",
    "network": "40 weights: the same",
    "nuts": "2 weights: `pm.sample`",
}
HEAD = """# What the start-up policy gains

Seconds from the start of a process with empty caches (Python's own byte code is there), median and range of {runs} runs: `import pymc`,
then `pm.fit` with 10,000 iterations, 1,000 draws of its approximation, and predictions for 100 of them; or `pm.sample` with PyMC's settings.
The two weights are those of a logistic regression with 100 rows; the network is that of chapter 7. {conditions}. Made by
`uv run --group bench python -m benchmarks.policy`.

"""


def work(way: str, task: str) -> None:
    """One of the tasks, in this process."""
    if way == "policy":
        import helpers

        helpers.start()
    import pymc as pm

    from benchmarks import start
    from helpers.models import moons

    options = {"backend": "c"} if way == "c" else {}
    model = moons.network(*moons.two_moons()[:2]) if task == "network" else start.model(*start.data())
    with model:
        if task == "nuts":
            pm.sample(random_seed=1, progressbar=False, **options)
            return
        approximation = pm.fit(10_000, random_seed=1, progressbar=False, **options)
        draws = approximation.sample(1_000, random_seed=1)
        pm.sample_posterior_predictive(draws.isel(draw=slice(100)), random_seed=1, progressbar=False)


def seconds(way: str, task: str) -> float:
    """Of a new process that does it."""
    from benchmarks.__main__ import environment  # here: the new processes are to import no more than their task needs

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        began = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.policy", way, task]
        subprocess.run(command, cwd=ROOT, env=environment(Path(home)), check=True, capture_output=True)
        return time.perf_counter() - began


def main() -> None:
    from benchmarks.__main__ import versions
    from benchmarks.report import machine
    from tools.markdown import table

    rows = []
    for way, title in WAYS.items():
        cells = []
        for task in TASKS:
            times = [seconds(way, task) for _ in range(RUNS)]
            cells.append(f"{np.median(times):.1f} ({min(times):.1f} to {max(times):.1f})")
            print(way, task, cells[-1], flush=True)
        rows.append([title, *cells])
    conditions = f"{machine()}; {versions()}. {date.today().isoformat()}"
    TABLE.write_text(
        HEAD.format(runs=RUNS, conditions=conditions) + table(["", *TASKS.values()], rows), encoding="utf-8"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.policy", description=__doc__.splitlines()[0])
    parser.add_argument("way", nargs="?", choices=WAYS)
    parser.add_argument(
        "task", nargs="?", choices=TASKS, help="of them, in this process; without both, all are measured"
    )
    given = parser.parse_args()
    if given.way and not given.task:
        parser.error(f"way needs a task: one of {', '.join(TASKS)}")
    work(given.way, given.task) if given.way else main()
