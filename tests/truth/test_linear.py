"""The quadrature over one scale, against other ways to the same numbers."""

import numpy as np
import pytest
from scipy import stats

from helpers.truth import one_scale

EFFECT, ERROR = np.array([[28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]], float)


def schools(grid):
    def design(s):
        return np.column_stack([np.ones(8), s * np.eye(8)])

    return one_scale(EFFECT, design, lambda s: ERROR, [5.0, *np.ones(8)], grid, scale_prior=5)


def test_noise_scale_against_a_double_integral():
    y = np.array([1.0, 2.5, 2.0])
    exact = one_scale(y, lambda s: np.ones((3, 1)), lambda s: s, [3.0], np.linspace(-8, 12, 801), scale_prior=2)

    z, w = np.linspace(-9, 13, 2001)[:, None], np.linspace(-14, 14, 2001)
    joint = stats.norm.pdf(w, 0, 3) * stats.halfcauchy.pdf(np.exp(z), scale=2) * np.exp(z)
    for one in y:
        joint = joint * stats.norm.pdf(one, w, np.exp(z))

    def part(f):
        return np.trapezoid(np.trapezoid(joint * f, w, axis=1), z[:, 0])

    evidence = part(1)
    mean, square = (np.array([part(w**k), part(z**k)]) / evidence for k in (1, 2))
    assert exact.log_evidence == pytest.approx(np.log(evidence), abs=1e-4)
    np.testing.assert_allclose(exact.moments()[0], mean, atol=1e-3)
    np.testing.assert_allclose(exact.moments()[1], np.sqrt(square - mean**2), atol=1e-3)


def test_eight_schools_with_the_effects_integrated_out():
    """y ~ N(mu, tau² + error²): mu then has a formula given tau, without a matrix."""
    z = np.linspace(-12, 7, 2001)
    variance = np.exp(2 * z)[:, None] + ERROR**2
    precision = 1 / 25 + (1 / variance).sum(axis=1)
    mu = (EFFECT / variance).sum(axis=1) / precision
    log_p = (
        stats.halfcauchy.logpdf(np.exp(z), scale=5) + z + stats.norm.logpdf(EFFECT, 0, np.sqrt(variance)).sum(axis=1)
    )
    log_p += 0.5 * mu**2 * precision - 0.5 * np.log(25 * precision)
    density = np.exp(log_p - log_p.max())
    weight = density / density.sum()
    exact = schools(np.linspace(-10, 6, 401))
    mean, sd = exact.moments(scale_at=1)
    assert exact.log_evidence == pytest.approx(np.log(density.sum() * (z[1] - z[0])) + log_p.max(), abs=0.002)
    assert mean[0] == pytest.approx(weight @ mu, abs=0.003) and mean[1] == pytest.approx(weight @ z, abs=0.003)
    middle = weight @ z
    assert sd[1] == pytest.approx(np.sqrt(weight @ (z - middle) ** 2), abs=0.003)


def test_mapped_to_the_centred_effects():
    """With one school's error next to nothing its effect is known: theta = mu + tau eta must be the reading."""
    error = np.r_[1e-3, ERROR[1:]]
    exact = one_scale(
        EFFECT,
        lambda s: np.column_stack([np.ones(8), s * np.eye(8)]),
        lambda s: error,
        [5.0, *np.ones(8)],
        np.linspace(-5, 8, 401),
        scale_prior=5,
    )
    first = exact.mapped(lambda s: np.r_[1, s, np.zeros(7)][None])
    mean, sd = first.moments(scale_at=0)
    assert mean[1] == pytest.approx(28, abs=1e-3) and sd[1] == pytest.approx(1e-3, rel=0.01)
    assert mean[0] == pytest.approx(exact.moments()[0][-1])


def test_a_grid_that_is_too_short():
    with pytest.raises(ValueError, match="log_scale must reach further: its ends hold"):
        schools(np.linspace(0, 6, 50))


def test_scales_next_to_nothing():
    exact = one_scale(
        [1.0, 2.5, 2.0], lambda s: np.ones((3, 1)), lambda s: s, [10.0], np.linspace(-12, 12, 801), scale_prior=2
    )
    assert np.isfinite(exact.log_evidence) and exact.share[0] < 1e-12
