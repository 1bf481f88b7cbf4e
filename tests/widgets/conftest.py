"""What the browser tests of the widgets share: a function that shows a widget."""

import pytest

from tests.support.widgets import showing


@pytest.fixture
def show(browser):
    """Function that shows a widget in a page of its own; fails where the page reported an error."""
    with showing(browser) as show:
        yield show
