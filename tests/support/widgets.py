"""The widgets, as the browser tests look for them, and what tests ask of one."""

import base64
import io
import json
import re

import pytest
from PIL import Image

from helpers import widgets

ONE_CELL = "one_cell.ipynb"
# the class of each on the page: change-of-variables for ChangeOfVariables
WIDGETS = {name: re.sub("(?<=[a-z])(?=[A-Z])", "-", name).lower() for name in widgets.__all__}


def refused(argument: str, says: str):
    """Expects a `ValueError` whose message begins with the argument and says this of what it must be."""
    return pytest.raises(ValueError, match=f"^{argument} must be.*{re.escape(says)}")


def stored_size(widget) -> int:
    """Characters of the widget's state as a notebook keeps it; fails where that is no plain JSON."""
    return len(json.dumps(widget.get_state(), default=str, allow_nan=False))


def stored_picture(widget) -> tuple[int, str]:
    """Bytes of the picture that a notebook keeps, and the words beside it.

    Fails where it is no wider than it is shown, or where the live view is missing.
    """
    bundle, metadata = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    image = base64.b64decode(bundle["image/png"])
    assert Image.open(io.BytesIO(image)).width > metadata["image/png"]["width"] == 760
    return len(image), bundle["text/plain"]


def part(page, name: str, view: int = 0):
    """The node with this data-id, of one of the views."""
    return page.locator(f"[data-id={name}]").nth(view)


def fits(page, width: int) -> bool:
    """Whether, in a window so wide, nothing sticks out and no text is small."""
    page.set_viewport_size({"width": width + 16, "height": 900})
    sizes = "[...document.querySelectorAll('body *')].map((node) => parseFloat(getComputedStyle(node).fontSize))"
    return page.evaluate(f"document.documentElement.scrollWidth <= innerWidth && Math.min(...{sizes}) >= 12")
