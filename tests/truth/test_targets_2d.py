"""The two-dimensional targets: normalised, their scores and marginals against finite differences and other integrals."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from helpers.truth import get_target_2d
from helpers.truth.targets_2d import TARGETS_2D


@pytest.fixture(params=TARGETS_2D)
def target(request):
    return get_target_2d(request.param)


def inside(target, n):
    return np.random.default_rng(0).uniform(*np.transpose(target.window), (n, 2))


def test_the_five():
    assert list(TARGETS_2D) == ["banana", "donut", "bivariate normal", "three modes", "squiggle"]
    assert all(name == target.name for name, target in TARGETS_2D.items())


def test_score_is_the_gradient(target):
    points, step = inside(target, 50), 1e-5
    numeric = [
        (target.log_density(points + unit) - target.log_density(points - unit)) / (2 * step)
        for unit in step * np.eye(2)
    ]
    np.testing.assert_allclose(target.score(points), np.transpose(numeric), rtol=1e-5, atol=1e-5)
    assert target.score(points.reshape(5, 10, 2)).shape == (5, 10, 2)
    assert np.isfinite(target.score(np.array([[0.0, 0.0], [40.0, -40.0]]))).all()


def test_normalised(target):
    """By Simpson's rule on a grid that no marginal uses."""
    (x_low, x_high), (y_low, y_high) = target.window
    x, y = np.linspace(x_low - 4, x_high + 4, 801), np.linspace(y_low - 9, y_high + 9, 1001)
    density = np.exp(target.log_density(np.stack(np.meshgrid(x, y), axis=-1)))
    total = integrate.simpson(integrate.simpson(density, x, axis=1), y)
    assert total == pytest.approx(1, abs=1e-5)


def test_marginals_agree_with_adaptive_quadrature(target):
    for axis, (grid, density) in enumerate(target.marginals):
        np.testing.assert_allclose(grid[[0, -1]], target.window[axis])
        low, high = target.window[1 - axis]
        for k in (40, 85, 100, 130):

            def slice_(t, at=grid[k], axis=axis):
                return float(np.exp(target.log_density(np.array([at, t] if axis == 0 else [t, at]))))

            width = high - low
            expected = integrate.quad(slice_, low - width, high + width, limit=500, epsabs=1e-10, points=(-2, 0, 2))[0]
            assert density[k] == pytest.approx(expected, abs=1e-6)


def test_marginals_integrate_to_one(target):
    for grid, density in target.marginals:
        assert 0.99 < integrate.simpson(density, grid) < 1 + 1e-6  # what is missing lies outside of the window


@pytest.mark.parametrize("name, sd", [("banana", 1.2), ("bivariate normal", 1.2), ("squiggle", 1.3)])
def test_marginal_of_x_in_closed_form(name, sd):
    grid, density = get_target_2d(name).marginals[0]
    np.testing.assert_allclose(density, stats.norm.pdf(grid, 0, sd), atol=1e-6)


def test_marginals_of_the_three_modes_in_closed_form():
    means = np.array([(-1.8, -1.0), (1.8, -1.0), (0.3, 1.5)])
    for axis, (grid, density) in enumerate(get_target_2d("three modes").marginals):
        expected = stats.norm.pdf(grid[:, None], means[:, axis], 0.55) @ [0.5, 0.3, 0.2]
        np.testing.assert_allclose(density, expected, atol=1e-6)


def test_marginals_of_the_donut_agree_with_draws():
    rng = np.random.default_rng(0)
    r = rng.normal(2, 0.25, 400_000)
    r = rng.choice(r, 400_000, p=r / r.sum())  # the density of the radius is r times a normal's
    x = r * np.cos(rng.uniform(0, 2 * np.pi, r.size))
    shares, edges = np.histogram(x, np.linspace(-4, 4, 21))
    for grid, density in get_target_2d("donut").marginals:
        expected = [np.interp(np.linspace(a, b, 50), grid, density).mean() for a, b in pairwise(edges)]
        np.testing.assert_allclose(shares / r.size / 0.4, expected, atol=0.005)  # 5 standard deviations of the draws


def test_windows_have_one_shape_and_starts_lie_inside(target):
    (x_low, x_high), (y_low, y_high) = target.window
    assert (x_high - x_low, y_high - y_low) == (8, 6)
    start = target.start(1000, np.random.default_rng(0))
    assert start.shape == (1000, 2)
    within = (start > (x_low, y_low)) & (start < (x_high, y_high))
    assert within.all(1).mean() > 0.99
    again = target.start(1000, np.random.default_rng(0))
    np.testing.assert_array_equal(start, again)


def test_marginals_are_computed_once(target):
    assert target.marginals is target.marginals
    assert get_target_2d(target.name) is target


@pytest.mark.parametrize("name", ["doughnut", "", None, 3, ["banana"]])
def test_unknown_name(name):
    with pytest.raises(ValueError, match="'banana', 'donut', 'bivariate normal', 'three modes', 'squiggle'; got"):
        get_target_2d(name)
