"""The map of the course, as a picture."""

from __future__ import annotations

from itertools import groupby
from textwrap import fill

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers.pictures.style import PALETTE, WIDTH

BOX = (0.92, 0.7)  # width and height of a chapter, in columns and rows
COLUMNS = 4


def draw(chapters: list[tuple[str, str, str]]) -> Figure:
    """A trail through all chapters, a row for each part.

    Parameters
    ----------
    chapters : list of tuple
        Part, title with its number, and question of each chapter, in their order.
    """
    parts = [(part, list(group)) for part, group in groupby(chapters, lambda chapter: chapter[0])]
    figure, ax = plt.subplots(figsize=(WIDTH, 1.35 * len(parts)))
    for row, (part, inside) in enumerate(parts):
        ax.plot((0, len(inside) - 1), (-row, -row), color=PALETTE["uncertainty"], linewidth=5, zorder=1)
        ax.text(-BOX[0] / 2, -row + BOX[1] / 2 + 0.05, part, color=PALETTE["truth"], fontsize=10)
        for column, (_, title, question) in enumerate(inside):
            _box(ax, (column, -row), title, question)
    ax.set(xlim=(-0.5, COLUMNS - 0.5), ylim=(0.45 - len(parts), 0.6))
    ax.axis("off")
    return figure


def _box(ax: Axes, centre: tuple[float, float], title: str, question: str) -> None:
    x, y = centre
    corner, shape = (x - BOX[0] / 2, y - BOX[1] / 2), "round,pad=0,rounding_size=0.06"
    ax.add_patch(FancyBboxPatch(corner, *BOX, boxstyle=shape, color=PALETTE["target"], zorder=2))
    words = {"color": "white", "ha": "center", "va": "center", "fontsize": 9.5, "linespacing": 1.2, "zorder": 3}
    ax.text(x, y + 0.15, fill(title, 19), fontweight="bold", **words)
    ax.text(x, y - 0.17, question, **words)
