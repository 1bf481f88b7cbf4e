"""Make manual_vi.png, the widget in JupyterLab: `uv run --group dev python images/manual_vi.py` (needs chromium)."""

import sys
import tempfile
from pathlib import Path

PICTURE = Path(__file__).with_suffix(".png")
sys.path.insert(0, str(PICTURE.parents[1]))  # for `tools`

from tools.browser import chromium, jupyter, run_all, wait_for_kernel, write_notebook

SOURCE = 'from helpers.widgets import ManualVI\n\nManualVI(target="Student-t", objective="KL(q‖p)", mu=1.5, sigma=1.0)'

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(Path(folder) / "one.ipynb", SOURCE)
        with jupyter(Path(folder)) as address, chromium() as browser:
            page = browser.new_page(viewport={"width": 900, "height": 900}, device_scale_factor=1.5)
            page.goto(address.format(page="doc/tree/one.ipynb"))
            wait_for_kernel(page)
            run_all(page)
            page.locator(".manual-vi .elbo-reading").filter(has_text="KL").wait_for()
            page.wait_for_timeout(1000)  # the bar is still gliding
            page.locator(".manual-vi").first.screenshot(path=PICTURE)
