"""The digits and their network: the data, the log density by hand, and last-layer Laplace against a Hessian."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats
from sklearn.datasets import load_digits

from helpers.fits import FlatModel
from helpers.models.digits import CLASSES, WIDTH, last_layer_laplace, network, pictures, probabilities

SIZE = 64 * WIDTH + WIDTH**2 + WIDTH * CLASSES


@pytest.fixture(scope="module")
def data():
    return pictures()


def weights_of(seed, draws=2):
    return 0.3 * np.random.default_rng(seed).standard_normal((draws, SIZE))


def by_hand(w, x):
    """P(digit), shape (pictures, 10)."""
    w1, w2, w3 = np.split(w, [64 * WIDTH, 64 * WIDTH + WIDTH**2])
    hidden = np.tanh(np.tanh(x @ w1.reshape(64, WIDTH)) @ w2.reshape(WIDTH, WIDTH))
    return special.softmax(hidden @ w3.reshape(WIDTH, CLASSES), axis=-1)


def test_two_parts_of_scikit_learns_digits(data):
    x, digit, x_new, digit_new = data
    assert x.shape == (900, 64) and x_new.shape == (897, 64) and len(digit) == 900 and len(digit_new) == 897
    pixels, label = load_digits(return_X_y=True)
    both = np.concatenate([x, x_new])
    assert both.mean(axis=0) == pytest.approx(np.zeros(64), abs=1e-12)
    raw = np.round(16 * both + pixels.mean(axis=0))
    assert sorted(map(tuple, raw)) == sorted(map(tuple, pixels))  # no picture is in both parts
    known = dict(zip(map(tuple, pixels), label, strict=True))
    assert [known[tuple(row)] for row in raw] == np.concatenate([digit, digit_new]).tolist()
    assert not np.array_equal(digit, label[:900])  # nor are they in the order of the file


@pytest.mark.parametrize("prior_sd", [1, 0.5])
def test_network_is_built_on_the_data_it_is_given(data, prior_sd):
    x, digit = data[0][:30], data[1][:30]
    flat = FlatModel(network(x, digit, prior_sd))
    assert flat.size == SIZE == 1_880
    for w in weights_of(1):
        likelihood = np.log(by_hand(w, x)[np.arange(30), digit]).sum()
        expected = stats.norm.logpdf(w, scale=prior_sd).sum() + likelihood
        assert float(flat.log_density(w)) == pytest.approx(expected, rel=1e-7)


def test_probabilities_are_those_of_each_draw(data):
    w, x = weights_of(2, 3), data[0][:7]
    p = probabilities(w, x)
    assert p.shape == (3, 7, 10)
    assert np.asarray(p) == pytest.approx(np.array([by_hand(one, x) for one in w]), abs=1e-9)


def test_last_layer_laplace_has_the_inverse_hessian_as_covariance(data):
    x, digit = data[0][:40], data[1][:40]
    (w,) = weights_of(3, 1)
    last = WIDTH * CLASSES
    flat = FlatModel(network(x, digit, 2))
    hessian = jax.jit(jax.hessian(lambda v: -flat.log_density(jnp.concatenate([w[:-last], v]))))
    covariance = np.linalg.inv(np.asarray(hessian(w[-last:])))
    draws = last_layer_laplace(w, x, 2, draws=20_000, seed=1)
    assert draws.shape == (20_000, SIZE) and (draws[:, :-last] == w[:-last]).all()
    found = np.cov(draws[:, -last:].T)
    sd = np.sqrt(np.diag(covariance))
    assert np.abs((found - covariance) / np.outer(sd, sd)).max() < 0.05  # 6 Monte Carlo errors of 1/√20,000
    assert np.abs((draws[:, -last:].mean(axis=0) - w[-last:]) / sd).max() < 0.04
