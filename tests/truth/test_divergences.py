"""Every divergence against a closed form."""

import warnings

import numpy as np
import pytest
from scipy import special, stats

from helpers.truth import Target, beta, elbo, entropy, kl, logit_beta, normal, normal_mixture, student_t
from helpers.truth.divergences import squared_log_difference
from helpers.truth.targets import LOG_2PI, gumbel, laplace, skew_normal
from tests.support.quadrature import log_evidence

SCALES = [0.01, 0.1, 1.0, 3.0, 10.0, 100.0]


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def kl_normals(mu1, s1, mu2, s2):
    return np.log(s2 / s1) + (s1**2 + (mu1 - mu2) ** 2) / (2 * s2**2) - 0.5


def cross_entropy(mu, sigma, mean, sd):
    """−E_p[log N(μ, σ²)] for any p with that mean and sd."""
    return np.log(sigma) + 0.5 * LOG_2PI + (sd**2 + (mean - mu) ** 2) / (2 * sigma**2)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("mu", [0.0, 0.3, -4.0])
def test_normal_against_normal(mu, scale):
    q, p = normal(mu, scale), normal(0.2, 1.0)
    assert kl(q, p) == pytest.approx(kl_normals(mu, scale, 0.2, 1), abs=1e-6, rel=1e-9)
    assert kl(p, q) == pytest.approx(kl_normals(0.2, 1, mu, scale), abs=1e-6, rel=1e-9)
    assert entropy(q) == pytest.approx(0.5 * np.log(2 * np.pi * np.e * scale**2), abs=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_kl_from_a_normal_in_closed_form(scale):
    q, minus_entropy = normal(0.3, scale), -0.5 * np.log(2 * np.pi * np.e * scale**2)
    mean_abs = scale * np.sqrt(2 / np.pi) * np.exp(-0.045 / scale**2) + 0.3 * special.erf(0.3 / scale / np.sqrt(2))
    assert kl(q, laplace()) == pytest.approx(minus_entropy + np.log(2) + mean_abs, abs=1e-6)
    if scale <= 10:  # beyond, exp(σ²/2) leaves double precision: see the limit below
        exact = minus_entropy + 0.3 + np.exp(-0.3 + scale**2 / 2)
        assert kl(q, gumbel()) == pytest.approx(exact, abs=1e-6, rel=1e-12)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("p", "p_entropy"),
    [
        (student_t(3), stats.t(3).entropy()),
        (gumbel(), 1 + np.euler_gamma),
        (laplace(), 1 + np.log(2)),
        (beta(1001, 2), stats.beta(1001, 2).entropy()),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_kl_to_a_normal_in_closed_form(p, p_entropy, scale):
    mu, sigma = p.mean + 0.3 * p.sd, scale * p.sd
    exact = cross_entropy(mu, sigma, p.mean, p.sd) - float(p_entropy)
    assert kl(p, normal(mu, sigma)) == pytest.approx(exact, abs=1e-6, rel=1e-9)


@pytest.mark.parametrize("nu", [2.5, 2.1, 2.01, 2.001])
def test_a_heavy_tail_is_integrated_to_its_end(nu):
    exact = cross_entropy(0, 1.5, 0, np.sqrt(nu / (nu - 2))) - stats.t(nu).entropy()
    assert kl(student_t(nu), normal(0, 1.5)) == pytest.approx(float(exact), rel=1e-8)


@pytest.mark.parametrize("nu", [2.0, 1.5, 1.0])
def test_a_tail_that_no_integral_survives_is_infinite(nu):
    assert kl(student_t(nu), normal(0, 1.5)) == np.inf
    assert elbo(student_t(nu), normal(0, 1.5)) == -np.inf
    assert np.isfinite(kl(normal(0, 1.5), student_t(nu)))


@pytest.mark.parametrize("sigma", [19, 30, 40, 100, 1e4])
def test_a_log_density_that_overflows_gives_infinity(sigma):
    assert kl(normal(0, sigma), gumbel()) == np.inf
    assert elbo(normal(0, sigma), gumbel()) == -np.inf
    assert squared_log_difference(normal(0, sigma), gumbel()) == np.inf


def test_support_mismatch_is_infinite():
    assert kl(normal(0.9, 0.1), beta(3, 2)) == np.inf
    assert kl(normal(0.5, 1e-6), beta(3, 2)) == np.inf
    assert elbo(normal(0.9, 0.1), beta(3, 2)) == -np.inf
    assert np.isfinite(kl(beta(3, 2), normal(0.5, 0.1)))


@pytest.mark.parametrize(
    "target",
    [student_t(), gumbel(), laplace(), skew_normal(), normal_mixture(), logit_beta(), beta()],
    ids=lambda t: t.name,
)
def test_log_evidence_is_elbo_plus_kl(target):
    unnormalised = target.scaled(-7.25)
    assert log_evidence(unnormalised) == pytest.approx(-7.25, abs=1e-6)
    q = target if np.isfinite(target.support).any() else normal(target.mean + 0.3 * target.sd, 0.8 * target.sd)
    assert elbo(q, unnormalised) + kl(q, target) == pytest.approx(-7.25, abs=1e-6)
    assert kl(q, unnormalised) == pytest.approx(kl(q, target), abs=1e-9)


def test_a_support_that_sticks_out_at_one_end_only():
    low = Target.from_scipy("uniform", stats.uniform(-0.5, 1))
    high = Target.from_scipy("uniform", stats.uniform(0.5, 1))
    for q in (low, high):
        assert kl(q, beta(3, 2)) == np.inf
        assert elbo(q, beta(3, 2)) == -np.inf
        assert squared_log_difference(q, beta(3, 2)) == np.inf


def test_q_may_be_unnormalised_too():
    assert kl(gumbel().scaled(3.0), student_t()) == pytest.approx(kl(gumbel(), student_t()), abs=1e-9)


def test_a_density_that_overflows_at_its_wall_is_not_infinite():
    a = 0.1  # KL(Beta(a, 1)‖uniform) = log a − (a − 1)/a
    assert kl(beta(a, 1), beta(1, 1)) == pytest.approx(np.log(a) - (a - 1) / a, abs=1e-6)


def test_too_narrow_for_double_precision_is_said():
    with pytest.raises(ValueError, match="too narrow"):
        log_evidence(normal(1e15, 1e-3))


def test_kl_is_the_same_in_every_parameterisation():
    other = beta(30, 4)
    assert kl(beta(20, 3), other) == pytest.approx(kl(logit_beta(20, 3), logit_beta(30, 4)), abs=1e-9)


def test_kl_of_a_density_with_itself_is_zero():
    for target in (student_t(), student_t(1), gumbel(), normal_mixture(), beta(0.5, 0.5)):
        assert kl(target, target) == pytest.approx(0, abs=1e-12)


def test_squared_difference_of_two_normals():
    # log q − log p = a + b η + c η² with η = (θ − μ)/σ: its second moment is (a + c)² + b² + 2 c²
    mu, s = 0.4, 1.3
    a, b, c = -np.log(s) + mu**2 / 2, mu * s, (s**2 - 1) / 2
    exact = (a + c) ** 2 + b**2 + 2 * c**2
    assert squared_log_difference(normal(mu, s), normal()) == pytest.approx(exact, abs=1e-9)
