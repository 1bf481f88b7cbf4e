"""The exact posterior of the one-way model, the simplest hierarchy, by formulas and a sum over a grid of two scales.

y_ij ~ N(θ_j, σ²), θ_j ~ N(μ, τ²), with μ ~ N(0, mu_sd²) and half-normal τ and σ. Given τ and σ, the groups' levels θ
and their mean μ are normal (Gelman et al. 2013, Bayesian Data Analysis, section 5.4); log τ and log σ are on the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special, stats

LOWEST = -9.0  # log τ: below, the posterior has mass in proportion to τ


@dataclass(frozen=True)
class OneWay:
    """The data of a one-way model, and its priors.

    Parameters
    ----------
    mean, size : array, shape (groups,)
        The mean of each group's readings, and their number.
    squares : float
        Sum of the squared distances of all readings from the means of their groups.
    mu_sd, tau_sd, sigma_sd : float
        Scales of the priors.
    """

    mean: np.ndarray
    size: np.ndarray
    squares: float
    mu_sd: float = 5.0
    tau_sd: float = 2.0
    sigma_sd: float = 5.0

    @classmethod
    def of(cls, y: np.ndarray, group: np.ndarray, **priors: float) -> OneWay:
        """The statistics of a table.

        Parameters
        ----------
        y, group : array, shape (rows,)
            Readings, and the number of each one's group, from 0.
        **priors : float
            Scales of the priors.
        """
        size = np.bincount(group)
        mean = np.bincount(group, y) / size
        return cls(mean, size, float(((y - mean[group]) ** 2).sum()), **priors)

    def posterior(self, points: int = 241) -> OneWayPosterior:
        """The exact posterior, from `points` values of log τ and half as many of log σ."""
        spare = self.size.sum() - len(self.size)  # readings that tell of σ alone
        middle, reach = 0.5 * np.log(self.squares / spare), 12 / np.sqrt(2 * spare)
        between = np.log(self.mean.std() + np.sqrt(self.squares / spare)) + 1
        log_tau = np.linspace(LOWEST, max(between, np.log(3 * self.tau_sd)), points)
        log_sigma = np.linspace(middle - reach, middle + reach, points // 2)
        return OneWayPosterior(self, *(each.ravel() for each in np.meshgrid(log_tau, log_sigma, indexing="ij")))

    def posterior_of_many(self) -> OneWayPosterior:
        """The exact posterior where there are hundreds of groups, each with the same number of readings.

        Both scales are then well known, and a small grid about the usual estimates (analysis of variance) holds their
        posterior.

        Raises
        ------
        ValueError
            Where groups differ in size, or by no more than chance.
        """
        spare = self.size.sum() - len(self.size)
        noise, of_means = self.squares / spare, self.mean.var()
        between = of_means - noise / self.size[0]
        if not between > 0 or np.ptp(self.size):
            raise ValueError("the groups must be of equal size, and differ by more than chance: see `posterior`")
        away = np.linspace(-6, 6, 13)  # posterior sds
        log_tau = 0.5 * np.log(between) + away * of_means / between / np.sqrt(2 * len(self.size))
        log_sigma = 0.5 * np.log(noise) + away / np.sqrt(2 * spare)
        return OneWayPosterior(self, *(each.ravel() for each in np.meshgrid(log_tau, log_sigma, indexing="ij")))


@dataclass(frozen=True)
class OneWayPosterior:
    """The exact normal posterior of μ and θ at each of some points (log τ, log σ), and how much each point counts.

    Parameters
    ----------
    data : OneWay
    log_tau, log_sigma : array, shape (points,)
    counts : array, shape (points,), optional
        Of sum one. By default each point's share of the posterior, as is right for an evenly spaced grid.
    """

    data: OneWay
    log_tau: np.ndarray
    log_sigma: np.ndarray
    counts: np.ndarray | None = None

    @cached_property
    def _given(self) -> tuple:
        """At each point: log p(y, log τ, log σ); mean and variance of μ; the share by which each group is pulled to μ."""
        d, noise = self.data, np.exp(2 * self.log_sigma)[:, None] / self.data.size
        variance = np.exp(2 * self.log_tau)[:, None] + noise  # of the groups' means about μ
        precision = d.mu_sd**-2 + (1 / variance).sum(axis=1)
        mu = (d.mean / variance).sum(axis=1) / precision
        rows = d.size.sum()
        log_p = -0.5 * (np.log(variance) + d.mean**2 / variance).sum(axis=1)
        log_p += 0.5 * (precision * mu**2 - np.log(precision)) - np.log(d.mu_sd)
        log_p -= (rows - len(d.size)) * self.log_sigma + 0.5 * d.squares * np.exp(-2 * self.log_sigma)
        log_p -= 0.5 * (rows * np.log(2 * np.pi) + np.log(d.size).sum())
        for log_scale, scale in ((self.log_tau, d.tau_sd), (self.log_sigma, d.sigma_sd)):
            log_p += stats.halfnorm.logpdf(np.exp(log_scale), scale=scale) + log_scale  # with the Jacobian
        return log_p, mu, 1 / precision, noise / variance, noise

    @cached_property
    def share(self) -> np.ndarray:
        """How much each point counts, of sum one."""
        return special.softmax(self.log_density) if self.counts is None else self.counts

    @property
    def log_density(self) -> np.ndarray:
        """log p(y, log τ, log σ) at each point; μ and θ are integrated out."""
        return self._given[0]

    @property
    def log_evidence(self) -> float:
        steps = [np.diff(np.unique(each)[:2])[0] for each in (self.log_tau, self.log_sigma)]
        return float(special.logsumexp(self.log_density) + np.log(steps).sum())

    def hyper(self) -> tuple[np.ndarray, np.ndarray]:
        """Means and sds of (μ, log τ, log σ), shape (3,) each."""
        _, mu, variance, _, _ = self._given
        values = np.stack([mu, self.log_tau, self.log_sigma])
        mean = values @ self.share
        within = np.stack([variance, 0 * mu, 0 * mu])
        return mean, np.sqrt(((values - mean[:, None]) ** 2 + within) @ self.share)

    def levels(self) -> tuple[np.ndarray, np.ndarray]:
        """Means and sds of the groups' θ, shape (groups,) each."""
        means, variances = self._levels()
        mean = self.share @ means
        return mean, np.sqrt(self.share @ (variances + (means - mean) ** 2))

    def _levels(self) -> tuple[np.ndarray, np.ndarray]:
        _, mu, variance, pulled, noise = self._given
        means = pulled * mu[:, None] + (1 - pulled) * self.data.mean
        return means, (1 - pulled) * noise + pulled**2 * variance[:, None]

    def shrinkage(self) -> np.ndarray:
        """The mean share by which each group's level is pulled from its readings' mean to μ, shape (groups,)."""
        return self.share @ self._given[3]

    def density_of_log_tau(self) -> tuple[np.ndarray, np.ndarray]:
        """The grid of log τ, and the density there."""
        grid = np.unique(self.log_tau)
        return grid, self.share.reshape(grid.size, -1).sum(axis=1) / (grid[1] - grid[0])

    def density_of_level(self, group: int, at: np.ndarray) -> np.ndarray:
        """The density of one group's θ."""
        means, variances = self._levels()
        return _mixture(self.share, means[:, group], np.sqrt(variances[:, group]), at)

    def new_level(self) -> tuple[np.ndarray, np.ndarray]:
        """Given each point, the mean and sd of the level of a group that is not among the data."""
        _, mu, variance, _, _ = self._given
        return mu, np.sqrt(variance + np.exp(2 * self.log_tau))

    def share_below(self, at: np.ndarray) -> np.ndarray:
        """The probability that the level of a new group is below `at`."""
        mean, sd = self.new_level()
        return np.array([self.share @ stats.norm.cdf(x, mean, sd) for x in np.ravel(at)])


def _mixture(share: np.ndarray, mean: np.ndarray, sd: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The density at `at` of normals with these shares."""
    some = share > 1e-9 * share.max()  # most of the grid holds nothing
    return np.array([share[some] @ stats.norm.pdf(x, mean[some], sd[some]) for x in np.ravel(at)])
