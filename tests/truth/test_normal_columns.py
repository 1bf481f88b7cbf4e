"""The exact posterior of columns of numbers, against a sum over a fine grid and against draws."""

import numpy as np
import pytest
from scipy import special, stats

from helpers.truth.normal_columns import NormalColumns

ROWS = 40
TABLE = np.random.default_rng(3).normal([0.5, -2.0, 6.0], [1.0, 0.2, 3.0], size=(ROWS, 3))
COLUMNS = NormalColumns.of(TABLE)


def log_joint(mu, zeta, column):
    sigma = np.exp(zeta)
    prior = stats.norm.logpdf(mu, 0, 5) + stats.halfnorm.logpdf(sigma, scale=5) + zeta
    return prior + sum(stats.norm.logpdf(reading, mu, sigma) for reading in TABLE[:, column])


def test_the_sums_are_those_of_the_table():
    assert COLUMNS.rows == ROWS
    assert pytest.approx(TABLE.mean(axis=0)) == COLUMNS.mean
    assert pytest.approx(ROWS * TABLE.var(axis=0)) == COLUMNS.squares


def test_posterior_against_a_sum_in_two_dimensions():
    mean, sd, log_evidence = COLUMNS.posterior()
    steps = np.linspace(-9, 9, 151)  # equal ones: for a bell such a sum is exact to many digits
    total = 0.0
    for k in range(3):
        m, z = np.meshgrid(*(mean[j, k] + steps * sd[j, k] for j in (0, 1)), indexing="ij")
        log_p = log_joint(m, z, k)
        weights = special.softmax(log_p)
        assert (weights * m).sum() == pytest.approx(mean[0, k], abs=1e-4 * sd[0, k])
        assert (weights * (z - mean[1, k]) ** 2).sum() == pytest.approx(sd[1, k] ** 2, rel=1e-3)
        total += special.logsumexp(log_p) + np.log(sd[:, k] * (steps[1] - steps[0])).sum()
    assert log_evidence == pytest.approx(total, abs=1e-3)


def test_more_points_change_nothing():
    for few, many in zip(COLUMNS.posterior(), COLUMNS.posterior(points=241), strict=True):
        np.testing.assert_allclose(few, many, rtol=1e-8)


def test_elbo_is_the_mean_over_draws_and_stays_below_the_evidence():
    mean, sd, log_evidence = COLUMNS.posterior()
    rng, m, s = np.random.default_rng(4), mean + 0.3 * sd, 0.8 * sd
    draws = m[..., None] + s[..., None] * rng.standard_normal((2, 3, 4_000))
    values = sum(log_joint(*draws[:, k], k) for k in range(3))
    values = values - stats.norm.logpdf(draws, m[..., None], s[..., None]).sum(axis=(0, 1))
    assert COLUMNS.elbo(m, s) == pytest.approx(np.mean(values), abs=5 * np.std(values) / np.sqrt(4_000))
    assert COLUMNS.elbo(m, s) < COLUMNS.elbo(mean, sd) < log_evidence
