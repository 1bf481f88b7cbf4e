"""How long the reader waits: from a slider's event to the redrawn curve, and to the new reading.

Drags the sliders of `ManualVI` with the mouse in JupyterLab and Chromium, one step each 16 ms, and prints the
median and the 95th percentile, in milliseconds, beside what the course allows. Exit status 1 where it is exceeded.

    uv run --group bench python -m benchmarks.slider_latency
"""

import math
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tools.browser import chromium, jupyter, missing, run_all, wait_for_kernel, write_notebook

SOURCE = "from helpers.widgets import ManualVI\n\nManualVI()"
ALLOWED = 30  # ms, 95th percentile
STEP = 0.016  # seconds between two moves of the mouse: what a screen shows
EVENTS = 150  # a slider

# The clock starts when the browser made the event, before any of our code. It stops in the frame that shows the
# change: a message posted in an animation frame is handled right after that frame.
RECORDER = """() => {
    const times = (window.times = { 'redrawn curve': [], 'new reading': [], events: 0 });
    const root = document.querySelector('.manual-vi');
    const shown = (then) => requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => then(performance.now());
        port2.postMessage(0);
    });
    document.addEventListener('input', () => (times.events += 1), true);
    const record = (name, node, attributeFilter) => {
        let waiting = [];
        document.addEventListener('input', (event) => waiting.push(event.timeStamp), true);
        new MutationObserver(() => {
            const served = waiting;
            waiting = [];
            shown((now) => times[name].push(...served.map((at) => now - at)));
        }).observe(node, { attributes: true, attributeFilter });
    };
    record('redrawn curve', root.querySelector('path.mvi-q'), ['d']);
    record('new reading', root, ['data-mu', 'data-sigma']);
}"""


def drag(page, name: str) -> None:
    """Drag the thumb of the slider called `name` to and fro, at a speed that changes."""
    box = page.get_by_role("slider", name=name).bounding_box()
    y = box["y"] + box["height"] / 2

    def x(k: int) -> float:
        return box["x"] + box["width"] * (0.5 + 0.45 * math.sin(2 * math.pi * k / EVENTS))

    page.mouse.move(x(0), y)
    page.mouse.down()
    start = time.perf_counter()
    for k in range(1, EVENTS + 1):
        time.sleep(max(0, start + k * STEP - time.perf_counter()))
        page.mouse.move(x(k), y)
    page.mouse.up()
    page.wait_for_function("times['new reading'].length === times.events", timeout=10_000)


def measure() -> dict[str, list[float]]:
    """Latencies in milliseconds, one an event."""
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(Path(folder, "latency.ipynb"), SOURCE)
        with jupyter(Path(folder)) as address, chromium() as browser:
            page = browser.new_page(viewport={"width": 1150, "height": 1000})
            page.goto(address.format(page="doc/tree/latency.ipynb"))
            wait_for_kernel(page)
            run_all(page)
            page.get_by_role("button", name="Move to the optimum").wait_for()
            page.evaluate(RECORDER)
            for name in ("mean μ", "sd σ"):
                drag(page, name)
            return page.evaluate("window.times")


def main() -> None:
    if missing():
        sys.exit(f"cannot measure: {missing()}")
    times = measure()
    print(f"{'from slider event to':22}{'events':>8}{'median':>9}{'p95':>9}{'allowed p95':>14}   (ms)")
    slow = False
    for name in ("redrawn curve", "new reading"):
        median, p95 = np.percentile(times[name], [50, 95])
        print(f"{name:22}{len(times[name]):8}{median:9.1f}{p95:9.1f}{ALLOWED:14}")
        slow |= p95 > ALLOWED
    sys.exit(int(slow))


if __name__ == "__main__":
    main()
