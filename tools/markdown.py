"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable


def table(head: list[str], rows: Iterable[list]) -> str:
    """A table with this head, of whatever can be a string; it ends with a new line. A "|" in a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', r'\|') for cell in line)} |" for line in lines) + "\n"
