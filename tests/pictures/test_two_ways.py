"""MCMC and VI side by side: the walk visits as the target says, the descent ends at the closest Gaussian."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.pictures import two_ways
from helpers.truth import best_gaussian_2d, get_target_2d

SD = {"banana": (1.2, np.sqrt(0.5**2 + 2 * 0.4**2 * 1.2**4)), "bivariate normal": (1.2, np.hypot(0.6, 0.7 * 1.2))}


@pytest.mark.parametrize("name", SD)
def test_the_walk_has_the_sds_of_the_target(name):
    visited = two_ways.walk(get_target_2d(name), 20_000, seed=1)
    np.testing.assert_allclose(visited.std(axis=0), SD[name], rtol=0.25)
    assert 0.2 < np.mean(np.any(np.diff(visited, axis=0) != 0, axis=1)) < 0.8  # some proposals are refused


@pytest.mark.parametrize("name", SD)
def test_the_descent_ends_at_the_closest_gaussian(name):
    target = get_target_2d(name)
    path = two_ways.descent(target)
    np.testing.assert_allclose(path[0][0], target.start_mean)
    np.testing.assert_allclose(path[0][1], target.start_sd * np.eye(2))
    mean, covariance = best_gaussian_2d(target.log_density, (0, 0), np.diag(np.square(SD[name])))
    np.testing.assert_allclose(path[-1][0], mean, atol=1e-4)
    np.testing.assert_allclose(path[-1][1] @ path[-1][1].T, covariance, atol=1e-3)


def test_the_thick_ellipse_is_two_sds_of_the_last():
    target = get_target_2d("banana")
    path = two_ways.descent(target)
    figure = two_ways.draw(target, two_ways.walk(target, 500, seed=1), path)
    left, right = figure.axes
    assert len(left.lines[0].get_xdata()) == 100
    ellipse = max(right.lines, key=lambda line: line.get_linewidth()).get_xydata()
    np.testing.assert_allclose(
        np.linalg.solve(path[-1][1], (ellipse - path[-1][0]).T).T.std(axis=0), np.sqrt(2), rtol=0.02
    )
    plt.close(figure)
