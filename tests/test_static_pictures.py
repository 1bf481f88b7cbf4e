"""Where no widget manager answers, each widget's place is taken by its picture."""

import pytest

from tests.support.widgets import ONE_CELL, WIDGETS
from tools.browser import chromium, jupyter, missing, run_all, wait_for_kernel, write_notebook

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def test_where_no_widget_manager_answers_the_picture_stands(tmp_path):
    write_notebook(tmp_path / ONE_CELL, *(f"from helpers.widgets import {w}\n\n{w}()" for w in WIDGETS))
    off = {"disabledExtensions": {"@jupyter-widgets/jupyterlab-manager": True}}
    with jupyter(tmp_path, page_config=off) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1150, "height": 1000})
        page.goto(address.format(page=f"doc/tree/{ONE_CELL}"))
        wait_for_kernel(page)
        run_all(page)
        pictures = page.locator(".jp-OutputArea-output img")
        pictures.nth(len(WIDGETS) - 1).wait_for(timeout=60_000)
        assert pictures.count() == len(WIDGETS)
        assert page.locator(", ".join(f".{root}" for root in WIDGETS.values())).count() == 0
