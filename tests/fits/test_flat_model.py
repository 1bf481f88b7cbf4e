"""A model as a function of one vector: against SciPy's densities, and against its own definition by rows."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytest
from scipy import special, stats

from helpers.fits import FlatModel

ROWS = 60
PREDICTOR = np.linspace(-2, 2, ROWS)
RESPONSE = PREDICTOR**2
APART = np.array([2.0, 3.0])  # observed, but not in rows


def one_of_each() -> pm.Model:
    with pm.Model(coords={"part": ["a", "b", "c"]}) as model:
        pm.Normal("n", 1, 2, shape=(2, 1))
        pm.HalfNormal("h", 2)
        g = pm.Gamma("g", 3, 2)
        pm.Beta("b", 3, 4)
        pm.Uniform("u", -1, 3)
        pm.Dirichlet("w", [1.0, 2.0, 3.0], dims="part")
        pm.Deterministic("double", 2 * g)
    return model


@pytest.fixture(scope="module")
def flat():
    return FlatModel(one_of_each())


@cache
def by_rows(names=(), data=("x", "y")) -> FlatModel:
    """A model with rows, a potential, and an observation outside the rows; the latter's data may be left plain."""
    with pm.Model() as model:
        slope = pm.Normal("slope", 0, 10)
        sd = pm.HalfNormal("sd", 5)
        x = pm.Data("x", PREDICTOR) if "x" in data else PREDICTOR
        y = pm.Data("y", RESPONSE) if "y" in data else RESPONSE
        mean = pm.Deterministic("mean", slope * x)
        pm.Normal("rows", mean, sd, observed=y)
        pm.Normal("apart", slope, 1, observed=APART)
        pm.Potential("wall", -(slope**4))
    return FlatModel(model, names)


def parts(zeta) -> tuple[float, np.ndarray]:
    """What `by_rows` means, by SciPy: prior, potential and what is observed apart; the likelihood of each row."""
    slope, sd = zeta[0], np.exp(zeta[1])
    prior = stats.norm.logpdf(slope, 0, 10) + stats.halfnorm.logpdf(sd, scale=5) + zeta[1] - slope**4
    return prior + stats.norm.logpdf(APART, slope).sum(), stats.norm.logpdf(RESPONSE, slope * PREDICTOR, sd)


def test_names_and_start(flat):
    names = ("n[0, 0]", "n[1, 0]", "h_log__", "g_log__", "b_logodds__", "u_interval__", "w_simplex__[0]")
    assert flat.labels == (*names, "w_simplex__[1]")
    assert flat.size == 8 and flat.start.dtype == jnp.float64
    assert flat.start == pytest.approx([1, 1, np.log(2), np.log(1.5), np.log(3 / 4), 0, *np.log([0.5, 1])], abs=0.5)


def test_way_back_to_every_space(flat):
    zeta = jnp.array([0.3, -0.4, 0.5, -0.6, 0.7, -0.8, 0.9, 0.2])
    values = flat.constrain(zeta)
    assert list(values) == ["n", "h", "g", "b", "u", "w", "double"]
    assert values["n"].tolist() == [[0.3], [-0.4]]
    assert [values["h"], values["g"], values["double"]] == pytest.approx(np.exp([0.5, -0.6, -0.6]) * [1, 1, 2])
    assert [values["b"], values["u"]] == pytest.approx([special.expit(0.7), -1 + 4 * special.expit(-0.8)])
    assert values["w"].shape == (3,) and values["w"].sum() == pytest.approx(1) and values["w"].min() > 0


def test_log_density_is_that_of_scipy_and_the_jacobian(flat):
    def free(zeta):  # as many numbers as ζ has
        v = flat.constrain(zeta)
        return jnp.concatenate([v["n"].ravel(), jnp.stack([v["h"], v["g"], v["b"], v["u"]]), v["w"][:2]])

    zetas = np.random.default_rng(0).normal(size=(5, flat.size))
    found = flat.log_densities(zetas)
    for zeta, log_density in zip(zetas, found, strict=True):
        v = {name: np.asarray(value) for name, value in flat.constrain(zeta).items()}
        expected = stats.norm.logpdf(v["n"], 1, 2).sum() + stats.halfnorm.logpdf(v["h"], scale=2)
        expected += stats.gamma.logpdf(v["g"], 3, scale=1 / 2) + stats.beta.logpdf(v["b"], 3, 4) - np.log(4)
        # PyTensor gives whole-numbered constants to JAX in single precision: 5e-8 of the Beta's normalising constant
        expected += stats.dirichlet.logpdf(v["w"], [1, 2, 3]) + np.linalg.slogdet(jax.jacfwd(free)(zeta))[1]
        assert log_density == pytest.approx(expected, abs=1e-6)
        assert flat.log_density(jnp.asarray(zeta)) == pytest.approx(float(log_density), abs=1e-9)


def test_log_densities_take_any_number_of_draws():
    plain, minibatched = by_rows(), by_rows(("x", "y"))
    for draws in (1, 10, 37):
        zeta = np.random.default_rng(draws).normal(size=(draws, 2))
        expected = [prior + rows.sum() for prior, rows in map(parts, zeta)]
        assert plain.log_densities(zeta) == pytest.approx(expected)
        assert minibatched.log_densities(zeta) == pytest.approx(expected)


@pytest.mark.parametrize("batch", [1, 5, ROWS])
def test_only_the_rows_are_scaled_and_their_average_is_the_whole(batch):
    flat, zeta = by_rows(("x", "y")), jnp.array([0.7, 0.2])
    prior, rows = parts(np.asarray(zeta))
    partition = np.random.default_rng(1).permutation(ROWS).reshape(-1, batch)
    found = [float(flat.log_density(zeta, jnp.asarray(part))) for part in partition]
    assert found == pytest.approx([prior + ROWS / batch * rows[part].sum() for part in partition])
    assert np.mean(found) == pytest.approx(prior + rows.sum())
    assert flat.rows == ROWS


def test_counts_in_data_with_dims():
    counts = np.array([3, 1, 4])
    with pm.Model(coords={"day": [1, 2, 3]}) as model:
        rate = pm.Exponential("rate", 1)
        pm.Poisson("n", rate, observed=pm.Data("counts", counts, dims="day"), dims="day")
    found = FlatModel(model, "counts").log_density(jnp.zeros(1), jnp.array([2]))
    assert found == pytest.approx(-1 + 3 * stats.poisson.logpmf(4, 1))


def test_prior_draws_are_the_prior():
    with pm.Model() as model:
        a = pm.Normal("a", 2, 3, initval=50.0)
        pm.Gamma("g", 3, 2)
        pm.Normal("child", a, 0.1)
        pm.Normal("y", a, 1, observed=[1000.0])
    flat = FlatModel(model)
    draws = np.asarray(flat.prior_draws(1000, seed=1))
    assert draws.shape == (1000, 3)
    assert stats.kstest(draws[:, 0], stats.norm(2, 3).cdf).pvalue > 1e-3
    assert stats.kstest(np.exp(draws[:, 1]), stats.gamma(3, scale=1 / 2).cdf).pvalue > 1e-3
    assert stats.kstest(draws[:, 2] - draws[:, 0], stats.norm(0, 0.1).cdf).pvalue > 1e-3
    again, other = flat.prior_draws(3, seed=1), flat.prior_draws(3, seed=2)
    assert np.array_equal(draws[:3], again) and not np.isclose(again, other).any()


def test_a_total_size_of_the_readers_own_is_kept():
    with pm.Model() as model:
        pm.Normal("y", pm.Normal("a", 0, 1), 1, observed=[1.0, 2.0], total_size=10)
    rows = stats.norm.logpdf([1, 2], 0.5).sum()
    assert FlatModel(model).log_density(jnp.array([0.5])) == pytest.approx(stats.norm.logpdf(0.5) + 5 * rows)
    with model:
        pm.Normal("z", model["a"], 1, observed=pm.Data("data", [1.0, 2.0]))
    with pytest.raises(ValueError, match="must not say total_size where minibatch is given"):
        FlatModel(model, ["data"])


def test_models_that_it_cannot_take():
    with pytest.raises(ValueError, match="at least one parameter"):
        FlatModel(pm.Model())
    with pm.Model() as discrete:
        pm.Poisson("k", pm.Exponential("rate", 1))
    with pytest.raises(
        ValueError, match="continuous parameters only; discrete: k. Sum over its values: with pm.Mixture"
    ):
        FlatModel(discrete)
    with pm.Model() as likelihood:
        pm.Normal("y", pm.Normal("a"), 1, observed=pm.Minibatch(RESPONSE, batch_size=5), total_size=ROWS)
    with pm.Model() as potential:
        pm.Potential("p", pm.Normal("a") * pm.Minibatch(RESPONSE, batch_size=5).sum())
    for model in (likelihood, potential):
        with pytest.raises(ValueError, match="must not hold a pm.Minibatch: give it all rows as pm.Data"):
            FlatModel(model)


@pytest.mark.parametrize(
    ("names", "data", "message"),
    [
        (("x", "z"), ("x", "y"), r"minibatch must name data of the model \('x', 'y'\); got 'z'"),
        ("slope", ("x", "y"), r"minibatch must name data of the model \('x', 'y'\); got 'slope'"),
        (("x",), (), "none; wrap the arrays in pm.Data"),
        (("x",), ("x", "y"), "minibatch must name all data with one row for each observation.*likelihood of rows"),
        (("x",), ("x",), "minibatch must name all data with one row for each observation"),
    ],
)
def test_names_that_do_not_fit(names, data, message):
    with pytest.raises(ValueError, match=message):
        by_rows(names, data)


def test_data_that_do_not_fit():
    with pm.Model() as model:
        a = pm.Normal("a")
        pm.Data("unused", RESPONSE)
        scale, short = pm.Data("scale", 2.0), pm.Data("short", RESPONSE[:7])
        pm.Normal("y", a, scale, observed=pm.Data("long", RESPONSE))
        pm.Normal("z", a, 1, observed=short)
    for names, message in [
        (["unused"], "minibatch must name data that a likelihood uses; none uses 'unused'"),
        (["scale"], "minibatch must name data with rows; 'scale' is a single number"),
        (["long", "short"], r"equally many rows; got {'long': 60, 'short': 7}"),
    ]:
        with pytest.raises(ValueError, match=message):
            FlatModel(model, names)


def test_an_operation_that_jax_does_not_have_is_named():
    grid = np.linspace(-3, 3, 61)
    with pm.Model() as model:
        pm.Interpolated("a", grid, np.exp(-(grid**2) / 2))
    with pytest.raises(
        NotImplementedError, match=r"operations that JAX has.*SplineWrapper.*pm.fit\(backend=\"numba\"\)"
    ):
        FlatModel(model)
