"""What a reader waits for: the SVGD animation's build and size, its frames a second, a slider's redraw.

Run by `python -m benchmarks`; alone: `python -m benchmarks.interface animation`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tools.browser import chromium, missing

FRAMES = """async () => {
    const figure = document.querySelector('.js-plotly-plot'), times = [];
    figure.on('plotly_animatingframe', () => times.push(performance.now()));
    document.querySelector('.updatemenu-button').dispatchEvent(new MouseEvent('click', {bubbles: true}));
    await new Promise(resolve => figure.on('plotly_animated', resolve));
    return times;
}"""


def animation() -> dict:
    """Seconds to build it, the first time and the median of five more, and its size in MB."""
    from helpers.pictures import svgd_menu

    times = []
    for _ in range(6):
        start = time.perf_counter()
        figure = svgd_menu()
        times.append(time.perf_counter() - start)
    return {"first": times[0], "again": float(np.median(times[1:])), "megabytes": len(figure.to_json()) / 1e6}


def frames() -> dict:
    """Frames a second of one run through the animation, in Chromium."""
    from helpers.pictures import svgd_menu

    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder, "animation.html")
        svgd_menu().write_html(path, include_plotlyjs=True, auto_play=False)
        page = browser.new_page(viewport={"width": 1150, "height": 1000})
        page.goto(path.as_uri())
        page.wait_for_selector(".js-plotly-plot .slider-rail-touch-rect", timeout=60_000)
        times = np.array(page.evaluate(FRAMES))
    return {"frames": len(times), "a_second": float(1000 / np.median(np.diff(times)))}


def slider() -> dict:
    """Median and 95th percentile from a slider's event to the redrawn curve, in milliseconds, in JupyterLab."""
    from benchmarks.slider_latency import in_jupyterlab
    from tools.browser import chromium

    with chromium() as browser:
        times = in_jupyterlab(browser, ["ManualVI"])["manual-vi"]
    median, p95 = np.percentile(times, [50, 95])
    return {"median": float(median), "p95": float(p95)}


def measure(name: str) -> dict:
    if name != "animation" and missing():
        raise SystemExit(missing())
    return {"animation": animation, "frames": frames, "slider": slider}[name]()


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])), flush=True)
