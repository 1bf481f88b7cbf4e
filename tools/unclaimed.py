"""Numbers in the prose that no claim states: `uv run python -m tools.unclaimed 01` lists those of chapter 1.

A number needs no claim in a formula, a code span, a link, a heading, the references or the stamped table of the chapters, nor
where it is a year or stands as a number in the section's code; a whole number under ten needs one only before a unit: %, times,
sd, nats. The claim's number may be rounded, and 27 % stands for 0.27. A claim counts for its section; a number of three digits or
more counts in the sections after it, too. The last section, which looks back, may state all the claims of the chapter, and so may
the opening. Numbers in words ("three times") are not looked for, nor those in captions; those of the quick questions are
looked for in `tests/test_quiz.py`.

A number that is right without a claim is marked, with the reason, in the metadata of its cell:

    uv run python -m tools.unclaimed 01 --mark 0.7 "the usual threshold of k-hat, Vehtari et al. 2024"
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np

from helpers.checks.proofs import KEY
from tools import quiz
from tools.chapters import ROOT, all_chapters
from tools.ledger import claims_of, sections
from tools.stamp import kind
from tools.store import as_saved

NO_PROSE = re.compile(
    r"```.*?```|\$\$.*?\$\$|\$[^$]+\$|`[^`]*`"  # code and formulas
    r"|^\| chapter \| you can do after it [^\n]*$(?:\n\|[^\n]*$)+"  # the chapters, as stamped: their minutes and promises
    r"|\*\*(?:Know first:|References\.|Next:)\*\*.*?(?=\n\n|\Z)"
    r"|^#+ .*?$|<[^>]+>|(?:arXiv|doi):\S+"
    r"|[Ee]xercises? \d+|^\s*\d+\. "  # numbers of exercises, and of the entries of a list
    r"|(?<![\d.,])(?:1[89]|20)\d\d(?![\d,.]?\d)",  # years
    re.DOTALL | re.MULTILINE,
)
LINK = re.compile(r"!?\[[^][]*\]\([^()]*\)")
NUMBER = re.compile(  # digits, decimals, per cent, another unit
    r"(?<![\w.,])(?>(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?)(\s?%)?(?![A-Za-z\d_⁻])"
    r"(?=(\s(?:times|sds?|nats|standard deviations)\b)?)"
)


def numbers(prose: str) -> Iterator[re.Match]:
    """The numbers of a text in Markdown that need a claim."""
    prose = LINK.sub(" ", LINK.sub(" ", NO_PROSE.sub(" ", prose)))  # twice: a badge is a picture in a link
    return (found for found in NUMBER.finditer(prose) if found[2] or found[3] or found[4] or _value(found) >= 10)


def _value(found: re.Match) -> float:
    """The number that was found."""
    return float(found[1].replace(",", "") + (found[2] or ""))


def _digits(found: re.Match) -> int:
    """How many digits count: zeros in front do not, nor those at the end of a whole number."""
    written = found[1].replace(",", "") + (found[2] or "")[1:]
    return len((written if found[2] else written.rstrip("0")).lstrip("0"))


def states(claimed: set[float], found: re.Match) -> bool:
    """Whether one of the values that are claimed is the number, or is rounded to it."""
    half = 0.5000001 * 10.0 ** -len((found[2] or ".")[1:])
    return any(
        abs(scale * each - _value(found)) <= half for each in claimed for scale in ((1, 100) if found[3] else (1,))
    )


def stands_in(code: set[float], found: re.Match) -> bool:
    """Whether it is a number of the code."""
    return bool({_value(found), _value(found) / 100 if found[3] else _value(found)} & code)


def claimed_by(row: dict) -> set[float]:
    """The numbers that a claim states: its value, its bounds, and those in its words; without their signs."""
    stated = [np.ravel(row[name]) for name in ("stated", "at_least", "at_most") if name in row]
    numeric = {abs(float(x)) for each in stated if each.dtype.kind in "iuf" for x in each}
    return numeric | {_value(x) for x in NUMBER.finditer(row["words"])}


def literals(cell) -> set[float]:
    """The numbers in the code of a cell that is no proof."""
    if kind(cell) in ("proof", "setup"):
        return set()
    nodes = ast.walk(ast.parse(re.sub(r"^\s*[%!].*$", "", cell.source, flags=re.MULTILINE)))
    return {float(x.value) for x in nodes if isinstance(x, ast.Constant) and type(x.value) in (int, float)}


def without_claim(notebook) -> Iterator[tuple]:
    """The cells with numbers in their prose that nothing states, and the number as `numbers` found it."""
    parts = [pieces for _, pieces in sections(notebook)]
    rows = [[row for cell, _ in pieces for row in claims_of(cell)] for pieces in parts]
    claimed = [set().union(*map(claimed_by, each)) for each in rows]
    everything = set().union(*claimed)
    for k, pieces in enumerate(parts):
        here, before = claimed[k], set().union(*claimed[: k + 1])
        if k in (0, len(parts) - 1):
            here = before = everything
        code = set().union(*(literals(cell) for cell, _ in pieces if cell.cell_type == "code"))
        for cell, text in pieces:
            for found in numbers(text) if cell.cell_type == "markdown" and cell.get("id") != quiz.ID else ():
                if not (stands_in(code, found) or states(before if _digits(found) > 2 else here, found)):
                    yield cell, found


def _marks(cell) -> dict[str, str]:
    """The numbers of a cell that need no claim, each with its reason."""
    return cell.metadata.get(KEY, {}).get("unclaimed", {})


def written(found: re.Match) -> str:
    """The number as it is written, without its per cent."""
    return found[1] + (found[2] or "")


def _around(found: re.Match) -> str:
    """The number with a few words before and after it."""
    return " ".join(found.string[max(0, found.start() - 50) : found.end() + 20].split())


def missing(notebook) -> list[str]:
    """What is left to do, one line each: numbers that nothing states, and marks for numbers that need none."""
    open_numbers = [*without_claim(notebook)]
    lines = [
        f"cell {cell.id}: {_around(found)!r}: nothing states {found[0]}"
        for cell, found in open_numbers
        if written(found) not in _marks(cell)
    ]
    needed = {(cell.id, written(found)) for cell, found in open_numbers}
    for cell in notebook.cells:
        for number, reason in _marks(cell).items():
            if (cell.id, number) not in needed:
                lines.append(f"cell {cell.id}: {number} is marked as unclaimed, and need not be")
            if len(reason) < 10:
                lines.append(f"cell {cell.id}: {number} is marked as unclaimed; say why")
    return lines


def mark(notebook, number: str, reason: str) -> int:
    """Mark a number wherever nothing states it, in place; in how many cells.

    Parameters
    ----------
    notebook : NotebookNode
    number : str
        As it is written.
    reason : str
        Why it needs no claim.
    """
    cells = {cell.id: cell for cell, found in without_claim(notebook) if written(found) == number}
    for cell in cells.values():
        cell.metadata.setdefault(KEY, {}).setdefault("unclaimed", {})[number] = reason
    return len(cells)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """List what is missing in some chapters, or mark a number in them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="+", metavar="01", help="how their names begin")
    parser.add_argument("--mark", nargs=2, metavar=("NUMBER", "REASON"))
    options = parser.parse_args(arguments)
    for chapter in all_chapters(root):
        if not chapter.file.startswith(tuple(options.chapters)):
            continue
        path = root / "notebooks" / chapter.file
        notebook = nbformat.read(path, as_version=4)
        if options.mark:
            print(f"{chapter.file}: marked in {mark(notebook, *options.mark)} cells")
            path.write_text(as_saved(nbformat.writes(notebook)), encoding="utf-8")
        else:
            print(*(f"{chapter.file}: {line}" for line in missing(notebook)), sep="\n")


if __name__ == "__main__":
    main()
