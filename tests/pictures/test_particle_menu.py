"""The animation of SVGD with its menu: what it holds for each target, what it costs, and the menu in a real browser."""

import base64
import io
import json
import sys

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import plotly.io
import plotly.offline
import pytest
from PIL import Image

from helpers.pictures import interactive, record, svgd_menu, svgd_picture
from helpers.pictures.particle_frames import arrows, contours
from helpers.pictures.particle_menu import KEPT
from helpers.truth.targets_2d import TARGETS_2D
from tools.browser import jupyter, write_notebook

STORED = 480_000  # bytes, at most


@pytest.fixture(scope="module")
def figure():
    return svgd_menu()


def test_every_target_has_its_run(figure):
    assert [frame.name for frame in figure.frames] == [f"{name}: {k}" for name in TARGETS_2D for k in KEPT]
    assert [frame.group for frame in figure.frames] == [name for name in TARGETS_2D for _ in KEPT]
    assert KEPT[0] == 0 and KEPT[-1] == 149
    run = record("donut")
    for k in (0, 8, 149):
        (frame,) = (frame for frame in figure.frames if frame.name == f"donut: {k}")
        assert list(frame.traces) == sorted(frame.traces)  # its data are in the order of the figure's traces
        on_x, on_y, line, particles, reading = frame.data
        np.testing.assert_allclose(np.transpose([particles.x, particles.y]), run.path[k], rtol=1e-6)
        np.testing.assert_allclose(np.transpose([line.x, line.y]), arrows(run.path[k], run.directions[k]), rtol=1e-5)
        for heights, histogram in ((on_x.y, run.histograms[0][k]), (on_y.x, run.histograms[1][k])):
            np.testing.assert_allclose(heights, [*histogram, 0], rtol=1e-6)
        assert reading.text == (f"iteration {k}, bandwidth h = {run.bandwidths[k]:.2f}",)


def test_a_choice_changes_all_that_is_of_the_target(figure):
    play, menu = figure.layout.updatemenus
    assert [button.label for button in menu.buttons] == [*TARGETS_2D]
    assert menu.buttons[menu.active].label == "three modes" and play.buttons[0].args[0] == "three modes"
    for name, button in zip(TARGETS_2D, menu.buttons, strict=True):
        data, layout = button.args
        assert len(data["x"]) == len(data["y"]) == len(figure.data)
        x = np.frombuffer(base64.b64decode(data["x"][-2]["bdata"]), dtype=data["x"][-2]["dtype"])
        np.testing.assert_allclose(x, record(name).path[0, :, 0], rtol=1e-6)
        assert tuple(layout["yaxis.range"]) == TARGETS_2D[name].window[1] and name in layout["title.text"]
        assert layout["updatemenus[0].buttons"][0]["args"][0] == name
        stops = [step["args"][0][0] for step in layout["sliders"][0]["steps"]]
        assert stops[0] == f"{name}: 0" and stops[-1] == f"{name}: 149"
        assert set(stops) <= {frame.name for frame in figure.frames}


@pytest.mark.parametrize("name", ["banana", "three modes"])
def test_true_marginals_stand_over_the_histograms(name):
    target, figure = TARGETS_2D[name], svgd_menu(name)
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


def test_frames_are_drawn_without_a_redraw(figure):
    (play, pause), (slider,) = figure.layout.updatemenus[0].buttons, figure.layout.sliders
    assert play.args[1]["frame"] == {"duration": 180, "redraw": False}  # milliseconds
    for sudden in (play, pause, *slider.steps):
        assert sudden.args[1]["transition"] == {"duration": 0} and not sudden.args[1]["frame"]["redraw"]


@pytest.fixture
def shown(monkeypatch):
    """What `show_plotly` displays."""
    outputs = []
    monkeypatch.setattr(interactive, "display", lambda *args, **kwargs: outputs.append(args[0]))
    return outputs


def test_stored_notebook_holds_figure_picture_and_caption(shown, figure):
    picture = svgd_picture(record("three modes"))
    interactive.show_plotly(figure, picture, "What is to be seen.")
    bundle, caption = shown
    assert not plt.fignum_exists(picture.number)
    assert caption.data == "*What is to be seen.*"
    # beside a PNG, JupyterLab would show that one and not the figure
    assert set(bundle) == {"application/vnd.plotly.v1+json", "image/jpeg"}
    plot = dict(bundle["application/vnd.plotly.v1+json"])
    assert plot.pop("config") == {"displayModeBar": False}
    assert plotly.io.from_json(json.dumps(plot)) == figure
    image = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
    assert image.format == "JPEG" and image.width > 900
    assert "http" not in json.dumps(plot)


def test_colab_gets_html_that_draws_itself(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    interactive.show_plotly(svgd_menu(), plt.figure(), "What is to be seen.")
    assert set(shown[0]) == {"text/html"} and "Plotly.newPlot" in shown[0]["text/html"]


def test_it_is_stored_small(figure):
    output = nbformat.v4.new_output("display_data", {"application/vnd.plotly.v1+json": json.loads(figure.to_json())})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[output])])
    assert len(nbformat.writes(notebook).encode()) < STORED


def test_an_unknown_target_is_named():
    with pytest.raises(
        ValueError, match="'banana', 'donut', 'bivariate normal', 'three modes', 'squiggle'; got 'apple'"
    ):
        svgd_menu("apple")


def test_the_menu_changes_what_plays(figure, browser, tmp_path):
    plot = json.loads(figure.to_json()) | {"config": {"displayModeBar": False}}
    script = (
        f"<script>{plotly.offline.get_plotlyjs()}</script><script>Plotly.newPlot('it', {json.dumps(plot)})</script>"
    )
    (tmp_path / "it.html").write_text(f"<meta charset='utf-8'><div id='it'></div>{script}", encoding="utf-8")
    page, complaints = browser.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((tmp_path / "it.html").as_uri())
    page.locator(".updatemenu-header").click()
    page.locator(".updatemenu-dropdown-button", has_text="banana").click()
    page.wait_for_function("document.querySelector('.gtitle').textContent.includes('banana')")
    page.locator(".updatemenu-button", has_text="Play").click()
    page.wait_for_function("document.querySelector('.scatterlayer text').textContent.startsWith('iteration 149,')")
    found = "document.querySelector('.js-plotly-plot')._fullData.find(trace => trace.name === 'particles')"
    particles = page.evaluate(f"[Array.from({found}.x), Array.from({found}.y)]")
    np.testing.assert_allclose(np.transpose(particles), record("banana").path[-1], rtol=1e-6)
    assert complaints == []


# --- in a real browser

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
def served(browser, tmp_path_factory):
    """A stored notebook with the animation in it, a server that shows it, and a browser."""
    folder, outputs = tmp_path_factory.mktemp("notebooks"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interactive, "display", lambda data, **_: outputs.append(data))
        interactive.show_plotly(svgd_menu(), svgd_picture(record("three modes")), "Fifty particles.")
    write_notebook(folder / "one.ipynb", "show_plotly(...)")
    notebook = nbformat.read(folder / "one.ipynb", as_version=4)
    notebook.cells[0].outputs = [nbformat.v4.new_output("display_data", outputs[0])]
    nbformat.write(notebook, folder / "one.ipynb")
    with jupyter(folder) as address:
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
    assert stage.iteration() in KEPT[4:8]
    assert sum(a != b for a, b in zip(start, held, strict=False)) > 50  # the particles and more
    page.wait_for_timeout(300)
    assert stage.sees() == held

    stage.seek(0.75)
    stage.wait_for("k => k > 20")
    assert stage.iteration() in KEPT[10:13]
    lines = sum(np.isnan(level[:, 0]).sum() for level in contours(TARGETS_2D["three modes"]))
    assert stage.target() == target and len(target) == lines + 2  # contours, true marginals: none was wiped off
    expected = record("three modes").path[stage.iteration()]
    np.testing.assert_allclose(np.transpose(page.evaluate(PARTICLES)), expected, rtol=1e-6)
    assert all("127.0.0.1" in url.split("/")[2] for url in page.asked if url.startswith("http"))  # no CDN


def test_plays_every_frame(stage):
    stage.seek(0.001)
    stage.wait_for("k => k === 0")
    assert stage.page.evaluate(PLAY) == len(KEPT)
    assert stage.iteration() == KEPT[-1]
