"""The exact posterior of columns of numbers, against adaptive quadrature and against draws."""

import numpy as np
import pytest
from scipy import integrate, stats

from helpers.truth.normal_columns import NormalColumns

ROWS = 40
TABLE = np.random.default_rng(3).normal([0.5, -2.0, 6.0], [1.0, 0.2, 3.0], size=(ROWS, 3))
COLUMNS = NormalColumns.of(TABLE)


def log_joint(mu, zeta, column):
    sigma = np.exp(zeta)
    prior = stats.norm.logpdf(mu, 0, 5) + stats.halfnorm.logpdf(sigma, scale=5) + zeta
    return prior + stats.norm.logpdf(TABLE[:, column], mu, sigma).sum()


def test_the_sums_are_those_of_the_table():
    assert COLUMNS.rows == ROWS
    assert pytest.approx(TABLE.mean(axis=0)) == COLUMNS.mean
    assert pytest.approx(ROWS * TABLE.var(axis=0)) == COLUMNS.squares


def test_posterior_against_quadrature_in_two_dimensions():
    mean, sd, log_evidence = COLUMNS.posterior()
    total = 0.0
    for k in range(3):
        peak = log_joint(mean[0, k], mean[1, k], k)
        ends = [(mean[j, k] - 9 * sd[j, k], mean[j, k] + 9 * sd[j, k]) for j in (0, 1)]

        def moment(f, k=k, peak=peak, ends=ends):
            return integrate.dblquad(
                lambda z, m: f(m, z) * np.exp(log_joint(m, z, k) - peak), *ends[0], *ends[1], epsrel=1e-6
            )[0]

        mass = moment(lambda m, z: 1.0)
        assert moment(lambda m, z: m) / mass == pytest.approx(mean[0, k], abs=1e-4 * sd[0, k])
        assert moment(lambda m, z, k=k: (z - mean[1, k]) ** 2) / mass == pytest.approx(sd[1, k] ** 2, rel=1e-3)
        total += np.log(mass) + peak
    assert log_evidence == pytest.approx(total, abs=1e-3)


def test_more_points_change_nothing():
    for few, many in zip(COLUMNS.posterior(), COLUMNS.posterior(points=241), strict=True):
        np.testing.assert_allclose(few, many, rtol=1e-8)


def test_elbo_is_the_mean_over_draws_and_stays_below_the_evidence():
    mean, sd, log_evidence = COLUMNS.posterior()
    rng, m, s = np.random.default_rng(4), mean + 0.3 * sd, 0.8 * sd
    draws = m[..., None] + s[..., None] * rng.standard_normal((2, 3, 4_000))
    values = [
        sum(log_joint(*draws[:, k, i], k) - stats.norm.logpdf(draws[:, k, i], m[:, k], s[:, k]).sum() for k in range(3))
        for i in range(4_000)
    ]
    assert COLUMNS.elbo(m, s) == pytest.approx(np.mean(values), abs=5 * np.std(values) / np.sqrt(4_000))
    assert COLUMNS.elbo(m, s) < COLUMNS.elbo(mean, sd) < log_evidence
