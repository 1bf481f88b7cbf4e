"""The ledger: every claim of the course, with what it found when the notebooks were stored, and its range over seeds.

`site/conf.py` makes a page of it. It reads the stored notebooks and `benchmarks/claims.json`, which the sweep over seeds
writes; nothing is run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import nbformat

from helpers.checks.proofs import KEY, bounds, shown
from tools.chapters import ROOT, all_chapters
from tools.markdown import table

SPREAD = Path("benchmarks", "claims.json")  # chapter: words of a claim: {"seeds": 20, "least": 0.1, "largest": 0.2}
OPENING = """\
# The ledger

All {count} claims of the chapters that make their claims in cells of their own. "Found" is from the run that is stored. "Over
seeds" gives the least and the largest value that the sweep found with other seeds; it is empty for words, for
yes and no, and where the sweep has not been stored. A list gives several numbers that one claim is about.
"""
COLUMNS = ["claim", "found", "stated", "because", "over seeds"]


def claims_of(cell) -> list[dict]:
    """The rows of the claims in a stored code cell; empty where it makes none."""
    kept = [output.get("metadata", {}).get(KEY, {}) for output in cell.get("outputs", [])]
    return [row for each in kept for row in each.get("claims", [])]


def sections(notebook) -> Iterator[tuple[str, list]]:
    """The headings `## …` of a notebook, each with the pieces that follow it; the first piece is what stands before any.

    A piece is a cell and a text: the cell's source, or the part of it that belongs to the section.
    """
    heading, pieces = "", []
    for cell in notebook.cells:
        parts = ("\n" + cell.source).split("\n## ") if cell.cell_type == "markdown" else [cell.source]
        pieces.append((cell, parts[0]))
        for part in parts[1:]:
            yield heading, pieces
            heading, _, text = part.partition("\n")
            pieces = [(cell, text)]
    yield heading, pieces


def stored_spread(root: Path = ROOT) -> dict[str, dict]:
    """What `SPREAD` holds; empty where there is no such file."""
    file = root / SPREAD
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _over_seeds(spread: dict | None) -> str:
    """The range of a claim's value in words."""
    if not spread:
        return ""
    least, largest = shown(spread["least"]), shown(spread["largest"])
    return (
        f"{least} ({spread['seeds']} seeds)" if least == largest else f"{least} to {largest} ({spread['seeds']} seeds)"
    )


def page(root: Path = ROOT) -> str:
    """The ledger in Markdown."""
    spread = stored_spread(root)
    parts, count = [], 0
    for chapter in all_chapters(root):
        stem = chapter.stem
        notebook = nbformat.read(root / "notebooks" / chapter.file, as_version=4)
        found = [
            (heading, [row for cell, _ in pieces for row in claims_of(cell)]) for heading, pieces in sections(notebook)
        ]
        if any(rows for _, rows in found):
            parts.append(f"## [{chapter.entry}]({stem}.ipynb)")
        for heading, rows in found:
            if rows:
                lines = [line(row, spread.get(stem, {}).get(row["words"])) for row in rows]
                parts.append(f"**{heading}**\n\n{table(COLUMNS, lines).rstrip()}")
                count += len(rows)
    return "\n\n".join([OPENING.format(count=count), *parts]) + "\n"


def line(row: dict, spread: dict | None) -> list[str]:
    """A claim as a row of the table."""
    return [row["words"], shown(row["found"]), bounds(row), row["because"] or "equal", _over_seeds(spread)]
