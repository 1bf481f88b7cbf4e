"""Two moons and their network: the data's meaning, the log density by hand, the logits against PyMC's own."""

from pathlib import Path

import numpy as np
import pymc as pm
import pytest
from scipy import special, stats
from sklearn.datasets import make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from helpers.fits import FlatModel
from helpers.models import moons, two_moons
from helpers.models.moons import logits, network

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data():
    return two_moons()


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(1).normal(size=(3, 2, 40))


def by_hand(weights, x, label, scale=1.0):
    """log p̃ of the network: Normal(0, 1) prior, Bernoulli likelihood."""
    z = logits(weights, x)
    likelihood = np.where(label == 1, special.log_expit(z), special.log_expit(-z)).sum(axis=-1)
    return stats.norm.logpdf(weights).sum(axis=-1) + scale * likelihood


def test_halves_scaled_over_all_points(data):
    x, label, x_held, label_held = data
    assert x.shape == x_held.shape == (500, 2) and label.shape == label_held.shape == (500,)
    both = np.concatenate([x, x_held])
    assert both.mean(axis=0) == pytest.approx(np.zeros(2), abs=1e-12) and both.std(axis=0) == pytest.approx(np.ones(2))
    assert len(np.unique(both, axis=0)) == 1000  # no point is in both halves
    small = two_moons(30, seed=2)
    assert [len(part) for part in small] == [15] * 4


def test_labels_are_floats_as_many_of_each(data):
    for label in data[1::2]:
        assert label.dtype == np.float64 and set(label) == {0.0, 1.0}
    assert np.concatenate(data[1::2]).mean() == 0.5
    assert 0.43 < data[1].mean() < 0.57  # in a random half: 0.5 ± 0.016


def test_seeds_reproduce_the_data(data):
    assert all(np.array_equal(a, b) for a, b in zip(data, two_moons(seed=moons.DATA_SEED), strict=True))
    others = two_moons(seed=moons.DATA_SEED + 1)
    assert not any(np.array_equal(a, b) for a, b in zip(data, others, strict=True))


def test_a_half_is_a_random_half(data):
    # Both halves come from the same two moons: each point's nearest neighbours are of either half alike
    both, half = np.concatenate(data[::2]), np.repeat([0, 1], 500)
    near = KNeighborsClassifier(10).fit(both, half).kneighbors(return_distance=False)
    assert (half[near] == half[:, None]).mean() == pytest.approx(0.5, abs=0.05)


def test_class_one_is_the_lower_moon(data):
    x, label, x_held, label_held = data
    # In make_moons' own units the moons' lowest and highest points are (1, -0.5) and (0, 1); all of x has mean
    # (0.5, 0.25). Scaled with the sds these are near (0.6, -1.5) and (-0.6, 1.5).
    tips = np.array([[0.6, -1.5], [-0.6, 1.5]])
    for model in (LogisticRegression(), KNeighborsClassifier(15)):
        p = model.fit(x, label).predict_proba(tips)[:, 1]
        assert p[0] > 0.9 and p[1] < 0.1
    assert x[label == 1, 1].mean() < -0.4 and x[label == 0, 1].mean() > 0.4
    assert x[label == 1, 0].mean() > 0.3 and x[label == 0, 0].mean() < -0.3
    # Noise 0.2: a straight line does not do, neighbours do, but not without errors
    assert 0.83 < LogisticRegression().fit(x, label).score(x_held, label_held) < 0.92
    assert 0.94 < KNeighborsClassifier(15).fit(x, label).score(x_held, label_held) < 0.995


def test_logits_are_those_of_the_pymc_model(data, weights):
    x = data[2][:7]
    model = network(x, np.zeros(7))
    values = model.rvs_to_values
    (found,) = model.replace_rvs_by_values([model["class"].owner.inputs[-1]])  # P(class 1)
    p = pm.pytensorf.compile([values[model[name]] for name in ("w1", "w2", "w3")], found, mode="FAST_COMPILE")
    flat = weights.reshape(-1, 40)
    expected = [p(w3=w[35:], w2=w[10:35].reshape(5, 5), w1=w[:10].reshape(2, 5)) for w in flat]
    assert special.expit(logits(flat, x)) == pytest.approx(np.array(expected), rel=1e-12)
    assert logits(weights, x).shape == (3, 2, 7) and logits(flat[0], x).shape == (7,)
    assert logits(weights, x).reshape(-1, 7) == pytest.approx(logits(flat, x))
    assert np.ptp(expected, axis=0).min() > 0.1  # these weights do differ


def test_order_of_the_weights_is_that_of_flat_model(data):
    labels = FlatModel(network(*data[:2])).labels
    assert (labels[:2], labels[9:11], labels[34:36]) == (
        ("w1[0, 0]", "w1[0, 1]"),
        ("w1[1, 4]", "w2[0, 0]"),
        ("w2[4, 4]", "w3[0]"),
    )
    assert len(labels) == 40


def test_logits_are_odd(data, weights):
    assert logits(weights, -data[0]) == pytest.approx(-logits(weights, data[0]))
    assert not logits(weights, np.zeros((1, 2))).any()


def test_weights_of_another_number_are_refused(data):
    for size in (39, 41):
        with pytest.raises(ValueError):
            logits(np.zeros((3, size)), data[0])


def test_network_is_built_on_the_data_it_is_given(data, weights):
    x, label, x_held, _ = data
    zeta = weights.reshape(-1, 40)
    sets = [(x, label), (x_held, label), (x_held[:9], 1 - label[:9])]
    found = [np.asarray(FlatModel(network(*pair)).log_densities(zeta)) for pair in sets]
    for pair, log_p in zip(sets, found, strict=True):
        assert log_p == pytest.approx(by_hand(zeta, *pair), rel=1e-9)
    assert (np.abs(np.diff(found, axis=0)) > 0.01).all()  # each of them differs from the one before
    one = label.copy()
    one[17] = 1 - one[17]
    changed = np.asarray(FlatModel(network(x, one)).log_densities(zeta)) - found[0]
    assert changed == pytest.approx((one - label)[17] * logits(zeta, x[17:18])[:, 0], abs=1e-9)


def test_dims_and_data_can_be_exchanged(data):
    model = network(*data[:2])
    assert model.named_vars_to_dims == {
        "x": ("point", "input"),
        "label": ("point",),
        "w1": ("input", "first"),
        "w2": ("first", "second"),
        "w3": ("second",),
    }
    pm.set_data({"x": data[2][:9], "label": data[3][:9]}, model=model)
    zeta = np.ones(40)
    assert float(FlatModel(model).log_density(zeta)) == pytest.approx(by_hand(zeta, data[2][:9], data[3][:9]))


def test_total_size_scales_the_likelihood_alone(data, weights):
    x, label = data[0][:50], data[1][:50]
    flat = FlatModel(network(x, label, total_size=500))
    zeta = weights.reshape(-1, 40)
    assert np.asarray(flat.log_densities(zeta)) == pytest.approx(by_hand(zeta, x, label, scale=10.0))


def test_the_prior_can_be_wider(data, weights):
    zeta = weights.reshape(-1, 40)
    found = np.asarray(FlatModel(network(*data[:2], prior_sd=2)).log_densities(zeta))
    change = (stats.norm.logpdf(zeta, scale=2) - stats.norm.logpdf(zeta)).sum(axis=-1)
    assert found == pytest.approx(by_hand(zeta, *data[:2]) + change, rel=1e-7)


def test_a_minibatch_estimates_the_log_density_of_all_points(data, weights):
    x, label = data[:2]
    model = network(*pm.Minibatch(x, label, batch_size=50), total_size=len(x))
    assert not model.data_vars
    log_p = pm.pytensorf.compile(model.value_vars, model.logp(), random_seed=1, mode="FAST_COMPILE")
    w = weights[0, 0]
    parts = {"w1": w[:10].reshape(2, 5), "w2": w[10:35].reshape(5, 5), "w3": w[35:]}
    estimates = np.array([log_p(**parts) for _ in range(400)])
    assert estimates.std() > 1  # another batch each time
    error = estimates.std() / 20
    assert estimates.mean() == pytest.approx(by_hand(w, x, label), abs=4.5 * error)
    assert 0.05 * np.ptp(by_hand(weights.reshape(-1, 40), x, label)) > error  # so that the line above says something
    at_zero = log_p(**{name: np.zeros_like(part) for name, part in parts.items()})
    assert at_zero == pytest.approx(40 * stats.norm.logpdf(0) - 500 * np.log(2))  # N/B × B × log(1/2)


@pytest.mark.parametrize("points", [1000, 7])
def test_the_moons_are_scikit_learn_s(points):
    x, label = moons._moons(points, 3)
    expected = make_moons(points, noise=0.2, random_state=3)
    assert x == pytest.approx(expected[0], abs=1e-12) and label.tolist() == expected[1].tolist()
