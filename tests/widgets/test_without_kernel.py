"""The widgets without a kernel: views share a state, any width will do, a stored notebook works."""

from pathlib import Path

import nbformat
import pytest
from ipywidgets import embed

from helpers import widgets
from helpers.widgets.change_of_variables import BETAS
from tests.support.widgets import WIDGETS, fits, part
from tools.browser import jupyter, wait_for_kernel

MOVES = {  # a slider, a key, and what it then shows
    "BetterGaussian": ("skew", "ArrowRight", "0.85"),
    "ChangeOfVariables": ("mu", "ArrowRight", "1.01"),
    "CorrelatedGaussian": ("rho", "ArrowRight", "0.81"),
    "FunctionPosterior": ("width", "ArrowLeft", "3 units"),
    "GroupsAndCentring": ("centring", "ArrowLeft", "0.9"),
    "KhatAndCoverage": ("scale", "ArrowRight", "0.51"),
    "LiveFit": ("steps", "ArrowRight", "1"),
    "ManualVI": ("mu", "ArrowLeft", "2.99"),
    "NoisyDescent": ("batch", "ArrowRight", "100 rows"),
    "PriorAndNoise": ("rows", "ArrowLeft", "19"),
    "ShardProduct": ("shards", "ArrowLeft", "4"),
    "SteinParticles": ("steps", "ArrowLeft", "149"),
    "TwoUncertainties": ("x1", "End", "3.00"),
}
WIDEST = {
    "ChangeOfVariables": {"target": "Beta(12, 2)"},
    "LiveFit": {"family": "full-rank", "stl": True},
    "NoisyDescent": {"average": True},
}


@pytest.mark.parametrize("name", WIDGETS)
def test_views_share_the_state_and_leave_nothing_behind(show, name):
    slider, key, shown = MOVES[name]
    page = show(getattr(widgets, name)(), views=2)
    part(page, slider, view=1).focus()
    page.keyboard.press(key)
    assert [part(page, f"{slider}-value", view).inner_text() for view in (0, 1)] == [shown, shown]
    page.evaluate("[...cleanups, ended].forEach((end) => end?.())")
    assert page.evaluate("listeners.size") == 0


@pytest.mark.parametrize("name", WIDGETS)
@pytest.mark.parametrize("width", [1200, 700, 390, 320])
def test_it_fits_the_width(show, name, width):
    assert fits(show(getattr(widgets, name)(**WIDEST.get(name, {}))), width)


def test_stored_notebook_works_in_jupyterlab_without_its_kernel(browser, tmp_path):
    start = {"ChangeOfVariables": {"mu": 0}}
    shown, cells = [getattr(widgets, name)(**start.get(name, {})) for name in WIDGETS], []
    for widget in shown:
        data, metadata = widget._repr_mimebundle_()
        output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
        cells.append(nbformat.v4.new_code_cell("", outputs=[output]))
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    states = {"version_major": 2, "version_minor": 0, "state": embed.dependency_state(shown, drop_defaults=False)}
    notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": states}
    nbformat.write(notebook, Path(tmp_path, "stored.ipynb"))
    with jupyter(tmp_path) as address:
        page = browser.new_page()
        page.goto(address.format(page="lab/tree/stored.ipynb"))
        wait_for_kernel(page)
        # JupyterLab runs no stored JavaScript before the reader has said that it may
        page.evaluate("() => void window.jupyterapp.commands.execute('notebook:trust')")
        page.click(".jp-Dialog .jp-mod-accept")
        page.wait_for_function(f"document.querySelectorAll('.elbo-widget').length === {len(WIDGETS)}")
        change, live, two = (
            page.locator(f".{WIDGETS[name]}") for name in ("ChangeOfVariables", "LiveFit", "TwoUncertainties")
        )
        part(change, "mu").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")  # which the notebook would take to go to the next cell
        page.keyboard.press("ArrowRight")
        assert part(change, "mu-value").inner_text() == "0.01"
        part(change, "jacobian").click()
        assert part(change, "reading").inner_text().startswith("Area on (0, 1): 0.207")
        assert part(change, "target").locator("option").all_inner_texts() == ["none", *BETAS]
        page.locator(".correlated-gaussian [data-id=rho]").focus()
        page.keyboard.press("ArrowLeft")
        assert page.locator(".correlated-gaussian .elbo-reading").inner_text().startswith("Best mean-field: 0.613")
        part(live, "run").click()
        page.wait_for_function("document.querySelector('.live-fit [data-id=steps]').value > 20")
        part(live, "run").click()
        part(two, "x1").focus()
        page.keyboard.press("ArrowRight")
        assert part(two, "x1-value").inner_text() == "2.05"
        page.close()
