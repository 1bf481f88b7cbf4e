"""Make advi_transformations.svg: `uv run python images/advi_transformations.py`. A test checks that it is current."""

from pathlib import Path

import matplotlib.pyplot as plt

from helpers.pictures import style, transformations
from helpers.truth import best_gaussian, targets

PICTURE = Path(__file__).with_suffix(".svg")


def make(path: Path) -> None:
    """Write the picture to `path`; the same every time with the same Matplotlib, but for what a processor rounds."""
    style.apply()
    plt.rcParams["svg.hashsalt"] = "elbo-room"
    p_zeta = targets.logit_beta(1001, 2)
    figure = transformations.draw(targets.beta(1001, 2), p_zeta, best_gaussian(p_zeta, "KL(q‖p)"))
    figure.savefig(path, metadata={"Date": None, "Title": transformations.CAPTION})
    plt.close(figure)


if __name__ == "__main__":
    make(PICTURE)
