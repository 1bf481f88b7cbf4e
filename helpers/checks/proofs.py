"""Claims: what a section says in numbers, held against what was found; the last cell of a section makes them.

    claims(
        claim("mean-field's sd is a third of the truth", found=sd / truth, stated=0.33, within=0.02, because="4 sd over 20 seeds"),
        claim("its mean is right", found=abs(error), at_most=0.1, because="4 sd over 20 seeds"),
        claim("no warning was given", found=warned, stated=False),
    )

The cell shows one line, such as "3 claims hold", which opens to a table. A claim that fails in a reader's session is marked
there, and the notebook goes on: readers change things. Where the environment variable `ELBO_ROOM_STRICT` is set, as the tests
and the sweep over seeds do, it raises `ClaimFailed`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from html import escape

import numpy as np
from IPython.display import display

STRICT = "ELBO_ROOM_STRICT"
LONGEST = 24  # entries of one value
KEY = "elbo_room"  # the metadata of the cell's output: {KEY: {"claims": rows}}, for the sweep, the tests and the ledger
CELL = "text-align: left; vertical-align: top; padding: 0.2em 0.8em"
FAILED = "background-color: rgba(213, 94, 0, 0.25)"


class ClaimFailed(AssertionError):
    """What the text says is not what was found."""


@dataclass(frozen=True)
class Claim:
    """One claim, as `claim` makes it; a bound that it does not have is None."""

    words: str
    found: np.ndarray
    stated: np.ndarray | None
    within: np.ndarray
    at_least: np.ndarray | None
    at_most: np.ndarray | None
    because: str

    @property
    def holds(self) -> bool:
        """Whether it holds for every entry; NaN never does, nor does a value without entries."""
        bounds = [x for x in (self.stated, self.within, self.at_least, self.at_most) if x is not None]
        if not self.found.size or any(x.shape not in ((), self.found.shape) for x in bounds):
            return False
        tests = [self.found == self.found]
        if self.stated is not None:
            tests.append((self.found == self.stated) | self._near)
        if self.at_least is not None:
            tests.append(self.found >= self.at_least)
        if self.at_most is not None:
            tests.append(self.found <= self.at_most)
        return all(np.all(test) for test in tests)

    @property
    def _near(self) -> np.ndarray | bool:
        """Which entries are numbers within the tolerance."""
        if self.found.dtype.kind not in "iuf" or self.stated.dtype.kind not in "iuf":
            return False
        with np.errstate(invalid="ignore"):  # of two infinities
            return np.abs(self.found - self.stated) <= self.within

    @property
    def row(self) -> dict:
        """The claim as JSON: numbers to six digits, those that are not finite as words."""
        values = ("found", *(("stated", "within") if self.stated is not None else ()), "at_least", "at_most")
        numbers = {name: _plain(getattr(self, name)) for name in values if getattr(self, name) is not None}
        return {"words": self.words, **numbers, "because": self.because, "holds": self.holds}


def claim(words: str, *, found, stated=None, within=0, at_least=None, at_most=None, because: str = "") -> Claim:
    """Say in `words` what was `found`, and what it has to be.

    Parameters
    ----------
    words : str
        What a reader may believe, in a few plain words.
    found : number, str, bool, or array of them
        What this session found; of an array every entry has to hold, and it has at most 24.
    stated : like `found`, optional
        What the text says.
    within : number or array
        How far from `stated` a number may be; 0, which is the default, for what is equal.
    at_least, at_most : number or array, optional
        Bounds: numbers, or other values that were found. One of them is enough, and both make a range.
    because : str
        Where the tolerance or the bound comes from: "4.5 sd over 20 seeds", "exact: quadrature", "rounding". Only a claim
        of equality may leave it out.

    Raises
    ------
    ValueError
        Where nothing is claimed, a tolerance or bound comes without its reason, or a value is too long for a table.
    """
    if stated is None and at_least is None and at_most is None:
        raise ValueError(f"{words!r} claims nothing: give stated=, at_least= or at_most=")
    if not because and not (at_least is None and at_most is None and np.all(np.asarray(within) == 0)):
        raise ValueError(f"{words!r}: say where the tolerance or the bound comes from, with because=")
    if np.size(found) > LONGEST:
        raise ValueError(f"{words!r} is about {np.size(found)} numbers: claim something about their least or largest")
    values = (None if x is None else np.asarray(x) for x in (stated, within, at_least, at_most))
    return Claim(words, np.asarray(found), *values, because)


def claims(*made: Claim) -> None:
    """Show in one line whether all claims hold; it opens to their table.

    Raises
    ------
    ClaimFailed
        Where one does not hold and the environment variable `ELBO_ROOM_STRICT` is set.
    """
    failed = [each for each in made if not each.holds]
    if failed:
        line = f"{len(failed)} of {_counted(made)} no longer hold: you changed something above"
    else:
        line = f"{_counted(made)} {'holds' if len(made) == 1 else 'hold'}"
    body = "".join(map(_as_html, made))
    head = "".join(f'<th style="{CELL}">{name}</th>' for name in ("claim", "found", "stated", "because"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    html = f"<details{' open' if failed else ''}><summary>{line}</summary>{table}</details>"
    rows = [each.row for each in made]
    display({"text/plain": line, "text/html": html}, raw=True, metadata={KEY: {"claims": rows}})
    if failed and os.environ.get(STRICT):
        raise ClaimFailed(
            "; ".join(f"{r['words']}: found {shown(r['found'])}, {bounds(r)}" for r in rows if not r["holds"])
        )


def _counted(made: tuple[Claim, ...]) -> str:
    return f"{len(made)} claim{'s' * (len(made) != 1)}"


def _as_html(each: Claim) -> str:
    row = each.row
    words = row["words"] if each.holds else f"✗ {row['words']}"
    style = CELL if each.holds else f"{CELL}; {FAILED}"
    texts = (words, shown(row["found"]), bounds(row), row["because"] or "equal")
    return "<tr>" + "".join(f'<td style="{style}">{escape(text)}</td>' for text in texts) + "</tr>"


def shown(value) -> str:
    """A value of a claim's row in words."""
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.5g}".replace("-", "−") if isinstance(value, int | float) else value


def bounds(row: dict) -> str:
    """What a claim's row allows, in words."""
    parts = [f"{name.replace('_', ' ')} {shown(row[name])}" for name in ("at_least", "at_most") if name in row]
    if "stated" in row:
        tolerance = "" if row["within"] == 0 else f" ± {shown(row['within'])}"
        parts.insert(0, shown(row["stated"]) + tolerance)
    return ", ".join(parts)


def _plain(value: np.ndarray):
    """As JSON has it."""
    if value.ndim:
        return [_plain(np.asarray(entry)) for entry in value]
    value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else str(value)
    return value if isinstance(value, bool | int) else str(value)
