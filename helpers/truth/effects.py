"""The exact posterior of normal effects with any likelihood, by sums: θ_j ~ N(μ, τ²), and data of group j given θ_j alone.

Given μ and τ the groups are independent, and each group's integral over θ_j is one-dimensional (Gauss–Hermite); μ and log τ
are on a grid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

NODES = 40


@dataclass(frozen=True)
class NormalEffects:
    """The exact posterior.

    Parameters
    ----------
    mu, log_tau, share : array, shape (points,)
        The grid, and the posterior mass of each point, of sum one.
    theta, theta_share : array, shapes (points, nodes) and (points, groups, nodes)
        Values of θ at each point, and how much each of them holds for each group, of sum one over the nodes.
    log_evidence : float
    """

    mu: np.ndarray
    log_tau: np.ndarray
    share: np.ndarray
    theta: np.ndarray
    theta_share: np.ndarray
    log_evidence: float

    def hyper(self) -> tuple[np.ndarray, np.ndarray]:
        """Means and sds of (μ, log τ), shape (2,) each."""
        values = np.stack([self.mu, self.log_tau])
        mean = values @ self.share
        return mean, np.sqrt((values - mean[:, None]) ** 2 @ self.share)

    def mean_of(self, function: Callable) -> np.ndarray:
        """The posterior mean of a function of each group's θ, shape (groups,)."""
        return np.einsum("p,pgn,pn->g", self.share, self.theta_share, function(self.theta))

    def levels(self) -> tuple[np.ndarray, np.ndarray]:
        """Means and sds of the groups' θ, shape (groups,) each."""
        mean = self.mean_of(lambda theta: theta)
        return mean, np.sqrt(self.mean_of(np.square) - mean**2)


def normal_effects(log_likelihood: Callable, mu: np.ndarray, log_tau: np.ndarray, *, priors) -> NormalEffects:
    """Sum over everything.

    Parameters
    ----------
    log_likelihood : callable
        θ of shape (points, nodes) → log p(data of group j | θ), shape (points, groups, nodes).
    mu, log_tau : array
        Evenly spaced, wide enough that the posterior is nothing at the ends (but for small τ).
    priors : pair
        Frozen SciPy distributions of μ and of τ.
    """
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    each_mu, each_log_tau = (x.ravel() for x in np.meshgrid(mu, log_tau, indexing="ij"))
    theta = each_mu[:, None] + np.exp(each_log_tau)[:, None] * node
    joint = log_likelihood(theta) + np.log(weight / weight.sum())
    of_group = special.logsumexp(joint, axis=2)
    log_p = of_group.sum(axis=1) + priors[0].logpdf(each_mu) + priors[1].logpdf(np.exp(each_log_tau)) + each_log_tau
    log_evidence = special.logsumexp(log_p) + np.log((mu[1] - mu[0]) * (log_tau[1] - log_tau[0]))
    shares = np.exp(joint - of_group[..., None])
    return NormalEffects(each_mu, each_log_tau, special.softmax(log_p), theta, shares, float(log_evidence))
