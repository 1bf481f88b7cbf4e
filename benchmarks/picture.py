"""The table of the fits as a picture, for the README."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.report import TITLES, arrival, of
from helpers import style

LOOKS = {  # label, colour, marker, distance below the line: equal marks must not hide each other
    "published": ("published recipe", "approximation", "s", 0.0),
    "ours": ("this course", "target", "o", -0.15),
    "others": ("NumPyro; SVGD: BlackJAX", "second", "D", 0.15),
}


def draw(results: list[dict], path: Path) -> None:
    """Seconds to the truth for each problem and method; hollow marks did not arrive."""
    style.apply()
    fig, ax = plt.subplots(figsize=(style.WIDTH, 3.6))
    for method, (label, role, marker, shift) in LOOKS.items():
        ax.plot([], [], marker, color=style.PALETTE[role], label=label)
        for k, key in enumerate(TITLES):
            name = method if key == "particles" else f"{key}/{method}"
            for result in of(results, module="particles" if key == "particles" else "fits", name=name):
                rung = arrival(result)
                last = rung or result["rungs"][-1]
                face = style.PALETTE[role] if rung else "white"
                ax.plot(np.median(last["seconds"]), k + shift, marker, color=style.PALETTE[role], markerfacecolor=face)
    ax.plot([], [], "o", color="black", markerfacecolor="white", label="stopped, not arrived")
    ax.set(xscale="log", xlabel="seconds to the truth (the published recipes' with compilation)")
    ax.set_yticks(range(len(TITLES)), TITLES.values())
    ax.set_ylim(len(TITLES) - 0.5, -0.5)  # the first on top
    fig.legend(loc="outside upper center", ncols=4, fontsize=9)
    fig.savefig(path, dpi=100)
    plt.close(fig)
