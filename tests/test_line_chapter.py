"""The formulas that the chapter of the Bayesian line writes out: known noise, unknown noise, and the prior draws that count."""

from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from helpers.models import sensor_data
from tests.support.cells import functions_of

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "09_bayesian_line.ipynb"


@pytest.fixture(scope="module")
def shown():
    """The chapter's functions, by name."""
    given = {"np": np, "sensor": sensor_data.sensor, "NOISE": sensor_data.NOISE}
    return functions_of(NOTEBOOK, {"bayesian_line", "powers", "unknown_noise", "share"}, given)


def test_line_is_the_helpers_line_for_stacks_of_features(shown):
    rng = np.random.default_rng(0)
    features, y = rng.normal(size=(3, 7, 4)), rng.normal(size=7)
    for one, *helper in zip(features, *sensor_data.bayesian_line(features, y, 0.5, 3.0), strict=True):
        mean, precision, log_evidence = shown["bayesian_line"](one, y, 0.5, 3.0)
        np.testing.assert_allclose(helper[0], mean)
        np.testing.assert_allclose(helper[1], np.linalg.inv(precision))
        np.testing.assert_allclose(helper[2], log_evidence)


def test_unknown_noise_is_a_sum_over_known_noise(shown):
    x, y = sensor_data.sensor(8)
    features = shown["powers"](x, 2)
    mean, precision, a, b = shown["unknown_noise"](features, y, 0.3, 1.5, 0.2)
    sigma = np.geomspace(0.02, 20, 2_001)
    lines = [shown["bayesian_line"](features, y, 0.3 / s**2, 1 / s**2) for s in sigma]
    log_p = [line[2] for line in lines] + stats.invgamma.logpdf(sigma**2, 1.5, scale=0.2) + 2 * np.log(sigma)
    mass = special.softmax(log_p)
    assert mass @ sigma**2 == pytest.approx(b / (a - 1), rel=1e-3)
    for known, s in ((lines[0], sigma[0]), (lines[-1], sigma[-1])):  # given σ: the same mean, the covariance σ²Λ⁻¹
        np.testing.assert_allclose(known[0], mean, rtol=1e-6)
        np.testing.assert_allclose(known[1] * s**2, precision, rtol=1e-6)


@pytest.mark.parametrize(("degree", "noise", "rows"), [(1, 1.0, 20), (1, 0.3, 5), (2, 0.8, 5)])
def test_share_of_prior_draws_that_count(shown, degree, noise, rows):
    x, y = sensor_data.sensor(rows)
    w = np.random.default_rng(1).normal(size=(400_000, degree + 1))
    log_weights = stats.norm.logpdf(y, w @ shown["powers"](x, degree).T, noise).sum(axis=1)
    effective = np.exp(2 * special.logsumexp(log_weights) - special.logsumexp(2 * log_weights))
    assert 400_000 * shown["share"](degree, noise, rows) == pytest.approx(effective, rel=0.05)
