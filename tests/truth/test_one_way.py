"""The one-way model: its exact posterior against other integrals, and the best Gaussians against draws."""

import numpy as np
import pytest
from scipy import integrate, stats

from helpers.truth.one_way import OneWay, OneWayPosterior
from helpers.truth.one_way_gaussian import best_one_way
from tools.one_way_study import best_structured, log_density

pytestmark = pytest.mark.usefixtures("double_precision")

RNG = np.random.default_rng(3)
GROUP = np.repeat(np.arange(4), [2, 3, 5, 9])
Y = RNG.normal(RNG.normal(1, 1, 4)[GROUP], 2)
PRIORS = {"mu_sd": 3.0, "tau_sd": 1.5, "sigma_sd": 4.0}
DATA = OneWay.of(Y, GROUP, **PRIORS)


@pytest.fixture(scope="module")
def exact():
    return DATA.posterior()


def log_joint(mu, log_tau, log_sigma):
    """log p(y, μ, log τ, log σ): the readings of a group are jointly normal."""
    tau, sigma = np.exp(log_tau), np.exp(log_sigma)
    total = stats.norm.logpdf(mu, 0, 3) + stats.halfnorm.logpdf(tau, scale=1.5) + stats.halfnorm.logpdf(sigma, scale=4)
    for j in range(4):
        y = Y[GROUP == j]
        cov = tau**2 + sigma**2 * np.eye(len(y))
        total += stats.multivariate_normal.logpdf(y, np.full(len(y), mu), cov)
    return total + log_tau + log_sigma


def test_the_density_is_that_of_the_readings_with_mu_summed_out():
    at = np.array([[0.3, 0.6], [-2.0, 0.9]])
    found = OneWayPosterior(DATA, *at.T).log_density
    wanted = [np.log(integrate.quad(lambda mu, a=a: np.exp(log_joint(mu, *a) + 40), -15, 15)[0]) - 40 for a in at]
    assert found == pytest.approx(wanted, abs=1e-6)


def test_a_finer_grid_changes_nothing(exact):
    finer = DATA.posterior(481)
    for name in ("hyper", "levels"):
        for coarse, fine in zip(getattr(exact, name)(), getattr(finer, name)(), strict=True):
            assert coarse == pytest.approx(fine, abs=3e-4)
    assert exact.log_evidence == pytest.approx(finer.log_evidence, abs=1e-4)


def test_many_groups_need_a_grid_of_their_own():
    """With a hundred groups the tail of log τ to the left still counts a little; with more it does not."""
    rng = np.random.default_rng(4)
    y = rng.normal(rng.normal(1, 1, (100, 1)), 3, (100, 8))
    data = OneWay.of(y.ravel(), np.repeat(np.arange(100), 8))
    narrow, wide = data.posterior_of_many(), data.posterior()
    for name in ("hyper", "levels"):
        for a, b in zip(getattr(narrow, name)(), getattr(wide, name)(), strict=True):
            assert a == pytest.approx(b, abs=4e-3)
    assert narrow.log_evidence == pytest.approx(wide.log_evidence, abs=4e-3)
    with pytest.raises(ValueError, match="equal size"):
        DATA.posterior_of_many()


def test_moments_are_those_of_weighted_draws(exact):
    """Importance sampling from a wide t, which knows nothing of the formulas."""
    (mean, sd), rng = exact.hyper(), np.random.default_rng(0)
    t = rng.standard_t(4, (60_000, 3)) * sd * 1.3 + mean
    log_p = OneWayPosterior(DATA, t[:, 1], t[:, 2])
    _, mu, variance, pulled, noise = log_p._given
    z = stats.norm(mu, np.sqrt(variance))
    log_w = log_p.log_density + z.logpdf(t[:, 0]) - stats.t(4).logpdf((t - mean) / sd / 1.3).sum(axis=1)
    w = np.exp(log_w - log_w.max())
    found = np.average(t, axis=0, weights=w)
    assert (found - mean) / sd == pytest.approx(0, abs=0.04)
    theta = rng.normal(pulled * t[:, :1] + (1 - pulled) * DATA.mean, np.sqrt((1 - pulled) * noise))
    level, level_sd = exact.levels()
    assert (np.average(theta, axis=0, weights=w) - level) / level_sd == pytest.approx(0, abs=0.04)
    new = rng.normal(t[:, 0], np.exp(t[:, 1]))
    assert np.average(new < 2.5, weights=w) == pytest.approx(exact.share_below([2.5])[0], abs=0.02)


def test_densities_have_the_mass_one(exact):
    grid, density = exact.density_of_log_tau()
    assert density.sum() * (grid[1] - grid[0]) == pytest.approx(1)
    at = np.linspace(-15, 15, 601)
    level = exact.density_of_level(0, at)
    assert level.sum() * (at[1] - at[0]) == pytest.approx(1, abs=1e-4)
    assert at @ level * (at[1] - at[0]) == pytest.approx(exact.levels()[0][0], abs=1e-3)


@pytest.mark.parametrize(
    ("centring", "full_rank", "learn"), [(1, False, False), (0.3, True, False), (0.5, False, True)]
)
def test_the_elbo_is_that_of_draws_and_q_is_at_its_top(exact, centring, full_rank, learn):
    q = best_one_way(DATA, centring, full_rank=full_rank, learn=learn)
    hyper, x, log_q = q.draws(40_000, seed=1)
    log_ratio = log_density(DATA, q.centring, hyper, x) - log_q
    assert log_ratio.mean() == pytest.approx(q.elbo, abs=5 * log_ratio.std() / 200)
    assert q.elbo < exact.log_evidence
    assert hyper.std(axis=0) == pytest.approx(q.hyper_sd, rel=0.02)
    if not learn:  # moved a little, it is worse: with the same draws
        for shift in (-0.2, 0.2):
            moved = hyper + shift * q.hyper_sd
            assert (log_density(DATA, q.centring, moved, x) - log_q).mean() < log_ratio.mean()


def test_the_density_with_the_levels_is_that_of_the_model():
    hyper, theta = np.array([[0.4, 0.2, 0.7]]), RNG.normal(1, 1, (1, 4))
    mu, tau, sigma = 0.4, np.exp(0.2), np.exp(0.7)
    wanted = stats.norm.logpdf(Y, theta[0][GROUP], sigma).sum() + stats.norm.logpdf(theta, mu, tau).sum() + 0.9
    wanted += stats.norm.logpdf(mu, 0, 3) + stats.halfnorm.logpdf([tau, sigma], scale=[1.5, 4]).sum()
    assert log_density(DATA, np.ones(4), hyper, theta) == pytest.approx([wanted])
    c = 0.3  # and in other coordinates, with the Jacobian
    x = c * mu + tau ** (c - 1) * (theta - mu)
    assert log_density(DATA, np.full(4, c), hyper, x) == pytest.approx([wanted + 4 * (1 - c) * 0.2])


def test_more_freedom_is_no_worse_and_the_structured_q_is_closest(exact):
    plain, full = best_one_way(DATA, 0.3), best_one_way(DATA, 0.3, full_rank=True)
    mean, factor, elbo, under = best_structured(DATA)
    assert plain.elbo < full.elbo < elbo < exact.log_evidence
    assert factor[0, 1] == 0 and under.share.sum() == pytest.approx(1)
    eta = np.random.default_rng(1).standard_normal((20_000, 2))
    log_p = OneWayPosterior(DATA, *(mean + eta @ factor.T).T).log_density
    log_ratio = log_p + 0.5 * (eta**2).sum(axis=1) + np.log(2 * np.pi * factor[0, 0] * factor[1, 1])
    assert log_ratio.mean() == pytest.approx(elbo, abs=0.02)
