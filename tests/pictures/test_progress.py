"""PyMC's progress bars as a reader meets them: in JupyterLab's dark theme, on a page 700 pixels wide."""

import re

import pytest

from tools.browser import chromium, jupyter, missing, run_all, wait_for_kernel, write_notebook

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

# What `pm.fit` draws, without a model: a thousand steps in no time
FIT = """import helpers
helpers.start()
import numpy as np
import pymc as pm
from pymc.progress_bar import default_progress_theme
from types import SimpleNamespace
fit = SimpleNamespace(hist=np.empty(0))
pm.variational.Inference._iterate_with_loss(fit, 0, 1_000, lambda: 1234.5, True, default_progress_theme, [])
None"""
# What `pm.sample` draws, without sampling: two chains of which one has diverged
SAMPLE = """from pymc.progress_bar import NutpieProgressBarManager
bars = NutpieProgressBarManager(chains=2, draws=1_000, progressbar=pm.sample.elbo_room_defaults["progressbar"])
chain = {"started": True, "total_draws": 2_000, "runtime_ms": 1_500, "step_size": 0.9, "latest_num_steps": 7}
with bars:
    for done in (1_234, 2_000):
        diverged = [SimpleNamespace(finished_draws=done, divergent_draws=d, **chain) for d in ([], [3])]
        bars.update(diverged)"""
DARK = {"apputils-extension/themes": {"theme": "JupyterLab Dark"}}
LUMINANCE = """(colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0)"""
LOOK = f"""(cell) => {{
    const luminance = {LUMINANCE};
    const colour = (node) => getComputedStyle(node).color;
    const [pre, ...others] = [...cell.querySelectorAll("pre")].filter((node) => !node.closest(".jp-InputArea"));
    const area = cell.querySelector(".jp-Cell-outputArea");
    const text = [pre, ...pre.querySelectorAll("span")].filter((node) => node.textContent.trim());
    return {{
        others: others.length,
        text: pre.textContent,
        overflow: pre.scrollWidth - pre.clientWidth,
        below: area.getBoundingClientRect().bottom - pre.getBoundingClientRect().bottom,
        luminances: text.map((node) => luminance(colour(node))),
        page: luminance(getComputedStyle(document.querySelector(".jp-Notebook")).backgroundColor),
    }};
}}"""


@pytest.fixture(scope="module")  # a Playwright that lives longer breaks asyncio.run in other tests
def looks(tmp_path_factory):
    """What is to be seen below the two cells that draw bars."""
    folder = tmp_path_factory.mktemp("bars")
    write_notebook(folder / "bars.ipynb", FIT, SAMPLE)
    with jupyter(folder, settings=DARK) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 700, "height": 900})
        page.goto(address.format(page="doc/tree/bars.ipynb"))
        wait_for_kernel(page)
        run_all(page)
        page.wait_for_timeout(1000)  # JupyterLab keeps the height of an output for a moment
        cells = page.locator(".jp-CodeCell")
        yield [cells.nth(k).evaluate(LOOK) for k in range(2)]


def test_bars_end_at_the_end(looks):
    fit, sample = (look["text"] for look in looks)
    assert "100%" in fit and "╺" not in fit and "╸" not in fit
    rows = [line for line in sample.splitlines() if "━" in line]
    assert len(rows) == 2 and all("1000" in row and "╺" not in row and "╸" not in row for row in rows)


def test_bars_leave_no_gap(looks):
    assert all(look["others"] == 0 and look["below"] < 30 for look in looks)


def test_bars_can_be_read_on_a_narrow_and_dark_page(looks):
    for look in looks:
        assert look["overflow"] <= 0 and "…" not in look["text"]
        assert look["page"] < 0.05
        assert all((luminance + 0.05) / (look["page"] + 0.05) >= 3 for luminance in look["luminances"])
    headings = re.findall(r"\w+", looks[1]["text"])[:5]
    assert headings == ["Progress", "Draw", "Speed", "Elapsed", "Remaining"]
