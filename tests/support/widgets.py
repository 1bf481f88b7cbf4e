"""The widgets, as the browser tests look for them, and a page that shows one without a kernel."""

import json
from contextlib import contextmanager

ONE_CELL = "one_cell.ipynb"
WIDGETS = {  # the class of each on the page
    "ManualVI": "manual-vi",
    "ChangeOfVariables": "change-of-variables",
    "CorrelatedGaussian": "correlated-gaussian",
    "LiveFit": "live-fit",
    "NoisyDescent": "noisy-descent",
    "TwoUncertainties": "two-uncertainties",
    "FunctionPosterior": "function-posterior",
    "PriorAndNoise": "prior-and-noise",
    "SteinParticles": "stein-particles",
    "ShardProduct": "shard-product",
    "KhatAndCoverage": "khat-and-coverage",
}

# `count` views of one model, with as little of anywidget's model as the widget uses
SHOW = """async ([source, attributes, count]) => {
    window.module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
    const listeners = new Set();
    window.model = {
        get: (name) => attributes[name],
        set: (name, value) => { attributes[name] = value; listeners.forEach((listener) => listener()); },
        on: (event, listener) => listeners.add(listener),
        off: (event, listener) => listeners.delete(listener),
    };
    window.listeners = listeners;
    window.cleanups = [];
    window.ended = module.default.initialize({model}); // what ends it, if anything does
    for (let k = 0; k < count; k++) {
        const el = document.body.appendChild(document.createElement("div"));
        window.cleanups.push(module.default.render({model, el}));
    }
}"""


def stored_size(widget) -> int:
    """Characters of the widget's state as a notebook keeps it; fails where that is no plain JSON."""
    return len(json.dumps(widget.get_state(), default=str, allow_nan=False))


@contextmanager
def showing(browser):
    """A function (widget, views=1) that shows a widget in a page of its own; fails where the page reported an error."""
    page = browser.new_page(viewport={"width": 780, "height": 500})
    errors = []
    page.on("pageerror", lambda error: errors.append(error))

    def show(widget, views: int = 1):
        page.set_content(f"<meta charset=utf-8><style>{widget._css}</style>")
        page.evaluate(SHOW, [widget._esm, {"options": widget.options, "start": widget.start}, views])
        return page

    yield show
    page.close()
    assert not errors


def part(page, name: str, view: int = 0):
    """The node with this data-id, of one of the views."""
    return page.locator(f"[data-id={name}]").nth(view)


def fits(page, width: int) -> bool:
    """Whether, in a window so wide, nothing sticks out and no text is small."""
    page.set_viewport_size({"width": width + 16, "height": 900})
    sizes = "[...document.querySelectorAll('body *')].map((node) => parseFloat(getComputedStyle(node).fontSize))"
    return page.evaluate(f"document.documentElement.scrollWidth <= innerWidth && Math.min(...{sizes}) >= 12")
