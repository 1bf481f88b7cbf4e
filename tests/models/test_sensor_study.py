"""The stored exact answers for the sensor's network: good and up to date, checked by importance sampling; the sampler by formulas."""

import json
from datetime import date

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import helpers.models.sensor_study as module
from helpers.models.sensor_data import GRID, sensor
from helpers.models.sensor_fits import Setting
from helpers.models.sensor_study import BASELINE, DATA_SETS, SETTINGS, load
from tools import annealing
from tools import sensor_study as maker
from tools.sensor_exact import exact
from tools.sensor_study import ON, problems

pytestmark = pytest.mark.usefixtures("double_precision")
CENTRE, SPREAD = jnp.array([1.0, -2.0]), 0.3


@pytest.fixture(scope="module")
def study():
    return load()


def test_what_is_stored_is_a_reference(study):
    assert problems(study) == []
    assert module.FILE.stat().st_size < 60_000
    made = study.made
    assert made["settings"] == maker.settings() and made["command"].endswith("sensor_study")
    assert date(2026, 11, 1) <= date.fromisoformat(made["date"])
    assert set(made["versions"]) == {"jax", "numpy", "scipy"} and all(made["versions"].values())
    assert maker.SAMPLER["runs"] >= 4 and max(made["r_hat"]) < 1.01 and max(made["worst_mean"]) < 0.1
    assert max(made["coverage_gap"]) < 0.01


def test_settings_and_shapes(study):
    assert SETTINGS[0] == BASELINE == (5, 20, 1.0) and len(set(SETTINGS)) == len(SETTINGS) == 9
    assert {width for width, *_ in SETTINGS} == {2, 5, 10, 20} and {rows for _, rows, _ in SETTINGS} == {5, 10, 20, 50}
    for name in ("mean", "sd", "low", "high"):
        assert getattr(study, name).shape == (9, 200)
    assert study.coverage.shape == study.band.shape == (50, 4) and study.coverage_at.shape == (2, 200)
    assert np.array_equal(study.at(width=20)["mean"], study.mean[SETTINGS.index((20, 20, 1.0))])
    assert np.array_equal(study.at()["log_evidence"], study.log_evidence[0])


def test_bands_and_coverage_make_sense(study):
    assert (study.low < study.high).all() and (0 <= study.coverage).all() and (study.coverage <= 1).all()
    assert (study.band[:, 1] > study.band[:, 0]).all() and (study.band[:, 2:] > study.band[:, :2]).all()
    assert maker.on_and_off(study.coverage_at) == pytest.approx(study.coverage.mean(axis=0), abs=1e-5)


def test_log_evidence_agrees_with_the_stored_importance_sampling(study):
    checked = 0
    for found, error, other in zip(study.log_evidence, study.error, study.made["importance"], strict=True):
        if other["effective"] > 1000:
            assert found == pytest.approx(other["log_evidence"], abs=4.5 * np.hypot(error, other["error"]) + 0.01)
            checked += 1
    assert checked >= 5


def test_fresh_importance_sampling_gives_the_stored_answer(study):
    setting = Setting(width=5, rows=5, prior_sd=1.0)
    answer, stored = exact(setting, seed=1, draws=60_000), study.at(rows=5)
    assert answer.effective > 4000
    error = np.hypot(answer.log_evidence_error, stored["error"])
    assert answer.log_evidence == pytest.approx(stored["log_evidence"], abs=4.5 * error)
    chosen = np.asarray(annealing.resample(jax.random.key(2), jnp.asarray(answer.log_weights)))[::20]
    means, sds = maker.functions(answer.first[chosen].reshape(-1, 10), *setting.readings, 1.0, GRID[::10])
    sd = np.sqrt((sds**2).mean(axis=0) + means.var(axis=0))
    assert np.abs((means.mean(axis=0) - stored["mean"][::10]) / sd).max() < 4.5 / np.sqrt(2000)
    assert np.abs(sd / stored["sd"][::10] - 1).max() < 0.15


def covariance_of_readings(hidden, other, prior_sd):
    return prior_sd**2 * (hidden @ other.T)


@pytest.mark.parametrize("prior_sd", [0.1, 1.0, 10.0])
def test_given_the_first_layer_all_is_normal(prior_sd):
    # the same two answers from the covariance of the readings instead of that of the weights
    x, y = sensor(7)
    u = np.random.default_rng(0).normal(size=6)
    w1, b1 = prior_sd * u[:3], prior_sd * u[3:]
    hidden, new = (np.c_[np.maximum(np.outer(at, w1) + b1, 0), np.ones(len(at))] for at in (x, GRID[::20]))
    between = covariance_of_readings(hidden, hidden, prior_sd) + 0.01 * np.eye(7)
    exact = stats.multivariate_normal(np.zeros(7), between).logpdf(y)
    assert float(maker.log_evidence(u, x, y, prior_sd)) == pytest.approx(exact, rel=1e-6)
    cross = covariance_of_readings(new, hidden, prior_sd)
    mean = cross @ np.linalg.solve(between, y)
    variance = np.diag(covariance_of_readings(new, new, prior_sd) - cross @ np.linalg.solve(between, cross.T))
    means, sds = maker.functions(u[None], x, y, prior_sd, GRID[::20])
    assert np.asarray(means[0]) == pytest.approx(mean, rel=1e-5, abs=1e-6)
    assert np.asarray(sds[0]) == pytest.approx(np.sqrt(variance), rel=1e-4, abs=1e-6)


def two_peaks(u, centre, spread):
    """3/4 N(u; centre, spread²) + 1/4 N(u; −centre, spread²)."""
    logpdf = jax.scipy.stats.norm.logpdf
    peaks = [logpdf(u, sign * centre, spread).sum() + jnp.log(share) for sign, share in ((1, 0.75), (-1, 0.25))]
    return jnp.logaddexp(*peaks)


def test_annealing_against_a_formula():
    sampler = {"particles": 4000, "moves": 10, "keep": 0.5}
    keys = jax.random.split(jax.random.key(3), 6)
    runs = [annealing.anneal(two_peaks, (CENTRE, SPREAD), 2, key, **sampler) for key in keys]
    log_z = np.array([run[1] for run in runs])
    exact = stats.norm.logpdf(np.asarray(CENTRE), 0, np.hypot(1, SPREAD)).sum()  # the same at both peaks
    assert log_z.mean() == pytest.approx(exact, abs=0.06) and log_z.std(ddof=1) < 0.12
    u = np.concatenate([np.asarray(run[0]) for run in runs])
    first = u[:, 0] > 0
    assert first.mean() == pytest.approx(0.75, abs=0.04)
    shrink = 1 / (1 + SPREAD**2)
    assert u[first].mean(axis=0) == pytest.approx(shrink * np.asarray(CENTRE), abs=0.02)
    assert u[first].std(axis=0) == pytest.approx(SPREAD * np.sqrt(shrink) * np.ones(2), rel=0.05)
    assert all(run[2][0] == 0 and run[2][-1] == 1 and (np.diff(run[2]) > 0).all() for run in runs)


def test_steps_leave_the_effective_number_that_was_asked_for():
    log_l = -50 * jnp.asarray(np.random.default_rng(0).normal(size=3000)) ** 2
    w = np.exp(float(annealing.next_step(log_l, 1.0, 0.6)) * np.asarray(log_l))
    assert w.sum() ** 2 / (w**2).sum() == pytest.approx(0.6 * 3000, rel=1e-4)
    assert float(annealing.next_step(log_l, 1e-4, 0.6)) == 1e-4  # no further than asked


def test_resampling_keeps_to_the_weights():
    log_w = np.random.default_rng(0).normal(size=500)
    expected = 500 * np.exp(log_w) / np.exp(log_w).sum()
    counts = np.bincount(np.asarray(annealing.resample(jax.random.key(0), jnp.asarray(log_w))), minlength=500)
    assert (np.abs(counts - expected) < 1 + 1e-9).all() and counts.sum() == 500


def test_bands_of_a_known_normal():
    rng = np.random.default_rng(0)
    f = np.sin(GRID) + 0.05 + 0.2 * rng.standard_normal((20_000, 200))
    inside, widths = maker.bands(f, rng)
    z = stats.norm.ppf(0.95)
    assert inside[0].all()
    ends = 0.05 + z * np.hypot(0.2, 0.1) * np.array([-1, 1])
    assert inside[1].mean() == pytest.approx(np.diff(stats.norm.cdf(ends, 0, 0.1))[0], abs=0.003)
    assert widths.mean(axis=1) == pytest.approx([2 * z * 0.2, 2 * z * np.hypot(0.2, 0.1)], rel=0.007)
    missed, _ = maker.bands(f + 0.5, rng)
    assert not missed[0].any()
    assert maker.on_and_off(np.stack([ON, 2.0 * ~ON])) == pytest.approx([1, 0, 0, 2])


def test_a_stale_study_is_found(study, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(maker, "BAND", 0.8)
        assert problems(study) == ["stale: made with other settings"]
    with monkeypatch.context() as patch:
        patch.setattr(maker, "sensor", lambda rows, seed=42: sensor(rows, seed=seed + 1))
        assert problems(study) == ["stale: the model or its data have changed"]
    study.made["r_hat"][3], good = 1.02, study.made["r_hat"][3]
    assert problems(study) == ["not converged: R-hat 1.0200"]
    study.made["r_hat"][3] = good


def test_make_from_end_to_end(tmp_path, monkeypatch):
    small = {"runs": 2, "particles": 100, "moves": 2, "keep": 0.5}
    monkeypatch.setattr(module, "SETTINGS", ((5, 5, 1.0),))
    monkeypatch.setattr(module, "BASELINE", (5, 5, 1.0))
    monkeypatch.setattr(maker, "SAMPLER", {**small, "seed": 1})
    monkeypatch.setattr(module, "DATA_SETS", {**small, "seeds": [1, 2], "seed": 1})
    monkeypatch.setattr(maker, "IMPORTANCE", {"draws": 5_000, "seed": 1})
    made = maker.make(tmp_path / "tiny.npz")
    assert made.mean.shape == (1, 200) and made.coverage.shape == (2, 4) and len(made.made["fingerprint"]) == 3
    assert made.log_evidence[0] == pytest.approx(made.made["importance"][0]["log_evidence"], abs=1)
    assert json.loads(json.dumps(made.made)) == made.made
    assert [one for one in problems(made) if one.startswith("stale")] == []
    assert DATA_SETS["seeds"] == list(range(1000, 1050))
