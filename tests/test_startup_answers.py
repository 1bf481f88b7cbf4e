"""Start-up changes no answer: log densities, gradients and predictive draws at extreme values, on every way we choose.

The reference is PyTensor with all of its rewrites (FAST_RUN, as PyMC uses it) run by its Python linker: PyMC's own
default compiles the same graph with numba, which takes minutes for these models.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pymc.logprob.utils import ParameterValueError
from pytensor.compile.mode import Mode
from pytensor.link.vm import VMLinker
from scipy import special, stats

from helpers import startup
from helpers.fits import FlatModel
from helpers.models import moons, sensor_data, shop

NUMBERS = np.array([0.3, -1.2, 2.5, 0.0])
COUNTS = np.array([0, 1, 4, 30])
LABELS = np.array([0, 1, 1, 0])


def bernoulli():
    pm.Bernoulli("y", logit_p=pm.Normal("z", 0, 5, shape=4), observed=LABELS)


def bernoulli_by_invlogit():
    pm.Bernoulli("y", p=pm.math.invlogit(pm.Normal("z", 0, 5, shape=4)), observed=LABELS)


def own_sigmoid():
    z = pm.Normal("z", 0, 5, shape=4)
    pm.Potential("y", (LABELS * pt.log(pt.sigmoid(z)) + (1 - LABELS) * pt.log(1 - pt.sigmoid(z))).sum())


def binomial():
    pm.Binomial("y", n=[1, 3, 9, 50], logit_p=pm.Normal("z", 0, 5, shape=4), observed=COUNTS)


def poisson():
    pm.Poisson("y", pm.math.exp(pm.Normal("z", 0, 2, shape=4)), observed=COUNTS)


def negative_binomial():
    pm.NegativeBinomial("y", mu=pm.math.exp(pm.Normal("z")), alpha=pm.Exponential("a", 1), observed=COUNTS)


def zero_inflated():
    pm.ZeroInflatedPoisson("y", psi=pm.Beta("psi", 2, 2), mu=pm.Gamma("mu", 2, 1), observed=COUNTS)


def beta():
    pm.Beta("y", pm.Exponential("a", 1), pm.Exponential("b", 1), observed=[1e-6, 0.3, 0.8, 1 - 1e-9])


def scales():
    gamma, tau = pm.Gamma("gamma", 3, 2), pm.HalfCauchy("tau", 5)
    pm.InverseGamma("inverse", 3, 2), pm.LogNormal("lognormal"), pm.HalfStudentT("half_t", nu=3, sigma=1)
    pm.Weibull("weibull", 1.5, 2), pm.Uniform("u", -1, 3), pm.ExGaussian("ex", mu=0, sigma=1, nu=1)
    pm.StudentT("y", pm.Exponential("nu", 0.1) + 1, mu=gamma, sigma=tau, observed=NUMBERS)


def weibull_censored():
    weibull = pm.Weibull.dist(pm.Exponential("alpha", 1), pm.math.exp(pm.Normal("z")))
    pm.Censored("y", weibull, lower=None, upper=3.0, observed=[0.5, 2.9, 3.0, 3.0])


def normal_censored():
    normal = pm.Normal.dist(pm.Normal("m", 0, 10), pm.HalfNormal("s", 2))
    pm.Censored("y", normal, lower=-1.0, upper=2.0, observed=[-1.0, 0.3, 1.0, 2.0])


def normal_truncated():
    pm.TruncatedNormal("y", pm.Normal("m", 0, 10), pm.HalfNormal("s", 2), lower=-2, upper=3, observed=NUMBERS)


def truncated_by_hand():
    student_t = pm.Logistic.dist(pm.Normal("m", 0, 10), pm.HalfNormal("s", 2))
    pm.Truncated("y", student_t, lower=-2, upper=3, observed=NUMBERS)


def softmax():
    weights = pm.Normal("w", 0, 3, shape=(4, 3))
    pm.Categorical("y", p=pm.math.softmax(weights, axis=-1), observed=[0, 1, 2, 2])


def dirichlet():
    pm.Multinomial("y", n=35, p=pm.Dirichlet("p", [0.5, 1.0, 2.0, 3.0]), observed=COUNTS)


def ordered_logistic():
    cuts = pt.cumsum(pt.concatenate([pm.Normal("first", shape=1), pm.HalfNormal("gaps", shape=2)]))
    pm.OrderedLogistic("y", pm.Normal("eta", shape=4), cuts, observed=[0, 1, 3, 2])


def mixture():
    sd = pm.HalfNormal("sd", 1, shape=2)
    pm.NormalMixture("y", pm.Dirichlet("w", np.ones(2)), pm.Normal("m", 0, 3, shape=2), sd, observed=NUMBERS)


def correlated():
    chol, _, _ = pm.LKJCholeskyCov("chol", n=2, eta=2, sd_dist=pm.Exponential.dist(1))
    pm.MvNormal("y", pm.Normal("m", shape=2), chol=chol, observed=NUMBERS.reshape(2, 2))


def random_walk():
    walk = pm.GaussianRandomWalk("walk", mu=0, sigma=pm.HalfNormal("s"), init_dist=pm.Normal.dist(), steps=3)
    pm.Normal("y", pm.math.exp(walk), 1, observed=NUMBERS)


def probit():
    pm.Bernoulli("y", p=pm.math.invprobit(pm.Normal("z", 0, 5, shape=4)), observed=LABELS)


def softplus_rate():
    pm.Exponential("y", pm.math.log1pexp(pm.Normal("z", shape=4)), observed=np.abs(NUMBERS))


def one_reading():
    pm.Normal("y", pm.Normal("x", 0, 1), 0.5, observed=10)


def climbers():
    logit_p = pm.Normal("intercept", 0, 5) + pm.Normal("slope", 0, 5) * NUMBERS
    pm.Deterministic("p", pm.math.invlogit(logit_p))
    pm.Bernoulli("top", logit_p=logit_p, observed=LABELS)


def two_normals():
    pm.NormalMixture("x", w=[0.2, 0.8], mu=[-0.3, 0.5], sigma=[0.1, 0.1])


def two_normals_as_a_potential():
    x = pm.Normal("x", 0, 1)
    parts = pm.NormalMixture.dist(w=[0.2, 0.8], mu=[-0.3, 0.5], sigma=[0.1, 0.1])
    pm.Potential("the rest", pm.logp(parts, x) - pm.logp(pm.Normal.dist(0, 1), x))


def columns_of_readings():
    pm.Normal("reading", pm.Normal("mu", 0, 5, shape=4), pm.HalfNormal("sigma", 5, shape=4), observed=NUMBERS)


def purchases():
    shop.purchases(*shop.visitors(10))


def network_of_the_moons():
    moons.network(*(part[:10] for part in moons.two_moons()[:2]))


def network_of_the_sensor():
    sensor_data.network(*sensor_data.sensor())


def four_schools():
    mu, tau = pm.Normal("mu", 0, 5), pm.HalfCauchy("tau", 5)
    pm.Normal("y", mu + tau * pm.Normal("eta", 0, 1, shape=4), NUMBERS**2 + 1, observed=10 * NUMBERS)


BLOCKS = (
    [bernoulli, bernoulli_by_invlogit, own_sigmoid, binomial, poisson, negative_binomial, zero_inflated]
    + [beta, scales, weibull_censored, normal_censored, normal_truncated, truncated_by_hand, softmax, dirichlet]
    + [ordered_logistic, mixture, correlated, random_walk, probit, softplus_rate]
    + [one_reading, climbers, two_normals, two_normals_as_a_potential, columns_of_readings, purchases]
    + [network_of_the_moons, network_of_the_sensor, four_schools]
)
TAILS = [scales, weibull_censored, normal_censored, normal_truncated, truncated_by_hand, correlated]
SLOW = [
    scales,
    ordered_logistic,
    correlated,
    negative_binomial,
    zero_inflated,
    mixture,
    normal_truncated,
    normal_censored,
]
REFERENCE = Mode(VMLinker(use_cloop=False, c_thunks=False), "fast_run")


def in_model(block) -> pm.Model:
    with pm.Model() as model:
        block()
    return model


def some_points(model) -> list[dict]:
    """Unconstrained parameters: at zero, and at distances up to a thousand in several directions."""
    rng = np.random.default_rng(0)
    start = model.initial_point()
    scales = (0, 0.5, -0.5, 5, -5, 38, -38, 100, -100, 750, -750, 1e3, -1e3)
    along = [{name: np.full(value.shape, scale) for name, value in start.items()} for scale in scales]
    across = [{name: s * rng.normal(size=value.shape) for name, value in start.items()} for s in (1, 10, 100, 1e3)]
    return along + across


def by_pytensor(model, mode, points):
    """Log density and gradient at each of the points, PyTensor's; NaN where PyMC refuses, as at a scale of exp(-750)."""
    run = pytensor.function(model.value_vars, [model.logp(), model.dlogp()], mode=mode)
    refused = np.nan, np.full(sum(value.size for value in points[0].values()), np.nan)
    found = []
    for point in points:
        with np.errstate(all="ignore"):
            try:
                found.append(run(**point))
            except ParameterValueError:
                found.append(refused)
    return tuple(map(np.array, zip(*found, strict=True)))


def by_flat_model(model, points):
    """The same, the gradient being JAX's."""
    flat = FlatModel(model)
    zetas = jnp.asarray([np.concatenate([np.ravel(point[v.name]) for v in model.value_vars]) for point in points])
    return tuple(map(np.asarray, jax.jit(jax.vmap(jax.value_and_grad(flat.full_log_density)))(zetas)))


def assert_equal_where_finite(found, expected, finite_too=True):
    # PyTensor gives whole-numbered constants to JAX in single precision, 6e-8; terms up to a hundred times the sum
    for ours, theirs in zip(found, expected, strict=True):
        known = np.isfinite(theirs) & (finite_too | np.isfinite(ours))
        assert known.any()
        np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "block", [pytest.param(b, id=b.__name__, marks=[pytest.mark.slow] if b in SLOW else []) for b in BLOCKS]
)
def test_finite_and_equal_wherever_pymc_is(block):
    model = in_model(block)
    points = some_points(model)
    expected = by_pytensor(model, REFERENCE, points)
    assert_equal_where_finite(by_pytensor(model, startup.uncompiled(), points), expected)
    flat = by_flat_model(model, points)
    assert_equal_where_finite(flat, expected, finite_too=block not in TAILS)
    if block in TAILS:  # as `FlatModel` says
        assert any(
            (np.isfinite(theirs) & ~np.isfinite(ours)).any() for ours, theirs in zip(flat, expected, strict=True)
        )
        assert_equal_where_finite([each[:3] for each in flat], [each[:3] for each in expected])


@pytest.mark.parametrize("block", [bernoulli, own_sigmoid], ids=lambda block: block.__name__)
def test_the_backend_of_fits_is_finite_and_equal_wherever_pymc_is(block):
    model = in_model(block)
    points = some_points(model)
    assert_equal_where_finite(by_pytensor(model, "JAX", points), by_pytensor(model, REFERENCE, points))


@pytest.mark.parametrize("block", [bernoulli, scales, mixture, ordered_logistic], ids=lambda block: block.__name__)
def test_predictive_draws_are_those_of_pymc(block):
    model = in_model(block)
    ours, theirs = (
        pm.sample_prior_predictive(20, model=model, random_seed=1, compile_kwargs={"mode": mode})
        for mode in (startup.uncompiled(), REFERENCE)
    )
    for group in ("prior", "prior_predictive"):
        for name in ours[group]:
            np.testing.assert_allclose(ours[group][name], theirs[group][name], rtol=1e-10, err_msg=name)


def test_a_wrong_label_at_a_large_logit_costs_its_logit():
    """The chapter on logistic regression calls `logit_p` safe: with FAST_COMPILE the answer was -inf."""
    with pm.Model() as model:
        pm.Bernoulli("y", logit_p=pm.Normal("z", 0, 5), observed=0)
    z = np.array([10.0, 38.0, 100.0, 1000.0])
    expected = stats.norm.logpdf(z, 0, 5) - np.logaddexp(0, z)
    flat = FlatModel(model)
    log_p = model.compile_logp(mode=startup.uncompiled())
    assert [float(log_p({"z": value})) for value in z] == pytest.approx(expected)
    assert flat.log_densities(z[:, None]) == pytest.approx(expected)
    slopes = jax.vmap(jax.grad(flat.log_density))(z[:, None])[:, 0]
    assert slopes == pytest.approx(-z / 25 - special.expit(z))


def test_a_model_of_many_variables_has_a_log_density():
    """By Python an operation takes at most 32 arrays, and PyMC adds the terms of all variables in one."""
    with pm.Model() as model:
        level = pm.Normal("level", 0, 1)
        for k in range(40):
            pm.Normal(f"y{k}", level, 1, observed=k / 10)
    expected = stats.norm.logpdf(0.3) + stats.norm.logpdf(np.arange(40) / 10, 0.3).sum()
    assert float(model.compile_logp(mode=startup.uncompiled())({"level": 0.3})) == pytest.approx(expected)
