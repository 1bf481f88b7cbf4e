"""What the chapters of the line and its network write out for the reader: the sampler, and the two terms of the ELBO."""

from pathlib import Path

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from helpers.fits import FlatModel, GaussianFit
from helpers.models import sensor_data
from tests.support.cells import functions_of

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


@pytest.fixture(scope="module")
def shown():
    """The chapters' functions, by name."""
    line = functions_of(NOTEBOOKS / "09_bayesian_line.ipynb", {"bayesian_line", "law"}, {"np": np})
    return line | functions_of(NOTEBOOKS / "10_bnn_regression.ipynb", {"metropolis"}, {"np": np})


def test_metropolis_draws_from_a_known_normal(shown):
    covariance = np.array([[1.0, 0.8], [0.8, 2.0]])
    target = stats.multivariate_normal([1.0, -2.0], covariance)
    start = np.random.default_rng(2).normal(size=(200, 2))
    chain, accepted = shown["metropolis"](target.logpdf, start, 1.5, 2_000, np.random.default_rng(3))
    assert chain.shape == (2_000, 200, 2)
    assert ((accepted > 0.2) & (accepted < 0.8)).all()
    means = chain[500:].mean(axis=0)  # of each chain, and the chains are independent
    error = means.std(axis=0, ddof=1) / np.sqrt(200)
    assert (np.abs(means.mean(axis=0) - target.mean) < 5 * error).all()
    products = ((chain[500:] - target.mean)[..., :, None] * (chain[500:] - target.mean)[..., None, :]).mean(axis=0)
    error = products.std(axis=0, ddof=1) / np.sqrt(200)
    assert (np.abs(products.mean(axis=0) - covariance) < 5 * error).all()


def test_metropolis_keeps_detailed_balance_on_a_discrete_toy(shown):
    p = np.array([0.5, 0.3, 0.2])

    def log_p(w):
        """Three boxes of width 1 on (0, 3)."""
        inside = (w[:, 0] >= 0) & (w[:, 0] < 3)
        return np.where(inside, np.log(p[np.clip(w[:, 0], 0, 2).astype(int)]), -np.inf)

    start = np.random.default_rng(4).uniform(0, 3, size=(500, 1))
    chain, _ = shown["metropolis"](log_p, start, 1.0, 2_000, np.random.default_rng(5))
    box = chain[500:, :, 0].astype(int)
    share = np.array([(box == k).mean(axis=0) for k in range(3)])
    assert (np.abs(share.mean(axis=1) - p) < 5 * share.std(axis=1, ddof=1) / np.sqrt(500)).all()
    for i, j in ((0, 1), (0, 2), (1, 2)):
        net = ((box[:-1] == i) & (box[1:] == j)).sum(axis=0) - ((box[:-1] == j) & (box[1:] == i)).sum(axis=0)
        traffic = ((box[:-1] == i) & (box[1:] == j)).sum()
        assert traffic > 1_000
        assert abs(net.sum()) < 0.02 * traffic


@pytest.mark.parametrize("mean", [(-0.0755, 0.3327), (-0.03, 0.31)])
def test_fit_minus_price_is_the_elbo_by_quadrature(shown, mean):
    """Two parameters: E[log p(y|w)] by Gauss and Hermite, KL(q‖prior) by the chapter's formula."""
    x, y = sensor_data.sensor()
    features = np.vander(x, 2, increasing=True)
    with pm.Model() as model:
        w = pm.Normal("w", 0, 1, shape=2)
        pm.Normal("y", features @ w, 0.1, observed=y)
    mean, sd = np.array(mean), np.array([0.03, 0.02])
    node, weight = np.polynomial.hermite_e.hermegauss(20)
    eta = np.stack(np.meshgrid(node, node), axis=-1).reshape(-1, 2)
    mass = np.outer(weight, weight).ravel() / (2 * np.pi)
    fit = mass @ stats.norm.logpdf(y, (mean + sd * eta) @ features.T, 0.1).sum(axis=1)
    price = (0.5 * (mean**2 + sd**2 - 1) - np.log(sd)).sum()
    elbo, error = GaussianFit(FlatModel(model), mean, sd).elbo(20_000, seed=1)
    assert elbo == pytest.approx(fit - price, abs=5 * error)
    assert error < 0.15
    _, precision, log_evidence = shown["bayesian_line"](features, y)
    best, gap = 1 / np.sqrt(np.diag(precision)), shown["law"](precision)[1]
    exact_mean = shown["bayesian_line"](features, y)[0]
    elbo, error = GaussianFit(FlatModel(model), exact_mean, best).elbo(20_000, seed=1)
    assert elbo == pytest.approx(log_evidence - gap, abs=5 * error)
