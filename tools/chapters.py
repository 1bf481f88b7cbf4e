"""The table of the chapters, `notebooks/chapters.toml`: what everything that lists them is written from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Chapter:
    """One row of the table; the keys are explained at its top."""

    number: int
    name: str
    part: str
    title: str
    heading: str
    question: str
    promise: str
    know: str
    reading: int
    running: str
    lessons_in_front: bool = False

    @property
    def file(self) -> str:
        """Name of the notebook."""
        return f"{self.stem}.ipynb"

    @property
    def stem(self) -> str:
        """Name of the notebook without its ending, and of its page on the site."""
        return f"{self.number:02}_{self.name}"

    @property
    def entry(self) -> str:
        """Number and title, as lists have them."""
        return f"{self.number} · {self.title}"


def all_chapters(root: Path = ROOT) -> list[Chapter]:
    """All chapters in their order."""
    table = tomllib.loads((root / "notebooks" / "chapters.toml").read_text(encoding="utf-8"))
    return [Chapter(**{"number": place} | row) for place, row in enumerate(table["chapter"])]
