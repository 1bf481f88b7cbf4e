"""Can I use this fit? Four questions in their order, as a picture."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from helpers.pictures.style import PALETTE, WIDTH

STEPS = (  # question, what answers it, what to do where the answer is no
    (
        "Has it arrived?",
        "R-hat of the iterates below 1.1,\nloss flat to within two standard errors",
        "Fit longer, at a larger rate;\ncentre and scale the data",
    ),
    (
        "Do restarts agree?",
        "16 fits from draws of the prior,\ncompared by their ELBOs",
        "Unfinished ones: fit longer. Lost modes:\ncombine the fits, or use a sampler",
    ),
    (
        "Are there better draws?",
        "weights of a t about q, k-hat below 0.5;\nelse short chains that come to rest",
        "Other coordinates, a richer family;\nor a sampler",
    ),
    (
        "Does q agree with them?",
        "means to 0.2 sd,\nsds to a factor within 0.8 to 1.25",
        "Use the better draws",
    ),
)
CLOSING = "Use q’s means and sds", "and in any case ask whether the\nmodel reproduces the data"
LEFT, RIGHT, PITCH = (0.1, 4.4), (5.6, 4.3), 2.0  # x and width of the two columns, distance of the rows
MUTED = {"color": PALETTE["muted"], "fontsize": 9.5}


def decision_chart() -> Figure:
    """Questions on the left, from top to bottom; what to do if the answer is no on the right."""
    fig, ax = plt.subplots(figsize=(WIDTH, 6.4))
    ax.set(xlim=(0, 10), ylim=(-8.8, 0.8))
    ax.axis("off")
    middle, edge = LEFT[0] + LEFT[1] / 2, LEFT[0] + LEFT[1]
    for k, (question, how, remedy) in enumerate(STEPS):
        y, last = -PITCH * k, k == len(STEPS) - 1
        _box(ax, LEFT, y, how, "target", title=question)
        _box(ax, RIGHT, y, remedy, "data" if last else "approximation")
        _arrow(ax, (edge, y), (RIGHT[0], y))
        ax.text((edge + RIGHT[0]) / 2, y + 0.08, "no", ha="center", va="bottom", **MUTED)
        _arrow(ax, (middle, y - 0.72), (middle, y - PITCH + 0.72))
        ax.text(middle + 0.15, y - PITCH / 2, "yes", ha="left", va="center", **MUTED)
        if not last:
            again = RIGHT[0] + RIGHT[1] / 2, y - PITCH / 2
            ax.text(*again, "then ask again from the top", ha="center", va="center", **MUTED)
    _box(ax, LEFT, -len(STEPS) * PITCH, CLOSING[1], "data", title=CLOSING[0])
    return fig


def _box(ax, column: tuple[float, float], y: float, text: str, role: str, title: str = "") -> None:
    x, width = column
    patch = {"facecolor": "white", "edgecolor": PALETTE[role], "linewidth": 1.6}
    ax.add_patch(plt.Rectangle((x, y - 0.7), width, 1.4, **patch))
    place = {"ha": "center", "va": "center"}
    ax.text(x + width / 2, y - 0.18 * bool(title), text, fontsize=10, linespacing=1.4, **place)
    ax.text(x + width / 2, y + 0.42, title, fontsize=10.5, weight="bold", **place)


def _arrow(ax, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": PALETTE["muted"], "linewidth": 1.4})
