"""The benchmarks that run a chapter's own functions: they take what the chapter shows, count, and judge as it does."""

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import better_gaussians, nuts_starts
from benchmarks.shown_code import shown
from helpers.fits import FlatModel


def test_functions_come_from_the_chapter_and_nothing_else_runs():
    names = shown("13_better_gaussians", {"hessian", "value_and_slope"})
    mode, covariance = names["laplace"](lambda z: -2 * (z[0] - 3) ** 2, np.zeros(1))
    np.testing.assert_allclose([mode[0], covariance[0, 0]], [3, 0.25], rtol=1e-6)
    assert "found" not in names and "SEED" not in names


def test_a_variable_that_the_chapter_does_not_make_is_refused():
    with pytest.raises(ValueError, match="nonsense"):
        shown("13_better_gaussians", {"nonsense"})


def test_laplace_on_the_student_t_is_judged_by_its_formula():
    flat, errors, _ = better_gaussians.problem("student-t")
    methods = dict(better_gaussians.fits(flat, np.asarray(flat.start) + 1.0, np.random.default_rng(1)))
    error, least, greatest, *_ = better_gaussians.measured(flat, methods["Laplace"], errors)
    np.testing.assert_allclose([error, least, greatest], [0, (3 / 7) ** 0.5, (3 / 7) ** 0.5], atol=1e-4)


def test_a_fit_without_a_gaussian_is_a_row_of_dashes():
    flat = FlatModel(better_gaussians.student_t())
    row = better_gaussians.measured(flat, lambda: (np.zeros(2), -np.eye(2)), lambda q: [0.0] * 3)
    assert better_gaussians.in_words(np.array([row, [0.0] * 5])) == ["–"] * 5


def test_pathfinder_counts_what_it_takes():
    flat = nuts_starts.problem("climbers")
    mean, factor, (gradients, densities), _ = nuts_starts.pathfinder(flat, seed=1)
    assert gradients > 20 and densities % 100 == 0 and densities > 0
    shift, scale, place = nuts_starts.starts(flat, mean, factor)["q's coordinates"]
    slope = nuts_starts.slope_of(flat)
    at = place(np.random.default_rng(1))
    value, gradient = slope(at, jnp.asarray(shift), jnp.asarray(scale))
    step = 1e-5 * np.eye(2)[0]
    ahead = flat.log_density(mean + factor @ (at + step)) - flat.log_density(mean + factor @ (at - step))
    assert value == pytest.approx(float(flat.log_density(mean + factor @ at)))
    assert gradient[0] == pytest.approx(float(ahead) / 2e-5, rel=1e-4)


def test_gradients_are_infinite_where_r_hat_stays_large(monkeypatch):
    monkeypatch.setattr(nuts_starts, "DRAWS", 50)
    flat = nuts_starts.problem("climbers")
    start = nuts_starts.starts(flat, np.zeros(2), np.eye(2))["default"]
    model = nuts_starts.sampler(flat, nuts_starts.slope_of(flat), start)
    monkeypatch.setattr(nuts_starts, "ENOUGH", 10.0)
    used, _ = nuts_starts.gradients(model, 25, seed=1)
    assert 4 * 75 <= used < 4 * 75 * 50
    monkeypatch.setattr(nuts_starts, "ENOUGH", 0.5)
    assert nuts_starts.gradients(model, 25, seed=1) == (np.inf, np.inf)
