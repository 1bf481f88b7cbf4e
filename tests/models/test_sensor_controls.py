"""The stored controls of the sensor's network: up to date, in keeping with the study, and a little of them made again."""

import json

import numpy as np
import pytest
from scipy import stats

import helpers.models.sensor_controls as module
from helpers.models import sensor_study
from helpers.models.sensor_controls import PLACES, WIDTHS, WORTH, load, log_score
from tools import sensor_controls as maker
from tools.sensor_study import fingerprint

pytestmark = pytest.mark.usefixtures("double_precision")


@pytest.fixture(scope="module")
def controls():
    return load()


def test_what_is_stored_is_up_to_date(controls):
    made = controls.made
    assert made["settings"] == maker.settings() and made["command"].endswith("sensor_controls")
    assert np.allclose(made["fingerprint"], fingerprint(), rtol=1e-5)
    assert module.FILE.stat().st_size < 30_000
    assert controls.mean.shape == controls.sd.shape == (50, PLACES.size) and controls.score_of_sets.shape == (50,)
    assert controls.score.shape == (9, 2) and controls.trained.shape == (len(WIDTHS), 2)
    assert controls.effective.shape == (len(WORTH),) == (len(set(WORTH)),)


def test_it_agrees_with_the_study(controls):
    """Widths of the bands of the same fifty data sets, as they follow from the sds."""
    on = np.abs(PLACES) <= 3
    width = 2 * stats.norm.ppf(0.95) * controls.sd
    assert width[:, on].mean() == pytest.approx(sensor_study.load().band[:, 0].mean(), rel=0.06)


def test_effective_numbers_are_near_the_study_s(controls):
    """Its draws are others, and a small effective number is itself a rough estimate."""
    stored = dict(zip(sensor_study.SETTINGS, sensor_study.load().made["importance"], strict=True))
    for (width, rows, noise), effective in zip(WORTH, controls.effective, strict=True):
        if noise == 0.1:
            assert effective == pytest.approx(stored[width, rows, 1.0]["effective"], rel=0.3)


def test_a_little_is_made_again(controls, monkeypatch):
    monkeypatch.setitem(maker.SAMPLER, "particles", 1_000)
    k = 2
    mean, sd, score = maker.data_set(sensor_study.DATA_SETS["seeds"][k])
    assert np.abs((mean - controls.mean[k]) / controls.sd[k]).max() < 0.35
    assert np.abs(np.log(sd / controls.sd[k])).max() < 0.4
    assert score == pytest.approx(controls.score_of_sets[k], abs=0.1)
    assert maker.setting(0) == pytest.approx(controls.score[0], abs=0.05)
    assert maker.trained(5) == pytest.approx(controls.trained[1], abs=1e-3)


def test_effective_number_from_fewer_draws(controls, monkeypatch):
    monkeypatch.setitem(maker.DRAWS, "draws", 20_000)
    for case in ((5, 5, 0.1), (5, 20, 0.4)):
        assert maker.effective(*case) * 50 == pytest.approx(controls.effective[WORTH.index(case)], rel=0.2)


def test_score_is_the_log_of_a_mixture():
    f, y = np.array([[0.0, 1.0], [0.4, 1.2]]), np.array([0.1, 1.1])
    expected = np.log(stats.norm.pdf(y, f, 0.1).mean(axis=0)).mean()
    assert log_score(f, y, 0.1) == pytest.approx(expected)
    assert log_score(f, y, np.full((2, 2), 0.1)) == pytest.approx(expected)
    assert log_score(f[:1], np.array([50.0, 1.0]), 0.1) < -1e4  # no underflow


def test_make_from_end_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(sensor_study, "SETTINGS", ((5, 5, 1.0),))
    monkeypatch.setattr(sensor_study, "DATA_SETS", {"seeds": [1, 2]})
    monkeypatch.setattr(module, "WIDTHS", (2,))
    monkeypatch.setattr(module, "WORTH", ((2, 5, 0.1),))
    monkeypatch.setattr(maker, "SAMPLER", {"particles": 100, "moves": 2, "keep": 0.5, "seed": 1})
    monkeypatch.setattr(maker, "TRAINING", {"starts": 2, "steps": 50, "seed": 1})
    monkeypatch.setattr(maker, "DRAWS", {"draws": 2_000, "seed": 1})
    made = maker.make(tmp_path / "tiny.npz")
    assert made.mean.shape == (2, PLACES.size) and made.score.shape == made.trained.shape == (1, 2)
    assert 1 <= made.effective[0] <= 2_000 and json.loads(json.dumps(made.made)) == made.made
