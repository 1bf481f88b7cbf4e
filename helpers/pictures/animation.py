"""Animations of algorithms that the notebooks write: a picture of the end in the page, and a small GIF to play."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from helpers.pictures.style import PALETTE
from helpers.truth.targets import Normal, Target, normal

FRAMES = 32
RATE = 8  # frames a second
PAUSE = 2  # seconds that the last frame stands before the clip begins again
# the last frame stands until the reader opens the clip; it needs no script, and the keyboard reaches it
CLIP = """\
<div class="elbo-clip"><style>.elbo-clip > details[open] + img {{ display: none }}</style>
<details><summary>Play or stop the animation</summary><img alt="{alt}" width="760" src="data:image/gif;base64,{clip}"></details>
<img alt="{alt} Here its last frame." width="760" src="data:image/png;base64,{still}"></div>"""
KL_LEVELS = np.array([0.05, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000])


def draw_surface(ax: Axes, log_p: Callable, log_evidence: float, mu: tuple, omega: tuple) -> None:
    """Contours of KL(N(μ, e^2ω)‖p) = log Z − ELBO, on a log scale.

    Parameters
    ----------
    log_p : callable
        ζ (any shape) → unnormalised log density.
    log_evidence : float
        Log of its integral.
    mu, omega : (low, high)
        Ranges of μ and of ω = log σ.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    mus, omegas = np.meshgrid(np.linspace(*mu, 90), np.linspace(*omega, 70))
    expected = (log_p(mus[..., None] + np.exp(omegas)[..., None] * nodes) @ weights) / weights.sum()
    loss = log_evidence - expected - omegas - 0.5 * np.log(2 * np.pi * np.e)
    lines = ax.contour(mus, omegas, loss, levels=KL_LEVELS, colors=PALETTE["muted"], linewidths=0.9)
    ax.clabel(lines, levels=KL_LEVELS[2:], fontsize=8.5, fmt="%g")
    ax.set(xlabel="μ", ylabel="ω = log σ")


def advi_path(path: np.ndarray, log_p: Callable, target: Target, best: Normal) -> HTML:
    """A climb of (μ, ω) over the surface, and beside it the density that it stands for, as a clip in the page.

    Parameters
    ----------
    path : array, shape (steps, 2)
        μ and ω at the start and after every step.
    log_p : callable
        Unnormalised log density, as for `draw_surface`.
    target : Target
        The normalised density on the same line.
    best : Normal
        Where the path should end.
    """
    frames = np.unique(np.geomspace(1, len(path), FRAMES).astype(int)) - 1  # the journey first, then the hovering
    figure, (surface, density) = plt.subplots(1, 2, figsize=(7.6, 3.2))
    draw_surface(surface, log_p, target.log_evidence + _shift(log_p, target), mu=(-0.5, 8), omega=(-2.4, 1.2))
    surface.plot(best.mean, np.log(best.sd), "*", color=PALETTE["truth"], markersize=11)
    (trail,) = surface.plot([], [], color=PALETTE["approximation"], linewidth=1)
    (head,) = surface.plot([], [], "o", color=PALETTE["approximation"], markersize=6)
    zeta = np.linspace(-3, 11, 400)
    curve = _draw_density(density, zeta, target)
    title = surface.set_title("step 2,000")  # room for what every frame writes

    def move_to(k: int) -> None:
        mu, omega = path[k]
        trail.set_data(*path[: k + 1].T)
        head.set_data([mu], [omega])
        curve.set_data(zeta, normal(mu, np.exp(omega)).density(zeta))
        title.set_text(f"step {k:,}")

    alt = "Animation: ADVI climbs from N(0, 1) along a bend to the best Gaussian and then hovers around it."
    return as_gif(figure, [trail, head, curve, title], move_to, frames, alt)


def _draw_density(ax: Axes, zeta: np.ndarray, target: Target) -> Line2D:
    """The target's density, and the curve of an approximation that is still to come."""
    ax.fill_between(zeta, target.density(zeta), color=PALETTE["target"], alpha=0.2, linewidth=0)
    ax.plot(zeta, target.density(zeta), color=PALETTE["target"], label="target")
    (curve,) = ax.plot([], [], color=PALETTE["approximation"], label="approximation")
    ax.set(xlabel="ζ", ylabel="density", ylim=(0, 0.75), xlim=(-3, 11), title="top cut while σ is small")
    ax.legend(loc="upper right", fontsize=9)
    return curve


def _shift(log_p: Callable, target: Target) -> float:
    """log p̃ − log p, a constant: the log evidence of `log_p`."""
    at = np.array([target.mean])
    return float((log_p(at) - target.log_density(at))[0])


def as_gif(figure: Figure, moving: list[Artist], move_to: Callable, frames: Iterable[int], alt: str) -> HTML:
    """One picture for each frame, as a clip in the page; closes the figure. What stands still is laid out and drawn once.

    Parameters
    ----------
    figure : Figure
    moving : list of Artist
        What `move_to` changes; drawn over the rest.
    move_to : callable
        Frame → None.
    frames : iterable of int
    alt : str
        What is seen, in words.
    """
    figure.set_dpi(90)
    canvas = FigureCanvasAgg(figure)
    for artist in moving:
        artist.set_animated(True)
    canvas.draw()
    background, images = canvas.copy_from_bbox(figure.bbox), []
    for frame in frames:
        move_to(frame)
        canvas.restore_region(background)
        for artist in moving:
            figure.draw_artist(artist)
        images.append(Image.fromarray(np.array(canvas.buffer_rgba())).convert("RGB").quantize(64))
    plt.close(figure)
    each = 1000 // RATE  # milliseconds
    times = [each] * (len(images) - 1) + [1000 * PAUSE]
    clip = _stored(images[0], "GIF", save_all=True, append_images=images[1:], duration=times, loop=0)
    return HTML(CLIP.format(alt=alt, clip=clip, still=_stored(images[-1], "PNG", optimize=True)))


def _stored(image: Image.Image, kind: str, **options) -> str:
    """A picture as the text that a page holds."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return base64.b64encode(file.getvalue()).decode()
