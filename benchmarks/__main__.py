"""The course against what a reader would use instead: everything is measured in one run, on one machine.

    uv run --group bench python -m benchmarks                     # everything: hours
    uv run --group bench python -m benchmarks fits growth         # some groups
    uv run --group bench python -m benchmarks fits --only moons   # some of their cases
    uv run --group bench python -m benchmarks --runs 1            # a quick look

Each case runs in a new process, cold (empty home and caches) or warm (caches that an uncounted run has filled).
Results stay in `benchmarks/results.jsonl`; an interrupted run goes on from there. Another machine, other versions or a
change of the code that a case measures (see `benchmarks/keys.py`) measure anew. Until then the case keeps its results,
and the table says that they are of older code. `--runs 0` measures nothing and writes the table: `benchmarks/RESULTS.md`
and its picture, `images/benchmarks.png`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from operator import itemgetter
from pathlib import Path

from benchmarks import keys, picture, report

ROOT = Path(__file__).resolve().parents[1]
CACHE, TABLE = ROOT / "benchmarks" / "results.jsonl", ROOT / "benchmarks" / "RESULTS.md"
PICTURE = ROOT / "images" / "benchmarks.png"
LIBRARIES = ("pymc", "pytensor", "jax", "numpy", "numpyro", "optax", "blackjax", "nutpie", "plotly")
IN_THE_BROWSER = (
    "from helpers.widgets.manual_vi import ManualVI\nManualVI"  # the slider's widget, which another kernel runs
)
PROBLEMS = ("student-t", "logit-beta", "logistic", "logistic-full", "mixture", "minibatch", "moons", "sine")
LONGEST = 3600  # seconds that one run may take
METHODS = ("published", "ours", "others")
CHAPTERS = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))]
label = itemgetter("module", "name", "state")  # what tells a result from those of other cases
GROWTH = [f"{kind}/{10**k}" for kind, powers in report.GROWTH.items() for k in powers]


@dataclass(frozen=True)
class Case:
    """One measurement: `python -m benchmarks.<module> <name>`, `runs` times; a fit repeats itself inside its process."""

    group: str
    module: str
    name: str
    state: str = "warm"
    runs: int | None = None


CASES = [
    *(Case("start", "start", name, state) for name in report.START for state in ("cold", "warm")),
    *(Case("fits", "fits", f"{problem}/{method}", "cold", 1) for problem in PROBLEMS for method in METHODS),
    *(Case("fits", "particles", method, "cold", 1) for method in METHODS),
    *(Case("chapters", "chapters", name, state) for name in CHAPTERS for state in ("cold", "warm")),
    *(Case("interface", "interface", name) for name in ("animation", "frames", "slider")),
    *(Case("growth", "growth", name, "cold") for name in GROWTH),
]


def versions() -> str:
    found = [f"Python {sys.version.split()[0]}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join(found)


def conditions() -> str:
    """Changes with the machine and the versions."""
    return hashlib.sha256((versions() + report.machine()).encode()).hexdigest()[:12]


def code(module: str, name: str = "") -> str:
    """Changes with the code that is measured."""
    texts = [f"from benchmarks import {module}\n{module}"]
    if module == "chapters":
        texts.append(keys.of_notebook(ROOT / "notebooks" / f"{name}.ipynb"))
    if module == "interface":
        texts.append(IN_THE_BROWSER)
    return keys.key(*texts)


def environment(home: Path) -> dict[str, str]:
    """Home and caches in a folder of their own."""
    flags = f"base_compiledir={home / 'pytensor'}"
    caches = {"HOME": home, "NUMBA_CACHE_DIR": home / "numba", "MPLCONFIGDIR": home / "matplotlib", "IPYTHONDIR": home}
    return os.environ | {key: str(value) for key, value in caches.items()} | {"PYTENSOR_FLAGS": flags}


def run(case: Case, home: Path) -> dict:
    """What the process printed, and the seconds until it did."""
    start = time.perf_counter()
    command = [sys.executable, "-m", f"benchmarks.{case.module}", case.name]
    options = {"cwd": ROOT, "env": environment(home), "capture_output": True, "text": True, "timeout": LONGEST}
    try:
        process = subprocess.run(command, check=False, **options)
    except subprocess.TimeoutExpired:
        return {"wall": LONGEST, "error": f"not finished after {LONGEST:,} s"}
    seconds = time.perf_counter() - start
    try:
        found = json.loads(process.stdout.strip().splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        lines = process.stderr.strip().splitlines()
        return {"wall": seconds, "error": lines[-1] if lines else f"exit status {process.returncode}"}
    return {"wall": seconds, **found}


def stored(file: Path) -> list[dict]:
    """The results of this machine and these versions, without failures (they are tried again) and a line cut short."""
    results = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        try:
            results.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    known, here = {label(vars(case)) for case in CASES}, conditions()
    return [r for r in results if "error" not in r and r["conditions"] == here and label(r) in known]


def by_age(results: list[dict]) -> tuple[list[dict], list[dict]]:
    """The results of the code as it is now, and those of older code where a case has no others."""
    places = [(r["module"], r["name"] if r["module"] == "chapters" else "") for r in results]
    now = {place: code(*place) for place in set(places)}
    new = [r for r, place in zip(results, places, strict=True) if r["code"] == now[place]]
    done = {label(r) for r in new if "error" not in r}
    return new, [r for r in results if r not in new and label(r) not in done]


def measure(case: Case, runs: int, results: list[dict], file: Path) -> None:
    """Run a case as often as it still lacks, and store each result at once."""
    missing = min(runs, case.runs or runs) - sum(label(r) == label(vars(case)) for r in results)
    if missing <= 0:
        return
    known = {"group": case.group, "module": case.module, "name": case.name, "state": case.state}
    known |= {"conditions": conditions(), "code": code(case.module, case.name)}  # now: somebody may edit meanwhile
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as warm:
        if case.state == "warm":
            run(case, Path(warm))  # fills the caches
        for k in range(missing):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cold:
                found = run(case, Path(cold if case.state == "cold" else warm))
            results.append(known | {"date": date.today().isoformat()} | found)
            with file.open("a", encoding="utf-8") as out:
                out.write("\n" + json.dumps(results[-1]))  # first the end of the line: the last may be cut short
            said = found.get("error", f"{found['wall']:.1f} s")
            print(f"{case.group}: {case.name}, {case.state}, {k + 1} of {missing}: {said}", flush=True)


def main() -> None:
    groups = list(dict.fromkeys(case.group for case in CASES))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(groups)}; all by default")
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    parser.add_argument("--runs", type=int, default=5, help="runs of each case (default 5); 0: only write the table")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--out", type=Path, default=TABLE)
    arguments = parser.parse_args()
    if unknown := set(arguments.groups) - set(groups):
        parser.error(f"no group {', '.join(sorted(unknown))}: there are {', '.join(groups)}")
    if arguments.runs < 0:
        parser.error(f"--runs must not be negative, got {arguments.runs}")
    results, older = by_age(stored(arguments.cache))
    if not arguments.runs and not results + older:
        parser.error(f"no result in {arguments.cache} is of this machine and these versions")
    for case in CASES:
        if case.group in (arguments.groups or groups) and arguments.only in case.name:
            measure(case, arguments.runs, results, arguments.cache)
    results, older = by_age(results + older)
    kept = "".join(json.dumps(result) + "\n" for result in results + older)  # what no longer holds goes
    arguments.cache.write_text(kept, encoding="utf-8")
    arguments.out.write_text(report.page(results + older, versions(), older), encoding="utf-8")
    if arguments.out == TABLE:
        picture.draw(results + older, PICTURE)
    print(f"written: {arguments.out}")


if __name__ == "__main__":
    main()
