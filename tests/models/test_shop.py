"""A million visitors and their logistic regression: the law of the data, the log density by hand."""

from pathlib import Path

import numpy as np
import pymc as pm
import pytest
from scipy import special, stats

from helpers.fits import FlatModel
from helpers.models import purchases, visitors
from helpers.models import shop as module
from helpers.models.shop import COEFFICIENTS, FEATURES

ROOT = Path(__file__).parents[2]
ROWS = 200_000
CORRELATION = 0.5 ** np.abs(np.subtract.outer(np.arange(FEATURES), np.arange(FEATURES)))


@pytest.fixture(scope="module")
def data():
    return visitors(ROWS)


@pytest.fixture(scope="module")
def zeta():
    return np.random.default_rng(1).normal(size=(4, 1 + FEATURES))


def by_hand(zeta, x, bought, scale=1.0):
    """log p̃: Normal(0, 2) prior, Bernoulli likelihood."""
    z = zeta[..., :1] + zeta[..., 1:] @ x.T.astype(float)
    likelihood = np.where(bought == 1, special.log_expit(z), special.log_expit(-z)).sum(axis=-1)
    return stats.norm.logpdf(zeta, 0, 2).sum(axis=-1) + scale * likelihood


def test_shapes_and_types(data):
    x, bought = data
    assert x.shape == (ROWS, 20) and x.dtype == np.float32
    assert bought.shape == (ROWS,) and bought.dtype == np.float64 and set(bought) == {0.0, 1.0}
    assert COEFFICIENTS.shape == (1 + FEATURES,)


def test_features_are_normal_with_correlation_by_distance(data):
    x = data[0].astype(float)
    se = ROWS**-0.5
    assert np.abs(x.mean(axis=0)).max() < 5 * se
    assert np.abs(x.var(axis=0) - 1).max() < 5 * 2**0.5 * se
    assert np.corrcoef(x.T) == pytest.approx(CORRELATION, abs=5 * se)
    assert stats.kurtosis(x[:, -1]) == pytest.approx(0, abs=5 * 24**0.5 * se)
    assert np.corrcoef(x[:-1, 0], x[1:, 0])[0, 1] == pytest.approx(0, abs=5 * se)  # the rows are independent


def test_buyers_follow_the_coefficients(data):
    x, bought = data
    # With x normal so is the logit: its law gives the share without a look at x
    mean, sd = COEFFICIENTS[0], np.sqrt(COEFFICIENTS[1:] @ CORRELATION @ COEFFICIENTS[1:])
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    share = special.expit(mean + sd * nodes) @ weights / weights.sum()
    assert bought.mean() == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / ROWS))
    # The slope of the log likelihood is zero at the coefficients, within its standard errors
    design = np.column_stack([np.ones(ROWS), x])
    p = special.expit(design @ COEFFICIENTS)
    z = design.T @ (bought - p) / np.sqrt((design**2).T @ (p * (1 - p)))
    assert np.abs(z).max() < 5
    reversed_ = special.expit(design @ COEFFICIENTS[[0, *range(FEATURES, 0, -1)]])
    assert np.abs(design.T @ (bought - reversed_)).max() > 1000  # another order of the coefficients is far off


def test_seeds_reproduce_the_data():
    first, again, other = visitors(100), visitors(100, seed=module.DATA_SEED), visitors(100, seed=1)
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert not np.isin(first[0], other[0]).any() and not np.array_equal(first[1], other[1])
    assert not np.isin(visitors(100, seed=module.DATA_SEED + 1)[0], first[0]).any()


def test_purchases_is_built_on_the_data_it_is_given(data, zeta):
    x, bought = (part[:300] for part in data)
    others = data[0][300:600]
    sets = [(x, bought), (others, bought), (others[:9], 1 - bought[:9])]
    found = [np.asarray(FlatModel(purchases(*pair)).log_densities(zeta)) for pair in sets]
    for pair, log_p in zip(sets, found, strict=True):
        assert log_p == pytest.approx(by_hand(zeta, *pair), rel=1e-6)
    assert (np.abs(np.diff(found, axis=0)) > 0.01).all()
    one = bought.copy()
    one[17] = 1 - one[17]
    changed = np.asarray(FlatModel(purchases(x, one)).log_densities(zeta)) - found[0]
    logit = zeta[:, 0] + zeta[:, 1:] @ x[17].astype(float)
    assert changed == pytest.approx((one - bought)[17] * logit, abs=1e-5)


def test_rows_can_be_named_as_minibatch(data, zeta):
    x, bought = (part[:300] for part in data)
    flat = FlatModel(purchases(x, bought), minibatch=["x", "bought"])
    assert flat.labels == ("intercept", *(f"slopes[{j}]" for j in range(20)))
    rows = np.array([3, 50, 7])
    expected = by_hand(zeta[0], x[rows], bought[rows], scale=100.0)
    assert float(flat.log_density(zeta[0], rows)) == pytest.approx(expected, rel=1e-6)


def test_a_minibatch_estimates_the_log_density_of_all_rows(data, zeta):
    x, bought = (part[:1000] for part in data)
    model = purchases(*pm.Minibatch(x.astype(float), bought, batch_size=50), total_size=1000)
    assert not model.data_vars
    log_p = pm.pytensorf.compile(model.value_vars, model.logp(), random_seed=1, mode="FAST_COMPILE")
    estimates = np.array([log_p(intercept=zeta[0, 0], slopes=zeta[0, 1:]) for _ in range(400)])
    assert estimates.std() > 1  # another batch each time
    assert estimates.mean() == pytest.approx(by_hand(zeta[0], x, bought), abs=4.5 * estimates.std() / 20)
    at_zero = log_p(intercept=0.0, slopes=np.zeros(20))
    assert at_zero == pytest.approx(21 * stats.norm.logpdf(0, 0, 2) - 1000 * np.log(2))
