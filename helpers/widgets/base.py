"""What the course's widgets share: a script, and a picture for readers who see a notebook where no kernel runs."""

from __future__ import annotations

import base64
from pathlib import Path

from helpers.style import WIDTH

SHARED = Path(__file__).with_suffix(".js")


def script(name: str) -> str:
    """The script of the widget in ``helpers/widgets/name.js``, after what it shares with others (``helpers/widgets/base.js``)."""
    return "\n".join(path.read_text(encoding="utf-8") for path in (SHARED, SHARED.with_name(f"{name}.js")))


class WithPicture:
    """Put it before `anywidget.AnyWidget`; the widget needs `start`, its first state, and `picture()`, a PNG of it."""

    _ipython_display_ = None  # with ipywidgets 7, Colab's, it would show the live view alone

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        """The live view and, for code hosts and untrusted notebooks, the picture."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["image/png"] = base64.b64encode(self.picture()).decode()
        return data, metadata | {"image/png": {"width": round(100 * WIDTH)}}

    def __repr__(self) -> str:
        start = ", ".join(f"{name}={value!r}" for name, value in self.start.items())
        return f"{type(self).__name__}({start})"
