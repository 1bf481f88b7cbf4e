"""What the widgets share: none needs the network."""

import pytest

from helpers import widgets
from tests.support.widgets import WIDGETS


@pytest.mark.parametrize("name", WIDGETS)
def test_nothing_comes_from_the_network(name):
    widget = getattr(widgets, name)
    for text in (str(widget._esm), str(widget._css)):
        assert "import " not in text
        assert "http" not in text
