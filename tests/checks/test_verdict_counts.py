"""What chapter 11 says about 48 fits is what `benchmarks.verdicts` counted."""

import json
import re
from collections import Counter
from pathlib import Path

import nbformat

from helpers.checks.verdicts import LONGER, NOT, TRUST, UNDECIDED, WEIGHTS

ROOT = Path(__file__).resolve().parents[2]
ROWS = json.loads((ROOT / "benchmarks/verdicts/results.json").read_text(encoding="utf-8"))
COUNTED = [row for row in ROWS if row["kind"] != "hidden"]


def test_the_goals_are_met():
    verdicts, right = sum(row["seeds"] for row in COUNTED), [row for row in COUNTED if row["right"]]
    assert len(COUNTED) >= 40 and all(row["seeds"] >= 20 for row in ROWS)
    assert sum(row["false trust"] for row in COUNTED) <= 0.01 * verdicts
    assert sum(row["false alarms"] for row in right) <= 0.1 * sum(row["seeds"] for row in right)
    assert sum(row["undecided"] for row in COUNTED) <= 0.15 * verdicts


def test_the_chapter_says_what_was_counted():
    cells = nbformat.read(ROOT / "notebooks/11_did_it_work.ipynb", as_version=4).cells
    text = next(cell.source for cell in cells if "| q is … |" in cell.source)
    table = [
        [int(n) for n in re.findall(r"\| (\d+)(?= \|)", line)] for line in text.splitlines() if line.count("|") == 9
    ]
    rows = [row for row in table if row]
    said = Counter()
    for row in COUNTED:
        said.update(row["said"])
    wrong = sum(row["false trust"] for row in COUNTED)
    verdicts = [said[verdict] for verdict in (TRUST, WEIGHTS, LONGER, NOT, UNDECIDED)]
    assert [sum(column) for column in zip(*rows, strict=True)] == [len(COUNTED), *verdicts, wrong]
    alarms = [row["false alarms"] for row in COUNTED]
    right = sum(row["seeds"] for row in COUNTED if row["right"])
    assert f"{len(COUNTED)} fits" in text and f"{sum(verdicts)} verdicts" in text
    assert f"Of the {right} verdicts on right fits, {sum(alarms)} were" in text and max(alarms) == 20
    assert [row["fit"] for row in ROWS if row["kind"] == "hidden"] == ["half in a narrow spike"]
