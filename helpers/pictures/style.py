"""The look of every picture: one palette with fixed roles, one size of text.

Six colours from Okabe and Ito's colour-blind-safe set (2008) and a grey, some of them changed until text in them has a
contrast of 4.5:1 on white (nothing is written in "uncertainty"), and until any two are 10 or more apart in CAM02-UCS, in
full colour vision and in simulated deuteranopia, protanopia and tritanopia: see ``images/palette.py``.
"""

from __future__ import annotations

import matplotlib.pyplot as plt

PALETTE = {
    "target": "#0072B2",
    "approximation": "#C04A00",
    "truth": "#1A1A1A",
    "data": "#006B50",
    "uncertainty": "#56B4E9",
    "second": "#8F4A7A",
    "muted": "#454545",
}
PALE = {  # beside what is drawn: nothing is written in these, and none has to be told from another
    "grid": "#E4E4E4",
    "contour": "#BBBBBB",
    "known": "#DDE7E4",  # fills what is known in the graph of a model: the data's colour, pale
    "bar": "#8C8C8C",  # of progress: stands out from white and from black
}
# several chains, which all approximate one thing: the approximation's colour, lighter and darker
CHAINS = (PALETTE["approximation"], "#E08A4A", "#8A3500", "#F0B080")
WIDTH = 7.6  # inches: as wide as a cell of JupyterLab at 100 dots an inch, so that 10 points stay readable


def apply() -> None:
    """Set Matplotlib's defaults to the course's style."""
    plt.rcParams.update(
        {
            "figure.figsize": (WIDTH, 3.6),
            "figure.dpi": 100,
            "savefig.dpi": 160,
            "figure.constrained_layout.use": True,
            "font.size": 10.5,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": PALE["grid"],
            "grid.linewidth": 0.7,
            "axes.axisbelow": True,
            "axes.prop_cycle": plt.cycler(color=[PALETTE[r] for r in ("target", "approximation", "data", "second")]),
            "lines.linewidth": 2.0,
            "legend.frameon": False,
            "image.cmap": "cividis",
        }
    )
