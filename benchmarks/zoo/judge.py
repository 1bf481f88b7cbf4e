"""Hold `approximate` against the gold of every posterior in the zoo.

uv run --group bench python -m benchmarks.zoo.judge            # all, three seeds each; a table in zoo/RESULTS.md
uv run --group bench python -m benchmarks.zoo.judge wells rats # some, printed only
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

import helpers
from benchmarks.zoo import ZOO
from benchmarks.zoo.errors import MEAN, SDS, arrived, worst_errors
from helpers.fits import FlatModel, approximate
from tools.gold import asked
from tools.markdown import table

FOLDER = Path(__file__).parent
SEEDS = 1, 2, 3
HEAD = """# The zoo

Every margin of ζ against long NUTS chains (`gold.json`; R-hat < 1.01, 4,000 effective draws at least): worst error of a mean, in
posterior sds, and least and largest ratio of sds. "q" is the Gaussian of `approximate` and "corrected" its draws, the worst of seeds
1, 2 and 3. "Cold" is from the PyMC model to the draws
with nothing compiled, "warm" the median of the other two seeds. Made by `python -m benchmarks.zoo.judge`, on two cores (other work ran
beside it: take the seconds as upper bounds).

"""
COLUMNS = ["posterior", "size", "q", "corrected", "trusted", "cold (s)", "warm (s)"]


def worst(found: list[np.ndarray]) -> str:
    shift, low, high = np.array(found).T
    return f"{shift.max():.2f} · {low.min():.2f}–{high.max():.2f}"


def row_of(name: str, gold: dict) -> dict:
    """One row of the table, and whether all seeds arrived and were trusted."""
    began = time.perf_counter()
    flat, seconds, fits = FlatModel(ZOO[name].model()), [], []
    for seed in SEEDS:
        fits.append(approximate(flat, seed=seed, progress=False))
        seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
    of_q = [worst_errors(fit.q.mean, fit.q.sd, gold) for fit in fits]
    found = [worst_errors(fit.draws.mean, fit.draws.sd, gold) for fit in fits]
    trusted = [fit.usable for fit in fits]
    cells = [name, flat.size, worst(of_q), worst(found)]
    cells += [f"{sum(trusted)} of {len(SEEDS)}", f"{seconds[0]:.1f}", f"{np.median(seconds[1:]):.1f}"]
    print(*cells, *{fit.verdict for fit in fits if not fit.usable}, sep=" | ", flush=True)
    row = {"cells": cells, "trusted": trusted, "arrived": [*map(arrived, found)]}
    return row | {"unimodal": ZOO[name].unimodal, "hard": ZOO[name].hard}


def main() -> None:
    helpers.start()
    names = asked(__doc__.splitlines()[0], ZOO)
    gold = json.loads((FOLDER / "gold.json").read_text(encoding="utf-8"))
    rows = [row_of(name, gold[name]) for name in names]
    plain = [row for row in rows if row["unimodal"] and not row["hard"]]
    both = sum(all(row["trusted"]) and all(row["arrived"]) for row in plain)
    wrong = sum(t and not a for row in rows for t, a in zip(row["trusted"], row["arrived"], strict=True))
    said = (
        f"Of {len(plain)} posteriors with one mode and no narrow neck, {both} are trusted and within {MEAN} sd and "
        f"{SDS[0]}–{SDS[1]} with every seed. Of all {len(rows) * len(SEEDS)} fits, {wrong} are trusted although they are not within that."
    )
    print(said)
    if names == list(ZOO):
        results = table(COLUMNS, [row["cells"] for row in rows])
        (FOLDER / "RESULTS.md").write_text(f"{HEAD}{results}\n{said}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
