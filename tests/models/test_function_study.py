"""The stored answers about the network's functions: up to date, right where another method has looked, and made again in part."""

from itertools import product

import numpy as np
import pytest

from helpers.models import function_study, sensor_study
from helpers.models.function_study import CHOICES, CURVES, ENOUGH, SETTINGS, X, load
from helpers.models.sensor_data import GRID, outputs
from helpers.models.sensor_fits import Setting
from tools import function_study as maker


@pytest.fixture(scope="module")
def study():
    return load()


def test_what_is_stored_is_up_to_date(study):
    assert study.made["settings"] == maker.settings()
    assert study.made["command"] == "python -m tools.function_study"
    assert set(study.made["versions"]) == {"jax", "numpy", "scipy"}
    assert function_study.FILE.stat().st_size < 130_000


def test_shapes_and_what_is_left_out(study):
    assert [(s.width, s.rows, s.prior_sd) for s in SETTINGS] == [*product(*CHOICES.values())]
    assert study.mean.shape == study.sd.shape == (120, 61)
    assert study.draws.shape == (120, CURVES, 61) and study.band.shape == (120, 2, X.size)
    for row, setting in enumerate(SETTINGS):
        assert (study.sd[row, : setting.size] > 0).all() and not study.sd[row, setting.size :].any()
        assert not study.draws[row, :, setting.size :].any()
        assert (study.effective[row] >= ENOUGH) == study.band[row].any() == study.draws[row].any()
    assert (study.effective >= ENOUGH).sum() == 66


def test_where_the_answer_is_exact_the_elbo_lies_below_the_log_evidence(study):
    known = study.effective >= ENOUGH
    gap, error = study.log_evidence - study.elbo, np.hypot(study.elbo_error, study.log_evidence_error)
    assert (gap[known] > -3 * error[known]).all()


def test_it_agrees_with_sequential_monte_carlo(study):
    other, compared = sensor_study.load(), 0
    for place, each in enumerate(sensor_study.SETTINGS):
        row = SETTINGS.index(Setting(*each))
        if study.effective[row] < 500:
            continue
        compared += 1
        error = np.hypot(study.log_evidence_error[row], other.error[place])
        assert study.log_evidence[row] == pytest.approx(other.log_evidence[place], abs=4.5 * error + 0.01)
        ends = [np.interp(X, GRID, end[place]) for end in (other.low, other.high)]
        # the error of a 5 % quantile is about 2.1 sd / √draws
        within = 4.5 * 2.1 * np.interp(X, GRID, other.sd[place]) / np.sqrt(min(study.effective[row], maker.DRAWS))
        assert (np.abs(study.band[row] - ends) < within + 0.02).all(), each
    assert compared >= 5


def test_its_draws_lie_in_its_bands(study):
    shares = []
    for row, setting in enumerate(SETTINGS):
        if study.effective[row] >= ENOUGH:
            f = outputs(study.draws[row, :, : setting.size], X)
            shares.append(np.mean((f >= study.band[row, 0]) & (f <= study.band[row, 1])))
    assert np.mean(shares) == pytest.approx(0.9, abs=0.05)


@pytest.mark.usefixtures("double_precision")
def test_a_little_of_it_made_again(study):
    setting = Setting(2, 5, 1.0)
    row, found = SETTINGS.index(setting), maker.answers(setting, drawn=60_000)
    error = np.hypot(found["log_evidence_error"], study.log_evidence_error[row])
    assert found["log_evidence"] == pytest.approx(study.log_evidence[row], abs=4.5 * error)
    assert found["effective"] == pytest.approx(study.effective[row] / 5, rel=0.5)
    error = np.hypot(found["elbo_error"], study.elbo_error[row])
    assert found["elbo"] == pytest.approx(study.elbo[row], abs=4.5 * error)  # its eight fits, the best of them
    assert len(found["mean"]) == setting.size and maker.padded(found["draws"]).shape == (CURVES, 61)
