"""ADVI in one loop: against closed forms, option by option."""

import inspect
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytensor
import pytest
from scipy import stats

from helpers.checks import scorecard
from helpers.fits import FlatModel, advi, fit_phi, full_rank, mean_field, restarts, shuffled_epochs
from helpers.fits import loop as module
from helpers.fits.loop import AT_ONCE, normals
from helpers.truth import Draws, best_gaussian, logit_beta
from tests.support.cells import code_of, definitions

ROOT = Path(__file__).parents[2]
PLAIN = {"antithetic": False, "stl": False, "decay": False, "average": False}
BATCHES = {"batch_size": 10, "family": "full-rank"}


class Regression:
    """Three correlated coefficients, known noise: posterior N(mean, precision⁻¹) and log evidence by formula."""

    def __init__(self, names=()):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(30, 3)) @ [[1, 0.6, 0.2], [0, 1, 0.5], [0, 0, 1]]
        y = x @ [1, -1, 0.5] + 0.7 * rng.normal(size=30)
        with pm.Model() as model:
            data = pm.Data("x", x), pm.Data("y", y)
            pm.Normal("y_", data[0] @ pm.Normal("b", 0, 2, shape=3), 0.7, observed=data[1])
        self.flat = FlatModel(model, names)
        self.precision = x.T @ x / 0.49 + np.eye(3) / 4
        self.covariance = np.linalg.inv(self.precision)
        self.mean = self.covariance @ x.T @ y / 0.49
        self.log_evidence = stats.multivariate_normal.logpdf(y, np.zeros(30), 0.49 * np.eye(30) + 4 * x @ x.T)
        self.sd = np.sqrt(np.diag(self.covariance))
        self.narrow_sd = np.diag(self.precision) ** -0.5  # of the best mean-field q
        self.exact = {  # φ at the optimum
            mean_field: np.concatenate([self.mean, np.log(self.narrow_sd)]),
            full_rank: self._phi(np.linalg.cholesky(self.covariance)),
        }

    def _phi(self, factor):
        return np.concatenate([self.mean, np.log(np.diag(factor)), factor[np.tril_indices(3, -1)]])


@pytest.fixture(scope="module")
def regression():
    return Regression()


@pytest.fixture(scope="module")
def minibatched():
    return Regression(["x", "y"])


def test_full_rank_is_the_posterior_and_its_elbo_the_evidence(regression):
    last = advi(regression.flat, seed=1, family="full-rank", average=False)
    assert (last.mean - regression.mean) / regression.sd == pytest.approx(np.zeros(3), abs=1e-6)
    assert last.covariance == pytest.approx(regression.covariance, rel=1e-6)
    elbo, error = last.elbo(500, seed=2)
    assert elbo == pytest.approx(regression.log_evidence, abs=1e-6) and error < 1e-6
    # no noise is left in the losses either
    assert last.losses.shape == (5000,)
    assert -last.losses[-20:] == pytest.approx(np.full(20, regression.log_evidence), abs=1e-6)
    average = advi(regression.flat, seed=1, family="full-rank")
    assert np.abs((average.mean - regression.mean) / regression.sd).max() < 1e-3
    off = (average.covariance - regression.covariance) / np.outer(regression.sd, regression.sd)
    assert np.abs(off).max() < 0.006  # over 8 seeds: 0.0016 at most


def test_mean_field_has_the_exact_mean_and_the_conditional_sds(regression):
    fit = advi(regression.flat, seed=1)
    assert fit.scale.shape == (3,)
    assert np.abs((fit.mean - regression.mean) / regression.sd).max() < 1e-3
    # Over 20 seeds the sds scatter by 0.4 %
    assert fit.sd == pytest.approx(regression.narrow_sd, rel=0.02)
    # KL(q‖p) between the two normals: half the log of the ratio of the determinants
    gap = 0.5 * np.log(np.diag(regression.precision)).sum() - 0.5 * np.linalg.slogdet(regression.precision)[1]
    elbo, error = fit.elbo(20_000, seed=2)
    assert elbo == pytest.approx(regression.log_evidence - gap, abs=5 * error + 1e-3) and error < 0.02


def test_transformed_variables_have_the_optima_of_their_formulas():
    with pm.Model() as model:
        pm.Gamma("g", 3, 2)
        pm.HalfNormal("h", 2)
        pm.Beta("b", 3, 4)
        pm.Dirichlet("w", [3.0, 4.0])  # two parts: ζ = log w₀ − mean = logit(w₀) / 2
    fit = advi(FlatModel(model), seed=1)
    beta = best_gaussian(logit_beta(3, 4), "KL(q‖p)")
    mean = [np.log(3 / 2) - 1 / 6, np.log(2) - 1 / 2, beta.mean, beta.mean / 2]
    sd = np.array([3**-0.5, 2**-0.5, beta.sd, beta.sd / 2])
    # Over 20 seeds the means scatter by 0.011 sd, the sds by 0.7 %
    assert np.abs((fit.mean - mean) / sd).max() < 0.06
    assert fit.sd == pytest.approx(sd, rel=0.04)


@pytest.mark.parametrize("family", [mean_field, full_rank])
def test_families_are_normal_densities(family, regression):
    phi = jnp.asarray(regression.exact[family])
    push, log_q = family(phi)
    eta = np.random.default_rng(0).normal(size=(7, 3))
    covariance = regression.covariance if family is full_rank else np.diag(regression.narrow_sd**2)
    expected = stats.multivariate_normal.logpdf(push(eta), regression.mean, covariance)
    assert log_q(push(eta)) == pytest.approx(expected)
    assert push(eta) == pytest.approx(regression.mean + eta @ np.linalg.cholesky(covariance).T)
    assert log_q(np.ones((2, 3))).shape == (2,)


def climbed(log_p, phi, *, steps=40, size=1, family=mean_field, draws=8, antithetic=True, **options):
    etas = jax.random.normal(jax.random.key(5), (steps, draws // (1 + antithetic), size))
    etas = jnp.concatenate([etas, -etas], axis=1) if antithetic else etas
    return fit_phi(log_p, family, jnp.asarray(phi, float), etas, None, **options)


def slope_of_one(zeta, rows):
    return zeta.sum()


def test_rate_decay_and_average_step_by_step():
    # Where the slope is always one, Adam moves μ by its learning rate. Start μ at 0.
    for steps in (40, 41):
        rates = 0.1 * 0.5 * (1 + np.cos(np.pi * np.arange(steps) / steps))
        walks = {False: 0.1 * np.arange(1, steps + 1), True: rates.cumsum()}
        for decay, walk in walks.items():
            for average, end in {False: walk[-1], True: walk[steps // 2 :].mean()}.items():
                phi, losses = climbed(slope_of_one, [0, 0], steps=steps, rate=0.1, decay=decay, average=average)
                assert phi[0] == pytest.approx(end, rel=1e-6) and losses.shape == (steps,)


@pytest.mark.parametrize(("antithetic", "draws"), [(False, 3), (False, 12), (True, 2), (True, 12)])
def test_draws_and_pairs_in_the_noise_of_the_losses(antithetic, draws):
    # With q fixed the loss is the mean of −(η² + log 2π) / 2; the two of a pair have the same η².
    options = {"steps": 4000, "rate": 1e-12, "draws": draws, "antithetic": antithetic}
    _, losses = climbed(lambda zeta, rows: 0.0, [0, 0], **options)
    independent = draws / 2 if antithetic else draws
    assert np.var(losses) == pytest.approx(0.5 / independent, rel=0.3)
    assert np.mean(losses) == pytest.approx(-0.5 - 0.5 * np.log(2 * np.pi), abs=5 * np.sqrt(0.5 / independent / 4000))


def test_sticking_leaves_no_noise_at_the_optimum_of_the_exact_family(regression):
    start = regression.exact[full_rank]
    options = {"size": 3, "family": full_rank, "steps": 1} | PLAIN
    still, losses = climbed(regression.flat.log_density, start, **options | {"stl": True})
    assert still == pytest.approx(start, abs=1e-6)
    assert -losses == pytest.approx([regression.log_evidence], abs=1e-6)
    moved, _ = climbed(regression.flat.log_density, start, **options)
    assert np.abs(moved - start).min() > 0.04  # Adam's first step is the rate, whatever the slope


@pytest.mark.parametrize("stl", [True, False])
def test_pairs_leave_no_noise_in_the_mean_of_a_linear_model(regression, stl):
    start = np.concatenate([regression.mean, np.zeros(3)])  # sds far too wide
    options = {"size": 3, "steps": 1} | PLAIN | {"stl": stl}
    still, _ = climbed(regression.flat.log_density, start, **options | {"antithetic": True})
    assert still[:3] == pytest.approx(regression.mean, abs=1e-5)
    moved, _ = climbed(regression.flat.log_density, start, **options)
    assert np.abs(moved[:3] - regression.mean).min() > 0.04


@pytest.fixture
def calls(monkeypatch):
    """What goes into the loop, in the loop's place."""
    seen = []

    def spy(log_p, family, phi, etas, rows, **options):
        seen.append({"family": family, "phi": np.asarray(phi), "etas": np.asarray(etas), "rows": rows} | options)
        return phi, jnp.zeros(etas.shape[:2])

    monkeypatch.setattr(module, "_fit_all", spy)
    return seen


def test_arguments_reach_the_loop(regression, calls):
    flat = regression.flat
    options = {"rate": 0.05, "stl": True, "decay": True, "average": True}
    fit = advi(flat, seed=3)
    etas = calls[-1]["etas"]
    assert etas.shape == (1, 5000, 8, 3) and calls[-1]["rows"] is None
    assert np.array_equal(etas[:, :, :4], -etas[:, :, 4:]) and len(np.unique(etas)) == etas.size
    assert fit.mean.tolist() == flat.start.tolist() and fit.scale.tolist() == [1, 1, 1]
    assert {name: calls[-1][name] for name in options} == options and calls[-1]["family"] is mean_field
    for name, value in {"rate": 0.1, "stl": False, "decay": False, "average": False}.items():
        advi(flat, seed=3, **{name: value})
        assert {k: calls[-1][k] for k in options} == options | {name: value}
    advi(flat, seed=3, draws=5, antithetic=False)
    assert calls[-1]["etas"].shape == (1, 5000, 5, 3) and len(np.unique(np.abs(calls[-1]["etas"]))) == 5000 * 15
    fit = advi(flat, start=[1, 2, 3], seed=3, start_sd=0.5, steps=7, family="full-rank")
    assert calls[-1]["phi"] == pytest.approx(np.array([[1, 2, 3, *np.log([0.5] * 3), 0, 0, 0]]))
    assert calls[-1]["etas"].shape == (1, 7, 8, 3) and calls[-1]["family"] is full_rank
    assert fit.mean.tolist() == [1, 2, 3] and fit.scale == pytest.approx(0.5 * np.eye(3))


@pytest.mark.parametrize("shape", [(3,), (2, 5, 1, 3), (1, AT_ONCE[0] + 1), (AT_ONCE[1] + 1, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normals_are_those_of_jax(shape, dtype):
    key = jax.random.key(4)
    np.testing.assert_allclose(normals(key, shape, dtype), jax.random.normal(key, shape, dtype), rtol=1e-4, atol=1e-6)


def test_normals_of_two_small_shapes_are_compiled_once(caplog):
    normals(jax.random.key(4), (7, 2), np.float32)
    with jax.log_compiles(True):
        normals(jax.random.key(5), (3, 11), np.float32)
    assert not [line for line in caplog.messages if "_normal" in line]
    with jax.log_compiles(True):
        normals(jax.random.key(5), (1, AT_ONCE[1] + 3), np.float32)
    assert [line for line in caplog.messages if "_normal" in line]


def test_the_factor_is_put_together_as_the_family_does(regression, monkeypatch):
    phi = jnp.asarray(regression.exact[full_rank])[None]
    monkeypatch.setattr(module, "_fit_all", lambda *_, **__: (phi, jnp.zeros((1, 5))))
    fit = advi(regression.flat, seed=1, family="full-rank")
    assert fit.covariance == pytest.approx(regression.covariance)
    assert fit.scale @ np.ones(3) + fit.mean == pytest.approx(np.asarray(full_rank(phi[0])[0](jnp.ones(3))))


def test_seeds_reproduce(regression, minibatched):
    for flat, rows in ((regression.flat, {}), (minibatched.flat, BATCHES)):
        first, again, other = (advi(flat, seed=seed, **rows) for seed in (1, 1, 2))
        assert np.array_equal(first.mean, again.mean) and np.array_equal(first.losses, again.losses)
        assert not np.isclose(first.losses[:20], other.losses[:20]).any()


def test_several_starts_find_several_modes():
    with pm.Model() as model:
        pm.NormalMixture("x", w=[0.35, 0.65], mu=[-3, 3], sigma=[0.5, 0.75])
    left, right, again = restarts(FlatModel(model), [[-3], [3], [3]], seed=1, steps=2000, start_sd=0.3)
    # Where the valley is deep, q is one bump, and −ELBO is −log of its weight
    assert [left.mean[0], left.sd[0], left.elbo(seed=1)[0]] == pytest.approx([-3, 0.5, np.log(0.35)], abs=0.02)
    assert [right.mean[0], right.sd[0], right.elbo(seed=1)[0]] == pytest.approx([3, 0.75, np.log(0.65)], abs=0.02)
    assert not np.array_equal(right.losses, again.losses)  # each start has its own η


def test_minibatches_reach_the_answer_of_all_rows(minibatched):
    fit = advi(minibatched.flat, seed=1, **BATCHES)
    # Over 12 seeds the means scatter by 0.0003 sd (by 0.043 with independent batches), the sds by 0.4 %, the ELBO by 0.0005
    assert np.abs((fit.mean - minibatched.mean) / minibatched.sd).max() < 0.002
    assert fit.sd == pytest.approx(minibatched.sd, rel=0.02)
    elbo, _ = fit.elbo(2000, seed=1)  # from all rows
    assert elbo == pytest.approx(minibatched.log_evidence, abs=0.0025)


def test_labels_that_are_shuffled_against_their_rows_fail_the_scorecard(minibatched):
    model = minibatched.flat.model
    with pm.Model() as shuffled:
        x, y = (model[name].get_value() for name in ("x", "y"))
        x, y = pm.Data("x", x), pm.Data("y", np.random.default_rng(1).permutation(y))
        pm.Normal("y_", x @ pm.Normal("b", 0, 2, shape=3), 0.7, observed=y)
    eta = np.random.default_rng(2).standard_normal((4000, 3))
    truth = Draws(minibatched.mean + eta @ np.linalg.cholesky(minibatched.covariance).T)
    fits = {"right": minibatched.flat, "shuffled": FlatModel(shuffled, ["x", "y"])}
    card = scorecard(truth, {name: advi(flat, seed=1, **BATCHES).draws(4000, seed=3) for name, flat in fits.items()})
    assert abs(card.loc["right", "mean error"]) < 0.1 and card.loc["right", "W1"] < 0.1
    assert abs(card.loc["shuffled", "mean error"]) > 3 and card.loc["shuffled", "W1"] > 3


def test_each_epoch_holds_every_row_once_in_a_new_order():
    rows = shuffled_epochs(30, 300, 7, np.random.default_rng(1))
    assert rows.shape == (300, 7)
    epochs = rows.ravel().reshape(70, 30)
    assert (np.sort(epochs) == np.arange(30)).all()
    assert len(np.unique(epochs, axis=0)) == 70
    assert stats.chisquare(np.bincount(epochs[:, 0], minlength=30)).pvalue > 1e-3
    part = shuffled_epochs(30, 4, 10, np.random.default_rng(1)).ravel()  # ends in the middle of an epoch
    assert (np.sort(part[:30]) == np.arange(30)).all() and len(set(part[30:])) == 10


def test_batches_are_shuffled_epochs_a_new_order_for_each_start(minibatched, calls):
    restarts(minibatched.flat, np.zeros((2, 3)), seed=1, steps=300, batch_size=7)
    rows = np.asarray(calls[-1]["rows"])
    assert rows.shape == (2, 300, 7) and not np.array_equal(rows[0], rows[1])
    assert (np.sort(rows.reshape(2, 70, 30)) == np.arange(30)).all()


WRONG = {
    "family must be one of 'mean-field', 'full-rank'; got 'full'": {"family": "full"},
    r"steps must be a whole number >= 1, got 0": {"steps": 0},
    r"steps must be a whole number >= 1, got True": {"steps": True},
    r"draws must be a whole number >= 1, got 2\.5": {"draws": 2.5},
    r"draws must be even with antithetic=True, got 3": {"draws": 3},
    r"rate must be a finite number > 0, got -1": {"rate": -1},
    r"start_sd must be a finite number > 0, got 0": {"start_sd": 0},
    r"each start must hold 3 finite numbers, one for each of b\[0\], b\[1\], b\[2\]": {"start": [1.0, 2.0]},
    "each start must hold 3 finite": {"start": [1.0, 2.0, np.nan]},
    "each start must hold 3 finite numbers": {"start": "b"},
    "each start must hold 3": {"start": np.zeros((2, 3))},
    "batch_size must be given where the model names a minibatch, and only there": {"batch_size": 5},
}


@pytest.mark.parametrize("message", WRONG)
def test_arguments_out_of_range_are_named(regression, message):
    with pytest.raises(ValueError, match=message):
        advi(regression.flat, seed=1, **WRONG[message])


def test_starts_of_several_lengths_and_batches_out_of_range(regression, minibatched, calls):
    with pytest.raises(ValueError, match="each start must hold 3 finite numbers"):
        restarts(regression.flat, [[1, 2, 3], [1, 2]], seed=1)
    advi(regression.flat, seed=1, draws=3, antithetic=False)  # an odd number is fine where there are no pairs
    with pytest.raises(ValueError, match="batch_size must be given where"):
        advi(minibatched.flat, seed=1)
    with pytest.raises(ValueError, match="batch_size must be a whole number >= 1, got 0"):
        advi(minibatched.flat, seed=1, batch_size=0)


def test_a_fit_that_diverges_says_so(regression):
    with pytest.raises(
        FloatingPointError, match="the fit from start 1 ended in .*try start_sd=0.1 first, then a smaller"
    ):
        restarts(regression.flat, [[0.0] * 3, [1e308] * 3], seed=1, steps=20)
    with pytest.raises(FloatingPointError, match="loss of inf"):  # Adam's squares overflow, and it stays where it is
        advi(regression.flat, start=[1e200] * 3, seed=1, steps=20)


def test_single_precision_stays_single():
    with pytensor.config.change_flags(floatX="float32"), jax.enable_x64(False):
        with pm.Model() as model:
            pm.Normal("y", pm.Normal("m"), observed=np.array([1.0, 2.0], "float32"))
        fit = advi(FlatModel(model), seed=1, steps=2000)
    assert fit.mean.dtype == fit.losses.dtype == np.float32
    assert fit.mean[0] == pytest.approx(1, abs=1e-3) and fit.sd[0] == pytest.approx(3**-0.5, rel=1e-2)


def test_the_chapter_shows_the_very_code_that_runs():
    shown = definitions(*code_of(ROOT / "notebooks" / "04_advi_in_one_loop.ipynb"))
    own = definitions(inspect.getsource(module))
    for function in ("mean_field", "full_rank", "fit_phi"):
        assert own[function] == shown[function], f"{function} differs from the helper's"
