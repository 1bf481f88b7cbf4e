"""Properties that every target has, and clear errors for bad input."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.truth import targets
from tests.support.quadrature import log_evidence

MADE = [  # the ends of what a chapter could ask for, and something between
    *(targets.normal(mu, sigma) for mu, sigma in ((-50, 0.05), (50, 50), (0.3, 1.7))),
    *(targets.student_t(*given) for given in ((5, -50, 50), (30, 50, 0.05), (7.3, 0.4, 2.1))),
    *(targets.gumbel(*given) for given in ((-50, 50), (50, 0.05), (0.7, 3.3))),
    *(targets.laplace(*given) for given in ((-50, 50), (50, 0.05), (0.7, 3.3))),
    *(targets.skew_normal(*given) for given in ((-8, 50, 0.05), (8, -50, 50), (0.6, 1.2, 2.3))),
    *(targets.logit_beta(*given) for given in ((0.3, 0.3), (2000, 50), (0.3, 50), (2000, 0.3), (31, 2.2))),
    *(targets.beta(*given) for given in ((0.6, 0.6), (2000, 50), (0.6, 50), (2000, 0.6), (31, 2.2))),
    targets.normal_mixture((0.05, 0.95), (-50, 50), (0.05, 50)),
    targets.normal_mixture((0.95, 0.05), (-50, 50), (50, 0.05)),
    targets.normal_mixture((0.4, 0.6), (1.2, 1.3), (0.05, 0.06)),
]
NOT_POSITIVE = (0, -1.5, np.nan, np.inf, "1", None, 1j)
NOT_FINITE = (np.nan, np.inf, -np.inf, "0", None)


@pytest.mark.parametrize("target", MADE)
def test_density_moments_and_quantiles_belong_together(target):
    assert log_evidence(target) == pytest.approx(0, abs=1e-6)
    draws = target.quantile((np.arange(100_000) + 0.5) / 100_000)
    assert np.mean(draws) == pytest.approx(target.mean, abs=0.01 * target.sd)
    assert np.std(draws) == pytest.approx(target.sd, rel=0.01)
    middle = target.quantile(0.5)
    below = log_evidence(replace(target, support=(target.support[0], middle)))
    assert np.exp(below) == pytest.approx(0.5, abs=1e-6)
    assert np.all(draws >= target.support[0]) and np.all(draws <= target.support[1])
    assert np.all(np.diff(draws) >= 0)


@pytest.mark.parametrize("target", MADE)
def test_log_density_is_minus_infinity_outside_the_support(target):
    assert np.isfinite(target.log_density(target.quantile(0.3)))
    for end, outward in zip(target.support, (-1, 1), strict=True):
        if np.isfinite(end):
            assert target.log_density(end + outward * 0.1) == -np.inf


@pytest.mark.parametrize(
    ("target", "mean", "sd"),
    [
        (targets.student_t(3), 0, np.sqrt(3)),
        (targets.student_t(2), 0, np.inf),
        (targets.gumbel(), np.euler_gamma, np.pi / np.sqrt(6)),
        (targets.laplace(1, 2), 1, 2 * np.sqrt(2)),
        (targets.beta(1001, 2), 1001 / 1003, np.sqrt(1001 * 2 / (1003**2 * 1004))),
        (targets.normal_mixture(), 0, np.sqrt(0.5 * 10 + 0.5 * 11.25)),
        (targets.skew_normal(4), np.sqrt(2 / np.pi) * 4 / np.sqrt(17), np.sqrt(1 - 2 / np.pi * 16 / 17)),
    ],
)
def test_exact_moments(target, mean, sd):
    assert target.mean == pytest.approx(mean, abs=1e-12)
    assert target.sd == pytest.approx(sd, rel=1e-9)


@pytest.mark.parametrize("value", NOT_POSITIVE)
def test_bad_scales_are_named(value):
    for make, name in [
        (lambda: targets.normal(0, value), "sigma"),
        (lambda: targets.student_t(value), "df"),
        (lambda: targets.student_t(3, 0, value), "scale"),
        (lambda: targets.gumbel(0, value), "scale"),
        (lambda: targets.laplace(0, value), "scale"),
        (lambda: targets.skew_normal(1, 0, value), "scale"),
        (lambda: targets.beta(value, 1), "a"),
        (lambda: targets.logit_beta(1, value), "b"),
        (lambda: targets.normal_mixture(sds=(1, value)), r"sds\[1\]"),
    ]:
        with pytest.raises(ValueError, match=rf"^{name} must be a finite number"):
            make()


@pytest.mark.parametrize("value", NOT_FINITE)
def test_bad_locations_are_named(value):
    for make, name in [
        (lambda: targets.normal(value, 1), "mu"),
        (lambda: targets.gumbel(value), "loc"),
        (lambda: targets.normal_mixture(means=(value, 0)), r"means\[0\]"),
    ]:
        with pytest.raises(ValueError, match=rf"^{name} must be a finite number, got"):
            make()


def test_weights_must_sum_to_one():
    with pytest.raises(ValueError, match="weights must sum to 1"):
        targets.normal_mixture(weights=(0.5, 0.6))
    with pytest.raises(ValueError, match="weights must hold two numbers"):
        targets.normal_mixture(weights=(1.0,))


def test_numbers_of_any_type_are_taken_as_floats():
    for make in (targets.student_t, targets.gumbel, targets.laplace):
        assert log_evidence(make(scale=np.int8(100))) == pytest.approx(0, abs=1e-6)
        assert make(scale=np.float32(2)).sd == make(scale=2.0).sd
    with pytest.raises(ValueError, match="mu must be a finite number"):
        targets.normal(10**400, 1)
    with pytest.raises(ValueError, match="weights must hold two numbers"):
        targets.normal_mixture(weights=None)


def test_a_target_is_listed_by_its_own_name():
    assert {name: make().name for name, make in targets.TARGETS.items()} == {name: name for name in targets.TARGETS}
