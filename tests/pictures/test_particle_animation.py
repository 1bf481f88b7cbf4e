"""The animation of SVGD: what its frames hold, what it costs, and how it plays in a real browser."""

import base64
import io
import json
import runpy
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import plotly.io
import pytest
from PIL import Image, ImageSequence

import helpers.fits.particles as module_of_svgd
import helpers.pictures.particle_animation as module
from helpers.fits import svgd
from helpers.fits.particles import median_bandwidth, stein_direction
from helpers.pictures import interactive, record, svgd_animation, svgd_picture
from helpers.pictures.particle_animation import LONGEST, SHORTEST, arrows
from helpers.truth import get_target_2d
from helpers.truth.targets_2d import TARGETS_2D
from tools.browser import chromium, jupyter, missing, write_notebook

ROOT = Path(__file__).resolve().parents[2]
STORED = 600_000  # bytes, at most


def moving(figure, k):
    """The data of frame `k` in the order of the figure's traces."""
    frame = figure.frames[k]
    assert list(frame.traces) == sorted(frame.traces)
    return frame.data


@pytest.fixture(scope="module")
def banana():
    return record("banana"), svgd_animation("banana")


def test_frames_show_what_svgd_does(banana):
    _, figure = banana
    target = get_target_2d("banana")
    path = svgd(target.start(50, np.random.default_rng(1)), target.score, steps=149, rate=0.1)
    assert [frame.name for frame in figure.frames] == [str(k) for k in range(150)]
    for k in (0, 7, 60, 149):
        on_x, on_y, _, particles, reading = moving(figure, k)
        np.testing.assert_allclose(np.transpose([particles.x, particles.y]), path[k], rtol=1e-6)
        assert reading.text == (f"iteration {k}, bandwidth h = {median_bandwidth(path[k]):.2f}",)
        for heights, values, ends in (
            (on_x.y, path[k, :, 0], target.window[0]),
            (on_y.x, path[k, :, 1], target.window[1]),
        ):
            expected, _ = np.histogram(values, np.linspace(*ends, 21))
            np.testing.assert_allclose(heights[:-1] * 50 * (ends[1] - ends[0]) / 20, expected, atol=1e-4)
    start = [trace for trace in figure.data if trace.name == "particles"]
    np.testing.assert_allclose(start[0].x, path[0, :, 0], rtol=1e-6)


def test_arrows_are_phi(banana):
    run, figure = banana
    for k in (0, 20):
        phi = stein_direction(run.path[k], run.target.score)
        length = np.linalg.norm(phi, axis=1)
        line = np.transpose([moving(figure, k)[2].x, moving(figure, k)[2].y])
        assert np.isnan(line[::3]).all()  # gaps: no arrow is tied to the next
        shafts, seen = line[2::3] - line[1::3], length > SHORTEST
        np.testing.assert_allclose(line[1::3], run.path[k][seen], rtol=1e-6)
        expected = phi[seen] * np.minimum(1, LONGEST / length[seen])[:, None]
        np.testing.assert_allclose(shafts, expected, atol=1e-6)
    assert len(arrows(run.path[-1], np.zeros((50, 2)))) == 1


@pytest.mark.parametrize("name", TARGETS_2D)
def test_true_marginals_stand_over_the_histograms(name):
    target, figure = get_target_2d(name), svgd_animation(name, n_particles=3, n_frames=2)
    (x, on_x), (y, on_y) = target.marginals
    is_line = [trace.line.width == 2.5 for trace in figure.data]
    top, right = (trace for trace, line in zip(figure.data, is_line, strict=True) if line)
    np.testing.assert_allclose([top.x, top.y], [x, on_x], rtol=1e-6)
    np.testing.assert_allclose([right.y, right.x], [y, on_y], rtol=1e-6)
    for trace in (top, right):
        histogram = next(
            t
            for t in figure.data
            if t.fill in ("tozeroy", "tozerox") and (t.xaxis, t.yaxis) == (trace.xaxis, trace.yaxis)
        )
        assert list(figure.data).index(histogram) < list(figure.data).index(trace)  # drawn later: on top
    assert figure.layout.yaxis.scaleanchor == "x"
    unchanged = set(range(len(figure.data))) - set(figure.frames[1].traces)
    assert {k for k, line in enumerate(is_line) if line} <= unchanged


def test_contours_follow_the_density(banana):
    run, figure = banana
    peak = 1 / (2 * np.pi * 1.2 * 0.5)
    levels = [trace for trace in figure.data if trace.fill == "toself"]
    for share, trace in zip(np.linspace(0.05, 0.95, 7), levels, strict=True):
        points = np.transpose([trace.x, trace.y])
        density = np.exp(run.target.log_density(points[~np.isnan(points[:, 0])]))
        assert density.max() / density.min() < 1.05
        assert density.mean() / peak == pytest.approx(share, rel=0.02)


@pytest.mark.parametrize("name", ["banana", "squiggle"])
def test_takes_two_directions_a_frame_and_is_stored_small(name, monkeypatch):
    taken = []
    for place in (module, module_of_svgd):
        monkeypatch.setattr(place, "stein_direction", lambda *given: taken.append(1) or stein_direction(*given))
    figure = svgd_animation(name)
    assert len(taken) == 149 + 150  # the steps, and the arrows
    assert {len(frame.data) for frame in figure.frames} == {5} and len(figure.data) == 14  # what stays is there once
    assert get_target_2d(name).marginals is get_target_2d(name).marginals  # integrated once
    output = nbformat.v4.new_output("display_data", {"application/vnd.plotly.v1+json": json.loads(figure.to_json())})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[output])])
    assert len(nbformat.writes(notebook).encode()) < STORED


@pytest.mark.parametrize("n_particles, n_frames", [(1, 2), (2, 40), (7, 31)])
def test_slider_leads_to_the_first_and_the_last_frame(n_particles, n_frames):
    figure = svgd_animation("donut", n_particles=n_particles, n_frames=n_frames)
    stops = [step.args[0][0] for step in figure.layout.sliders[0].steps]
    assert stops[0] == "0" and stops[-1] == str(n_frames - 1) and len(stops) <= 32
    assert set(stops) <= {frame.name for frame in figure.frames}


def test_asks_for_thirty_frames_a_second(banana):
    _, figure = banana
    (play, pause), (slider,) = figure.layout.updatemenus[0].buttons, figure.layout.sliders
    assert play.args[1]["frame"] == {"duration": 30, "redraw": False}  # milliseconds; a redraw would take longer
    for sudden in (play, pause, *slider.steps):
        assert sudden.args[1]["transition"] == {"duration": 0} and not sudden.args[1]["frame"]["redraw"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"target": "apple"}, "'banana', 'donut', 'bivariate normal', 'three modes', 'squiggle'; got 'apple'"),
        ({"n_particles": 0}, "n_particles must be a whole number >= 1, got 0"),
        ({"n_particles": 2.5}, "n_particles must be a whole number >= 1, got 2.5"),
        ({"n_particles": True}, "n_particles must be"),
        ({"n_frames": 1}, "n_frames must be a whole number >= 2, got 1"),
        ({"n_frames": "9"}, "n_frames must be a whole number >= 2, got '9'"),
        ({"rate": -1}, "rate must be a finite number > 0"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        svgd_animation(**arguments)


@pytest.fixture
def shown(monkeypatch):
    """What `show_plotly` displays."""
    outputs = []
    monkeypatch.setattr(interactive, "display", lambda *args, **kwargs: outputs.append(args[0]))
    return outputs


def test_stored_notebook_holds_figure_picture_and_caption(shown, banana):
    run, figure = banana
    picture = svgd_picture(run)
    interactive.show_plotly(figure, picture, "What is to be seen.")
    bundle, caption = shown
    assert not plt.fignum_exists(picture.number)
    assert caption.data == "*What is to be seen.*"
    # beside a PNG, JupyterLab would show that one and not the figure
    assert set(bundle) == {"application/vnd.plotly.v1+json", "image/jpeg"}
    assert len(json.dumps(bundle, indent=1)) < STORED
    plot = dict(bundle["application/vnd.plotly.v1+json"])
    assert plot.pop("config") == {"displayModeBar": False}
    assert plotly.io.from_json(json.dumps(plot)) == figure
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
    assert image.format == "JPEG" and image.width > 900
    assert "http" not in json.dumps(plot)


def test_colab_gets_html_that_draws_itself(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    interactive.show_plotly(svgd_animation(n_particles=2, n_frames=2), plt.figure(), "What is to be seen.")
    assert set(shown[0]) == {"text/html"} and "Plotly.newPlot" in shown[0]["text/html"]


def test_picture_shows_the_first_and_the_last_frame(banana):
    run, _ = banana
    figure = svgd_picture(run)
    figure.draw_without_rendering()
    planes = [part.axes[0] for part in figure.subfigs]
    for plane, k in zip(planes, (0, -1), strict=True):
        np.testing.assert_array_equal(plane.lines[-1].get_xydata(), run.path[k])
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


# --- in a real browser

N_FRAMES = 60
# one run through, until its end: the frames that are drawn
PLAY = """async () => {
    const figure = document.querySelector('.js-plotly-plot');
    let frames = 0;
    figure.on('plotly_animatingframe', () => frames += 1);
    document.querySelector('.updatemenu-button').dispatchEvent(new MouseEvent('click', {bubbles: true}));
    await new Promise(resolve => figure.on('plotly_animated', resolve));
    figure.removeAllListeners('plotly_animatingframe');
    return frames;
}"""


# press Pause at the sixth frame, however long a frame takes, and wait until what was under way is drawn
PAUSE_SOON = """() => {
    const figure = document.querySelector('.js-plotly-plot'), [, pause] = document.querySelectorAll('.updatemenu-button');
    let frames = 0;
    figure.on('plotly_animatingframe', () => {
        if ((frames += 1) !== 6) return;
        figure.removeAllListeners('plotly_animatingframe');
        pause.dispatchEvent(new MouseEvent('click', {bubbles: true}));
        requestAnimationFrame(() => requestAnimationFrame(() => { window.paused = true; }));
    });
}"""


PARTICLES = """() => {
    const traces = document.querySelector('.js-plotly-plot')._fullData;
    const particles = traces.find(trace => trace.name === 'particles');
    return [Array.from(particles.x), Array.from(particles.y)];
}"""


class Stage:
    """What a reader sees and does."""

    def __init__(self, page):
        self.page = page
        self.play = page.locator(".updatemenu-button").first

    def reading(self):
        return self.page.locator(".js-plotly-plot .scatterlayer text").inner_html()

    def iteration(self):
        return int(self.reading().split(",")[0].removeprefix("iteration "))

    def sees(self):
        """Reading, places of the particles, both histograms, arrows, contours and true marginals."""
        shapes = "all => all.map(e => e.getAttribute('transform') + e.getAttribute('d'))"
        return [self.reading(), *self.page.locator(".js-plotly-plot .scatterlayer path").evaluate_all(shapes)]

    def target(self):
        """The lines in the target's colour."""
        lines = self.page.locator(".js-plotly-plot .scatterlayer path.js-line")
        return lines.evaluate_all(
            "all => all.filter(e => e.style.stroke === 'rgb(0, 114, 178)').map(e => e.getAttribute('d'))"
        )

    def seek(self, share):
        """Click on the slider at `share` of its length."""
        box = self.page.locator(".slider-rail-touch-rect").bounding_box()
        self.page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)

    def wait_for(self, condition):
        """Wait until the iteration in the reading meets a condition."""
        self.page.wait_for_function(
            "condition => eval(condition)(+document.querySelector('.js-plotly-plot .scatterlayer text')"
            ".textContent.split(/[ ,]/)[1])",
            arg=condition,
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A stored notebook with the animation in it, a server that shows it, and a browser."""
    if missing():
        pytest.skip(missing())
    folder, outputs = tmp_path_factory.mktemp("notebooks"), []
    arguments = {"target": "banana", "n_frames": N_FRAMES}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interactive, "display", lambda data, **_: outputs.append(data))
        interactive.show_plotly(svgd_animation(**arguments), svgd_picture(record(**arguments)), "Fifty particles.")
    write_notebook(folder / "one.ipynb", "show_plotly(...)")
    notebook = nbformat.read(folder / "one.ipynb", as_version=4)
    notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", outputs[0])]
    nbformat.write(notebook, folder / "one.ipynb")
    with jupyter(folder) as address, chromium() as browser:
        yield address, browser


@pytest.fixture(scope="module", params=["doc/tree", "notebooks"], ids=["JupyterLab", "Notebook 7"])
def stage(request, served):
    """The notebook, opened and not run, with the animation alive in it."""
    address, browser = served
    page = browser.new_page(viewport={"width": 1150, "height": 1000})
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(address.format(page=f"{request.param}/one.ipynb"))
    page.wait_for_selector(".js-plotly-plot .slider-rail-touch-rect", timeout=60_000)
    yield Stage(page)
    page.close()


def test_plays_pauses_and_seeks(stage):
    page = stage.page
    assert stage.iteration() == 0
    assert page.locator(".modebar-btn").count() == 0
    start, target = stage.sees(), stage.target()
    page.evaluate(PAUSE_SOON)
    stage.play.click()
    page.wait_for_function("window.paused")
    held = stage.sees()
    assert 4 <= stage.iteration() <= 7
    assert sum(a != b for a, b in zip(start, held, strict=False)) > 50  # the particles and more
    page.wait_for_timeout(300)
    assert stage.sees() == held

    stage.seek(0.75)
    stage.wait_for("k => k > 40")
    assert stage.iteration() in (42, 44, 46)
    assert stage.target() == target and len(target) == 9  # 7 contours and 2 true marginals: none was wiped off
    expected = record("banana", n_frames=N_FRAMES).path[stage.iteration()]
    np.testing.assert_allclose(np.transpose(page.evaluate(PARTICLES)), expected, rtol=1e-6)
    assert all("127.0.0.1" in url.split("/")[2] for url in page.asked if url.startswith("http"))  # no CDN


def test_plays_every_frame(stage):
    """How fast depends on the machine: 30 a second at most, as the figure asks for."""
    stage.seek(0.001)
    stage.wait_for("k => k === 0")
    assert stage.page.evaluate(PLAY) == N_FRAMES
    assert stage.iteration() == N_FRAMES - 1
