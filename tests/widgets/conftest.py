"""What the browser tests of the widgets share: a browser a file, and a function that shows a widget in it."""

import pytest

from tests.support.widgets import showing
from tools.browser import chromium


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture
def show(browser):
    """Function that shows a widget in a page of its own; fails where the page reported an error."""
    with showing(browser) as show:
        yield show
