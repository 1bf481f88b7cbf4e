"""What `diagnose` says of fits whose quality is known by formula, and what it refuses."""

from dataclasses import replace

import arviz as az
import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from scipy import special

from benchmarks.verdicts import cases
from helpers.checks import diagnose
from helpers.checks import instruments as module
from helpers.checks.verdicts import LONGER, NA, NOT, TRUST, UNDECIDED, WEIGHTS
from helpers.fits import FlatModel, GaussianFit, advi, approximate, khat_error, khat_threshold, psis, weighted
from helpers.truth import Draws
from tests.support.models import visits_by_age

QUICK = {"seed": 1, "draws": 4000, "steps": 200}
INSTRUMENTS = ["Pareto k-hat", "ELBO", "weights", "short chains", "more optimisation", "restarts"]


@pytest.fixture(scope="module")
def plain():
    """x ~ N(0, 1): its own posterior."""
    with pm.Model() as model:
        pm.Normal("x", 0, 1)
    return FlatModel(model)


@pytest.fixture(scope="module")
def mixture():
    with pm.Model() as model:
        pm.NormalMixture("x", [0.2, 0.8], [-0.3, 0.5], sigma=0.1)
    return FlatModel(model)


def normal(flat, mean, sd):
    return GaussianFit(flat, np.array([float(mean)]), np.array([float(sd)]))


def overall(table):
    assert list(table.index) == [*INSTRUMENTS, "overall"]
    assert list(table.columns) == ["verdict", "share", "value", "what it says", "cannot see"]
    assert (
        table["verdict"].isin([TRUST, WEIGHTS, LONGER, NOT, UNDECIDED, NA]).all()
        and table["cannot see"].str.len().min() > 20
    )
    return table.loc["overall", "verdict"]


@pytest.mark.parametrize(
    ("mean", "sd", "verdict"),
    [
        (0, 1, TRUST),
        (0.1, 1.1, TRUST),
        (0.5, 1, WEIGHTS),
        (0, 1.5, WEIGHTS),
        (0, 0.7, WEIGHTS),
        (0, 0.2, WEIGHTS),
        (0, 0.78, UNDECIDED),
        (6, 1, LONGER),
        (32, 1, LONGER),
    ],
)
def test_verdicts_on_a_normal_posterior(plain, mean, sd, verdict):
    assert overall(diagnose(plain, normal(plain, mean, sd), **QUICK)) == verdict


@pytest.mark.parametrize("scale", [np.array([[1.0, 0], [0.8, 0.6]]), np.array([0.5, 2.0])])
def test_an_exact_fit_has_no_tail(scale):
    factor = scale if scale.ndim == 2 else np.diag(scale)
    with pm.Model() as model:
        pm.MvNormal("x", np.zeros(2), chol=factor)
    flat = FlatModel(model)
    table = diagnose(flat, GaussianFit(flat, np.zeros(2), scale), **QUICK)
    assert overall(table) == TRUST and table.loc["overall", "what it says"] == "no instrument objects"
    assert table.loc["Pareto k-hat", "value"] == "−∞" and table.loc["weights", "verdict"] == TRUST
    assert "equals the posterior up to a constant" in table.loc["Pareto k-hat", "what it says"]
    assert table.loc["ELBO", "value"] == "0.000 ± 0.000" or table.loc["ELBO", "value"] == "-0.000 ± 0.000"


def test_a_fit_over_both_modes_is_usable_with_weights(mixture):
    fit = normal(mixture, 0.17, 0.39)
    table = diagnose(mixture, fit, seed=1)
    assert overall(table) == WEIGHTS
    assert table.loc["more optimisation", "verdict"] == LONGER and table.loc["restarts", "verdict"] == TRUST
    assert "its ELBO would still rise" in table.loc["overall", "what it says"]
    for df in (None, 3):
        draws = fit.draws(seed=1, df=df)
        assert psis(draws.log_ratio)[1] < -1
        assert weighted(draws).mean[0] == pytest.approx(0.34, abs=0.02)


def test_a_lost_mode_is_seen_by_the_restarts(mixture):
    fit = advi(mixture, start=[0.5], start_sd=0.1, steps=500, seed=3)
    table = diagnose(mixture, normal(mixture, fit.mean[0], 1.03 * fit.sd[0]), **QUICK)
    assert table.loc["restarts", "verdict"] == overall(table) == NOT
    assert table.loc["weights", "verdict"] == UNDECIDED and "a lost mode?" in table.loc["weights", "what it says"]
    assert "other places: 1" in table.loc["restarts", "value"] and "20.0%" in table.loc["restarts", "what it says"]
    blind = diagnose(mixture, normal(mixture, fit.mean[0], 1.03 * fit.sd[0]), restarts=0, **QUICK)
    assert overall(blind) == UNDECIDED and "would not be seen" in blind.loc["restarts", "what it says"]


def test_what_pm_fit_returns_is_matched_by_names(plain):
    with pm.Model() as model:
        pm.Normal("b", 2, 1, shape=2)
        pm.HalfNormal("a", 1)
    with pm.Model() as turned:
        pm.HalfNormal("a", 1)
        pm.Normal("b", 2, 1, shape=2)
    with turned:
        fit = pm.MeanField()
    fit.hist = np.empty(0)  # as after a fit
    table = diagnose(model, fit, **QUICK)
    assert overall(table) != NA
    mine = GaussianFit.from_pymc(FlatModel(model), fit)
    assert table.loc["Pareto k-hat", "value"].startswith(f"{psis(mine.draws(4000, seed=1).log_ratio)[1]:.2f}")
    with pytest.raises(ValueError, match=r"over a_log__, b \(3 numbers\), model over x \(1\)"):
        diagnose(plain, fit, **QUICK)


@pytest.mark.filterwarnings("ignore:total_size not provided")
def test_a_minibatch_fit_is_judged_by_all_rows():
    y = np.random.default_rng(0).normal(3, 1, 400)

    def build(y, **options):
        with pm.Model() as model:
            pm.Normal("y", pm.Normal("mu", 0, 10), 1, observed=y, **options)
        return model

    with pm.Model() as model:
        pm.Normal("y", pm.Normal("mu", 0, 10), 1, observed=pm.Data("rows", y))
    batches = FlatModel(model, ["rows"])
    good = normal(batches, y.mean(), 0.05)
    for all_rows in (build(y), batches):
        assert overall(diagnose(all_rows, good, **QUICK)) == TRUST
    wrong = FlatModel(build(y, total_size=40_000))
    assert overall(diagnose(build(y), normal(wrong, y.mean(), 0.005), **QUICK)) == LONGER
    assert overall(diagnose(build(y), normal(wrong, y.mean() + 0.3, 0.005), **QUICK)) == LONGER
    for refused in (build(y, total_size=40_000), wrong, build(pm.Minibatch(y, batch_size=50), total_size=400)):
        with pytest.raises(ValueError, match="total_size.*build the same model once more, with all rows"):
            diagnose(refused, good, **QUICK)
    with pytest.raises(ValueError, match="pm.Minibatch, so its log density is random"):
        diagnose(build(pm.Minibatch(y, batch_size=50)), good, **QUICK)


def test_no_density_of_q(plain):
    values = np.random.default_rng(0).standard_normal((4, 50))
    with plain.model:
        particles = pm.Empirical(size=20)
    for draws in (Draws(values[0]), az.from_dict({"posterior": {"x": values}}), particles):
        table = diagnose(plain, draws, **QUICK)
        assert overall(table) == NA and (table["verdict"] == NA).all()
        assert "without a density of q" in table.loc["overall", "what it says"]


def test_ratios_that_are_no_numbers():
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1)
        pm.Potential("log of a negative", pt.log(x))
    flat = FlatModel(model)
    table = diagnose(flat, normal(flat, 0, 1), **QUICK)
    assert overall(table) == NOT and "is not a number at" in table.loc["overall", "what it says"]
    assert overall(diagnose(flat, normal(flat, np.nan, 1), **QUICK)) == NOT


def test_a_posterior_of_density_zero_under_parts_of_q():
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1)
        pm.Potential("positive", pt.switch(x > 0, 0.0, -np.inf))
    flat = FlatModel(model)
    table = diagnose(flat, normal(flat, 0.2, 1), **QUICK)
    assert overall(table) == WEIGHTS and table.loc["ELBO", "value"] == "−∞"
    assert "density is 0 at most" in diagnose(flat, normal(flat, -5, 1), **QUICK).loc["overall", "what it says"]


def test_a_prior_that_cannot_be_drawn_from():
    with pm.Model() as model:
        pm.Normal("y", pm.Flat("x"), 1, observed=2.0)
    flat = FlatModel(model)
    assert overall(diagnose(flat, normal(flat, 2, 1), **QUICK)) == TRUST


def test_refusals(plain):
    with pm.Model() as discrete:
        pm.Poisson("n", 3)
    with pytest.raises(ValueError, match="continuous parameters only"):
        diagnose(discrete, normal(plain, 0, 1), seed=1)
    with pytest.raises(ValueError, match="at least one parameter"):
        diagnose(pm.Model(), normal(plain, 0, 1), seed=1)
    for wrong in ({"draws": 999}, {"restarts": -1}, {"chain_runs": -1}, {"steps": 2.5}, {"draws": True}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be a whole number >= "):
            diagnose(plain, normal(plain, 0, 1), seed=1, **wrong)
    for wrong in (3, "fit", Draws(np.zeros(5), np.zeros(5))):
        with pytest.raises(TypeError, match="approximation must be what pm.fit or approximate returned"):
            diagnose(plain, wrong, seed=1)


def test_k_hat_by_formula(plain):
    """q = N(0, s²) for p = N(0, 1): the ratio's tail has the shape 1 − s²."""
    fit = normal(plain, 0, np.sqrt(0.4))
    repeats = np.array([psis(fit.draws(20_000, seed=s).log_ratio)[1] for s in range(20)])
    assert repeats.mean() == pytest.approx(0.6, abs=0.08)
    assert 0.5 < repeats.std() / khat_error(0.6, 20_000) < 1.6
    assert khat_threshold(1000) == pytest.approx(2 / 3) and khat_threshold(20_000) == 0.7
    corrected = weighted(fit.draws(100_000, seed=0))
    assert corrected.weights.sum() == pytest.approx(1) and corrected.sd[0] == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("heads", [10, 19])
def test_a_heavy_tail_that_is_too_thin_to_matter(heads):
    """A coin: q is right to 1 %, its ratios are nearly alike, and k-hat is 4 or 5 all the same."""
    with pm.Model() as model:
        pm.Binomial("heads", 2 * heads, pm.Uniform("p"), observed=heads)
    flat = FlatModel(model)
    a = heads + 1
    exact = normal(flat, 0, np.sqrt(2 * special.polygamma(1, a)))  # the logit of a Beta(a, a)
    assert psis(exact.draws(20_000, seed=1).log_ratio)[1] > 1
    table = diagnose(flat, exact, seed=1)
    assert overall(table) == TRUST and "may not mend it" in table.loc["Pareto k-hat", "what it says"]


def test_restarts_do_not_praise_a_fit_that_has_not_arrived(plain):
    table = diagnose(plain, normal(plain, 6, 1), **QUICK)
    assert table.loc["more optimisation", "verdict"] == LONGER and table.loc["restarts", "verdict"] == TRUST
    assert "where more optimisation takes it" in table.loc["restarts", "what it says"]


@pytest.mark.parametrize(
    ("failed", "instrument", "value", "cure"),
    [
        (
            slice(1, None),
            "restarts",
            "0 of 16 fits",
            "fits from starts of your own (`helpers.fits.restarts`) would decide",
        ),
        (slice(0, 1), "more optimisation", "failed", "a fit from q's mean with a small start_sd would decide"),
    ],
)
def test_what_was_asked_and_could_not_run_is_not_trusted(plain, monkeypatch, failed, instrument, value, cure):
    def again(q, seed, restarts, steps):
        fits = np.array([q] * (restarts + 1))
        fits[failed] = None
        return list(fits)

    monkeypatch.setattr(module, "fit_again", again)
    table = diagnose(plain, normal(plain, 0, 1), **QUICK)
    assert overall(table) == table.loc[instrument, "verdict"] == UNDECIDED
    assert table.loc[instrument, "value"] == value and cure in table.loc[instrument, "what it says"]
    says = f"no instrument objects, but these could not run: {instrument}; they say what would decide"
    assert table.loc["overall", "what it says"] == says
    assert (table["verdict"].drop([instrument, "overall"]).isin([TRUST, NA])).all()
    assert overall(diagnose(plain, normal(plain, 0, 1.5), **QUICK)) == WEIGHTS  # what objects comes first


def test_ordered_means_are_started_elsewhere():
    """Five ordered means for six groups: two arrangements are equally good, and a fit stands in one of them."""
    noise = np.random.default_rng(0).normal(0, 0.5, 10)
    y = np.concatenate([centre + np.r_[noise, -noise] for centre in (-9, -7, -5, 5, 7, 9)])
    ordered = pm.distributions.transforms.ordered
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 7, shape=5, initval=[-9.0, -7, -5, 6, 9], transform=ordered)
        pm.NormalMixture("y", np.ones(5) / 5, mu, sigma=0.5, observed=y)
    flat = FlatModel(model)
    table = diagnose(flat, advi(flat, seed=1, family="full-rank", start_sd=0.05, steps=1500), seed=1, draws=4000)
    assert overall(table) == table.loc["restarts", "verdict"] == NOT
    assert "(from 16 fits)" in table.loc["restarts", "value"]


def test_too_narrow_an_sd_is_not_excused_by_narrow_weights():
    """Of a skewed posterior (0 of 100, uniform prior) q has 0.79 of the sd and its weighted draws 0.9."""
    with pm.Model() as model:
        pm.Binomial("hits", 100, pm.Uniform("p"), observed=0)
    fit = advi(FlatModel(model), steps=1000, seed=1)
    assert fit.sd[0] / np.sqrt(special.polygamma(1, 1) + special.polygamma(1, 101)) == pytest.approx(0.79, abs=0.02)
    assert overall(diagnose(model, fit, seed=1)) == WEIGHTS


def test_what_approximate_returns_is_judged_by_its_gaussian(plain):
    found = approximate(plain, seed=1)
    assert overall(diagnose(plain, found, **QUICK)) == TRUST
    far = replace(found, q=normal(plain, 6, 1))
    assert overall(diagnose(plain, far, **QUICK)) == LONGER


def chain(correlation, size):
    """A chain of numbers, each N(0, 1), by its best mean-field q."""
    flat = cases.flat(lambda: cases.chain(correlation, size))
    sds = np.sqrt((1 - correlation**2) / np.r_[1, np.full(size - 2, 1 + correlation**2), 1])
    return flat, GaussianFit(flat, np.zeros(size), sds)


def test_many_parameters_are_judged_by_short_chains():
    """Of 40 numbers the weights leave too little; the sds of the first chain are 0.91 of the truth, of the second 0.77."""
    near, far = chain(0.3, 40), chain(0.5, 40)
    for fit, verdict in ((near, TRUST), (far, NOT)):
        table = diagnose(*fit, restarts=2, **QUICK)
        assert table.loc["weights", "verdict"] == NA and "cannot be relied on" in table.loc["weights", "what it says"]
        assert overall(table) == table.loc["short chains", "verdict"] == verdict
    assert "the draws of the chains are better" in table.loc["overall", "what it says"]
    assert overall(diagnose(*near, chain_runs=0, restarts=2, **QUICK)) == UNDECIDED


def test_heavy_tails_are_seen_by_draws_with_heavier_ones():
    """The Gaussian of least KL has 0.72 of the sd of Student's t with ν = 3, and its own k-hat is near the threshold."""
    with pm.Model() as model:
        pm.StudentT("x", nu=3, mu=0, sigma=1)
    flat = FlatModel(model)
    fit = normal(flat, 0, 0.72 * np.sqrt(3))
    for seed in range(5):
        assert overall(diagnose(flat, fit, seed=seed, steps=200)) == WEIGHTS
    better = weighted(fit.draws(seed=1, df=3))
    assert psis(fit.draws(seed=1, df=3).log_ratio)[1] < 0.3 and better.sd[0] == pytest.approx(np.sqrt(3), rel=0.05)


def test_quantiles_are_judged_where_mean_and_sd_agree():
    """N(0, 10) has mean and sd of ½N(−3, 1) + ½N(3, 1), and a quarter of its mass where that has 2 %."""
    with pm.Model() as model:
        pm.NormalMixture("x", [0.5, 0.5], [-3, 3], sigma=[1, 1])
    flat = FlatModel(model)
    table = diagnose(flat, normal(flat, 0, np.sqrt(10)), seed=1)
    assert overall(table) == WEIGHTS and "quantile" in table.loc["weights", "what it says"]


def test_deterministics_are_judged():
    """Ten effects whose sds are right to a tenth; their sum has 0.57 of its sd."""
    covariance = np.linalg.inv(np.eye(10) * 1.075 - 0.075)
    for with_sum in (False, True):
        with pm.Model() as model:
            b = pm.MvNormal("b", np.zeros(10), covariance)
            if with_sum:
                pm.Deterministic("total", b.sum())
        flat = FlatModel(model)
        fit = GaussianFit(flat, np.zeros(10), np.full(10, 1.0))
        ratio = np.sqrt(10 / covariance.sum())
        assert ratio == pytest.approx(0.57, abs=0.01) and 1 / np.sqrt(covariance[0, 0]) > 0.9
        table = diagnose(flat, fit, seed=1)
        assert (overall(table) == TRUST) is not with_sum
        assert overall(table) in (TRUST, WEIGHTS, NOT)
    assert "in total: below q's" in "".join(table["what it says"])


def test_a_gain_without_a_standard_error_does_not_count_as_arrived():
    """A fit 300 sds off: its ELBO is so large and so noisy that no gain stands out."""
    model, *_ = visits_by_age()
    q = GaussianFit(FlatModel(model), np.array([-0.888, -0.888]), np.array([0.41, 0.41]))
    table = diagnose(model, q, restarts=2, **QUICK)
    assert table.loc["more optimisation", "verdict"] == LONGER and overall(table) == LONGER


def test_a_lost_mode_is_seen_among_many_parameters():
    """½ N(±3, 1) and 60 others that are standard normal."""
    with pm.Model() as model:
        pm.NormalMixture("x", [0.5, 0.5], [-3, 3], sigma=[1, 1])
        pm.Normal("y", 0, 1, shape=60)
    flat = FlatModel(model)
    table = diagnose(flat, GaussianFit(flat, np.r_[3.0, np.zeros(60)], np.ones(61)), seed=1, draws=4000)
    assert overall(table) == table.loc["restarts", "verdict"] == NOT


def test_a_narrow_mode_is_suspected_where_a_few_wide_draws_fall_into_it():
    """Half of the mass in a spike of sd 0.02, which neither q nor a start reaches, and which the smoothing takes for chance."""
    flat = cases.flat(cases.spike)
    said = [overall(diagnose(flat, normal(flat, 0, 1), seed=seed, steps=200)) for seed in range(5)]
    assert said.count(UNDECIDED) >= 3  # 1 of 12 sets of draws has none in the spike


def test_a_narrow_middle_between_right_tails_is_seen():
    """0.85 N(0, 0.3²) + 0.15 N(0, 2.4²) by its own mean and sd: the 50 % interval of q holds 86 %."""
    with pm.Model() as model:
        pm.NormalMixture("x", [0.85, 0.15], [0, 0], sigma=[0.3, 2.4])
    flat = FlatModel(model)
    table = diagnose(flat, normal(flat, 0, np.sqrt(0.85 * 0.09 + 0.15 * 5.76)), seed=1)
    assert overall(table) == WEIGHTS and "quantile" in table.loc["weights", "what it says"]


@pytest.mark.parametrize("of", ["clipped", "true or false", "constant"])
def test_equal_draws_are_no_error(plain, of):
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1)
        pm.Deterministic("y", {"clipped": pt.maximum(x, 0), "true or false": x > 1, "constant": x * 0 + 1}[of])
    flat = FlatModel(model)
    assert overall(diagnose(flat, normal(flat, 0, 1), **QUICK)) == TRUST


def test_a_deterministic_that_is_no_number_somewhere_is_not_passed_over():
    with pm.Model() as model:
        x = pm.Normal("x", 0, 1)
        pm.Deterministic("y", pt.log(3.8 - x))
    flat = FlatModel(model)
    table = diagnose(flat, normal(flat, 0, 1), seed=1)
    assert overall(table) == UNDECIDED and "y is not a number" in table.loc["weights", "what it says"]


def test_long_and_empty_variables():
    for shape in (1001, (0,)):
        with pm.Model() as model:
            pm.Normal("x", 0, 1)
            pm.Normal("y", 0, 1, shape=shape)
        flat = FlatModel(model)
        q = GaussianFit(flat, np.zeros(flat.size), np.ones(flat.size))
        assert overall(diagnose(flat, q, restarts=2, **QUICK)) == TRUST


def test_a_lost_correlation_of_a_full_rank_fit_has_not_arrived():
    with pm.Model() as model:
        pm.MvNormal("x", np.zeros(2), np.array([[1, 0.99], [0.99, 1]]))
    flat = FlatModel(model)
    table = diagnose(flat, GaussianFit(flat, np.zeros(2), np.eye(2)), **QUICK)
    assert table.loc["more optimisation", "verdict"] == LONGER
    assert table.loc["overall", "what it says"] == "every margin is within the limits, though its ELBO would still rise"


def test_a_lost_correlation_is_seen():
    """Two coordinates with correlation 0.95 by their best mean-field q, sds 0.31 of the truth."""
    with pm.Model() as model:
        pm.MvNormal("x", np.zeros(2), np.array([[1, 0.95], [0.95, 1]]))
    flat = FlatModel(model)
    fit = GaussianFit(flat, np.zeros(2), np.full(2, np.sqrt(1 - 0.95**2)))
    table = diagnose(flat, fit, **QUICK)
    assert overall(table) in (WEIGHTS, NOT) and table.loc["overall", "share"] == "0%"
