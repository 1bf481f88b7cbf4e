"""Whatever PyMC can write: a model runs, with PyMC's own values, slopes and way back, or is refused in clear words."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pymc import dims as pmd
from pymc.distributions.transforms import Interval, Ordered, log, ordered
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.vm import VMLinker
from scipy import integrate, stats

from helpers.fits import FlatModel, advi, restarts

Y = np.array([0.3, -1.2, 2.5, 0.0])
X = np.linspace(0, 1, 4)[:, None]
NEIGHBOURS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
# PyTensor as it is, by Python: at ordinary ζ the rewrites that keep logarithms finite are not needed
REFERENCE = Mode(VMLinker(use_cloop=False, c_thunks=False), "fast_compile")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:.*will be automatically imputed")


def in_model(build, **coords) -> pm.Model:
    with pm.Model(coords=coords) as model:
        build()
    return model


# Transformations


def ordered_vectors():
    pm.Normal("m", 0, 3, shape=(2, 3), transform=ordered, initval=[[-1.0, 0, 1]] * 2)
    pm.HalfNormal("chained", 3, shape=3, transform=ordered, initval=[0.5, 1, 2])
    pm.Gamma("positive", 3, 1, shape=2, default_transform=Ordered(positive=True), initval=[1.0, 2])
    pm.Normal("falling", 0, 3, shape=3, transform=Ordered(ascending=False), initval=[2.0, 1, 0])


def ordered_cutpoints():
    cuts = pm.Normal("cuts", 0, 2, shape=3, transform=ordered, initval=[-1, 0, 1])
    pm.OrderedLogistic("y", eta=pm.Normal("eta"), cutpoints=cuts, observed=[0, 1, 3, 2])


def circle():
    pm.VonMises("angle", 0.5, 2)


def zero_sum():
    pm.ZeroSumNormal("z", sigma=2, shape=4)
    pm.ZeroSumNormal("both", sigma=pm.HalfNormal("s"), shape=(3, 2), n_zerosum_axes=2)


def bounds_that_are_parameters():
    pm.Uniform("u", pm.Normal("low"), 3 + pm.HalfNormal("high"))
    pm.Pareto("from below", 2, 1.5)
    pm.TruncatedNormal("from above", 0, 1, upper=2.0)


def cholesky_factor():
    pm.LKJCholeskyCov("chol", n=3, eta=2, sd_dist=pm.Exponential.dist(1))


def log_of_a_normal():
    pm.Normal("x", 0, 1, transform=log, initval=1.0)


# Distributions


def own_potential():
    pm.Potential("wall", -(pm.Normal("x", 0, 2) ** 4))


def custom_dist():
    def log_normal(m, s, size):
        return pm.math.exp(pm.Normal.dist(m, s, size=size))

    pm.CustomDist("x", 0, 1, dist=log_normal, transform=log)


def custom_logp():
    pm.CustomDist("x", 0.5, logp=lambda value, m: -abs(value - m) - np.log(2.0))
    pm.CustomDist("y", pm.Normal("m"), logp=lambda value, m: -((value - m) ** 2), observed=Y)


def truncated_parameter():
    pm.Truncated("y", pm.Gamma.dist(2, 1), lower=0.5, upper=3)


def missing_values():
    pm.Exponential("y", pm.math.exp(pm.Normal("m")), observed=[1.0, np.nan, 2.0])


def random_walk():
    pm.GaussianRandomWalk("w", mu=0.1, sigma=pm.HalfNormal("s"), init_dist=pm.Normal.dist(), steps=3)


def autoregression():
    start = pm.Normal.dist(0, 1, shape=2)
    pm.AR("w", rho=pm.Normal("rho", 0, 0.5, shape=2), sigma=pm.HalfNormal("s"), init_dist=start, steps=3)


def gp_marginal():
    cov = pm.HalfNormal("eta") ** 2 * pm.gp.cov.ExpQuad(1, ls=pm.Gamma("ls", 2, 2))
    pm.gp.Marginal(cov_func=cov).marginal_likelihood("y", X=X, y=Y, sigma=pm.HalfNormal("sd"))


def gp_latent():
    gp = pm.gp.Latent(cov_func=pm.gp.cov.Matern52(1, ls=pm.Gamma("ls", 2, 2)))
    pm.Bernoulli("y", logit_p=gp.prior("f", X=X), observed=[0, 1, 1, 0])


def gp_hilbert():
    gp = pm.gp.HSGP(m=[3], c=1.5, cov_func=pm.gp.cov.ExpQuad(1, ls=pm.Gamma("ls", 2, 2)))
    pm.Normal("y", gp.prior("f", X=X), 1, observed=Y)


def multivariate():
    covariance = np.array([[2, 0.5], [0.5, 1]])
    pm.MvNormal("x", np.zeros(2), cov=covariance)
    pm.MvStudentT("t", nu=5, mu=np.zeros(2), scale=covariance)


def mixtures():
    pm.Mixture("real", [0.3, 0.7], [pm.Normal.dist(-1, 1), pm.StudentT.dist(nu=5, mu=1, sigma=1)])
    pm.Mixture("positive", [0.3, 0.7], [pm.Gamma.dist(2, 1), pm.LogNormal.dist(1, 1)])


def states_summed_out():
    counts = [pm.Poisson.dist(pm.Exponential("rate", 1)), pm.Poisson.dist(9)]
    pm.Mixture("y", [0.4, 0.6], counts, observed=[1, 8, 10])


def zeros_and_positive():
    pm.HurdleGamma("y", psi=0.4, alpha=pm.Gamma("a", 2, 2), beta=1, observed=[0, 1.0, 2.0])


def neighbours():
    pm.ICAR("c", W=NEIGHBOURS)


def loop():
    a = pm.Normal("a")
    one = pt.constant(1.0, dtype="float64")
    powers = pytensor.scan(lambda p, a: a * p, outputs_info=one, non_sequences=a, n_steps=3, return_updates=False)
    pm.Normal("y", powers, 1, observed=Y[:3])


# Names, shapes, data


def names():
    size, sd = pm.Normal("die Größe", 0, 1), pm.HalfNormal("σ (in m)")
    pm.Deterministic("a sum", size + sd)
    pm.Normal("what was seen", size, sd, observed=Y)


def shapes():
    empty, table = pm.Normal("empty", shape=0), pm.HalfNormal("empty table", shape=(0, 3))
    pm.Normal("scalar", empty.sum() + table.sum(), 1)
    pm.Normal("one", shape=1)


def other_types():
    x = pm.Normal("x")
    pm.Deterministic("constant", pt.as_tensor(3.0))
    pm.Deterministic("positive", x > 0)
    pm.Deterministic("whole", pt.cast(x, "int64"))


def data_in_the_prior():
    x = pm.Data("x", Y)
    level = pm.Normal("level", x[0], 1, shape=pm.Data("groups", np.array([0, 1, 1, 0])).max() + 1)
    pm.Normal("y", level[pm.modelcontext(None)["groups"]] * pt.arange(x.shape[0]), 1, observed=x)


def named_axes():
    pm.modelcontext(None).add_coord("side", ["left", "right"])
    mu, sd = pmd.Normal("mu", 0, 1, dims="side"), pmd.HalfNormal("sd")
    pmd.Deterministic("ratio", mu / sd)


BUILDS = (
    [ordered_vectors, ordered_cutpoints, circle, zero_sum, bounds_that_are_parameters, cholesky_factor]
    + [log_of_a_normal, own_potential, custom_dist, custom_logp, truncated_parameter, missing_values, random_walk]
    + [autoregression, gp_marginal, gp_latent, gp_hilbert, multivariate, mixtures, states_summed_out]
    + [zeros_and_positive, neighbours, loop, names, shapes, other_types, data_in_the_prior, named_axes]
)
CANNOT_BE_DRAWN = [custom_logp, neighbours]


def assert_as_pymc_computes(flat: FlatModel, points=3, tolerance=1e-6):
    """log p̃, its gradient and every variable, at PyMC's initial point and around it."""
    model = flat.model
    outputs = [model.logp(), model.dlogp(), *model.replace_rvs_by_values(model.unobserved_RVs)]
    pymcs = pytensor.function(model.value_vars, outputs, mode=REFERENCE, on_unused_input="ignore")
    ours = jax.jit(lambda zeta: (*jax.value_and_grad(flat.full_log_density)(zeta), flat.constrain(zeta)))
    rng = np.random.default_rng(0)
    start = model.initial_point()
    ends = np.cumsum([start[v.name].size for v in model.value_vars])[:-1]
    for k in range(points):
        zeta = (np.asarray(flat.start) + 0.4 * k * rng.normal(size=flat.size)).astype(flat.start.dtype)
        numbers = zip(np.split(zeta, ends), model.value_vars, strict=True)
        parts = [np.reshape(part, start[v.name].shape) for part, v in numbers]
        value, slope, *variables = pymcs(*parts)
        assert np.isfinite(value)
        found, gradient, constrained = ours(jnp.asarray(zeta))
        assert found == pytest.approx(float(value), rel=tolerance, abs=tolerance)
        np.testing.assert_allclose(gradient, slope, rtol=10 * tolerance, atol=10 * tolerance)
        for variable, expected in zip(model.unobserved_RVs, variables, strict=True):
            np.testing.assert_allclose(constrained.pop(variable.name), expected, rtol=tolerance, atol=tolerance)
        assert not constrained


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.__name__)
def test_runs_as_in_pymc(build):
    flat = FlatModel(in_model(build))
    assert_as_pymc_computes(flat)
    if build in CANNOT_BE_DRAWN:
        with pytest.raises(NotImplementedError, match="prior_draws needs priors that can be drawn from.*Give starts"):
            flat.prior_draws(2, seed=0)
    else:
        starts = flat.prior_draws(30, seed=0)
        assert starts.shape == (30, flat.size) and np.isfinite(starts).all()


@pytest.mark.parametrize(("build", "mass"), [(custom_dist, 1), (truncated_parameter, 1), (log_of_a_normal, 0.5)])
def test_the_mass_by_quadrature(build, mass):
    density = jax.jit(lambda zeta: jnp.exp(FlatModel(in_model(build)).full_log_density(zeta[None])))
    assert integrate.quad(lambda zeta: float(density(zeta)), -20, 20, limit=200)[0] == pytest.approx(mass, abs=1e-6)


def test_prior_draws_are_put_in_order_or_made_again():
    flat = FlatModel(in_model(ordered_vectors))
    draws = jax.vmap(flat.constrain)(flat.prior_draws(300, seed=0))
    sign = {name: -1 if name == "falling" else 1 for name in draws}
    assert all((sign[name] * np.diff(values, axis=-1) > 0).all() for name, values in draws.items())
    # as a set they are the prior
    assert stats.kstest(np.ravel(draws["m"]), stats.norm(0, 3).cdf).pvalue > 1e-3
    assert stats.kstest(np.ravel(draws["chained"]), stats.halfnorm(scale=3).cdf).pvalue > 1e-3
    again = np.exp(FlatModel(in_model(log_of_a_normal)).prior_draws(300, seed=0))[:, 0]
    assert stats.kstest(again, stats.halfnorm.cdf).pvalue > 1e-3
    with pytest.raises(FloatingPointError, match="100 draws of the prior are all outside of what .* of x_log__ takes"):
        FlatModel(in_model(lambda: pm.Normal("x", -50, 1, transform=log, initval=1.0))).prior_draws(1, seed=0)


def test_children_of_ordered_parents_are_drawn_from_them():
    with pm.Model() as model:
        parent = pm.Normal("parent", 0, 5, shape=2, transform=ordered, initval=[0.0, 1])
        pm.Normal("child", parent, 1e-3)
    draws = jax.vmap(FlatModel(model).constrain)(FlatModel(model).prior_draws(50, seed=0))
    np.testing.assert_allclose(draws["child"], draws["parent"], atol=0.01)


def test_missing_values_have_the_posterior_of_their_formula():
    with pm.Model(coords={"row": ["a", "b", "c"]}) as model:
        pm.Normal("y", pm.Normal("m", 0, 1), 1, observed=[1.0, np.nan, 2.0], dims="row")
    fit = advi(FlatModel(model), family="full-rank", seed=1, steps=2000)  # m ~ N(1, 1/3), y ~ N(m, 1)
    assert fit.mean == pytest.approx([1, 1], abs=0.02)
    assert fit.covariance == pytest.approx(np.array([[1, 1], [1, 4]]) / 3, abs=0.03)
    y = fit.to_datatree(10, seed=1).posterior["y"]
    assert y.dims == ("chain", "draw", "row") and (y.sel(row="c") == 2).all() and y.sel(row="b").std() > 0


def test_an_intervention():
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1)
        pm.Normal("y", pm.Normal("z", x, 1), 1, observed=1.0)
    flat = FlatModel(pm.do(model, {"x": 3.0}))
    assert flat.labels == ("z",)
    expected = stats.norm.logpdf(0.5, 3, 1) + stats.norm.logpdf(1, 0.5, 1)
    assert flat.full_log_density(jnp.array([0.5])) == pytest.approx(expected)


def test_single_precision():
    with pytensor.config.change_flags(floatX="float32"):
        flat = FlatModel(in_model(names))
        assert flat.start.dtype == np.float32 and flat.prior_draws(3, seed=0).dtype == np.float32
        assert_as_pymc_computes(flat, tolerance=1e-4)


def test_data_that_change_after_the_build():
    with pm.Model(coords={"when": range(4)}) as model:
        x = pm.Data("x", np.arange(4.0), dims="when")
        mu = pm.Deterministic("mu", pm.Normal("b", 0, 1) * x, dims="when")
        pm.Normal("y", mu, 1, observed=pm.Data("seen", np.arange(4.0), dims="when"), dims="when")
    flat = FlatModel(model)
    fit, before = advi(flat, seed=1, steps=200), flat.full_log_density(flat.start + 1)
    with model:
        pm.set_data({"x": [8.0, 9.0], "seen": [0.0, 0.0]}, coords={"when": [8, 9]})
    assert flat.full_log_density(flat.start + 1) == before
    posterior = fit.to_datatree(5, seed=1).posterior
    np.testing.assert_allclose(posterior["mu"], posterior["b"].values[..., None] * np.arange(4))
    assert posterior["when"].values.tolist() == [0, 1, 2, 3] and posterior["mu"].dims[-1] == "when"
    anew = FlatModel(model)
    assert anew.full_log_density(flat.start + 1) == pytest.approx(stats.norm.logpdf([1, 0, 0], [0, 8, 9]).sum())


def test_parameters_that_change_after_the_build():
    with pm.Model(coords={"group": ["a", "b"]}) as model:
        pm.Data("x", np.zeros(2), dims="group")
        pm.Normal("m", dims="group")
    flat = FlatModel(model)
    with model:
        pm.set_data({"x": np.zeros(3)}, coords={"group": ["a", "b", "c"]})
    with pytest.raises(ValueError, match="3 parameters now, and had 2 when this FlatModel was built.*again"):
        flat.prior_draws(2, seed=0)


@pytest.mark.parametrize("build", [names, shapes, other_types, named_axes], ids=lambda build: build.__name__)
def test_draws_of_every_variable(build):
    flat = FlatModel(in_model(build))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        posterior = advi(flat, seed=1, steps=20).to_datatree(5, seed=1).posterior
    values = flat.constrain(flat.start)
    assert set(posterior.data_vars) == set(values)
    assert all(posterior[name].shape == (1, 5, *np.shape(value)) for name, value in values.items())


def test_coordinates_of_every_kind():
    pairs = [("u", 1), ("u", 2), ("v", 1)]
    days = np.array(["2026-01-01", "2026-01-02"], "datetime64[D]")
    with pm.Model(coords={"pair": pairs, "day": days}) as model:
        model.add_coord("unnamed", length=3)
        pm.Normal("a", 0, 1, dims=("pair", "day"))
        pm.Normal("b", 0, 1, dims="unnamed")
    posterior = advi(FlatModel(model), seed=1, steps=20).to_datatree(5, seed=1).posterior
    assert posterior["a"].dims == ("chain", "draw", "pair", "day") and posterior["b"].dims[-1] == "unnamed"
    assert posterior["pair"].values.tolist() == pairs
    assert posterior["a"].sel(pair=("u", 2), day="2026-01-02").shape == (1, 5)


def test_thousands_of_parameters(recwarn, capsys):
    def groups(count):
        b = pm.Normal("b", 0, pm.HalfNormal("s"), shape=count)
        pm.Normal("y", b, 1, observed=np.random.default_rng(0).normal(size=count))

    few, flat = (FlatModel(in_model(lambda count=count: groups(count))) for count in (9, 4_999))
    operations = [len(jax.make_jaxpr(each.full_log_density)(each.start).eqns) for each in (few, flat)]
    assert operations[0] == operations[1]  # all at once: each parameter by itself would take minutes
    gradient = jax.jit(jax.grad(flat.full_log_density))(flat.start)
    posterior = advi(flat, seed=1, steps=50).to_datatree(100, seed=1).posterior
    assert gradient.shape == (5000,) and posterior["b"].shape == (1, 100, 4999)
    assert not recwarn.list and capsys.readouterr() == ("", "")
    with pytest.raises(ValueError, match=r"each start must hold 5000 finite numbers, one for each of .*b\[6\], …$"):
        advi(flat, start=[0.0], seed=1)


# Refusals


class Doubled(Op):
    """An operation of the reader's own, without a JAX form."""

    def make_node(self, x):
        return Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = 2 * inputs[0]


def simulator():
    pm.Simulator("sim", lambda rng, m, size: rng.normal(m, size=size), pm.Normal("m"), observed=Y)


def label():
    pm.Normal("y", pm.Bernoulli("label", 0.3), 1, observed=Y)


def nothing():
    pm.Normal("x", shape=0)


def draw_in_deterministic():
    pm.Deterministic("prediction", pm.Normal("m") + pm.Normal.dist(0, 1))


def draw_in_potential():
    pm.Potential("noise", pm.Normal("m") * pm.Normal.dist(0, 1))


def own_operation():
    pm.Potential("p", Doubled()(pm.Normal("m")))


def volatility():
    pm.GARCH11("g", omega=0.1, alpha_1=0.2, beta_1=0.3, initial_vol=1.0, steps=3)


def periodic_gp():
    gp = pm.gp.HSGPPeriodic(m=3, scale=1.0, cov_func=pm.gp.cov.Periodic(1, period=1.0, ls=pm.Gamma("ls", 2, 2)))
    gp.prior("f", X=X)


def shapes_that_do_not_fit():
    size = pm.Data("size", np.array(2))
    pm.Normal("y", pt.dot(np.ones((4, 3)), pm.Normal("m", shape=size)), 1, observed=Y)


REFUSED = {
    simulator: (ValueError, "model must have a density; a pm.Simulator has none: sim. Use pm.sample_smc"),
    label: (ValueError, "continuous parameters only; discrete: label. Sum over its values: with pm.Mixture"),
    nothing: (ValueError, "at least one parameter that is not observed; all of its are of length 0"),
    draw_in_deterministic: (ValueError, "nothing that is random given its parameters: prediction depends on a draw"),
    draw_in_potential: (ValueError, "nothing that is random given its parameters: noise depends on a draw"),
    own_operation: (NotImplementedError, r"operations that JAX has: .*Doubled\. PyMC alone .*backend=\"numba\""),
    volatility: (NotImplementedError, r"operations that JAX has: Shapes must be .*backend=\"numba\""),
    periodic_gp: (NotImplementedError, r"operations that JAX has: .*ive.*backend=\"numba\""),
    shapes_that_do_not_fit: (ValueError, "model cannot be computed: .*shape.*point_logps"),
}


@pytest.mark.parametrize("build", REFUSED, ids=lambda build: build.__name__)
def test_refusals(build):
    kind, words = REFUSED[build]
    with pytest.raises(kind, match=words):
        FlatModel(in_model(build))


def test_an_operation_without_a_gradient():
    def build():
        parent = pm.StudentT.dist(nu=pm.Gamma("nu", 3, 0.2), mu=0, sigma=1)
        pm.Censored("y", parent, lower=-1, upper=1, observed=[-1, 0.3, 1])

    flat = FlatModel(in_model(build))
    assert np.isfinite(flat.log_density(flat.start))
    with pytest.raises(NotImplementedError, match=r"JAX has: Betainc gradient .*pm.fit\(backend=\"numba\"\)"):
        advi(flat, seed=1, steps=10)


@pytest.mark.parametrize(
    "build",
    [
        lambda: pm.Binomial("y", 100, pm.Uniform("x", 0, 0), observed=[40, 50]),
        lambda: pm.Normal("x", shape=3, transform=ordered),
    ],
    ids=["an empty interval", "not in order"],
)
def test_an_initial_point_that_is_not_finite(build):
    flat = FlatModel(in_model(build))
    with pytest.raises(
        ValueError, match="PyMC's initial point of x is not finite.*interval is empty.*initval=.*start="
    ):
        advi(flat, seed=1)


def test_a_start_of_ones_own_mends_the_initial_point():
    flat = FlatModel(in_model(lambda: pm.Normal("x", shape=3, transform=ordered)))
    assert np.isfinite(restarts(flat, flat.prior_draws(2, seed=0), seed=1, steps=20)[1].mean).all()
    with pytest.raises(FloatingPointError, match="log p̃ is -inf at start 0 already: .*that are not finite: x$"):
        advi(flat, start=[1e200, 0, 0], seed=1, steps=20)


@pytest.mark.parametrize("options", [{}, {"start_sd": 0.1}, {"start_sd": 0.01, "rate": 0.01}])
def test_a_missing_transformation_is_named(options):
    def build():
        x = pm.CustomDist("x", 0, 1, dist=lambda m, s, size: pm.math.exp(pm.Normal.dist(m, s, size=size)))
        pm.Normal("y", x, 1, observed=[0.9, 1.1, 0.8])

    words = r"log p̃ is NaN or infinite at \d\d% of the points .* because of x: .* Give it a transform="
    with pytest.raises(FloatingPointError, match=words):
        advi(FlatModel(in_model(build)), seed=1, **options)


def test_a_parameter_of_the_likelihood_that_leaves_its_range():
    flat = FlatModel(in_model(lambda: pm.Normal("y", 0, pm.Normal("sd", 1, 1), observed=Y / 10)))
    with pytest.raises(FloatingPointError, match="because of y, .*start_sd=0.1 first, .*such as pm.HalfNormal"):
        advi(flat, seed=1)


def test_a_circle_that_is_lost():
    def build(**options):
        pm.VonMises("a", 0, 1, **options)

    with pytest.raises(FloatingPointError, match="wider than the circle in a_circular__: .*Interval"):
        advi(FlatModel(in_model(build)), seed=1, steps=2000)
    narrow = advi(FlatModel(in_model(lambda: pm.VonMises("a", 0, 40))), seed=1, steps=500)
    assert narrow.sd == pytest.approx([40**-0.5], rel=0.03)
    cut = FlatModel(in_model(lambda: build(default_transform=Interval(-np.pi, np.pi))))
    draws = advi(cut, seed=1, steps=1000).to_datatree(4000, seed=1).posterior["a"]
    assert float(np.cos(draws).mean()) == pytest.approx(0.446, abs=0.06)  # I₁(1) / I₀(1)
