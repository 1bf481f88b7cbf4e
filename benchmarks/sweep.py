"""Do our own claims need a lucky seed? Runs every notebook with other seeds and reports every claim and assertion that fails.

A failed assertion is noted and the cell goes on, so that it hides no other; any other error ends its cell, as usual.
What a chapter shows about one data set is a claim about that data set: the cells named in `DATA` keep their seed.
Finished runs stay in `benchmarks/.sweep.jsonl`; a run that was interrupted goes on from there, and a notebook is run
again where its code or what it uses of `helpers` has changed (see `benchmarks/keys.py`). The ranges of what the claims found go
to `benchmarks/claims.json`, for the site's ledger. Exit status 1 where something failed.

    uv run --group dev python -m benchmarks.sweep --seeds 20
    uv run --group dev python -m benchmarks.sweep --chapters 03 --spread   # mean and sd of every figure
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from multiprocessing.pool import ThreadPool
from pathlib import Path

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from benchmarks import keys
from helpers.checks.proofs import STRICT
from tools.ledger import SPREAD, claims_of
from tools.markdown import table

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "benchmarks" / ".sweep.jsonl"
DATA = dict.fromkeys(  # chapter: text of the cell that makes the data
    ("03_logistic_regression", "04_advi_in_one_loop"), "x = rng.normal(size=100)"
)
SEED = re.compile(r"^SEED = (\d+)$", re.MULTILINE)
LIBRARIES = ("pymc", "pytensor", "jax", "numpy")


def with_seed(notebook, seed: int, data: str | None = None):
    """`notebook` with another seed, except in the cell that contains `data`; it is changed in place."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    own = [number for cell in code for number in SEED.findall(cell.source)]
    if len(own) != 1:
        raise ValueError(f"a notebook must have one line SEED = number, got {len(own)}")
    of_data = [cell for cell in code if data and data in cell.source]
    if data and len(of_data) != 1:
        raise ValueError(f"one cell must hold {data!r}, got {len(of_data)}")
    for cell in code:
        cell.source = SEED.sub(f"SEED = {seed}", cell.source)
    for cell in of_data:
        cell.source = re.sub(r"\bSEED\b", own[0], cell.source)
    return notebook


def fingerprint(path: Path) -> str:
    """Changes with what the notebook runs, not with its text, its setup cell (the first) or its colours."""
    return keys.key(keys.of_notebook(path))


def run(path: Path, seed: int) -> dict:
    """Run the notebook in a fresh kernel: its assertions, and the errors that ended a cell."""
    code = fingerprint(path)  # before the run: somebody may edit meanwhile
    notebook = with_seed(nbformat.read(path, as_version=4), seed, DATA.get(path.stem))
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder, "notes.jsonl")
        notes.touch()
        setup = f"import sys\nsys.path.append({str(ROOT)!r})\nimport benchmarks.assertions\n"
        setup += f"benchmarks.assertions.watch(get_ipython(), {str(notes)!r})"
        notebook.cells.insert(0, nbformat.v4.new_code_cell(setup))
        client = NotebookClient(
            notebook, timeout=600, allow_errors=True, resources={"metadata": {"path": str(path.parent)}}
        )
        errors = []
        try:
            client.execute(stderr=subprocess.DEVNULL, env=os.environ | {STRICT: "1"})
        except (CellTimeoutError, DeadKernelError) as error:  # what came after it did not run
            errors.append({"cell": None, "message": f"{type(error).__name__}: the rest did not run"})
        assertions = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()]
    assertions += _claims(notebook)
    if not assertions and re.search(
        r"^\s*(assert |np\.testing|claims\()", "\n".join(c.source for c in notebook.cells), re.MULTILINE
    ):
        errors.append({"cell": None, "message": "no assertion was noted"})
    return {
        "chapter": path.stem,
        "code": code,
        "seed": seed,
        "date": date.today().isoformat(),
        "versions": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "seconds": round(time.perf_counter() - start, 1),
        "assertions": assertions,
        "errors": errors + _errors(notebook),
    }


def _claims(notebook) -> list[dict]:
    """The claims of a notebook that ran, in the form of the assertions."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [
        {
            "cell": k,
            "line": None,
            "text": row["words"],
            "ok": row["holds"],
            "values": {"found": row["found"]},
            "message": "",
        }
        for k, cell in enumerate(code)
        for row in claims_of(cell)
    ]


def _errors(notebook) -> list[dict]:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    for k, cell in enumerate(code):
        if "raises-exception" in cell.metadata.get("tags", []):
            continue
        for output in cell.outputs:
            if output.output_type == "error" and output.ename != "ClaimFailed":  # its claims are noted
                message = f"{output.ename}: {output.evalue[:300]}; the rest of the cell did not run"
                found.append({"cell": k, "message": message})
    return found


def failures(result: dict) -> list[str]:
    """One line each, with the number that the notebook shows beside the cell."""
    failed = [a for a in result["assertions"] if not a["ok"]]
    return [f"{place(a)}: {a['text']}" for a in failed] + [f"[{e['cell']}] {e['message']}" for e in result["errors"]]


def place(assertion: dict) -> str:
    """Cell and line of an assertion; of a claim, whose words say which, only the cell."""
    return f"[{assertion['cell']}]" + (f" line {assertion['line']}" if assertion["line"] else "")


def cached(file: Path, paths: list[Path]) -> dict[tuple[str, int], dict]:
    """The results in `file` that belong to the notebooks as they are now, by chapter and seed."""
    code = {path.stem: fingerprint(path) for path in paths}
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    results = filter(None, map(_parsed, lines))
    return {(r["chapter"], r["seed"]): r for r in results if code.get(r["chapter"]) == r["code"]}


def _parsed(line: str) -> dict | None:
    """The result; None for a line that an interruption has cut short, or an empty one."""
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


def run_all(paths: list[Path], seeds: list[int], cache: Path, jobs: int = 1) -> list[dict]:
    """Run what is not in `cache` yet; return all results, in the order of the chapters and seeds."""
    results = cached(cache, paths)
    missing = [(path, seed) for path in paths for seed in seeds if (path.stem, seed) not in results]
    print(f"{len(paths) * len(seeds) - len(missing)} runs are there, {len(missing)} to go", flush=True)
    with ThreadPool(jobs) as pool:  # the work is in the kernels
        for result in pool.imap_unordered(lambda each: run(*each), missing):
            with cache.open("a", encoding="utf-8") as file:
                file.write("\n" + json.dumps(result, ensure_ascii=False))  # first: the last line may be cut short
            results[result["chapter"], result["seed"]] = result
            failed = failures(result)
            print(
                f"{result['chapter']} seed {result['seed']}: {result['seconds']} s, "
                f"{len(result['assertions'])} assertions, {len(failed)} failures",
                *failed,
                sep="\n    ",
                flush=True,
            )
    return [results[path.stem, seed] for path in paths for seed in seeds]


def as_markdown(results: list[dict]) -> str:
    """One row a chapter."""
    rows = []
    for chapter in dict.fromkeys(r["chapter"] for r in results):
        runs = [r for r in results if r["chapter"] == chapter]
        seeds = {}
        for r in runs:
            for text in dict.fromkeys(failures(r)):
                seeds.setdefault(text, []).append(r["seed"])
        which = "<br>".join(f"`{text}` (seeds {', '.join(map(str, found))})" for text, found in seeds.items())
        made = "; ".join(dict.fromkeys(f"{r['date']}, {r['versions']}" for r in runs))
        rows.append([chapter, len(runs), sum(bool(failures(r)) for r in runs), which, made])
    return table(["chapter", "seeds run", "seeds with a failure", "which", "run"], rows)


def print_spread(results: list[dict]) -> None:
    """Mean, sd, least and largest of every number that an assertion looked at."""
    found = {}
    for r in results:
        for a in r["assertions"]:
            for name, value in a["values"].items():
                what = name if a["line"] else a["text"]
                found.setdefault(f"{r['chapter']} {place(a)}: {what}", []).append(value)
    for what, values in found.items():
        if (values := _numbers(values)) is None:
            continue
        print(what)
        for label, reduce in (("mean", np.mean), ("sd", np.std), ("least", np.min), ("largest", np.max)):
            print(f"    {label:8}", *(f"{x:.4g}" for x in np.ravel(reduce(values, axis=0))))


def _numbers(values: list) -> np.ndarray | None:
    """What the seeds found, one row each; None for words, for yes and no, for infinity, and for lists of several lengths."""
    try:
        numbers = np.array(values, float)
    except ValueError:
        return None
    return None if np.asarray(values[0]).dtype == bool or not np.isfinite(numbers).all() else numbers


def spread(results: list[dict]) -> dict:
    """Of every claim about numbers: chapter, words, and how many seeds found what, the least and the largest of each."""
    found = {}
    for r in results:
        for a in r["assertions"]:
            if a["line"] is None:
                found.setdefault(r["chapter"], {}).setdefault(a["text"], []).append(a["values"]["found"])
    return {
        chapter: {
            words: {
                "seeds": len(numbers),
                "least": numbers.min(axis=0).tolist(),
                "largest": numbers.max(axis=0).tolist(),
            }
            for words, values in claims.items()
            if (numbers := _numbers(values)) is not None
        }
        for chapter, claims in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--chapters", nargs="+", default=[""], metavar="03", help="how their names begin")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "sweep.md")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--jobs", type=int, default=1, help="notebooks at a time")
    parser.add_argument(
        "--spread", action="store_true", help="also print mean and sd of the figures claimed or asserted"
    )
    arguments = parser.parse_args()
    everything = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    paths = [path for path in everything if path.name.startswith(tuple(arguments.chapters))]
    seeds = [1000 * (k + 1) for k in range(arguments.seeds)]  # far apart: chapters also use SEED + 1, + 2, …
    results = run_all(paths, seeds, arguments.cache, arguments.jobs)
    # the table shows all there is, not only the chapters of this call
    known = sorted(cached(arguments.cache, everything).values(), key=lambda r: (r["chapter"], r["seed"]))
    command = "`uv run python -m benchmarks.sweep` (seeds 1000, 2000, …; the climbers of chapters 3 and 4 keep theirs)"
    arguments.out.write_text(
        f"# Every notebook with other seeds\n\n{command}\n\n{as_markdown(known)}", encoding="utf-8"
    )
    ledger = arguments.out.with_name(SPREAD.name)
    before = json.loads(ledger.read_text(encoding="utf-8")) if ledger.exists() else {}
    text = json.dumps(before | spread(known), ensure_ascii=False, indent=1, sort_keys=True)
    ledger.write_text(text + "\n", encoding="utf-8")
    if arguments.spread:
        print_spread(results)
    sys.exit(int(any(map(failures, results))))


if __name__ == "__main__":
    main()
