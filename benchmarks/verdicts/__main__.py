"""How often is `diagnose` right? Every case with twenty seeds.

uv run --group dev python -m benchmarks.verdicts              # counts in verdicts/results.json
uv run --group dev python -m benchmarks.verdicts --seeds 2    # printed only
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import helpers

helpers.start()

from benchmarks.verdicts.cases import Case, all_cases
from helpers.checks import diagnose
from helpers.checks.instruments import TRUST, UNDECIDED, WEIGHTS
from helpers.fits.weights import HEAVIER, psis

FOLDER = Path(__file__).parent
SEEDS = 20


def right(case: Case, weighted: bool) -> bool:
    """Whether all margins of q, or of its weighted draws, are within the limits, judged by exact draws."""
    draws = 20_000 if weighted else len(case.exact)  # what a reader gets; and enough to know q by
    sample = case.q.draws(draws, seed=1, df=HEAVIER if weighted else None)
    return case.has_right(sample.values, psis(sample.log_ratio)[0] if weighted else None)


def judge(name: str, case: Case, seeds: int) -> dict:
    """One row: what the fit deserves, and what `diagnose` says how often."""
    fine, mended = right(case, weighted=False), right(case, weighted=True)
    said = Counter(diagnose(case.q.model, case.q, seed=100 + k).loc["overall", "verdict"] for k in range(seeds))
    usable = {TRUST: fine, WEIGHTS: mended}
    wrong = sum(number for verdict, number in said.items() if not usable.get(verdict, True))
    alarms = 0 if not fine else seeds - said[TRUST] - said[UNDECIDED]
    row = {"fit": name, "kind": case.kind, "right": fine, "seeds": seeds, "said": dict(said.most_common())}
    row |= {"false trust": wrong, "false alarms": alarms, "undecided": said[UNDECIDED]}
    print(row, flush=True)
    return row


def summary(rows: list[dict]) -> str:
    """How many verdicts were wrong."""
    total, good = sum(row["seeds"] for row in rows), sum(row["seeds"] for row in rows if row["right"])
    wrong, alarms, open_ = (sum(row[key] for row in rows) for key in ("false trust", "false alarms", "undecided"))
    return (
        f"{len(rows)} fits, {total} verdicts: false trust {wrong} of {total - good} ({wrong / (total - good):.1%}); false alarms {alarms} of the {good} "
        f"about right fits ({alarms / good:.1%}); undecided {open_} ({open_ / total:.1%})."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    seeds = parser.parse_args().seeds
    rows = [judge(name, case, seeds) for name, case in all_cases().items()]
    print(summary(rows))
    if seeds >= SEEDS:
        (FOLDER / "results.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
