"""What the widgets share: a message with a state is answered, and nothing else; no widget needs the network."""

import pytest

from helpers import widgets
from helpers.widgets import function_posterior
from tests.support.widgets import WIDGETS

NETWORK = {"width": 5, "rows": 20, "prior_sd": 1, "exact": True}


@pytest.mark.parametrize(
    ("module", "widget", "asked", "wrong"),
    [
        (function_posterior, function_posterior.FunctionPosterior, NETWORK, {"width": 4}),
    ],
    ids=["function_posterior"],
)
def test_kernel_answers_a_state_and_ignores_the_rest(module, widget, asked, wrong, caplog):
    shown = widget()
    reading = {"state": asked, "token": "here-1"} | module.read(module.State(**asked))
    for content in [
        {"state": asked, "token": "here-1"},
        {"state": asked | wrong, "token": "here-2"},
        {"state": asked | {"more": 1}},
        {"state": None},
        {},
        None,
    ]:
        shown._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
        assert shown.reading == reading
    assert not caplog.records, "ipywidgets logs what a handler raises"


@pytest.mark.parametrize("name", WIDGETS)
def test_nothing_comes_from_the_network(name):
    widget = getattr(widgets, name)
    for text in (str(widget._esm), str(widget._css)):
        assert "import " not in text
        assert "http" not in text
