"""The exact posterior of many columns of numbers, each with a normal likelihood: a quadrature in one dimension for each column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

PRIOR_SD = 5.0  # of μ ~ Normal(0, 5) and of σ ~ HalfNormal(5)
REACH = 10.0  # posterior sds of log σ on each side, for the quadrature


@dataclass(frozen=True)
class NormalColumns:
    """What the posterior of (μ, log σ) of every column needs to know of a table: μ ~ Normal(0, 5), σ ~ HalfNormal(5).

    Parameters
    ----------
    rows : int
        Of the table.
    mean, squares : array, shape (columns,)
        Mean of each column, and the sum of its squared deviations from it.
    """

    rows: int
    mean: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, table: np.ndarray) -> NormalColumns:
        """Read a table of shape (rows, columns), in parts, to spare memory."""
        mean = table.mean(axis=0, dtype=float)
        parts = np.array_split(table, min(100, len(table)))
        return cls(len(table), mean, sum(((part - mean) ** 2).sum(axis=0) for part in parts))

    def posterior(self, points: int = 61) -> tuple[np.ndarray, np.ndarray, float]:
        """Means and sds of (μ, log σ), each of shape (2, columns), and the log evidence of all columns together.

        Given σ, the posterior of μ is normal, and μ is integrated out by a formula; what is left is an integral over
        ζ = log σ, by `points` equally spaced points.
        """
        n = self.rows
        zeta = 0.5 * np.log(self.squares / n) + np.linspace(-REACH, REACH, points)[:, None] / np.sqrt(2 * n)
        var = np.exp(2 * zeta)
        log_p = stats.halfnorm.logpdf(np.exp(zeta), scale=PRIOR_SD) + zeta  # prior of σ, with the Jacobian of ζ = log σ
        log_p += -n / 2 * np.log(2 * np.pi) - n * zeta - self.squares / (2 * var)
        log_p += 0.5 * np.log(2 * np.pi * var / n)
        log_p += stats.norm.logpdf(self.mean, 0, np.sqrt(PRIOR_SD**2 + var / n))  # μ integrated out
        weights = special.softmax(log_p, axis=0)
        mu_var = 1 / (n / var + 1 / PRIOR_SD**2)
        mu = mu_var * n * self.mean / var  # mean of μ for each σ
        centre = np.array([(weights * mu).sum(0), (weights * zeta).sum(0)])
        variance = [(weights * (mu_var + (mu - centre[0]) ** 2)).sum(0), (weights * (zeta - centre[1]) ** 2).sum(0)]
        return centre, np.sqrt(variance), float((special.logsumexp(log_p, axis=0) + np.log(zeta[1] - zeta[0])).sum())

    def elbo(self, m: np.ndarray, sd: np.ndarray) -> float:
        """The ELBO of a mean-field normal over (μ, log σ), without a single draw.

        E(x − μ)² = (x − a)² + s² and E[e^−2ζ] = e^(−2b + 2t²) for q = N(a, s²) N(b, t²).

        Parameters
        ----------
        m, sd : array, shape (2, columns)
            Means (a, b) and sds (s, t) of q.
        """
        (a, b), (s, t) = np.asarray(m, float), np.asarray(sd, float)
        spread = self.squares + self.rows * ((self.mean - a) ** 2 + s**2)
        log_p = -self.rows / 2 * np.log(2 * np.pi) - self.rows * b - spread / 2 * np.exp(-2 * b + 2 * t**2)
        log_p += -np.log(PRIOR_SD) - 0.5 * np.log(2 * np.pi) - (a**2 + s**2) / (2 * PRIOR_SD**2)
        log_p += 0.5 * np.log(2 / np.pi) - np.log(PRIOR_SD) - np.exp(2 * b + 2 * t**2) / (2 * PRIOR_SD**2) + b
        return float((log_p + np.log(2 * np.pi * np.e * s * t)).sum())
