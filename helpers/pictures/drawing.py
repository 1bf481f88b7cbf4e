"""Pictures that several chapters draw alike, and the one way in which a figure reaches the reader."""

from __future__ import annotations

import io
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from helpers.pictures.style import PALETTE
from helpers.truth.targets import Target


def show(figure: Figure, caption: str) -> None:
    """Display `figure` as a small PNG with `caption` under it, and close it.

    The caption says what is to be seen, in words: it is the figure's text for whoever cannot see it, in every
    front end (JupyterLab ignores alt texts in the metadata of an output).
    """
    image = png(figure)
    width = int(figure.get_figwidth() * 100)
    plt.close(figure)
    display({"image/png": image}, raw=True, metadata={"image/png": {"width": width}})
    display(Markdown(f"*{caption}*"))


def png(figure: Figure) -> bytes:
    """`figure` as a PNG of 128 colours: a third of the size, and the eye sees no difference in a line drawing."""
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png")
    Image.open(full).convert("RGB").quantize(128).save(small, format="png", optimize=True)
    return small.getvalue()


def densities(
    ax: Axes,
    theta,
    target: Target,
    fits: Mapping[str, Target],
    log: bool = False,
    styles: Mapping[str, dict] | None = None,
) -> None:
    """Draw `target` and every fit on the grid `theta`, as densities or as log densities.

    Parameters
    ----------
    ax : Axes
    theta : array
        The grid.
    target : Target
    fits : mapping
        Label → Target.
    log : bool
        Draw log densities, cut off below.
    styles : mapping, optional
        Label → what `Axes.plot` takes for the fit's line, so that one thing has one colour in all figures of a chapter.
    """
    values = target.log_density(theta) - target.log_evidence if log else target.density(theta)
    ax.plot(theta, values, color=PALETTE["target"], label=f"{target.name} (target)")
    if not log:
        ax.fill_between(theta, values, color=PALETTE["target"], alpha=0.15, linewidth=0)
    colours = [PALETTE[role] for role in ("approximation", "second", "muted", "uncertainty")]
    for (name, fit), colour, line in zip(fits.items(), colours, ("-", "--", "-.", ":"), strict=False):
        values = fit.log_density(theta) - fit.log_evidence if log else fit.density(theta)
        ax.plot(theta, values, label=name, **{"color": colour, "linestyle": line} | (styles or {}).get(name, {}))
    ax.set(xlabel="θ", ylabel="log density" if log else "density")
    ax.legend()


def ellipse(mean, factor, radius: float = 2.0) -> np.ndarray:
    """Points at `radius` sd from the mean of a Gaussian of two parameters, along every way, shape (2, points).

    Parameters
    ----------
    mean : array, shape (2,)
    factor : array, shape (2, 2)
        A factor L of the covariance L Lᵀ, such as Cholesky's.
    radius : float
    """
    angle = np.linspace(0, 2 * np.pi, 121)
    return np.asarray(mean)[:, None] + radius * factor @ np.stack([np.cos(angle), np.sin(angle)])
