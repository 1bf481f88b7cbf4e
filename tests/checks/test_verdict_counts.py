"""What chapter 11 says about 48 fits is what `benchmarks.verdicts` counted."""

import json
import re
from collections import Counter
from pathlib import Path

import nbformat

from helpers.checks.verdicts import LONGER, NOT, TRUST, UNDECIDED, WEIGHTS

ROOT = Path(__file__).resolve().parents[2]
ROWS = json.loads((ROOT / "benchmarks/verdicts/results.json").read_text(encoding="utf-8"))
RIGHT, WRONG = ([row for row in ROWS if row["right"] is right] for right in (True, False))


def total(rows, key):
    return sum(row[key] for row in rows)


def test_the_goals_are_met():
    assert len(ROWS) >= 40 and all(row["seeds"] >= 20 for row in ROWS)
    assert total(ROWS, "false trust") <= 0.01 * total(WRONG, "seeds")
    assert total(RIGHT, "false alarms") <= 0.1 * total(RIGHT, "seeds")
    assert total(ROWS, "undecided") <= 0.15 * total(ROWS, "seeds")


def test_the_chapter_says_what_was_counted():
    cells = nbformat.read(ROOT / "notebooks/11_did_it_work.ipynb", as_version=4).cells
    text = next(cell.source for cell in cells if "| q is … |" in cell.source)
    table = [
        [int(n) for n in re.findall(r"\| (\d+)(?= \|)", line)] for line in text.splitlines() if line.count("|") == 9
    ]
    said = Counter()
    for row in ROWS:
        said.update(row["said"])
    verdicts = [said[verdict] for verdict in (TRUST, WEIGHTS, LONGER, NOT, UNDECIDED)]
    found = [sum(column) for column in zip(*(row for row in table if row), strict=True)]
    assert found == [len(ROWS), *verdicts, total(ROWS, "false trust")]
    assert f"{len(ROWS)} fits" in text and f"{sum(verdicts):,} verdicts" in text
    assert f"{total(ROWS, 'false trust')} of the {total(WRONG, 'seeds')} verdicts on wrong fits" in text
    alarms = (
        f"On the {total(RIGHT, 'seeds')} verdicts about right fits there was {total(RIGHT, 'false alarms')} false alarm"
    )
    assert f"{alarms}, and {total(ROWS, 'undecided')} verdicts" in text
    assert {row["fit"] for row in ROWS if row["false trust"]} == {"half in a narrow spike"}
