"""A table cut into shards whose posteriors are multiplied: what the product is, by formulas, for a line and for a rate.

Each shard has its share of the prior, the prior to the power 1/shards; so the product of the exact posteriors is exact.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import optimize

NODES = np.linspace(-8, 8, 1_601)  # of a standard normal number; dense, as logits of rare events bend sharply
WEIGHTS = np.exp(-0.5 * NODES**2) / np.exp(-0.5 * NODES**2).sum()
PRIOR_SD = 5.0  # of the coefficients of a line, and of the logit of a rate


def product(means, precisions) -> tuple[np.ndarray, np.ndarray]:
    """Mean and precision of a product of Gaussians, given by means (shards, size) and precisions (shards, size, size)."""
    total = precisions.sum(axis=0)
    return np.linalg.solve(total, (precisions @ means[..., None]).sum(axis=0)[:, 0]), total


def sds(precision) -> np.ndarray:
    """Of a Gaussian with this precision matrix."""
    return np.sqrt(np.diag(np.linalg.inv(precision)))


def product_errors(features, y, shards: int, family: str) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the product of the shards' best Gaussians, and how large they typically are, in exact posterior sds.

    The model is y ~ N(features w, 1), w ~ N(0, `PRIOR_SD`²). A full-rank fit is the shard's posterior; a mean-field fit has
    its mean, and the diagonal of its precision.

    Parameters
    ----------
    features : array, shape (rows, size)
    y : array, shape (rows,)
    shards : int
        How many pieces the rows are cut into, in their order.
    family : str
        "full-rank" or "mean-field".

    Returns
    -------
    errors : array, shape (size,)
        Mean of the product less the exact mean.
    typical : array, shape (size,)
        The sd of these errors over tables with other noise in y.
    """
    parts = np.array_split(features, shards)
    squares = np.array([part.T @ part for part in parts])
    linear = np.array([part.T @ own for part, own in zip(parts, np.array_split(y, shards), strict=True)])
    prior = np.eye(features.shape[1]) / PRIOR_SD**2
    precisions = squares + prior / shards
    kept = precisions if family == "full-rank" else precisions * np.eye(len(prior))
    total, whole = kept.sum(axis=0), squares.sum(axis=0) + prior
    # the product's mean is Σ total⁻¹ keptₖ precisionₖ⁻¹ Φₖᵀyₖ, the exact one Σ whole⁻¹ Φₖᵀyₖ, and Φₖᵀyₖ has covariance ΦₖᵀΦₖ
    off = np.linalg.solve(total, kept @ np.linalg.inv(precisions)) - np.linalg.inv(whole)
    variance = np.einsum("kij,kjl,kil->i", off, squares, off)
    return (off @ linear[..., None]).sum(axis=0)[:, 0] / sds(whole), np.sqrt(variance) / sds(whole)


def log_rate(z, buyers: int, visits: float, shards: int = 1):
    """Log posterior, up to a constant, of z, the logit of the share of buyers: z ~ N(0, `PRIOR_SD`²) to the power 1/shards.

    Parameters
    ----------
    z : array
    buyers, visits : int, float
        In the shard.
    shards : int
    """
    return buyers * z - visits * np.logaddexp(0, z) - 0.5 * z**2 / PRIOR_SD**2 / shards


def rate_posterior(buyers: int, visits: int) -> tuple[float, float]:
    """Mean and sd of z for all visits, by a sum over a fine grid."""
    grid = np.log(buyers / visits) + np.linspace(-10, 10, 8_001) / np.sqrt(buyers)
    log_p = log_rate(grid, buyers, visits)
    mass = np.exp(log_p - log_p.max())
    mass /= mass.sum()
    mean = mass @ grid
    return mean, np.sqrt(mass @ (grid - mean) ** 2)


@cache
def closest_to_rate(buyers: int, visits: float, shards: int) -> tuple[float, float]:
    """Mean and sd of the Gaussian of least KL(q‖p) for the z of a shard, by quadrature.

    Parameters
    ----------
    buyers, visits : int, float
        In the shard.
    shards : int
    """

    def loss(phi):
        return -WEIGHTS @ log_rate(phi[0] + np.exp(phi[1]) * NODES, buyers, visits, shards) - phi[1]

    start = [np.log((buyers + 0.5) / visits), -0.5 * np.log(buyers + 0.5)]
    options = {"xatol": 1e-5, "fatol": 1e-9, "maxiter": 1000}
    mean, log_sd = optimize.minimize(loss, start, method="Nelder-Mead", options=options).x
    return mean, np.exp(log_sd)


def closest_to_rates(buyers, visits: float) -> tuple[np.ndarray, np.ndarray]:
    """Means and sds of `closest_to_rate` for the shards of many splits: buyers of shape (splits, shards)."""
    shards = buyers.shape[1]
    counts, place = np.unique(buyers, return_inverse=True)
    pairs = np.array([closest_to_rate(int(count), visits / shards, shards) for count in counts])
    return tuple(pairs[place.reshape(buyers.shape)].transpose(2, 0, 1))
