"""Fits to many sets of readings at once: as good as those to one, and each with its own data."""

import numpy as np
import pytest
from scipy import stats

from helpers.models import Setting, sensor_fits, sensor_sets
from helpers.models.sensor_data import NOISE, outputs, sensor

pytestmark = pytest.mark.usefixtures("double_precision")


def elbo(mean, omega, x, y):
    eta = np.random.default_rng(0).standard_normal((4_000, mean.size))
    weights = mean + np.exp(omega) * eta
    fit = stats.norm.logpdf(y, outputs(weights, x), NOISE).sum(axis=-1).mean()
    return fit - (0.5 * (mean**2 + np.exp(2 * omega) - 1) - omega).sum()


def test_each_set_gets_a_fit_as_good_as_one_alone():
    x, y = np.moveaxis([sensor(seed=seed) for seed in (42, 1001)], 1, 0)
    fits = sensor_sets.mean_field(x, y, seed=1)
    assert fits.shape == (2, 2, 16)
    for (mean, omega), at, readings, seed in zip(fits, x, y, (42, 1001), strict=True):
        (alone,) = sensor_fits.mean_field([Setting(data_seed=seed)], seed=1)
        assert elbo(mean, omega, at, readings) == pytest.approx(alone.elbo, abs=6)
    assert elbo(*fits[0], x[1], y[1]) < elbo(*fits[1], x[1], y[1]) - 3


def test_the_same_numbers_for_the_same_seed(monkeypatch):
    monkeypatch.setattr(sensor_sets, "STEPS", 50)
    x, y = np.moveaxis([sensor(8, seed=seed) for seed in (1, 2, 3)], 1, 0)
    first, again = (sensor_sets.mean_field(x, y, seed=1) for _ in range(2))
    assert first.shape == (3, 2, 16) and np.array_equal(first, again)
