"""Normal effects with any likelihood: against the one-way formulas where these hold, and against brute force."""

import numpy as np
import pytest
from scipy import special, stats

from helpers.truth.effects import normal_effects

MEANS, NOISE = np.array([1.3, -0.4, 2.2]), 0.8


def test_with_normal_readings_it_is_the_formula():
    mu, log_tau = np.linspace(-8, 8, 81), np.linspace(-7, 2.5, 81)
    priors = stats.norm(0, 2), stats.halfnorm(scale=1.5)
    found = normal_effects(
        lambda theta: stats.norm.logpdf(MEANS[:, None], theta[:, None, :], NOISE), mu, log_tau, priors=priors
    )
    variance = np.exp(2 * found.log_tau)[:, None] + NOISE**2
    log_p = stats.norm.logpdf(MEANS, found.mu[:, None], np.sqrt(variance)).sum(axis=1) + stats.norm.logpdf(
        found.mu, 0, 2
    )
    log_p += stats.halfnorm.logpdf(np.exp(found.log_tau), scale=1.5) + found.log_tau
    share, pulled = special.softmax(log_p), NOISE**2 / variance
    mean = pulled * found.mu[:, None] + (1 - pulled) * MEANS
    assert found.levels()[0] == pytest.approx(share @ mean, abs=1e-4)
    assert found.hyper()[0] == pytest.approx([share @ found.mu, share @ found.log_tau], abs=1e-4)
    between = share @ (mean - share @ mean) ** 2
    assert found.levels()[1] ** 2 == pytest.approx(between + share @ ((1 - pulled) * NOISE**2), abs=1e-3)
    assert found.log_evidence == pytest.approx(
        special.logsumexp(log_p) + np.log(0.2 * (log_tau[1] - log_tau[0])), abs=1e-4
    )


def test_with_counts_it_is_what_weighted_draws_of_the_prior_say():
    hits, tries = np.array([3, 9]), 12
    found = normal_effects(
        lambda theta: stats.binom.logpmf(hits[:, None], tries, special.expit(theta)[:, None, :]),
        np.linspace(-4, 4, 61),
        np.linspace(-10, 1.5, 81),
        priors=(stats.norm(0, 0.7), stats.halfnorm(scale=0.8)),
    )
    rng = np.random.default_rng(1)
    mu, tau = rng.normal(0, 0.7, 400_000), np.abs(rng.normal(0, 0.8, 400_000))
    theta = rng.normal(mu, tau, (2, 400_000))
    joint = stats.binom.pmf(hits[:, None], tries, special.expit(theta)).prod(axis=0)
    assert found.log_evidence == pytest.approx(np.log(joint.mean()), abs=0.022)  # 5 sd over seeds, as below
    weights = joint / joint.sum()
    assert found.levels()[0] == pytest.approx(theta @ weights, abs=0.013)
    assert found.mean_of(special.expit) == pytest.approx(special.expit(theta) @ weights, abs=0.0026)
    mean, sd = found.hyper()
    for k, values in enumerate((mu, np.log(tau))):
        assert mean[k] == pytest.approx(values @ weights, abs=0.012)
        assert sd[k] == pytest.approx(np.sqrt(weights @ (values - values @ weights) ** 2), abs=0.012)
