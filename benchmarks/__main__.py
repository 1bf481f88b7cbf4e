"""The course against what a reader would use instead: everything is measured in one run, on one machine.

    uv run --group bench python -m benchmarks                     # everything: hours
    uv run --group bench python -m benchmarks fits growth         # some groups
    uv run --group bench python -m benchmarks fits --only moons   # some of their cases
    uv run --group bench python -m benchmarks --runs 1            # a quick look

Each case runs in a new process, cold (empty home and caches) or warm (caches that an uncounted run has filled).
Results stay in `benchmarks/results.jsonl`; an interrupted run goes on from there. Another machine, other versions or a
change of a group's code measure anew. The table is `benchmarks/RESULTS.md`, its picture `images/benchmarks.png`.
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
from pathlib import Path

from benchmarks import picture, report, sweep

ROOT = Path(__file__).resolve().parents[1]
CACHE, TABLE = ROOT / "benchmarks" / "results.jsonl", ROOT / "benchmarks" / "RESULTS.md"
PICTURE = ROOT / "images" / "benchmarks.png"
LIBRARIES = ("pymc", "pytensor", "jax", "numpy", "numpyro", "optax", "blackjax", "nutpie", "plotly")
ADVI = ("helpers/advi.py", "helpers/flat_model.py", "helpers/startup.py")
MEASURED = {  # what each module times, besides itself
    "start": ADVI,
    "fits": ("benchmarks/problems.py", *ADVI),
    "particles": ("helpers/svgd.py", "helpers/targets_2d.py"),
    "chapters": (),  # and the code of the notebook
    "interface": ("benchmarks/slider_latency.py", "helpers/svgd_animation.py", "helpers/manual_vi.py"),
    "growth": ("helpers/advi.py",),
}
PROBLEMS = ("student-t", "logit-beta", "logistic", "logistic-full", "mixture", "minibatch", "moons", "sine")
LONGEST = 3600  # seconds that one run may take
METHODS = ("published", "ours", "others")
CHAPTERS = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))]
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


def fingerprint(module: str, name: str = "") -> str:
    """Changes with the machine, the versions, and the code that is measured."""
    code = "".join((ROOT / file).read_text(encoding="utf-8") for file in (f"benchmarks/{module}.py", *MEASURED[module]))
    if module == "chapters":
        code += sweep.fingerprint(ROOT / "notebooks" / f"{name}.ipynb")
    return hashlib.sha256((code + versions() + report.machine()).encode()).hexdigest()[:12]


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
    """The results that still hold, without failures (they are tried again) and a line that was cut short."""
    results = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        try:
            results.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return [r for r in results if "error" not in r and r["code"] == fingerprint(r["module"], r["name"])]


def measure(case: Case, runs: int, results: list[dict], file: Path) -> None:
    """Run a case as often as it still lacks, and store each result at once."""
    there = [r for r in results if (r["module"], r["name"], r["state"]) == (case.module, case.name, case.state)]
    missing = (case.runs or runs) - len(there)
    if missing <= 0:
        return
    label = {"group": case.group, "module": case.module, "name": case.name, "state": case.state}
    label["code"] = fingerprint(case.module, case.name)  # before the run: somebody may edit meanwhile
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as warm:
        if case.state == "warm":
            run(case, Path(warm))  # fills the caches
        for k in range(missing):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cold:
                found = run(case, Path(cold if case.state == "cold" else warm))
            results.append(label | {"date": date.today().isoformat()} | found)
            with file.open("a", encoding="utf-8") as out:
                out.write("\n" + json.dumps(results[-1]))  # first the end of the line: the last may be cut short
            said = found.get("error", f"{found['wall']:.1f} s")
            print(f"{case.group}: {case.name}, {case.state}, {k + 1} of {missing}: {said}", flush=True)


def main() -> None:
    groups = list(dict.fromkeys(case.group for case in CASES))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(groups)}; all by default")
    parser.add_argument("--only", default="", help="only cases whose name contains this")
    parser.add_argument("--runs", type=int, default=5, help="runs of each case (default 5)")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--out", type=Path, default=TABLE)
    arguments = parser.parse_args()
    if unknown := set(arguments.groups) - set(groups):
        parser.error(f"no group {', '.join(sorted(unknown))}: there are {', '.join(groups)}")
    if arguments.runs < 1:
        parser.error(f"--runs must be at least 1, got {arguments.runs}")
    results = stored(arguments.cache)
    for case in CASES:
        if case.group in (arguments.groups or groups) and arguments.only in case.name:
            measure(case, arguments.runs, results, arguments.cache)
    kept = "".join(json.dumps(result) + "\n" for result in results)  # what no longer holds goes
    arguments.cache.write_text(kept, encoding="utf-8")
    arguments.out.write_text(report.page(results, versions()), encoding="utf-8")
    if arguments.out == TABLE:
        picture.draw(results, PICTURE)
    print(f"written: {arguments.out}")


if __name__ == "__main__":
    main()
