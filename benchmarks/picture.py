"""The table of the fits as a picture, for the README."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.report import TITLES, arrival, of
from helpers.pictures import style

LOOKS = {  # label, colour, marker, distance below the line: equal marks must not hide each other
    "published": ("published recipe", "approximation", "s", 0.0),
    "ours": ("this course", "target", "o", -0.22),
    "others": ("NumPyro; SVGD: BlackJAX", "second", "D", 0.22),
}


def draw(results: list[dict], path: Path) -> None:
    """Seconds to the truth for each problem and method, and of its first call; hollow marks did not arrive."""
    style.apply()
    fig, ax = plt.subplots(figsize=(style.WIDTH, 4.2))
    for method, (label, role, marker, shift) in LOOKS.items():
        ax.plot([], [], marker, color=style.PALETTE[role], label=label)
        for k, key in enumerate(TITLES):
            name = method if key == "particles" else f"{key}/{method}"
            for result in of(results, module="particles" if key == "particles" else "fits", name=name):
                rung = arrival(result)
                last = rung or result["rungs"][-1]
                face = style.PALETTE[role] if rung else "white"
                again, y = np.median(last["seconds"]), k + shift
                ax.plot([again, last["first"]], [y, y], color=style.PALETTE[role], linewidth=1)
                ax.plot(last["first"], y, "|", color=style.PALETTE[role])
                ax.plot(again, y, marker, color=style.PALETTE[role], markerfacecolor=face)
    ax.plot([], [], "o", color="black", markerfacecolor="white", label="stopped, not arrived")
    ax.plot([], [], "|-", color="black", linewidth=1, label="first call")
    ax.set_xscale("log")
    fig.supxlabel("seconds to the truth; the line leads to the first call, which compiles", fontsize=10)
    ax.set_yticks(range(len(TITLES)), TITLES.values())
    ax.set_ylim(len(TITLES) - 0.5, -0.5)  # the first on top
    fig.legend(loc="outside upper center", ncols=5, fontsize=9, columnspacing=1.2, handletextpad=0.4)
    fig.savefig(path, dpi=100)
    plt.close(fig)
