"""What the browser tests of the widgets share: a function that shows a widget in a page without a kernel."""

import pytest

# `count` views of one model, with as little of anywidget's model as the widget uses
SHOW = """async ([source, attributes, count]) => {
    window.module = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
    const listeners = new Set();
    window.model = {
        get: (name) => attributes[name],
        set: (name, value) => { attributes[name] = value; listeners.forEach((listener) => listener()); },
        on: (event, listener) => listeners.add(listener),
        off: (event, listener) => listeners.delete(listener),
        save_changes: () => {},
    };
    window.listeners = listeners;
    window.cleanups = [];
    window.ended = module.default.initialize({model}); // what ends it, if anything does
    for (let k = 0; k < count; k++) {
        const el = document.body.appendChild(document.createElement("div"));
        window.cleanups.push(module.default.render({model, el}));
    }
}"""


@pytest.fixture
def show(browser):
    """Function (widget, views=1) that shows it in a page of its own; fails where the page reported an error."""
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
