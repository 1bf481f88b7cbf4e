"""Pictures made by scripts are current; figures reach the reader small and with a caption."""

import base64
import io
import itertools
import re
import runpy
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from colorspacious import deltaE
from PIL import Image, ImageSequence
from scipy import special

from helpers.pictures import PALETTE, animation, course_map, drawing, transformations
from helpers.truth import best_gaussian, kl, targets
from tools.chapters import all_chapters

ROOT = Path(__file__).resolve().parents[2]


def luminance(colour):
    channels = np.array(matplotlib.colors.to_rgb(colour))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4) @ [
        0.2126,
        0.7152,
        0.0722,
    ]


@pytest.mark.parametrize("role", sorted(set(PALETTE) - {"uncertainty"}))  # nothing is written in it
def test_text_in_a_palette_colour_is_readable_on_white(role):
    assert 1.05 / (luminance(PALETTE[role]) + 0.05) >= 4.5


def parts(svg):
    """The text of a picture without its numbers, and the numbers; ids, which hash the last digits, are counted through."""
    ids, number = {}, r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
    text = re.sub(r"\b[a-z][0-9a-f]{10}\b", lambda found: ids.setdefault(found[0], f"id {len(ids)}"), svg)
    return re.sub(number, "", text), np.array(re.findall(number, text), float)


def looks_like(path, stored):
    """Whether nothing is further than a hundredth of a point from its place: processors round differently."""
    (text, numbers), (stored_text, stored_numbers) = parts(path.read_text(encoding="utf-8")), parts(stored)
    return text == stored_text and np.allclose(numbers, stored_numbers, rtol=0, atol=0.01)


def test_advi_transformations_picture_is_current(tmp_path):
    stored = (ROOT / "images" / "advi_transformations.svg").read_text(encoding="utf-8")
    made_with = re.search(r"Matplotlib v([\d.]+)", stored)[1]
    if matplotlib.__version__ != made_with:
        pytest.skip(f"stored with Matplotlib {made_with}, this is {matplotlib.__version__}: it may set text elsewhere")
    make = runpy.run_path(str(ROOT / "images" / "advi_transformations.py"))["make"]
    make(tmp_path / "new.svg")
    assert looks_like(tmp_path / "new.svg", stored), "run `uv run python images/advi_transformations.py`"
    q = best_gaussian(targets.logit_beta(1001, 2), "KL(q‖p)")
    make.__globals__["best_gaussian"] = lambda *_: targets.normal(q.mean, 1.001 * q.sd)
    make(tmp_path / "other.svg")
    assert not looks_like(tmp_path / "other.svg", stored)


def test_the_three_panels_are_transforms_of_one_another():
    p_theta, p_zeta = targets.beta(1001, 2), targets.logit_beta(1001, 2)
    q = best_gaussian(p_zeta, "KL(q‖p)")
    figure = transformations.draw(p_theta, p_zeta, q)
    curves = [[line.get_xydata().T for line in ax.lines[:2]] for ax in figure.axes]
    plt.close(figure)
    for target_or_q in (0, 1):
        (theta, on_theta), (zeta, on_zeta), (eta, on_eta) = (panel[target_or_q] for panel in curves)
        np.testing.assert_allclose(zeta, special.logit(theta), rtol=1e-6)
        np.testing.assert_allclose(eta, (zeta - q.mean) / q.sd, atol=1e-9)
        np.testing.assert_allclose(on_zeta, on_theta * theta * (1 - theta), rtol=1e-6)  # the Jacobian of T
        np.testing.assert_allclose(on_eta, on_zeta * q.sd, rtol=1e-9)  # and of S
    np.testing.assert_allclose(on_eta, targets.normal().density(eta), rtol=1e-9)


def test_the_surface_shows_kl():
    target = targets.logit_beta(1001, 2)
    figure, ax = plt.subplots()
    animation.draw_surface(ax, lambda z: target.log_density(z) + 3, 3.0, mu=(5, 8), omega=(-1, 1))
    contour = ax.collections[0]
    checked = 0
    for level, path in zip(contour.levels, contour.get_paths(), strict=True):
        for mu, omega in path.vertices[:: max(1, len(path.vertices) // 3)][:3]:
            assert kl(targets.normal(mu, np.exp(omega)), target) == pytest.approx(level, rel=0.06)
            checked += 1
    plt.close(figure)
    assert checked > 5


def test_figures_are_small_and_captioned(monkeypatch):
    shown = []
    monkeypatch.setattr(drawing, "display", lambda *args, **kwargs: shown.append(args[0]))
    figure, ax = plt.subplots()
    drawing.densities(ax, np.linspace(-3, 3), targets.student_t(), {"q": targets.normal()})
    drawing.show(figure, "A caption.")
    image, caption = shown
    assert len(image["image/png"]) < 60_000
    assert Image.open(io.BytesIO(image["image/png"])).format == "PNG"
    assert caption.data == "*A caption.*"
    assert not plt.fignum_exists(figure.number)


def test_a_fit_keeps_the_style_that_it_is_given():
    figure, ax = plt.subplots()
    fits = {"one": targets.normal(), "two": targets.normal(1)}
    drawing.densities(ax, np.linspace(-3, 3), targets.student_t(), fits, styles={"two": {"color": "#123456"}})
    target, one, two = ax.lines
    plt.close(figure)
    assert target.get_color() == PALETTE["target"] and one.get_color() == PALETTE["approximation"]
    assert two.get_color() == "#123456" and two.get_linestyle() == "--"  # what it does not say stays by its place


def test_the_map_shows_every_chapter_and_its_words_stay_in_their_box():
    listed = [(chapter.part, chapter.entry, chapter.question) for chapter in all_chapters()[1:]]
    figure = course_map.draw(listed)
    (ax,) = figure.axes
    figure.draw_without_rendering()
    boxes = [box.get_window_extent() for box in ax.patches]
    assert len(boxes) == len(listed)
    parts = {part for part, *_ in listed}
    words = [text for text in ax.texts if text.get_text() not in parts]
    assert {text.get_text().replace("\n", " ") for text in words} == {
        words.replace("\n", " ") for _, *both in listed for words in both
    }
    for text in words:
        place = text.get_window_extent()
        assert any(
            box.containsx(place.x0) and box.containsx(place.x1) and box.y0 < place.y0 < place.y1 < box.y1
            for box in boxes
        )


@pytest.fixture(scope="module")
def palette_script():
    return runpy.run_path(str(ROOT / "images" / "palette.py"))


@pytest.mark.parametrize("deficiency", [None, "deuteranomaly", "protanomaly", "tritanomaly"])
def test_palette_colours_differ_for_all_eyes(palette_script, deficiency):
    colours = [matplotlib.colors.to_rgb(colour) for colour in PALETTE.values()]
    seen = palette_script["seen"](colours, deficiency)
    pairs = itertools.combinations(range(len(PALETTE)), 2)
    distance = {(a, b): float(deltaE(seen[a], seen[b], input_space="sRGB1")) for a, b in pairs}
    assert min(distance.values()) >= 10, [list(PALETTE)[k] for k in min(distance, key=distance.get)]  # CAM02-UCS


def test_palette_picture_is_current(palette_script):
    picture = Image.open(ROOT / "images" / "palette.png")
    if matplotlib.__version__ not in picture.info["Software"]:
        pytest.skip(f"stored with {picture.info['Software']}, which sets text in other places")
    stored = np.asarray(picture.convert("RGB"), float)
    buffer = io.BytesIO()
    with plt.rc_context():
        palette_script["style"].apply()
        palette_script["draw"]().savefig(buffer)
    plt.close("all")
    new = np.asarray(Image.open(buffer).convert("RGB"), float)
    run = "run `uv run --group dev python images/palette.py`"
    assert new.shape == stored.shape and np.abs(new - stored).mean() < 0.02, run


def test_an_animation_shows_its_end_and_pauses_there_before_it_repeats():
    target = targets.logit_beta(1001, 2)
    path = np.linspace([0, 0], [6.5, -0.3], 50)
    shown = animation.advi_path(path, target.log_density, target, targets.normal(6.5, 0.7)).data
    clip, still = (Image.open(io.BytesIO(base64.b64decode(data))) for data in re.findall('base64,([^"]+)', shown))
    assert re.search("<details><summary>.*</summary><img [^>]*image/gif;[^>]*></details>", shown)  # closed at first
    *each, last = [frame.info["duration"] for frame in ImageSequence.Iterator(clip)]
    assert max(each) < 500 and last >= 2000
    clip.seek(clip.n_frames - 1)
    assert np.array_equal(clip.convert("RGB"), still.convert("RGB"))
