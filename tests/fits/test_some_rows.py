"""`approximate(…, rows=…)`: some rows stand for all; against a closed form, quadrature, and where they cannot."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytest
from scipy import special

from helpers.fits import Approximation, FlatModel, approximate
from helpers.fits.some_rows import gap, sampled, stand_in

RNG = np.random.default_rng(3)
MANY = 50_000
X = RNG.normal(2, 3, MANY)


def line(x, y, known=True):
    """A line with noise of sd 1, or labels on one."""
    with pm.Model() as model:
        x = pm.Data("x", x)
        y = pm.Data("y", y)
        b = pm.Normal("b", 0, 5, shape=2)
        middle = b[0] + b[1] * x
        if known:
            pm.Normal("seen", middle, 1, observed=y)
        else:
            pm.Bernoulli("seen", logit_p=middle, observed=y)
    return FlatModel(model, minibatch=["x", "y"])


def errors(found, mean, sd):
    return np.abs(found.mean - mean).max() / sd.min(), np.abs(found.sd / sd - 1).max()


def test_a_line_is_met_with_any_rows():
    y = 1 - 0.5 * X + RNG.normal(size=MANY)
    found = approximate(line(X, y), rows=30, seed=1)
    features = np.column_stack([np.ones(MANY), X])
    covariance = np.linalg.inv(features.T @ features + np.eye(2) / 25)
    mean, sd = covariance @ features.T @ y, np.sqrt(np.diag(covariance))
    assert found.usable and found.khat < 0.5
    np.testing.assert_allclose((found.q.mean - mean) / sd, 0, atol=0.01)  # all of it is a parabola: nothing is left out
    np.testing.assert_allclose(found.q.sd / sd, 1, atol=0.01)


@pytest.fixture(scope="module")
def labels():
    return (RNG.random(MANY) < special.expit(X - 1)).astype(float)


def by_quadrature(x, labels):
    """Mean and sd of both coefficients, on a grid about the peak."""
    b = np.zeros(2)
    features = np.column_stack([np.ones(len(x)), x])
    for _ in range(25):
        p = special.expit(features @ b)
        covariance = np.linalg.inv((features * (p * (1 - p))[:, None]).T @ features + np.eye(2) / 25)
        b = b + covariance @ (features.T @ (labels - p) - b / 25)
    t = np.linspace(-6, 6, 41)
    grid = b + np.stack(np.meshgrid(t, t), axis=-1).reshape(-1, 2) @ np.linalg.cholesky(covariance).T
    log_p = [(labels * (f := features @ one) - np.logaddexp(0, f)).sum() - one @ one / 50 for one in grid]
    weights = special.softmax(log_p)
    mean = weights @ grid
    return mean, np.sqrt(weights @ (grid - mean) ** 2)


@pytest.fixture(scope="module")
def a_tenth(labels):
    return approximate(line(X[:5_000], labels[:5_000], known=False), rows=500, seed=1)


def test_labels_are_met_with_a_tenth_of_the_rows(labels, a_tenth):
    assert a_tenth.usable
    off, width = errors(a_tenth.draws, *by_quadrature(X[:5_000], labels[:5_000]))
    assert off < 0.08 and width < 0.06  # 4,000 draws: 5 × 0.016, 5 × 0.011


def test_it_is_kept_as_a_fit_of_all_rows(a_tenth, tmp_path):
    a_tenth.save(tmp_path / "kept")
    again = Approximation.load(tmp_path / "kept", a_tenth.q.model)
    assert again.verdict == a_tenth.verdict
    assert float(again.q.model.full_log_density(again.q.mean)) == pytest.approx(log_p_by_pymc(again.q), rel=1e-10)


def log_p_by_pymc(q):
    return float(q.model.model.compile_logp()({"b": q.mean}))


def test_a_stand_in_is_right_up_to_the_third_order_and_the_gap_is_the_rest(a_tenth):
    flat, peak = a_tenth.q.model, jnp.asarray(a_tenth.q.mean)
    wrong = stand_in(flat, sampled(flat, 100, 1), peak)
    for order in (lambda f: f, jax.grad, jax.hessian):
        of_all, of_some = (order(each.full_log_density)(peak) for each in (flat, wrong))
        np.testing.assert_allclose(of_some, of_all, rtol=1e-9, atol=1e-7)
    across = peak + jnp.array([[-0.02], [-0.01], [0.01], [0.02]])
    differ = np.asarray(flat.log_densities(across)) - np.asarray(wrong.log_densities(across))
    assert differ[0] / differ[1] == pytest.approx(8, rel=0.2) and differ[0] / differ[3] == pytest.approx(-1, rel=0.2)
    q = replace(a_tenth.q, model=wrong)
    assert gap(a_tenth.q, flat, seed=1) == 0 and gap(q, flat, seed=1) > 0.001
    assert gap(replace(q, scale=2 * q.scale), flat, seed=1) == pytest.approx(8 * gap(q, flat, seed=1), rel=0.3)


def test_too_few_rows_are_refused(labels):
    found = approximate(line(X[:200], labels[:200], known=False), rows=3, seed=1)
    assert not found.usable
    assert found.verdict.endswith("more rows, or all, may mend it")


def test_arguments(labels):
    flat = line(X[:100], labels[:100], known=False)
    with pytest.raises(ValueError, match="rows needs a FlatModel whose minibatch names the data with rows"):
        approximate(FlatModel(flat.model), rows=10, seed=1)
    with pytest.raises(ValueError, match="rows must be a whole number from 1 to 100, got 101"):
        approximate(flat, rows=101, seed=1)
