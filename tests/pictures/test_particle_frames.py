"""A run of SVGD, frame by frame: what is recorded of it, and its pictures."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image, ImageSequence

import helpers.fits.particles as module_of_svgd
import helpers.pictures.particle_frames as module
from helpers.fits import svgd
from helpers.fits.particles import median_bandwidth, stein_direction
from helpers.pictures import record, svgd_picture
from helpers.pictures.particle_frames import LONGEST, SHORTEST, arrows, contours
from helpers.truth import get_target_2d

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def banana():
    return record("banana")


def test_frames_are_what_svgd_does(banana):
    target = get_target_2d("banana")
    path = svgd(target.start(50, np.random.default_rng(1)), target.score, steps=149, rate=0.1)
    np.testing.assert_array_equal(banana.path, path)
    for k in (0, 7, 60, 149):
        assert banana.bandwidths[k] == median_bandwidth(path[k])
        for axis, ends in enumerate(target.window):
            expected, _ = np.histogram(path[k, :, axis], np.linspace(*ends, 21))
            heights = banana.histograms[axis][k] * 50 * (ends[1] - ends[0]) / 20
            np.testing.assert_allclose(heights, expected, atol=1e-9)


def test_arrows_are_phi(banana):
    for k in (0, 20):
        phi = stein_direction(banana.path[k], banana.target.score)
        length = np.linalg.norm(phi, axis=1)
        line = arrows(banana.path[k], banana.directions[k])
        assert np.isnan(line[::3]).all()  # gaps: no arrow is tied to the next
        shafts, seen = line[2::3] - line[1::3], length > SHORTEST
        np.testing.assert_allclose(line[1::3], banana.path[k][seen])
        expected = phi[seen] * np.minimum(1, LONGEST / length[seen])[:, None]
        np.testing.assert_allclose(shafts, expected, atol=1e-9)
    assert len(arrows(banana.path[-1], np.zeros((50, 2)))) == 1


def test_contours_follow_the_density():
    target, peak = get_target_2d("banana"), 1 / (2 * np.pi * 1.2 * 0.5)
    for share, line in zip(np.linspace(0.05, 0.95, 7), contours(target), strict=True):
        density = np.exp(target.log_density(line[~np.isnan(line[:, 0])]))
        assert density.max() / density.min() < 1.05
        assert density.mean() / peak == pytest.approx(share, rel=0.02)


def test_takes_two_directions_a_frame(monkeypatch):
    taken = []
    for place in (module, module_of_svgd):
        monkeypatch.setattr(place, "stein_direction", lambda *given: taken.append(1) or stein_direction(*given))
    record("squiggle")
    assert len(taken) == 149 + 150  # the steps, and the arrows


def test_picture_shows_the_first_and_the_last_frame(banana):
    figure = svgd_picture(banana)
    figure.draw_without_rendering()
    planes = [part.axes[0] for part in figure.subfigs]
    for plane, k in zip(planes, (0, -1), strict=True):
        np.testing.assert_array_equal(plane.lines[-1].get_xydata(), banana.path[k])
        box = plane.get_window_extent()
        assert box.width / box.height == pytest.approx(8 / 6, rel=1e-6)  # one scale
    plt.close(figure)


def test_gif_is_current_and_small(tmp_path):
    script = runpy.run_path(str(ROOT / "images" / "svgd_animation.py"))
    stored = Image.open(ROOT / "images" / "svgd.gif")
    assert (ROOT / "images" / "svgd.gif").stat().st_size < 500_000
    assert stored.n_frames == len(script["FRAMES"])
    *moving, _ = [frame.info["duration"] for frame in ImageSequence.Iterator(stored)]
    assert sum(moving) < 5_000 and "loop" not in stored.info  # WCAG 2.2.2: it ends by itself
    script["make"](tmp_path / "new.gif", [0, 8, 149])
    new = Image.open(tmp_path / "new.gif")
    for k, at in enumerate(script["FRAMES"].index(frame) for frame in (0, 8, 149)):
        stored.seek(at), new.seek(k)
        difference = np.abs(np.asarray(stored.convert("RGB"), float) - np.asarray(new.convert("RGB"), float))
        # 0.3 for the other choice of colours; 2.4 from one of the early frames to the next
        assert difference.mean() < 1, "run `uv run python images/svgd_animation.py`"
