"""`approximate` against closed forms, quadrature and honest refusals; its parts, each alone."""

import re
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from scipy import special, stats

from helpers.fits import Approximation, FlatModel, GaussianFit, approximate, automatic, starting_places
from helpers.fits.short_chains import at_rest, run_chains
from helpers.fits.starting_places import best_on_the_way, inverse_root
from helpers.fits.whitened import pulled_back
from tests.support.models import visits_by_age

RNG = np.random.default_rng(8)
YEARS = np.arange(1900, 2021.0)
WARMING = -20 + 0.014 * YEARS + RNG.normal(0, 0.3, YEARS.size)


def trend(y=WARMING, sd=0.3):
    """A line over raw years: the intercept is 1,900 years away, and the correlation is −0.9998."""
    with pm.Model() as model:
        year = pm.Data("year", YEARS)
        line = pm.Normal("line", 0, [100, 10], shape=2)
        trend = pm.Deterministic("trend", line[0] + line[1] * year)
        pm.Normal("y", trend, sd, observed=y, shape=year.shape)
    return model


def exact_trend():
    """Mean and covariance of intercept and slope."""
    features = np.column_stack([np.ones_like(YEARS), YEARS])
    covariance = np.linalg.inv(features.T @ features / 0.3**2 + np.diag([1 / 100**2, 1 / 10**2]))
    return covariance @ features.T @ WARMING / 0.3**2, covariance


@pytest.fixture(scope="module")
def of_trend():
    return approximate(trend(), seed=1)


def test_a_line_over_raw_years_is_met(of_trend):
    mean, covariance = exact_trend()
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((of_trend.q.mean - mean) / sd, 0, atol=0.01)  # a Gaussian: no noise in the gradient
    np.testing.assert_allclose(of_trend.q.sd / sd, 1, atol=0.01)
    assert of_trend.source == "weights"
    summary = of_trend.summary()
    assert list(summary.index[:3]) == ["line[0]", "line[1]", "trend[0]"]
    assert summary["believe"].all()
    np.testing.assert_allclose((summary["mean"].iloc[:2] - mean) / sd, 0, atol=0.08)  # 4,000 draws: 5 × 0.016


def test_draws_come_in_the_models_names(of_trend):
    posterior = of_trend.to_datatree(3_000, seed=3)["posterior"]
    assert posterior["trend"].shape == (1, 3_000, YEARS.size)
    _, covariance = exact_trend()
    line = posterior["line"].values[0]
    np.testing.assert_allclose(np.cov(line.T) / covariance, 1, atol=0.15)


def test_predictions_for_new_years_and_the_old_ones_stay(of_trend):
    new = np.array([1950.0, 2100.0])
    drawn = of_trend.predict({"year": new}, seed=4)["predictions"]["y"].values[0]
    mean, covariance = exact_trend()
    features = np.column_stack([np.ones(2), new])
    sd = np.sqrt(np.einsum("ij,jk,ik->i", features, covariance, features) + 0.3**2)
    np.testing.assert_allclose((drawn.mean(axis=0) - features @ mean) / sd, 0, atol=0.16)  # 1,000 draws: 5 × 0.032
    np.testing.assert_allclose(drawn.std(axis=0) / sd, 1, atol=0.12)
    model = of_trend.q.model.model
    np.testing.assert_array_equal(model["year"].get_value(), YEARS)
    with pytest.raises(ValueError, match="data must name pm.Data of the model \\('year'\\); got 'yaer'"):
        of_trend.predict({"yaer": new}, seed=4)


def test_what_is_saved_comes_back_for_the_same_model_only(of_trend, tmp_path):
    of_trend.save(tmp_path / "trend.npz")
    again = Approximation.load(tmp_path / "trend.npz", trend())
    np.testing.assert_allclose(again.summary()["mean"], of_trend.summary()["mean"], rtol=1e-5)
    assert again.verdict == of_trend.verdict
    with pytest.raises(ValueError, match="model must have the data and priors"):
        Approximation.load(tmp_path / "trend.npz", trend(WARMING + 1))
    with pm.Model() as other:
        pm.Normal("mu")
    with pytest.raises(ValueError, match="model must have the parameters of the file"):
        Approximation.load(tmp_path / "trend.npz", other)


def test_a_poisson_regression_on_raw_ages_meets_its_quadrature():
    model, age, visits = visits_by_age()
    a, b = np.meshgrid(np.linspace(-3, 1, 801), np.linspace(0.01, 0.07, 601), indexing="ij")
    log_rate_sum = visits.sum() * a + b * (visits @ age)
    rates = sum(np.exp(a + b * one) for one in age)
    log_p = log_rate_sum - rates + stats.norm.logpdf(a, 0, 5) + stats.norm.logpdf(b)
    weight = np.exp(log_p - log_p.max())
    mean = np.array([np.average(x, weights=weight) for x in (a, b)])
    sd = np.sqrt([np.average((x - m) ** 2, weights=weight) for x, m in zip((a, b), mean, strict=True)])
    found = approximate(model, seed=1).draws
    np.testing.assert_allclose((found.mean - mean) / sd, 0, atol=0.08)
    np.testing.assert_allclose(found.sd / sd, 1, atol=0.06)


def test_a_hundred_thousand_rows():
    rng = np.random.default_rng(17)
    x = rng.normal(size=100_000)
    y = 1 + 2 * x + rng.normal(size=x.size)
    with pm.Model() as model:
        a, b, s = pm.Normal("a", 0, 5), pm.Normal("b", 0, 5), pm.HalfNormal("s", 2)
        pm.Normal("y", a + b * x, s, observed=y)
    np.testing.assert_allclose(approximate(model, seed=1).q.sd, [100_000**-0.5] * 2 + [200_000**-0.5], rtol=0.02)


def test_skewed_margins_are_mended():
    """x = log of a Gamma(1/2): no Gaussian, mean and sd known by the digamma function."""
    with pm.Model() as model:
        x = pm.Flat("x")
        pm.Potential("log gamma", 0.5 * x - pm.math.exp(x))
    found = approximate(model, seed=1)
    assert abs(found.q.sd[0] / stats.loggamma(0.5).std() - 1) > 0.1
    assert abs(found.draws.mean[0] - stats.loggamma(0.5).mean()) < 0.1 * stats.loggamma(0.5).std()
    np.testing.assert_allclose(found.draws.sd[0] / stats.loggamma(0.5).std(), 1, atol=0.1)
    assert found.verdict.startswith("use")


def test_the_readmes_three_lines():
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "approximate" in block]
    names = {}
    exec(code, {"model": trend()}, names)  # noqa: S102 (our own README)
    assert "believe" in names["margins"].columns
    assert dict(names["draws"]["posterior"].sizes)["draw"] == 2_000


def test_a_funnel_is_refused_by_name():
    effect = np.array([28, 8, -3, 7, -1, 1, 18, 12.0])
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 5), pm.HalfCauchy("tau", 5)
        pm.Normal("y", pm.Normal("theta", mu, tau, shape=8), [15, 10, 16, 11, 9, 11, 10, 18], observed=effect)
    found = approximate(model, seed=1)
    assert found.verdict.startswith("do not use")
    assert "neck of a funnel" in found.verdict
    assert not found.summary()["believe"].any()


def test_chains_that_remember_are_refused():
    """Two peaks twelve sds apart, and a q that has both: each chain stays where it began."""
    with pm.Model() as model:
        pm.NormalMixture("x", [0.5, 0.5], [-6, 6], 1)
    chains = run_chains(GaussianFit(FlatModel(model), np.zeros(1), np.array([6.0])), seed=1)
    assert not chains.settled.any()


def test_chains_mend_a_wrong_fit():
    with pm.Model() as model:
        pm.MvNormal("x", np.zeros(3), np.eye(3) + 0.9 * (1 - np.eye(3)))
    wrong = GaussianFit(FlatModel(model), np.array([1.0, -0.5, 0.0]), np.array([0.5, 0.5, 0.5]))
    chains = run_chains(wrong, seed=1)
    assert chains.settled.all()
    np.testing.assert_allclose(chains.zeta.mean(axis=0), 0, atol=0.2)
    np.testing.assert_allclose(chains.zeta.std(axis=0), 1, atol=0.12)


def test_a_model_without_a_finite_start_is_named():
    with pm.Model() as model:
        rate = pm.Gamma("rate", 2, 1)
        pm.Poisson("count", rate, observed=[3, -1, 2])
    with pytest.raises(ValueError, match="finite at none of 4 starts, because of count"):
        approximate(model, seed=1)


def test_an_interrupt_keeps_what_was_found(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(automatic, "improve", interrupted)
    found = approximate(trend(), seed=1)
    assert found.notes == ("interrupted: this is the best that was found until then",)
    mean, covariance = exact_trend()
    np.testing.assert_allclose((found.q.mean - mean) / np.sqrt(np.diag(covariance)), 0, atol=0.01)


def two_peaks(more=0):
    with pm.Model() as model:
        pm.NormalMixture("x", [0.5, 0.5], [-5, 5], 1)
        if more:
            pm.Normal("z", 0, 1, shape=more)
    return model


@pytest.mark.parametrize("more", [0, 120])  # in many dimensions most draws are far from the middle, in all directions
def test_half_of_the_mass_is_not_lost_in_silence(more):
    with pm.Model() as model:
        x = pm.Normal("x", 0, 0.3, shape=1 + more)  # starts within one unit: on both sides of the ridge
        pm.Potential("ridge", 0.5 * (x[0] / 0.3) ** 2 + pm.logp(pm.NormalMixture.dist([0.5, 0.5], [-5, 5], 1), x[0]))
    found = approximate(model, seed=1)
    assert 0.4 < found.lost < 0.6
    assert found.verdict.startswith("do not use: other starts")
    assert not found.summary(["x"])["believe"].any()


def test_a_rare_wide_part_is_not_taken_for_a_thin_tail():
    """0.99 N(0, 1) + 0.01 N(0, 100): nearly all weights are alike, and the sd is 1.41."""
    with pm.Model() as model:
        pm.NormalMixture("x", [0.99, 0.01], [0, 0], [1, 10])
    found = approximate(model, seed=1)
    assert found.khat > 1
    assert found.verdict.endswith("far out the posterior may have more mass than short chains find")


def test_an_interrupt_elsewhere_is_no_praise(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(automatic._Search, "look_elsewhere", interrupted)
    found = approximate(two_peaks(), seed=1)
    assert found.verdict.startswith("do not use: these draws of q have not been checked; interrupted")


def test_an_interrupt_keeps_the_rounds_before_it(monkeypatch):
    rounds = []

    def third(q, **arguments):
        rounds.append(q)
        if len(rounds) == 3:
            raise KeyboardInterrupt
        return replace(q, mean=q.mean * (1 + 1e-9))  # a gain of next to nothing, with an error that is no better

    monkeypatch.setattr(automatic, "improve", third)
    monkeypatch.setattr(automatic, "ENOUGH", -1.0)
    found = approximate(trend(), seed=1)
    assert found.q is not rounds[0] or len(rounds) < 3


def test_refusals_say_what_to_do(of_trend):
    with pytest.raises(TypeError, match="model must be a pymc.Model or a FlatModel, got int"):
        approximate(3, seed=1)
    with pytest.raises(ValueError, match="seed must be a whole number"):
        approximate(trend(), seed=0.5)
    with pm.Model() as scaled:
        pm.Normal("y", pm.Normal("mean", 0, 10), 1, observed=np.zeros(25), total_size=40_000)
    with pytest.raises(ValueError, match="model holds total_size, which scales the likelihood"):
        approximate(scaled, seed=1)
    with pytest.raises(ValueError, match="coords must name dimensions of the model"):
        of_trend.predict({"year": YEARS}, coords={"when": [1]}, seed=1)
    with pytest.raises(ValueError, match="names must be of the model's variables"):
        of_trend.summary(["lin"])
    with pm.Model() as potential:
        pm.Potential("likelihood", -((pm.Normal("x") - 1) ** 2))
    with pytest.raises(ValueError, match="predict needs a model with an observed variable"):
        approximate(potential, seed=1).predict(seed=1)
    with pm.Model() as second:
        pm.Normal("y", pm.Gamma("a", 2, 1), 1, observed=1.0)
        pm.Potential("p", -pm.math.sum(pt.gammainc(second["a"], 0.3)))
    with pytest.raises(NotImplementedError, match="model must have second derivatives in JAX"):
        approximate(second, seed=1)


def test_a_failed_prediction_leaves_the_data(of_trend):
    with pytest.raises(Exception):  # noqa: B017 - whatever PyMC says of two columns
        of_trend.predict({"year": np.zeros((2, 2))}, seed=1)
    np.testing.assert_array_equal(of_trend.q.model.model["year"].get_value(), YEARS)


def test_checks_of_the_data_at_hand(of_trend):
    again = of_trend.predict(draws=200, seed=1)["posterior_predictive"]["y"]
    assert again.shape == (1, 200, YEARS.size)
    assert abs(float((again.mean(("chain", "draw")) - WARMING).std()) / 0.3 - 1) < 0.25


def test_large_numbers_and_chains_are_saved_as_they_are(tmp_path):
    with pm.Model() as model:
        pm.Normal("y", pm.Normal("a", 0, 1e10), 0.1, observed=np.full(16, 1.7e9))
        pm.Exponential("s", 1)
    found = approximate(model, seed=1)
    found.save(tmp_path / "large")
    again = Approximation.load(tmp_path / "large", model)
    np.testing.assert_array_equal(again.zeta, found.zeta)
    assert again.verdict == found.verdict
    assert (again.chains is None) == (found.chains is None)
    np.testing.assert_allclose(again.draws.sd[0], 0.025, rtol=0.1)
    assert len(repr(again)) < 500


def test_many_columns_at_rest_are_believed():
    rng = np.random.default_rng(3)
    began, kept = rng.normal(size=(250, 3_000)), rng.normal(size=(2_500, 3_000))
    assert at_rest(began, kept).all()
    kept[-250:, 5] = began[:, 5]
    kept[:, 6] += 1
    kept[:, 7] *= 2
    assert list(np.flatnonzero(~at_rest(began, kept))) == [5, 6, 7]


def test_four_hundred_parameters():
    """A chain of normals, each 0.7 of the last: all sds are one."""
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1, shape=400)
        drift = x[1:] - 0.7 * x[:-1]
        pm.Potential("chain", 0.5 * (x[1:] ** 2).sum() - 0.5 * (drift**2).sum() / (1 - 0.49))
    found = approximate(model, seed=1)
    np.testing.assert_allclose(found.q.sd, 1, atol=0.03)
    np.testing.assert_allclose(found.q.mean, 0, atol=0.05)
    assert found.usable


def test_an_edge_does_not_attract_the_fit_of_many_groups():
    """Centred, log p̃ grows without end where the sd of 300 groups goes to zero; exact by a grid over this sd."""
    rng = np.random.default_rng(5)
    groups, noise = 300, 0.5
    y = rng.normal(1, 0.7, groups) + rng.normal(0, noise, groups)
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 5), pm.HalfNormal("tau", 2)
        pm.Normal("y", pm.Normal("theta", mu, tau, shape=groups), noise, observed=y)
    found = approximate(model, seed=1)
    assert found.usable

    taus = np.geomspace(0.3, 1.5, 1001)
    variance = taus**2 + noise**2
    precision = groups / variance + 1 / 25
    centre = y.sum() / variance / precision
    misfit = ((y[:, None] - centre) ** 2).sum(axis=0) / variance + centre**2 / 25
    log_p = -0.5 * (misfit + groups * np.log(variance) + np.log(precision) + (taus / 2) ** 2) + np.log(taus)
    weights = special.softmax(log_p)
    spread = [
        weights @ (centre**2 + 1 / precision) - (weights @ centre) ** 2,
        weights @ taus**2 - (weights @ taus) ** 2,
    ]
    summary = found.summary(["mu", "tau"])
    exact, sd = np.array([weights @ centre, weights @ taus]), np.sqrt(spread)
    np.testing.assert_allclose((summary["mean"] - exact) / sd, 0, atol=0.15)
    np.testing.assert_allclose(summary["sd"] / sd, 1, atol=0.1)


def test_wider_than_a_circle():
    with pm.Model() as model:
        pm.VonMises("angle", 0, 0.3)
    found = approximate(model, seed=1)
    assert not found.usable and "wider than the circle in angle_circular__" in found.verdict


def test_a_slope_that_is_no_number_pulls_back():
    log_p = pulled_back(lambda u: jnp.log(u).sum())  # of a negative number: NaN
    np.testing.assert_allclose(jax.grad(log_p)(jnp.array([-2.0, 3.0])), [2.0, -3.0])
    np.testing.assert_allclose(jax.grad(log_p)(jnp.array([2.0, 4.0])), [0.5, 0.25])


def test_the_inverse_root_does_not_mind_units():
    a = RNG.normal(size=(6, 6))
    precision, units = a @ a.T + np.eye(6), 10.0 ** np.array([-6, -3, 0, 2, 4, 7])
    scale = np.asarray(inverse_root(jnp.asarray(precision * units[:, None] * units)))
    np.testing.assert_allclose(scale, np.tril(scale))
    np.testing.assert_allclose(scale @ scale.T * units[:, None] * units, np.linalg.inv(precision), rtol=1e-6)
    saddle = np.asarray(inverse_root(jnp.diag(jnp.array([4.0, -9.0]))))
    np.testing.assert_allclose(saddle, np.diag([1 / 2, 1 / 3]), atol=1e-12)


@pytest.mark.parametrize("error", starting_places.BREAKS)
def test_the_way_is_kept_where_the_optimiser_breaks(monkeypatch, error):
    def breaks(loss, start, *, callback, **_):
        callback(start + 1)
        raise error

    monkeypatch.setattr(starting_places.optimize, "minimize", breaks)
    _, mean, _ = best_on_the_way(lambda zeta: -0.5 * (zeta**2).sum(), np.array([-1.0]), np.random.default_rng(1))
    assert mean[0] == 0


def test_a_mode_at_an_edge_is_not_taken():
    """log p of a funnel grows without end towards its neck; the ELBO is greatest on the way."""

    def funnel(zeta):
        return -0.5 * zeta[0] ** 2 / 9 - 4 * zeta[0] - 0.5 * (zeta[1:] ** 2).sum() * jnp.exp(-zeta[0])

    elbo, mean, _ = best_on_the_way(funnel, np.array([1.0, *np.full(8, 1.5)]), np.random.default_rng(1))
    assert np.isfinite(elbo)
    assert -10 < mean[0] < 1  # the mode is at −36, the start at 1


def test_swapped_labels_are_seen_with_every_seed():
    """The way begins on the saddle between two mirror images, and the loop goes down on one side of it."""
    rng = np.random.default_rng(3)
    waits = np.concatenate([rng.normal(55, 6, 60), rng.normal(80, 6, 60)])
    with pm.Model() as model:
        mu, sigma = pm.Normal("mu", 70, 20, shape=2), pm.HalfNormal("sigma", 20)
        pm.NormalMixture("wait", w=[0.5, 0.5], mu=mu, sigma=sigma, observed=waits)
    flat = FlatModel(model)
    for seed in range(5):
        found = approximate(flat, seed=seed, progress=False)
        assert found.lost == pytest.approx(0.5, abs=0.05) and not found.usable


def test_heavier_tails_give_the_weights_where_q_has_none():
    """The logit of Beta(1, 101): a long lower tail, which q's own draws do not reach."""
    with pm.Model() as model:
        pm.Binomial("hits", 100, pm.Uniform("p"), observed=0)
    found = approximate(model, seed=1, progress=False)
    sd = np.sqrt(special.polygamma(1, 1) + special.polygamma(1, 101))
    assert found.source == "heavier" and "draws of a t about q" in found.verdict and found.usable
    assert found.q.sd[0] < 0.85 * sd and found.draws.sd[0] == pytest.approx(sd, rel=0.03)


@pytest.mark.parametrize(("weight", "found"), [(0.5, [20]), (1 - 1e-4, [20]), (1e-4, [])])
def test_the_place_across_may_be_better_but_not_much_worse(weight, found):
    with pm.Model() as model:
        pm.NormalMixture("x", [1 - weight, weight], [0, 20], sigma=[1, 1])
    flat = FlatModel(model)
    search = automatic._Search(flat, 1, lambda text: None)
    search.take(GaussianFit(flat, np.zeros(1), np.eye(1)))
    there = search.across([GaussianFit(flat, np.full(1, 12.0), np.eye(1))])
    assert [round(each.mean[0]) for each in there] == found
