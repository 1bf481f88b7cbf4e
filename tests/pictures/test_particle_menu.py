"""The animation of SVGD with its menu: what it holds for each target, what it costs, and the menu in a real browser."""

import base64
import json

import nbformat
import numpy as np
import plotly.offline
import pytest

from helpers.pictures import record, svgd_menu
from helpers.pictures.particle_menu import KEPT
from helpers.truth.targets_2d import TARGETS_2D

STORED = 480_000  # bytes, at most


@pytest.fixture(scope="module")
def figure():
    return svgd_menu()


def test_every_target_has_its_run(figure):
    assert [frame.name for frame in figure.frames] == [f"{name}: {k}" for name in TARGETS_2D for k in KEPT]
    assert [frame.group for frame in figure.frames] == [name for name in TARGETS_2D for _ in KEPT]
    assert KEPT[0] == 0 and KEPT[-1] == 149
    path = record("donut").path
    for k in (0, 8, 149):
        frame = next(frame for frame in figure.frames if frame.name == f"donut: {k}")
        particles = frame.data[3]
        np.testing.assert_allclose(np.transpose([particles.x, particles.y]), path[k], rtol=1e-6)


def test_a_choice_changes_all_that_is_of_the_target(figure):
    play, menu = figure.layout.updatemenus
    assert [button.label for button in menu.buttons] == [*TARGETS_2D]
    assert menu.buttons[menu.active].label == "three modes" and play.buttons[0].args[0] == "three modes"
    for name, button in zip(TARGETS_2D, menu.buttons, strict=True):
        data, layout = button.args
        assert len(data["x"]) == len(data["y"]) == len(figure.data)
        x = np.frombuffer(base64.b64decode(data["x"][-2]["bdata"]), dtype=data["x"][-2]["dtype"])
        np.testing.assert_allclose(x, record(name, n_frames=2).path[0, :, 0], rtol=1e-6)
        assert tuple(layout["yaxis.range"]) == TARGETS_2D[name].window[1] and name in layout["title.text"]
        assert layout["updatemenus[0].buttons"][0]["args"][0] == name
        stops = [step["args"][0][0] for step in layout["sliders"][0]["steps"]]
        assert stops[0] == f"{name}: 0" and stops[-1] == f"{name}: 149"
        assert set(stops) <= {frame.name for frame in figure.frames}


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
