"""Labels bought one by one, as a clip in the page."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from helpers.models.label_study import buy, posterior_weights
from helpers.pictures import label_animation

RNG = np.random.default_rng(3)
X, Y, P = RNG.normal(size=(40, 2)), RNG.integers(0, 2, 40), RNG.uniform(0.1, 0.9, size=(60, 40))


def posterior(rows):
    return P, posterior_weights(P[:, rows], Y[rows])


@pytest.fixture(scope="module")
def rows():
    return buy(posterior, "BALD", each=1, rng=RNG, last=11)


def test_what_is_shown(rows):
    p, told = label_animation.told_by(posterior, rows)
    assert p.shape == told.shape == (4, 40) and (told >= 0).all()
    assert p[1] == pytest.approx(posterior(rows[:9])[1] @ P) and not told[1][rows[:9]].any()
    assert told[:3].argmax(axis=1).tolist() == rows[8:].tolist()  # the next one bought is the one that tells most


def test_the_clip(rows):
    html = label_animation.bought(posterior, X, Y, rows).data
    assert html.count('<img alt="Animation: labels are bought') == 2  # the clip, and its last frame
    clip = Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])))
    assert clip.n_frames == 4 and clip.size == (684, 297)
