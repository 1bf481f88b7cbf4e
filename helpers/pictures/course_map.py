"""The map of the course, as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers.pictures.style import PALETTE


@dataclass(frozen=True)
class Chapter:
    """One stop of the course; `place` is (column, row) on the map."""

    number: int
    title: str
    question: str
    place: tuple[int, int]
    open: bool = False


CHAPTERS = (
    Chapter(1, "The closest Gaussian", "What does\n“closest” mean?", (0, 0), open=True),
    Chapter(2, "ELBO and ADVI by hand", "What if the evidence\nis unknown?", (1, 0), open=True),
    Chapter(3, "Logistic regression", "Which PyMC fit\nis right?", (2, 0), open=True),
    Chapter(4, "Mixtures", "What do two modes\ndo to a fit?", (2, 1), open=True),
    Chapter(5, "Minibatches", "And with 400,000\nrows?", (1, 1), open=True),
    Chapter(6, "Network on two moons", "How sure is\na network?", (0, 1), open=True),
    Chapter(7, "Using a posterior", "What is such a\nposterior good for?", (0, 2), open=True),
    Chapter(8, "From line to network", "What does VI\ngive up?", (1, 2), open=True),
    Chapter(9, "Did it work?", "And when the truth\nis unknown?", (2, 2), open=True),
    Chapter(10, "Scaling out", "And past one\nmachine?", (2, 3), open=True),
)
BOX = (0.86, 0.66)  # width and height of a chapter, in columns and rows


def draw() -> Figure:
    """A trail through all chapters: filled where the chapter is open, outlined where it is still being written."""
    figure, ax = plt.subplots(figsize=(7.6, 5.6))
    for before, after in pairwise(CHAPTERS):
        (x0, y0), (x1, y1) = before.place, after.place
        ax.plot((x0, x1), (-y0, -y1), color=PALETTE["uncertainty"], linewidth=5, zorder=1)
    for chapter in CHAPTERS:
        _box(ax, chapter)
    ax.set(xlim=(-0.47, 2.47), ylim=(-3.45, 0.45))
    ax.axis("off")
    return figure


def _box(ax, chapter: Chapter) -> None:
    x, y = chapter.place[0], -chapter.place[1]
    fill, ink = (PALETTE["target"], "white") if chapter.open else ("white", PALETTE["truth"])
    corner = (x - BOX[0] / 2, y - BOX[1] / 2)
    style = "-" if chapter.open else "--"
    ax.add_patch(
        FancyBboxPatch(
            corner,
            *BOX,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=fill,
            edgecolor=PALETTE["target"],
            linestyle=style,
            linewidth=1.5,
            zorder=2,
        )
    )
    ax.text(
        x,
        y + 0.19,
        f"{chapter.number} · {chapter.title}",
        color=ink,
        ha="center",
        va="center",
        fontweight="bold",
        fontsize=9.6,
        zorder=3,
    )
    ax.text(
        x, y - 0.12, chapter.question, color=ink, ha="center", va="center", fontsize=10.5, linespacing=1.35, zorder=3
    )
