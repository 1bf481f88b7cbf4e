"""The graph of a model, on a machine without Graphviz, and in the page of a reader who trusts nothing yet."""

import io
import os
import shutil
import subprocess
import sys

import pymc as pm
import pytest
from browser import REPOSITORY, chromium, jupyter, missing, wait_for_kernel
from PIL import Image

from helpers import model_graph


def small_model():
    with pm.Model() as model:
        pm.Normal("y", pm.Normal("slope"), observed=[1.0, 2.0])
    return model


def test_png_shows_more_for_a_larger_model():
    with small_model() as larger:
        pm.Normal("another")
    sizes = [Image.open(io.BytesIO(model_graph.png(m))).size for m in (small_model(), larger)]
    assert sizes[1][0] > sizes[0][0] > 100


def test_no_graphviz_on_the_path_and_nothing_on_stderr():
    code = (
        "import pymc as pm; from helpers import model_graph\n"
        "with pm.Model() as m: pm.Normal('x')\n"
        "assert model_graph.png(m).startswith(b'\\x89PNG')"
    )
    environment = os.environ | {"PATH": os.path.dirname(sys.executable), "PYTHONPATH": str(REPOSITORY)}
    assert shutil.which("dot", path=environment["PATH"]) is None
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert "Fontconfig" not in done.stderr


def test_empty_model_is_named():
    with pytest.raises(ValueError, match="model must have at least one variable"):
        model_graph.png(pm.Model())


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_stored_graph_is_visible_before_the_notebook_is_trusted(tmp_path):
    shutil.copy(REPOSITORY / "notebooks" / "03_logistic_regression.ipynb", tmp_path)
    with jupyter(tmp_path) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1150, "height": 1000})
        page.goto(address.format(page="lab/tree/03_logistic_regression.ipynb"))
        wait_for_kernel(page)
        cell = page.locator(".jp-CodeCell", has_text="model_graph.show(")
        picture = cell.locator(".jp-OutputArea img")
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.complete && image.naturalWidth") > 200
        assert picture.bounding_box()["width"] > 200
