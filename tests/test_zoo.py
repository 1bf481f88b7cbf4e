"""The zoo of posteriors: that its gold is there, that it belongs to these models, and that it is right."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from benchmarks.zoo import TRIED, ZOO, extras, gold
from helpers.fits import FlatModel, approximate

GOLD = json.loads(gold.FILE.read_text(encoding="utf-8"))
QUICK = ("score-iq", "poisson-age", "pumps", "eight-schools-centred", "growth-curve", "mirrored")


def test_every_posterior_has_gold_and_no_other():
    assert list(GOLD) == list(ZOO) and len(ZOO) >= 24


def test_documents_count_the_zoo():
    root = Path(__file__).resolve().parents[1]
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        assert f"{len(ZOO)} textbook posteriors" in (root / name).read_text(encoding="utf-8")
    table = (root / "benchmarks/zoo/RESULTS.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ([\w-]+) \| \d", table, re.MULTILINE) == list(ZOO)


@pytest.mark.parametrize("name", ZOO)
def test_gold_is_good_enough(name):
    made = GOLD[name]
    assert made["r_hat"] < 1.01 and made["ess"] > 1_000
    assert {len(made[key]) for key in ("labels", "mean", "sd", "q05", "q50", "q95")} == {len(made["labels"])}
    assert np.all(np.array(made["q05"]) < made["q50"]) and np.all(np.array(made["q50"]) < made["q95"])


@pytest.mark.parametrize("name", QUICK)
def test_gold_belongs_to_the_model(name):
    flat, made = FlatModel(ZOO[name].model()), GOLD[name]
    assert made["labels"] == list(flat.labels)
    assert float(flat.log_density(np.array(made["mean"]))) == pytest.approx(made["log_p_at_mean"], rel=1e-5)


@pytest.mark.parametrize("name", [name for name, entry in ZOO.items() if entry.hard])
def test_a_hard_one_says_why_in_a_few_words(name):
    assert len(ZOO[name].hard) < 40


@pytest.mark.parametrize("name", ["house-prices", "eight-schools", "poisson-age"])
def test_approximate_meets_the_gold(name):
    found, made = approximate(ZOO[name].model(), seed=1), GOLD[name]
    np.testing.assert_allclose((found.draws.mean - made["mean"]) / made["sd"], 0, atol=0.12)
    np.testing.assert_allclose(found.draws.sd / made["sd"], 1, atol=0.12)
    assert found.verdict.startswith("use")


def test_two_modes_are_not_trusted():
    assert "mirror images" in approximate(ZOO["mirrored"].model(), seed=1).verdict


def test_two_images_mirror_each_other():
    u = GOLD["mirrored"]
    assert np.abs(u["mean"]).max() < 0.1 * np.min(u["sd"])
    np.testing.assert_allclose(u["q05"], -np.array(u["q95"]), rtol=0.1)


def by_grid(log_p, *axes):
    """Mean and sd of each coordinate, from log p̃ on a grid."""
    places = np.meshgrid(*axes, indexing="ij")
    weight = np.exp((log_p := log_p(*places)) - special.logsumexp(log_p))
    mean = np.array([(weight * place).sum() for place in places])
    return mean, np.sqrt([(weight * (place - m) ** 2).sum() for place, m in zip(places, mean, strict=True)])


def assert_gold_is(name, mean, sd):
    """Within four standard errors of what NUTS can know from its draws."""
    made, error = GOLD[name], sd / np.sqrt(GOLD[name]["ess"])
    assert np.all(np.abs(np.array(made["mean"]) - mean) < 4 * error)
    np.testing.assert_allclose(made["sd"], sd, rtol=0.06)


def test_bioassay_by_quadrature():
    def log_p(a, b):
        logit = a[..., None] + b[..., None] * np.array([-0.86, -0.30, -0.05, 0.73])
        likelihood = stats.binom.logpmf([0, 1, 3, 5], 5, special.expit(logit)).sum(axis=-1)
        return likelihood + stats.norm.logpdf(a, 0, 2) + stats.norm.logpdf(b, 10, 10)

    assert_gold_is("bioassay", *by_grid(log_p, np.linspace(-6, 8, 281), np.linspace(-10, 60, 351)))


def test_eight_schools_by_quadrature():
    """θ out by a formula, (μ, log τ) by a grid; given them, E[θ] is a weighted mean of μ and y."""
    y, error = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])

    def log_p(mu, log_tau):
        tau = np.exp(log_tau)
        spread = np.sqrt(error**2 + tau[..., None] ** 2)
        prior = stats.norm.logpdf(mu, 0, 5) + stats.halfcauchy.logpdf(tau, scale=5) + log_tau
        return prior + stats.norm.logpdf(y, mu[..., None], spread).sum(axis=-1)

    mean, sd = by_grid(log_p, np.linspace(-15, 25, 241), np.linspace(-12, 6, 721))
    made = GOLD["eight-schools-centred"]
    assert made["labels"][0] == "mu" and "tau_log__" in made["labels"]
    at = [0, made["labels"].index("tau_log__")]
    assert np.all(np.abs(np.array(made["mean"])[at] - mean) < 4 * sd / np.sqrt(made["ess"]))
    np.testing.assert_allclose(np.array(made["sd"])[at], sd, rtol=0.06)


def test_moments_of_a_pymc_fit_come_in_the_order_of_the_model():
    import pymc as pm

    from benchmarks.zoo import others

    with pm.Model() as model:
        pm.Normal("b", shape=2)
        pm.HalfNormal("a")
        pm.Normal("c")
    flat = FlatModel(model)
    approx = pm.ADVI(model=model, start={"a": np.exp(3.0), "b": [1.0, 2.0], "c": 4.0}, start_sigma={"c": 0.5}).approx
    mean, sd = others.moments(flat, approx)
    assert flat.labels == ("b[0]", "b[1]", "a_log__", "c")
    np.testing.assert_allclose(mean, [1, 2, 3, 4])
    np.testing.assert_allclose(sd[-1], 0.5)


def test_the_table_of_others_has_the_posteriors_and_the_methods_that_it_says():
    from benchmarks.zoo import others

    text = (others.FOLDER / "OTHERS.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ([\w-]+) \| \d", text, re.MULTILINE) == list(TRIED)
    assert f"| posterior | size | {' | '.join(others.METHODS)} |" in text


def test_the_table_of_pymc_extras_has_the_posteriors_and_the_methods_that_it_says():
    text = (extras.FOLDER / "EXTRAS.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ([\w-]+) \| \d", text, re.MULTILINE) == list(TRIED)
    assert all(f"`fit_{method}`" in text for method in extras.METHODS)


def test_draws_of_pymc_extras_are_compared_on_the_scale_of_the_gold():
    import pymc as pm
    import xarray as xr

    with pm.Model() as model:
        pm.Normal("b", shape=2)
        pm.HalfNormal("a")
        pm.Uniform("c", 1, 3)
    draws = {"a": np.exp([1.0, 2.0]), "b": np.array([[0.1, 0.2], [0.3, 0.4]]), "c": np.array([2.0, 2.0])}
    posterior = xr.Dataset({k: (("chain", "draw", "b_dim_0")[: v.ndim + 1], v[None]) for k, v in draws.items()})
    np.testing.assert_allclose(extras.unconstrained(model, posterior), [[0.1, 0.2, 1, 0], [0.3, 0.4, 2, 0]], atol=1e-9)
    assert [part.split("[")[0] for part in FlatModel(model).labels] == ["b", "b", "a_log__", "c_interval__"]


def test_many_groups_have_the_answer_of_quadrature():
    """Three groups, by a grid over μ and τ."""
    from benchmarks.zoo import many

    model, mean, sd = many.groups(3, centred=True)
    y = np.asarray(model.rvs_to_values[model["y"]].data, float)
    mu, tau = np.linspace(-9, 9, 301)[:, None], np.geomspace(0.4, 1.2, 2001)  # as it has
    variance = tau**2 + many.NOISE**2
    log_p = -(mu**2) / 50 - (tau / 2) ** 2 / 2 + np.log(tau)
    log_p = log_p + stats.norm.logpdf(y[:, None, None], mu, np.sqrt(variance)).sum(axis=0)
    weights = np.exp(log_p - log_p.max())
    weights /= weights.sum()
    theta = mu + tau**2 / variance * (y[:, None, None] - mu)
    values = np.stack(np.broadcast_arrays(mu, tau, *theta))
    left = np.stack(np.broadcast_arrays(0, 0, *[tau**2 * many.NOISE**2 / variance] * 3))
    expected = (weights * values).sum(axis=(1, 2))
    np.testing.assert_allclose(mean, expected, atol=1e-6)
    spread = (weights * ((values - expected[:, None, None]) ** 2 + left[:, None])).sum(axis=(1, 2))
    np.testing.assert_allclose(sd, np.sqrt(spread), rtol=1e-5)


def test_the_table_of_many_has_the_posteriors_that_it_says():
    from benchmarks.zoo import many

    text = Path(many.__file__).with_name("MANY.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| ([^|]+) \| [\d,]+ \|", text, re.MULTILINE) == list(many.CASES)
