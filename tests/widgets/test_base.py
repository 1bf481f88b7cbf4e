"""What the widgets share: none needs the network, each says in words what it is, and Python has its state."""

import pytest

from helpers import widgets
from helpers.widgets import ManualVI, TwoUncertainties
from tests.support.widgets import WIDGETS


@pytest.mark.parametrize("name", WIDGETS)
def test_nothing_comes_from_the_network(name):
    widget = getattr(widgets, name)
    for text in (str(widget._esm), str(widget._css)):
        assert "import " not in text
        assert "http" not in text


@pytest.mark.parametrize("name", WIDGETS)
def test_its_picture_has_words_for_who_does_not_see_it(name):
    _, metadata = getattr(widgets, name)()._repr_mimebundle_()
    words = metadata["image/png"]["alt"]
    assert len(words) > 40 and words.endswith(".") and name not in words


def test_python_reads_and_sets_the_state():
    widget = ManualVI()
    assert widget.state == widget.start
    widget.state = {"mu": 1}
    assert widget.state == widget.start | {"mu": 1.0}
    with pytest.raises(ValueError, match="^mu must be between -10 and 10"):
        widget.state = {"mu": 11}
    with pytest.raises(ValueError, match="^target must be one of"):
        widget.state = {"target": "Cauchy"}
    assert widget.state["mu"] == 1.0
    widget.set_state({"state": widget.state | {"mu": 2, "dragged": True}})  # as the browser does
    assert widget.state == widget.start | {"mu": 2.0, "dragged": True}
    assert TwoUncertainties(None, 1).state["x1"] == 1.0


def test_views_follow_the_state_and_say_so_when_at_rest(show):
    page = show(ManualVI(), views=2)
    page.evaluate("model.save_changes = () => (window.saved = model.get('state'))")
    page.evaluate("model.set('state', {...model.get('state'), mu: -1})")
    assert page.locator("[data-id=mu-value]").all_inner_texts() == ["−1.00", "−1.00"]
    page.wait_for_function("window.saved?.mu === -1")


@pytest.mark.parametrize("name", WIDGETS)
def test_a_state_that_python_set_before_the_view_is_shown(show, name):
    page = show(getattr(widgets, name)())
    kept = page.evaluate("model.get('state')") | {"steps": 3}  # which LiveFit's script begins at 0
    page.evaluate("(kept) => { model.set('start', {}); model.set('state', kept); }", kept)
    page.evaluate("module.default.initialize({model})")
    assert page.evaluate("model.get('state')") == kept
