"""A Gaussian on ζ: its draws, its way back to the model's variables, and what it takes over from `pm.fit`."""

import logging
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytensor
import pytest
from pymc.variational import Inference
from scipy import stats

from helpers import startup
from helpers.fits import FlatModel, GaussianFit, advi

MEAN = np.array([0.5, -1.0, 2.0, 0.1, 0.2])
FACTOR = np.tril(np.random.default_rng(3).normal(scale=0.3, size=(5, 5)), -1) + np.diag([0.5, 1.0, 0.2, 0.4, 0.3])
KINDS = {"full": FACTOR, "independent": np.diag(FACTOR)}


pytestmark = pytest.mark.filterwarnings("ignore:The RandomType SharedVariables")  # JAX seeds a copy


@pytest.fixture(scope="module", autouse=True)
def policy():
    """The start-up policy for this file, and PyMC back as it was afterwards."""
    level = logging.getLogger("pymc").level
    with pytest.MonkeyPatch.context() as patch:
        for owner in (Inference, pm):
            for name in ("fit", "sample", "sample_posterior_predictive", "compute_log_likelihood"):
                if hasattr(owner, name):
                    patch.setattr(owner, name, getattr(owner, name))
        patch.setattr(pytensor.config, "mode", "Mode")
        startup.use_fast_backends()
        yield
    logging.getLogger("pymc").setLevel(level)


@pytest.fixture(scope="module")
def flat():
    with pm.Model(coords={"side": ["left", "right"], "part": ["a", "b", "c"], "unused": [1, 2]}) as model:
        x = pm.Normal("x", 0, 1, dims="side")
        s = pm.HalfNormal("s", 2)
        pm.Dirichlet("w", [2.0, 3.0, 4.0], dims="part")
        pm.Deterministic("scaled", x * s, dims="side")
    return FlatModel(model)


@pytest.fixture(scope="module")
def regression():
    """Two correlated slopes and known noise: the model, posterior mean and covariance."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 2)) @ [[1, 0.6], [0, 1]]
    y = x @ [1, -1] + 0.7 * rng.normal(size=30)
    with pm.Model() as model:
        pm.Normal("y", x @ pm.Normal("b", 0, 2, shape=2), 0.7, observed=y)
    covariance = np.linalg.inv(x.T @ x / 0.49 + np.eye(2) / 4)
    return FlatModel(model), covariance @ x.T @ y / 0.49, covariance


@pytest.mark.parametrize("kind", KINDS)
def test_moments_and_density_of_the_draws(flat, kind):
    fit = GaussianFit(flat, MEAN, KINDS[kind])
    covariance = FACTOR @ FACTOR.T if kind == "full" else np.diag(np.diag(FACTOR) ** 2)
    assert fit.covariance == pytest.approx(covariance) and fit.factor @ fit.factor.T == pytest.approx(covariance)
    assert fit.sd == pytest.approx(np.sqrt(np.diag(covariance)))
    draws = fit.draws(40_000, seed=1)
    assert draws.values.shape == (40_000, 5)
    assert np.abs((draws.mean - MEAN) / fit.sd).max() < 5 / 200
    whitened = np.linalg.solve(fit.factor, (draws.values - MEAN).T)
    assert np.abs(np.cov(whitened) - np.eye(5)).max() < 5 * np.sqrt(2) / 200
    log_p = [float(flat.log_density(jnp.asarray(zeta))) for zeta in draws.values[:20]]
    expected = log_p - stats.multivariate_normal.logpdf(draws.values[:20], MEAN, covariance)
    assert draws.log_ratio[:20] == pytest.approx(expected, abs=1e-9)


def test_the_elbo_of_the_posterior_is_the_evidence(regression):
    flat, mean, covariance = regression
    zeta = flat.start
    log_evidence = float(flat.log_density(zeta)) - stats.multivariate_normal.logpdf(zeta, mean, covariance)
    elbo, error = GaussianFit(flat, mean, np.linalg.cholesky(covariance)).elbo(500, seed=1)
    assert elbo == pytest.approx(log_evidence, abs=1e-9) and error < 1e-9


@pytest.mark.parametrize("scale", [np.array([0.5, 2.0]), np.array([[0.5, 0.0], [1.0, 2.0]])])
def test_draws_of_a_t_have_its_density_and_its_quantiles(scale):
    """For a posterior that is that t itself the ratios are constant."""
    factor = np.diag(scale) if scale.ndim == 1 else scale
    with pm.Model() as model:
        pm.MvStudentT("x", nu=3, mu=np.array([1.0, -1.0]), scale=factor @ factor.T)
    q = GaussianFit(FlatModel(model), np.array([1.0, -1.0]), scale)
    sample = q.draws(40_000, seed=1, df=3)
    assert np.ptp(sample.log_ratio) < 1e-6 and abs(sample.log_ratio.mean()) < 1e-6
    quantiles = [1, -1] + q.sd * stats.t.ppf([[0.1], [0.9]], 3)
    np.testing.assert_allclose(sample.quantile(np.array([0.1, 0.9])), quantiles, atol=0.1)


def test_the_standard_error_of_the_elbo_is_right(regression):
    flat, mean, covariance = regression
    fit = GaussianFit(flat, mean, 1.5 * np.linalg.cholesky(covariance))
    estimates, errors = np.transpose([fit.elbo(400, seed=seed) for seed in range(200)])
    # log p̃ − log q is (1 − 1.5²) χ²₂ / 2 and a constant; 200 estimates scatter by 5 % of their sd
    assert errors.mean() == pytest.approx(1.25 / 20, rel=0.05)
    assert estimates.std() == pytest.approx(1.25 / 20, rel=0.25)


def test_seeds_reproduce(flat):
    fit = GaussianFit(flat, MEAN, FACTOR)
    first, again, other = (fit.draws(3, seed=seed).values for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.isclose(first, other).any()


def test_every_variable_comes_in_its_own_space_with_its_labels(flat, recwarn):
    fit = GaussianFit(flat, MEAN, FACTOR)
    posterior, zeta = fit.to_datatree(200, seed=4).posterior, fit.draws(200, seed=4).values
    assert not recwarn.list
    assert set(posterior.data_vars) == {"x", "s", "w", "scaled"}
    assert posterior["x"].dims == posterior["scaled"].dims == ("chain", "draw", "side")
    assert posterior["w"].dims == ("chain", "draw", "part") and posterior["s"].shape == (1, 200)
    assert posterior.side.values.tolist() == ["left", "right"] and posterior.part.values.tolist() == ["a", "b", "c"]
    assert posterior["x"].values[0] == pytest.approx(zeta[:, :2])
    assert posterior["s"].values[0] == pytest.approx(np.exp(zeta[:, 2]))
    assert posterior["scaled"].values[0] == pytest.approx(zeta[:, :2] * np.exp(zeta[:, 2:3]))
    assert posterior["w"].sum("part").values == pytest.approx(np.ones((1, 200)))
    assert posterior["x"].sel(side="right").values[0] == pytest.approx(zeta[:, 1])


@pytest.mark.parametrize("method", [pm.ADVI, pm.FullRankADVI])
def test_taken_over_from_pymc_as_its_own_draws_say(flat, method):
    with flat.model:
        approximation = method().approx
        for k, parameter in enumerate(approximation.params):  # as a fit would leave them: all different
            value = parameter.get_value()
            parameter.set_value(value + np.random.default_rng(k).normal(scale=0.5, size=value.shape))
        approximation.hist = np.arange(3.0)
        draws = approximation.sample(4000, random_seed=2).posterior
    fit = GaussianFit.from_pymc(flat, approximation)
    zeta = np.column_stack([draws["x"].values[0], np.log(draws["s"].values[0])])
    assert np.abs((zeta.mean(axis=0) - fit.mean[:3]) / fit.sd[:3]).max() < 5 / np.sqrt(4000)
    assert np.cov(zeta.T) / np.outer(fit.sd[:3], fit.sd[:3]) == pytest.approx(
        fit.covariance[:3, :3] / np.outer(fit.sd[:3], fit.sd[:3]), abs=5 * np.sqrt(2 / 4000)
    )
    share = fit.to_datatree(4000, seed=3).posterior["w"]
    assert share.mean(("chain", "draw")).values == pytest.approx(draws["w"].mean(("chain", "draw")).values, abs=0.02)
    assert fit.losses.tolist() == [0, 1, 2]
    assert fit.scale.ndim == (1 if method is pm.ADVI else 2)


def test_variables_are_told_apart_by_name_whatever_their_order(flat):
    order = {"w_simplex__": slice(0, 2), "s_log__": slice(2, 3), "x": slice(3, 5)}
    covariance = FACTOR @ FACTOR.T
    fit = GaussianFit.from_pymc(
        flat,
        SimpleNamespace(
            ordering={name: (name, part, (), float) for name, part in order.items()},
            ddim=5,
            mean=pytensor.tensor.as_tensor(MEAN),
            cov=pytensor.tensor.as_tensor(covariance),
            hist=[1.0, 2.0],
        ),
    )
    places = [3, 4, 2, 0, 1]
    assert fit.mean.tolist() == MEAN[places].tolist()
    assert fit.covariance == pytest.approx(covariance[np.ix_(places, places)])


@pytest.mark.parametrize(("family", "method"), [("mean-field", "advi"), ("full-rank", "fullrank_advi")])
def test_agrees_with_pymc_within_its_noise(regression, family, method):
    flat, *_ = regression
    ours = advi(flat, seed=1, family=family)
    with flat.model:
        theirs = pm.fit(3000, method=method, obj_n_mc=5, obj_optimizer=pm.adam(learning_rate=0.01), random_seed=1)
    theirs = GaussianFit.from_pymc(flat, theirs)
    # Over 20 seeds PyMC's fit scatters by 0.14 sd (means), 4.6 % (sds), 0.065 (correlation): five times that.
    assert np.abs((theirs.mean - ours.mean) / ours.sd).max() < 0.7
    assert theirs.sd == pytest.approx(ours.sd, rel=0.23)
    assert theirs.covariance[0, 1] == pytest.approx(ours.covariance[0, 1], abs=0.33 * ours.sd.prod())


@pytest.mark.parametrize("kind", KINDS)
def test_whitening_undoes_the_push_and_phi_holds_both(flat, kind):
    fit, eta = GaussianFit(flat, MEAN, KINDS[kind]), np.random.default_rng(0).normal(size=(7, 5))
    np.testing.assert_allclose(fit.push(eta), MEAN + eta @ fit.factor.T, atol=1e-12)
    np.testing.assert_allclose(fit.whiten(fit.push(eta)), eta, atol=1e-12)
    below = FACTOR[np.tril_indices(5, -1)] if kind == "full" else []
    same = GaussianFit.from_phi(flat, np.hstack([MEAN, np.log(np.diag(FACTOR)), below]), np.empty(0))
    np.testing.assert_allclose(same.scale, fit.scale)
    assert same.family == fit.family == {"full": "full-rank", "independent": "mean-field"}[kind]
