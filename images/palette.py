"""Make palette.png, the colours as four kinds of eyes see them: `uv run --group dev python images/palette.py`.

Colour-vision deficiency is simulated after Machado et al. (2009, DOI 10.1109/TVCG.2009.113), at full severity.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from colorspacious import cspace_convert
from matplotlib.colors import to_rgb

from helpers.pictures import PALETTE, style

PICTURE = Path(__file__).with_suffix(".png")
EYES = {
    "full colour vision": None,
    "deuteranopia": "deuteranomaly",
    "protanopia": "protanomaly",
    "tritanopia": "tritanomaly",
}


def seen(colours, deficiency):
    """The sRGB colours, (n, 3) in 0 to 1, as eyes with the deficiency (None for none) see them."""
    if deficiency is None:
        return np.asarray(colours)
    space = {"name": "sRGB1+CVD", "cvd_type": deficiency, "severity": 100}
    return np.clip(cspace_convert(colours, space, "sRGB1"), 0, 1)


def draw():
    """The palette as lines and as names, one panel for each kind of eyes."""
    colours = [to_rgb(colour) for colour in PALETTE.values()]
    x = np.linspace(0, 1, 100)
    fig, axes = plt.subplots(1, len(EYES), figsize=(style.WIDTH, 2.8), sharey=True)
    for ax, (name, deficiency) in zip(axes, EYES.items(), strict=True):
        for k, (role, colour) in enumerate(zip(PALETTE, seen(colours, deficiency), strict=True)):
            ax.plot(x, -k + 0.12 * np.sin(9 * x), color=colour)
            written = PALETTE["truth"] if role == "uncertainty" else colour  # nothing is written in it
            ax.text(0, -k + 0.25, role, color=written, fontsize=9)
        ax.set(title=name, xlim=(0, 1), ylim=(-len(PALETTE) + 0.6, 0.8))
        ax.axis("off")
    return fig


if __name__ == "__main__":
    style.apply()
    draw().savefig(PICTURE)
