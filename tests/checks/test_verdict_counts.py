"""What chapter 11 says of the fits is what `benchmarks.verdicts` counted."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from benchmarks.verdicts import cures
from benchmarks.verdicts.__main__ import judge
from benchmarks.verdicts.cases import normals
from helpers.checks.verdicts import LONGER, NOT, TRUST, UNDECIDED, WEIGHTS

ROOT = Path(__file__).resolve().parents[2]
ROWS = json.loads((ROOT / "benchmarks/verdicts/results.json").read_text(encoding="utf-8"))
RIGHT, WRONG = ([row for row in ROWS if row["right"] is right] for right in (True, False))


GROUPS = {"lost mode": "wrong: a mode lost", "too wide": "wrong: too wide", "unconverged": "wrong: not converged"}
SAID = TRUST, WEIGHTS, LONGER, NOT, UNDECIDED


def group(row):
    return "right" if row["right"] else GROUPS.get(row["kind"], "wrong: biased, too narrow, or of another shape")


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
    for name in {group(row) for row in ROWS}:
        rows = [row for row in ROWS if group(row) == name]
        line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        counts = [sum(row["said"].get(verdict, 0) for row in rows) for verdict in SAID]
        found = [int(n) for n in re.findall(r"\| (\d+)(?= \|)", line)]
        assert found == [len(rows), *counts, total(rows, "false trust")]
    assert text.count("\n| wrong: ") == len(GROUPS) + 1
    assert f"{len(ROWS)} fits" in text and f"{total(ROWS, 'seeds'):,} verdicts" in text
    assert f"{total(ROWS, 'false trust')} of the {total(WRONG, 'seeds')} verdicts on wrong fits" in text
    alarms = f"the {total(RIGHT, 'seeds')} verdicts on right fits there was {total(RIGHT, 'false alarms')} false alarm"
    assert f"{alarms}, and {total(ROWS, 'undecided')} verdicts" in text
    assert {row["fit"] for row in ROWS if row["false trust"]} == {"half in a narrow spike"}


def test_a_stored_row_is_made_again():
    stored = {row["fit"]: row for row in ROWS}
    for name in ("normal, right", "normal, wide, 3"):
        found = judge(name, normals()[name], seeds=2)
        assert found["right"] == stored[name]["right"] and set(found["said"]) <= set(stored[name]["said"])


def test_the_chapter_says_what_mends_them():
    cells = nbformat.read(ROOT / "notebooks/11_did_it_work.ipynb", as_version=4).cells
    text = next(cell.source for cell in cells if "*moment matching*" in cell.source)
    table = (ROOT / "benchmarks/verdicts/CURES.md").read_text(encoding="utf-8")
    said = re.search(r"Of the (\d+) fits .*weights (\d+), matching (\d+), heavier (\d+), chains (\d+)", table)
    fits, *mended = map(int, said.groups())
    assert f"on the {fits} fits that are wrong" in text
    assert [int(n) for n in re.findall(r"for (\d+) (?:of these|after|with)", text)] == mended
    lost = re.search(r"^\| 0.2 and 0.8, one found \|.*\|$", table, re.MULTILINE)[0].split(" | ")
    assert f"k-hat ended at {lost[4]}, and the mode was still lost" in text and lost[6] == "0 of 5"
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.endswith(" of 5 |")]
    wrong = [row[1:2] + [count == "5 of 5" for count in row[5:9]] for row in rows if row[2] == "no"]
    by_matching = [(heavier, chains) for _, _, matching, heavier, chains in wrong if matching]
    assert all(map(any, by_matching)) and f"All {len(by_matching)} that moment matching mends are mended" in text
    assert [row[1:] for row in wrong if row[0] == "lost mode" and any(row[1:])] == [[False, False, True, False]]
    khat = {row[0]: float(row[3]) for row in rows}
    assert khat["Student-t, ν = 10"] > khat["Student-t, ν = 3"] > 0.7  # the first is right, the second wrong


def test_moment_matching_finds_a_gaussian():
    case = normals()["normal, shifted by 0.5"]
    assert cures.matched(case.q, seed=0).mean[0] == pytest.approx(0.5)  # k-hat is low: nothing to mend
    narrow = cures.matched(normals()["normal, narrow, 0.2"].q, seed=0)
    assert 0.65 < narrow.scale.item() < 1.1  # of N(0, s²) about N(0, 1) k is 1 − s²: below 0.5 from s = 0.71 on
