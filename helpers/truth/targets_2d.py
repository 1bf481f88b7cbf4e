"""Two-dimensional densities whose pictures tell a good approximation from a bad one, each with its true marginals.

A new target takes three lines: a `Target2D` with its log density and score, and its name in `TARGETS_2D`.
The shapes follow Feng's *mcmc-demo* (the Markov-chain Monte Carlo interactive gallery); the parameters are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from helpers.truth.targets import LOG_2PI
from helpers.validate import check_among

GRID, NODES = 201, 601  # points of a marginal, and of the quadrature behind each of them


@dataclass(frozen=True)
class Target2D:
    """A normalised density on the plane.

    Parameters
    ----------
    name : str
        How pictures and menus call it.
    log_density : callable
        Points (..., 2) → log density (...).
    score : callable
        Points (..., 2) → gradient of the log density (..., 2).
    window : ((x low, x high), (y low, y high))
        What a picture shows, 8 wide and 6 high; beyond it lies less than 1 % of the mass.
    start_mean, start_sd : (float, float), float
        The normal that `start` draws from: far enough from the target that something is to be seen.
    """

    name: str
    log_density: Callable
    score: Callable
    window: tuple[tuple[float, float], tuple[float, float]]
    start_mean: tuple[float, float]
    start_sd: float

    def start(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Particles to start from, shape (n, 2)."""
        return rng.normal(self.start_mean, self.start_sd, (n, 2))

    @cached_property
    def marginals(self) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """The marginal densities of x and of y, each as (grid, density) over the window.

        The other coordinate is integrated out by the trapezoidal rule over three times the window. For a smooth density
        that vanishes at the ends its error falls faster than any power of the spacing (Trefethen & Weideman 2014,
        doi:10.1137/130932132); a test finds it below 1e-6.
        """
        pairs = []
        for axis in (0, 1):
            grid = np.linspace(*self.window[axis], GRID)
            low, high = self.window[1 - axis]
            nodes = np.linspace(2 * low - high, 2 * high - low, NODES)
            mesh = np.meshgrid(grid, nodes, indexing="ij")
            density = np.exp(self.log_density(np.stack(mesh if axis == 0 else mesh[::-1], axis=-1)))
            pairs.append((grid, np.trapezoid(density, nodes, axis=1)))
        return tuple(pairs)


def _along_a_curve(sd_x: float, sd_y: float, curve: Callable, slope: Callable) -> dict[str, Callable]:
    """x ~ N(0, sd_x²), and given x, y ~ N(curve(x), sd_y²); `slope` is the derivative of `curve`."""

    def log_density(z):
        x, y = z[..., 0], z[..., 1]
        squares = (x / sd_x) ** 2 + ((y - curve(x)) / sd_y) ** 2
        return -0.5 * squares - np.log(sd_x * sd_y) - LOG_2PI

    def score(z):
        x, y = z[..., 0], z[..., 1]
        pull = (curve(x) - y) / sd_y**2
        return np.stack([-x / sd_x**2 - pull * slope(x), pull], axis=-1)

    return {"log_density": log_density, "score": score}


def _ring(radius: float, sd: float) -> dict[str, Callable]:
    """Density proportional to exp(−(r − radius)² / 2 sd²), with r the distance from the origin."""
    constant = 2 * np.pi * sd * (sd * np.exp(-0.5 * (radius / sd) ** 2))
    constant += 2 * np.pi * radius * sd * np.sqrt(2 * np.pi) * special.ndtr(radius / sd)

    def log_density(z):
        return -0.5 * ((np.linalg.norm(z, axis=-1) - radius) / sd) ** 2 - np.log(constant)

    def score(z):
        r = np.linalg.norm(z, axis=-1, keepdims=True)
        return (radius - r) / sd**2 * z / np.maximum(r, 1e-12)  # at the origin, where there is no gradient: 0

    return {"log_density": log_density, "score": score}


def _normal_mixture(weights, means, sd: float) -> dict[str, Callable]:
    """Round normals with one sd at `means`, shape (components, 2)."""
    weights, means = np.asarray(weights), np.asarray(means)

    def log_parts(z):
        squares = ((z[..., None, :] - means) ** 2).sum(-1) / sd**2
        return np.log(weights) - 0.5 * squares - 2 * np.log(sd) - LOG_2PI

    def score(z):
        responsibilities = special.softmax(log_parts(z), axis=-1)
        return (responsibilities @ means - z) / sd**2

    return {"log_density": lambda z: special.logsumexp(log_parts(z), axis=-1), "score": score}


TARGETS_2D: dict[str, Target2D] = {
    target.name: target
    for target in (
        Target2D(
            "banana",
            **_along_a_curve(1.2, 0.5, curve=lambda x: 0.4 * x**2 - 1, slope=lambda x: 0.8 * x),
            window=((-4, 4), (-2.5, 3.5)),
            start_mean=(0.0, 2.5),
            start_sd=0.4,
        ),
        Target2D(
            "donut",
            **_ring(radius=2.0, sd=0.25),
            window=((-4, 4), (-3, 3)),
            start_mean=(1.0, 0.5),
            start_sd=0.4,
        ),
        Target2D(
            "bivariate normal",
            **_along_a_curve(1.2, 0.6, curve=lambda x: 0.7 * x, slope=lambda x: np.full_like(x, 0.7)),
            window=((-4, 4), (-3, 3)),
            start_mean=(-2.5, 2.0),
            start_sd=0.3,
        ),
        Target2D(
            "three modes",
            **_normal_mixture((0.5, 0.3, 0.2), ((-1.8, -1.0), (1.8, -1.0), (0.3, 1.5)), sd=0.55),
            window=((-4, 4), (-3, 3)),
            start_mean=(0.0, 0.0),
            start_sd=0.4,
        ),
        Target2D(
            "squiggle",
            **_along_a_curve(1.3, 0.35, curve=lambda x: np.sin(2.5 * x), slope=lambda x: 2.5 * np.cos(2.5 * x)),
            window=((-4, 4), (-3, 3)),
            start_mean=(0.0, -2.1),
            start_sd=0.3,
        ),
    )
}


def get_target_2d(name: str) -> Target2D:
    """The target called `name`. Raises `ValueError` for an unknown name; the message lists those there are."""
    check_among(TARGETS_2D, target=name)
    return TARGETS_2D[name]
