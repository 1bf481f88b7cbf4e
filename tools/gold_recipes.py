"""How each set of gold draws is made: model, sampler, settings, and the functions whose R-hat must be good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import nutpie
import pymc as pm
from scipy import special

from helpers.fits.flat_model import FlatModel
from helpers.models.moons import logits, network, two_moons
from helpers.models.sensor_data import network as sensor_network
from helpers.models.sensor_data import outputs, sensor
from helpers.models.shop import purchases, visitors

LINE = np.linspace(-4.5, 4.5, 31)
GRID = np.stack(np.meshgrid(*[np.linspace(-3, 3, 20)] * 2), axis=-1).reshape(-1, 2)


@dataclass(frozen=True)
class Recipe:
    """How one set of gold draws is made.

    Parameters
    ----------
    model : callable
        Returns the PyMC model, with its data in place.
    sampler : callable
        (FlatModel, **settings) → draws of ζ, shape (chains, draws, size).
    functions : callable
        Draws of shape (chains, draws, size) → what the chains must agree on, shape (chains, draws, functions).
    settings : dict
        What the sampler is given.
    """

    model: Callable[[], pm.Model]
    sampler: Callable
    functions: Callable[[np.ndarray], np.ndarray]
    settings: dict

    def sample(self, flat: FlatModel) -> np.ndarray:
        """The draws, shape (chains, draws, size)."""
        return self.sampler(flat, **self.settings)


def nuts(
    flat: FlatModel, *, chains: int, tune: int, draws: int, thin: int, seed: int, backend: str = "jax"
) -> np.ndarray:
    """nutpie's NUTS, each chain from its own draw of the prior; every `thin`-th draw is kept.

    Parameters
    ----------
    flat : FlatModel
    chains, tune, draws : int
        Chains, and steps of each: those that are thrown away, and those after.
    thin : int
    seed : int
    backend : str
        "jax", or "numba", which takes longer to compile and is much faster where a gradient is cheap: each call of JAX
        costs.

    Raises
    ------
    ValueError
        For a model with transformed parameters, whose draws nutpie gives in their own space.
    """
    transformed = [v.name for v in flat.value_vars if v.name not in {rv.name for rv in flat.model.free_RVs}]
    if transformed:
        raise ValueError(f"model must have no transformed parameters, got {', '.join(transformed)}")
    gradient = {"gradient_backend": "jax"} if backend == "jax" else {}
    compiled = nutpie.compile_pymc_model(
        flat.model, backend=backend, default_initialization_strategy="prior", **gradient
    )
    options = {"cores": 2, "target_accept": 0.9, "progress_bar": False}
    run = nutpie.sample(compiled, draws=draws, tune=tune, chains=chains, seed=seed, **options)
    parts = [run["posterior"][v.name].values.reshape(chains, draws, -1) for v in flat.model.free_RVs]
    return np.concatenate(parts, axis=-1)[:, ::thin]


def independence_metropolis(flat: FlatModel, *, chains: int, draws: int, seed: int) -> np.ndarray:
    """Proposals from Laplace's approximation, each accepted or not: for a posterior that is nearly normal.

    Metropolis and Hastings's rule makes the chain's limit exact (Tierney 1994, doi:10.1214/aos/1176325750). With tails much
    longer than the normal's it gets stuck there for long, and R-hat need not notice: not for skewed posteriors.

    Parameters
    ----------
    flat : FlatModel
    chains, draws : int
        Chains, and proposals of each, none of which is thrown away.
    seed : int
    """
    mode, factor = laplace(flat)
    rng = np.random.default_rng(seed)
    eta = rng.standard_normal((chains, draws, flat.size))
    proposals = mode + eta @ factor.T
    log_p = np.stack([flat.log_densities(chain) for chain in proposals])
    log_ratio = log_p + 0.5 * (eta**2).sum(axis=-1)
    held = np.zeros((chains, draws), int)
    for t in range(1, draws):
        now = held[:, t - 1]
        gain = log_ratio[:, t] - np.take_along_axis(log_ratio, now[:, None], axis=1)[:, 0]
        held[:, t] = np.where(np.log(rng.random(chains)) < gain, t, now)
    return np.take_along_axis(proposals, held[..., None], axis=1)


def laplace(flat: FlatModel, steps: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Mode of log p̃, by Newton's steps, and the Cholesky factor of the covariance there."""
    slope, curvature = jax.jit(jax.grad(flat.log_density)), jax.jit(jax.hessian(flat.log_density))
    zeta = flat.start
    for _ in range(steps):
        zeta = zeta - jnp.linalg.solve(curvature(zeta), slope(zeta))
    return np.asarray(zeta), np.linalg.cholesky(np.linalg.inv(-np.asarray(curvature(zeta))))


def probabilities(weights: np.ndarray, x: np.ndarray = GRID) -> np.ndarray:
    """P(class 1) at every point, one chain after the other: all at once would need much memory."""
    return np.stack([special.expit(logits(chain, x)) for chain in weights])


RECIPES = {
    "moons": Recipe(
        model=lambda: network(*two_moons()[:2]),
        sampler=nuts,
        functions=probabilities,
        settings={"chains": 8, "tune": 400, "draws": 900, "thin": 3, "seed": 606},
    ),
    "moons_wide": Recipe(  # with a prior twice as wide
        model=lambda: network(*two_moons()[:2], prior_sd=2),
        sampler=nuts,
        functions=probabilities,
        settings={"chains": 8, "tune": 400, "draws": 900, "thin": 6, "seed": 607, "backend": "numba"},
    ),
    "sensor": Recipe(
        model=lambda: sensor_network(*sensor()),
        sampler=nuts,
        functions=lambda weights: outputs(weights, LINE),
        settings={
            "chains": 8,
            "tune": 1000,
            "draws": 1000,
            "thin": 4,
            "seed": 808,
            "backend": "numba",
        },
    ),
    "visitors": Recipe(
        model=lambda: purchases(*visitors()),
        sampler=independence_metropolis,
        functions=np.asarray,
        settings={"chains": 4, "draws": 500, "seed": 505},
    ),
}
