"""Products of shards' posteriors: against the posterior of all rows, against tables with other noise, and quadrature."""

import numpy as np
import pytest
from scipy import integrate

from helpers.truth import closest_to_rate, closest_to_rates, product_errors, rate_posterior
from helpers.truth.shards import PRIOR_SD, log_rate, product, sds

ROWS, SIZE = 240, 3
RNG = np.random.default_rng(12)
T = np.linspace(-1, 1, ROWS)
FEATURES = np.column_stack([np.ones(ROWS), T, 0.8 * T + 0.6 * RNG.standard_normal(ROWS)])
Y = FEATURES @ [2, 0.5, -1] + RNG.standard_normal(ROWS)


def test_a_product_multiplies_densities():
    factors = RNG.normal(size=(3, 4, 2))
    means, precisions = RNG.normal(size=(3, 2)), factors.mT @ factors + np.eye(2)
    mean, precision = product(means, precisions)
    w = RNG.normal(size=(5, 2))

    def log_density(w, mean, precision):
        return -0.5 * np.einsum("ki,ij,kj->k", w - mean, precision, w - mean)

    apart = sum(log_density(w, *each) for each in zip(means, precisions, strict=True)) - log_density(w, mean, precision)
    assert apart == pytest.approx(apart[0])
    assert sds(precision) == pytest.approx(np.linalg.inv(precision).diagonal() ** 0.5)


def by_hand(y, shards, family):
    """The error of the product, by fitting each shard on its own."""
    prior, pieces = np.eye(SIZE) / PRIOR_SD**2, []
    for phi, own in zip(np.split(FEATURES, shards), np.split(y, shards), strict=True):
        precision = phi.T @ phi + prior / shards
        mean = np.linalg.solve(precision, phi.T @ own)
        pieces.append((mean, precision if family == "full-rank" else np.diag(np.diag(precision))))
    whole = FEATURES.T @ FEATURES + prior
    mean, _ = product(*map(np.array, zip(*pieces, strict=True)))
    return (mean - np.linalg.solve(whole, FEATURES.T @ y)) / sds(whole)


@pytest.mark.parametrize("family", ["full-rank", "mean-field"])
@pytest.mark.parametrize("shards", [1, 4, 12])
def test_errors_are_those_of_shards_fitted_one_by_one(shards, family):
    errors, typical = product_errors(FEATURES, Y, shards, family)
    assert errors == pytest.approx(by_hand(Y, shards, family), abs=1e-8)
    if family == "full-rank" or shards == 1:
        assert errors == pytest.approx(0, abs=1e-8) and typical == pytest.approx(0, abs=1e-8)


def test_typical_is_the_sd_over_other_noise():
    _, typical = product_errors(FEATURES, Y, 8, "mean-field")
    truth, rng = FEATURES @ [2, 0.5, -1], np.random.default_rng(1)
    errors = [product_errors(FEATURES, truth + rng.standard_normal(ROWS), 8, "mean-field")[0] for _ in range(400)]
    assert np.std(errors, axis=0) == pytest.approx(typical, rel=0.15)


def test_rate_posterior_against_adaptive_quadrature():
    top = log_rate(np.log(40 / 10_000), 40, 10_000)
    weights = [
        integrate.quad(lambda z, k=k: z**k * np.exp(log_rate(z, 40, 10_000) - top), -7.5, -4, points=[-5.5])[0]
        for k in range(3)
    ]
    mean = weights[1] / weights[0]
    assert rate_posterior(40, 10_000) == pytest.approx((mean, np.sqrt(weights[2] / weights[0] - mean**2)), rel=1e-6)


@pytest.mark.parametrize("buyers", [0, 1, 7, 100])
def test_closest_gaussian_has_no_slope(buyers):
    """At the least KL, E[∂ log p] = 0 and E[∂² log p] = −1/sd²."""
    mean, sd = closest_to_rate(buyers, 2_500.0, 16)
    eta = np.linspace(-9, 9, 20_001)
    weights = np.exp(-0.5 * eta**2) / np.exp(-0.5 * eta**2).sum()
    z = mean + sd * eta
    p = 1 / (1 + np.exp(-z))
    slope = buyers - 2_500 * p - z / PRIOR_SD**2 / 16
    bend = 2_500 * p * (1 - p) + 1 / PRIOR_SD**2 / 16
    assert weights @ slope * sd == pytest.approx(0, abs=1e-3)
    assert weights @ bend * sd**2 == pytest.approx(1, abs=1e-3)


def test_splits_are_looked_up():
    counts = np.array([[3, 0, 1], [2, 1, 1]])
    means, spreads = closest_to_rates(counts, 3_000)
    assert means.shape == spreads.shape == counts.shape
    assert (means[0, 1], spreads[0, 1]) == closest_to_rate(0, 1_000.0, 3)
    assert means[0, 2] == means[1, 1] == means[1, 2]
