"""How long the reader waits from a slider's event to the frame that shows the change, in milliseconds.

Drags all sliders of a widget with the mouse in Chromium, one step each 16 ms. `python -m benchmarks.site sliders` does it
for all widgets, on the site and in JupyterLab.
"""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path

from tools.browser import jupyter, run_all, wait_for_kernel, write_notebook

STEP = 0.016  # seconds between two moves of the mouse: what a screen shows
EVENTS = 150  # a slider
# The clock starts when the browser made the event, before any of our code. It stops in the frame that shows the
# change: a message posted in an animation frame is handled right after that frame.
RECORDER = """(root) => {
    const times = (window.times = []);
    const shown = (then) => requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => then(performance.now());
        port2.postMessage(0);
    });
    let waiting = [];
    window.events = 0;
    root.addEventListener('input', (event) => (waiting.push(event.timeStamp), (window.events += 1)), true);
    new MutationObserver((changes) => {
        if (!changes.some(({ target }) => target.closest?.('.elbo-plot'))) return;
        const served = waiting;
        waiting = [];
        shown((now) => times.push(...served.map((at) => now - at)));
    }).observe(root, { subtree: true, childList: true, attributes: true });
}"""


def drag(page, slider, events: int) -> None:
    """Drag a slider's thumb to and fro, at a speed that changes."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2

    def x(k: int) -> float:
        return box["x"] + box["width"] * (0.5 + 0.45 * math.sin(2 * math.pi * k / events))

    page.mouse.move(x(0), y)
    page.mouse.down()
    start = time.perf_counter()
    for k in range(1, events + 1):
        time.sleep(max(0, start + k * STEP - time.perf_counter()))
        page.mouse.move(x(k), y)
    page.mouse.up()
    page.wait_for_function("times.length === events", timeout=10_000)


def latencies(page, widget, events: int) -> list[float]:
    """One number an event, of all sliders of a widget."""
    widget.locator("path").first.wait_for(state="attached")
    widget.evaluate(RECORDER)
    for slider in widget.locator("input[type=range]:visible").all():
        drag(page, slider, events)
    return page.evaluate("times")


def name_of(widget) -> str:
    """The class of a widget on the page: manual-vi for ManualVI."""
    return widget.evaluate("(node) => [...node.classList].find((name) => name !== 'elbo-widget')")


def on_site(browser, pages: dict[str, Path], events: int = EVENTS) -> dict[str, list[float]]:
    """Latencies by the widget, on the pages that have one."""
    found = {}
    for file in pages.values():
        page = browser.new_page(viewport={"width": 1150, "height": 1000})
        page.goto(file.as_uri())
        page.wait_for_timeout(3000)  # until the formulas are set and the widgets alive
        for widget in page.locator(".elbo-live .elbo-widget").all():
            found.setdefault(name_of(widget), []).extend(latencies(page, widget, events))
        page.close()
    return found


def in_jupyterlab(browser, names: list[str], events: int = EVENTS) -> dict[str, list[float]]:
    """Latencies by the widget."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            write_notebook(Path(folder, f"{name}.ipynb"), f"from helpers.widgets import {name}\n\n{name}()")
        with jupyter(Path(folder)) as address:
            for name in names:
                page = browser.new_page(viewport={"width": 1150, "height": 1000})
                page.goto(address.format(page=f"doc/tree/{name}.ipynb"))
                wait_for_kernel(page)
                run_all(page)
                widget = page.locator(".elbo-widget")
                found[name_of(widget)] = latencies(page, widget, events)
                page.close()
    return found
