"""The exact posterior of a linear model with one unknown scale: a formula given the scale, and a sum over a grid of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats


@dataclass(frozen=True)
class OneScale:
    """A normal posterior of w for each point of a grid of log scales, and how much of the posterior each of them holds.

    Parameters
    ----------
    log_scale, share : array, shape (points,)
        The grid, and the posterior mass of each point, of sum one.
    means : array, shape (points, weights)
    covariances : array, shape (points, weights, weights)
    log_evidence : float
    """

    log_scale: np.ndarray
    share: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    log_evidence: float

    def moments(self, scale_at: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Means and sds of w and of the log scale, which is put at index `scale_at` (last by default)."""
        at = self.means.shape[1] if scale_at is None else scale_at
        mean = np.insert(self.means, at, self.log_scale, axis=1)
        variance = np.insert(np.diagonal(self.covariances, axis1=1, axis2=2), at, 0, axis=1)
        middle = self.share @ mean
        return middle, np.sqrt(self.share @ (variance + (mean - middle) ** 2))

    def mapped(self, matrix: Callable[[float], np.ndarray]) -> OneScale:
        """The same posterior in terms of matrix(scale) @ w, the matrix of shape (new weights, weights)."""
        matrices = np.array([matrix(scale) for scale in np.exp(self.log_scale)])
        means = (matrices @ self.means[..., None])[..., 0]
        return replace(self, means=means, covariances=matrices @ self.covariances @ matrices.mT)


def one_scale(
    y,
    design: Callable[[float], np.ndarray],
    noise_sd: Callable[[float], float | np.ndarray],
    prior_sd,
    log_scale: np.ndarray,
    *,
    scale_prior: float,
) -> OneScale:
    """Posterior of y ~ N(design(s) w, noise_sd(s)²), w ~ N(0, prior_sd²), s ~ HalfCauchy(scale_prior).

    Parameters
    ----------
    y : array, shape (rows,)
    design : callable
        Scale s → matrix of shape (rows, weights).
    noise_sd : callable
        Scale s → sd of the noise, one number or shape (rows,).
    prior_sd : array, shape (weights,)
    log_scale : array, shape (points,)
        Evenly spaced log s, wide enough that the posterior is nothing at both ends.
    scale_prior : float
        Scale of the half-Cauchy.

    Raises
    ------
    ValueError
        Where an end of the grid still holds a part of the posterior.
    """
    y, prior_sd = np.asarray(y, float), np.asarray(prior_sd, float)
    log_p = stats.halfcauchy.logpdf(np.exp(log_scale), scale=scale_prior) + log_scale  # the Jacobian of log s
    means, covariances = [], []
    for k, s in enumerate(np.exp(log_scale)):
        x, noise = design(s), np.broadcast_to(noise_sd(s), y.shape)
        precision = np.diag(prior_sd**-2) + (x.T / noise**2) @ x
        covariances.append(np.linalg.inv(precision))
        means.append(covariances[-1] @ x.T @ (y / noise**2))
        # log p(y | s) = log p(y, w | s) − log p(w | y, s) at w = the mean
        log_p[k] += stats.norm.logpdf(y, x @ means[-1], noise).sum() + stats.norm.logpdf(means[-1], 0, prior_sd).sum()
        log_p[k] += 0.5 * (len(prior_sd) * np.log(2 * np.pi) - np.linalg.slogdet(precision)[1])
    share = special.softmax(log_p)
    if max(share[0], share[-1]) > 1e-6:
        raise ValueError(
            f"log_scale must reach further: its ends hold {share[0]:.1g} and {share[-1]:.1g} of the posterior"
        )
    log_evidence = special.logsumexp(log_p) + np.log(log_scale[1] - log_scale[0])
    return OneScale(log_scale, share, np.array(means), np.array(covariances), float(log_evidence))
