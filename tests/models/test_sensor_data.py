"""The sensor, its line and its network: published figures, scikit-learn, quadrature, SciPy's marginal normal."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats
from sklearn.linear_model import BayesianRidge, Ridge

from helpers.fits import FlatModel
from helpers.models import sensor_data as module
from helpers.models.sensor_data import bayesian_line, network, outputs, readings, sensor

SETTINGS = [(1.0, 100.0), (0.04, 100.0), (100.0, 3.0)]


def powers(x, degree):
    return np.vander(x, degree + 1, increasing=True)


def marginal(features, y, alpha, beta):
    """log N(y | 0, I/β + ΦΦᵀ/α): the evidence with no weights in it."""
    covariance = np.eye(len(y)) / beta + features @ features.T / alpha
    return stats.multivariate_normal.logpdf(y, np.zeros(len(y)), covariance)


def by_hand(weights, x, y, prior_sd):
    """log p̃ of the network for one vector (w1, b1, w2, b2), unit by unit."""
    *units, b2 = weights
    w1, b1, w2 = np.reshape(units, (3, -1))
    f = b2 + sum(c * np.where(a * x + b > 0, a * x + b, 0) for a, b, c in zip(w1, b1, w2, strict=True))
    return stats.norm.logpdf(weights, 0, prior_sd).sum() + stats.norm.logpdf(y, f, 0.1).sum()


def box(centre, reach, points=161):
    """A grid of centre ± reach in two dimensions, shape (points², 2), and the area of its cells."""
    axes = [np.linspace(c - r, c + r, points) for c, r in zip(centre, reach, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2), np.prod(reach) * (2 / (points - 1)) ** 2


def test_sensor_is_the_published_recipe():
    for rows, seed in ((20, 42), (50, 7)):
        np.random.seed(seed)  # the generator that the published code draws from
        x = np.random.uniform(-3, 3, rows)
        y = np.sin(x) + 0.1 * np.random.randn(rows)
        np.testing.assert_allclose(readings(rows, seed=seed), [x, y], rtol=1e-12)
        pairs = sorted(zip(x, y, strict=True))
        np.testing.assert_allclose(np.transpose(pairs), sensor(rows, seed=seed), rtol=1e-12)
    assert np.array_equal(sensor(), sensor(20, seed=42)) and not np.isin(sensor(seed=43), sensor()).any()


def test_sensor_reads_a_sine_with_noise():
    x, y = sensor(20_000, seed=1)
    assert x.shape == y.shape == (20_000,) and (np.diff(x) > 0).all()
    assert stats.kstest(x, stats.uniform(-3, 6).cdf).pvalue > 1e-4
    assert stats.kstest(y - np.sin(x), stats.norm(0, module.NOISE).cdf).pvalue > 1e-4
    assert np.corrcoef(x, y - np.sin(x))[0, 1] == pytest.approx(0, abs=5 / np.sqrt(20_000))


def test_grid_reaches_beyond_the_data():
    assert module.GRID.shape == (200,) and (module.GRID[0], module.GRID[-1]) == (-4.5, 4.5)
    assert module.NOISE == 0.1  # the network has it as a literal


def test_published_posterior_of_the_line():
    x, y = sensor()
    mean, covariance, _ = bayesian_line(powers(x, 1), y)
    np.testing.assert_allclose(mean, [-0.0755, 0.3327], atol=1e-4)  # published with four digits
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), [0.0226, 0.0124], atol=1e-4)


@pytest.mark.parametrize(("alpha", "beta"), SETTINGS)
@pytest.mark.parametrize("degree", range(6))
def test_line_against_ridge_and_the_marginal_of_y(degree, alpha, beta):
    x, y = sensor()
    features = powers(x, degree)
    mean, covariance, log_evidence = bayesian_line(features, y, alpha, beta)
    assert mean == pytest.approx(Ridge(alpha / beta, fit_intercept=False, solver="svd").fit(features, y).coef_)
    assert float(log_evidence) == pytest.approx(marginal(features, y, alpha, beta), rel=1e-8)
    # the same covariance by a QR decomposition, which never squares the features
    root = np.linalg.inv(np.linalg.qr(np.concatenate([beta**0.5 * features, alpha**0.5 * np.eye(degree + 1)]))[1])
    assert covariance == pytest.approx(root @ root.T, rel=1e-6)


def test_line_against_scikit_learn_s_bayesian_ridge():
    # With flat hyperpriors its score is the log evidence, at precisions that it finds itself
    x, y = sensor()
    for degree in (1, 3, 5):
        flat = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0)
        ridge = BayesianRidge(tol=1e-9, compute_score=True, fit_intercept=False, **flat).fit(powers(x, degree), y)
        mean, covariance, log_evidence = bayesian_line(powers(x, degree), y, ridge.lambda_, ridge.alpha_)
        assert mean == pytest.approx(ridge.coef_) and covariance == pytest.approx(ridge.sigma_)
        assert float(log_evidence) == pytest.approx(ridge.scores_[-1])


@pytest.mark.parametrize(("alpha", "beta"), SETTINGS)
def test_line_against_quadrature(alpha, beta):
    x, y = sensor()
    features = powers(x, 1)
    error = np.sqrt(np.diag(np.linalg.inv(features.T @ features)) / beta)
    least_squares = np.linalg.lstsq(features, y)[0]
    reach = 9 * error + np.abs(least_squares)  # the prior pulls towards 0
    w, cell = box(least_squares, reach, 241)
    log_p = stats.norm.logpdf(w, 0, alpha**-0.5).sum(-1) + stats.norm.logpdf(y, w @ features.T, beta**-0.5).sum(-1)
    p = special.softmax(log_p)
    mean, covariance, log_evidence = bayesian_line(features, y, alpha, beta)
    assert float(log_evidence) == pytest.approx(special.logsumexp(log_p) + np.log(cell), abs=1e-8)
    assert mean == pytest.approx(p @ w, abs=1e-8)
    assert covariance == pytest.approx(np.cov(w.T, aweights=p, ddof=0), abs=1e-8)


def test_line_with_no_data_is_the_prior():
    mean, covariance, log_evidence = bayesian_line(np.empty((0, 3)), np.empty(0), alpha=4.0)
    assert not mean.any() and covariance == pytest.approx(np.eye(3) / 4) and float(log_evidence) == pytest.approx(0)


def test_line_can_be_mapped_and_compiled():
    # as importance sampling does: many sets of features at once
    y = sensor()[1]
    features = np.random.default_rng(1).normal(size=(4, 20, 3))
    together = jax.jit(jax.vmap(lambda phi: bayesian_line(phi, jnp.asarray(y))[2]))(features)
    assert together == pytest.approx([marginal(phi, y, 1, 100) for phi in features])


def test_line_takes_a_stack_of_features():
    y = sensor()[1]
    stack = np.random.default_rng(1).normal(size=(4, 20, 3))
    for found, alone in zip(
        zip(*bayesian_line(stack, y), strict=True), map(bayesian_line, stack, [y] * 4), strict=True
    ):
        for one, other in zip(found, alone, strict=True):
            assert one == pytest.approx(other, rel=1e-9)


@pytest.mark.parametrize("width", [1, 5])
@pytest.mark.parametrize("prior_sd", [1.0, 0.3])
def test_log_density_of_the_network(width, prior_sd):
    x, y = sensor(9)
    flat = FlatModel(network(x, y, width, prior_sd))
    assert flat.size == 3 * width + 1
    assert flat.labels == (*(f"{name}[{unit}]" for name in ("w1", "b1", "w2") for unit in range(width)), "b2")
    weights = np.random.default_rng(width).normal(size=(6, 3 * width + 1))
    expected = [by_hand(w, x, y, prior_sd) for w in weights]
    assert np.asarray(flat.log_densities(weights)) == pytest.approx(expected, rel=1e-10)
    likelihood = stats.norm.logpdf(y, outputs(weights, x), module.NOISE).sum(-1)
    prior = stats.norm.logpdf(weights, 0, prior_sd).sum(-1)
    assert prior + likelihood == pytest.approx(expected, rel=1e-10)


def test_network_has_five_units_and_a_standard_normal_prior():
    x, y = sensor()
    w = np.random.default_rng(2).normal(size=16)
    assert float(FlatModel(network(x, y)).log_density(w)) == pytest.approx(by_hand(w, x, y, 1.0))


def test_outputs_for_leading_shapes():
    x = np.linspace(-2, 2, 7)
    weights = np.random.default_rng(3).normal(size=(4, 3, 16))
    f = outputs(weights, x)
    assert (
        f.shape == (4, 3, 7) and outputs(weights[0, 0], x).shape == (7,) and outputs(weights[:0], x).shape == (0, 3, 7)
    )
    assert f[2, 1] == pytest.approx(outputs(weights[2, 1], x))
    assert f == pytest.approx(outputs(jnp.asarray(weights), jnp.asarray(x)))  # draws may come from JAX
    assert f[..., 4:5] == pytest.approx(outputs(weights, x[4:5]))
    # One unit: 0.5 + 2 relu(3x − 1)
    assert outputs(np.array([3.0, -1.0, 2.0, 0.5]), np.array([-1.0, 0.0, 1.0])) == pytest.approx([0.5, 0.5, 4.5])


@pytest.mark.parametrize("size", [15, 17])
def test_weights_of_another_number_are_refused(size):
    for points in (1, 2, 7):
        with pytest.raises(ValueError, match="3 · width"):
            outputs(np.zeros((3, size)), np.zeros(points))


@pytest.mark.parametrize("prior_sd", [1.0, 0.5])
def test_outer_weights_integrate_out(prior_sd):
    # Given (w1, b1) the network is a Bayesian line on [relu(x w1 + b1), 1]: quadrature over (w2, b2) of the
    # network's own log density gives that line's evidence, and its posterior
    x, y = sensor()
    flat = FlatModel(network(x, y, 1, prior_sd))
    for inner in np.random.default_rng(4).normal([1, 1], 0.5, size=(3, 2)):
        features = np.column_stack([outputs(np.r_[inner, 1, 0], x), np.ones(20)])
        mean, covariance, log_evidence = bayesian_line(features, y, prior_sd**-2, 100)
        outer, cell = box(mean, 9 * np.sqrt(np.diag(covariance)))
        weights = np.concatenate([np.broadcast_to(inner, outer.shape), outer], axis=1)
        log_p = np.asarray(jax.vmap(flat.log_density)(weights)) - stats.norm.logpdf(inner, 0, prior_sd).sum()
        assert float(log_evidence) == pytest.approx(special.logsumexp(log_p) + np.log(cell), abs=1e-7)
        assert mean == pytest.approx(special.softmax(log_p) @ outer, abs=1e-8)


@pytest.mark.parametrize("width", [1, 5])
def test_collapsed_network_by_bayes_rule(width):
    # p(y, w1, b1) = p̃(w1, b1, w2, b2) / p(w2, b2 | w1, b1, y), for whatever w2 and b2
    x, y = sensor()
    rng = np.random.default_rng(5)
    for prior_sd in (1.0, 2.0):
        flat = FlatModel(network(x, y, width, prior_sd))
        inner = prior_sd * rng.normal(size=2 * width)
        units = np.maximum(np.outer(x, inner[:width]) + inner[width:], 0)
        mean, covariance, log_evidence = bayesian_line(np.column_stack([units, np.ones(20)]), y, prior_sd**-2)
        collapsed = stats.norm.logpdf(inner, 0, prior_sd).sum() + float(log_evidence)
        for outer in rng.normal(np.asarray(mean), 0.5, size=(3, width + 1)):
            posterior = stats.multivariate_normal.logpdf(outer, mean, covariance)
            assert float(flat.log_density(np.r_[inner, outer])) - posterior == pytest.approx(collapsed, rel=1e-8)


def test_prior_sd_is_that_of_every_parameter():
    draws = np.asarray(FlatModel(network(*sensor(3), width=2, prior_sd=10.0)).prior_draws(1500, seed=1))
    assert draws.std(axis=0) / 10 == pytest.approx(np.ones(7), abs=5 / np.sqrt(2 * 1500))
    assert draws.mean(axis=0) / 10 == pytest.approx(np.zeros(7), abs=5 / np.sqrt(1500))
