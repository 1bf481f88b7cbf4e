"""What the course's widgets share: a picture of the start state, for readers who see a notebook where no kernel runs."""

from __future__ import annotations

import base64

from helpers.style import WIDTH


class WithPicture:
    """Put it before `anywidget.AnyWidget`; the widget needs `start`, its first state, and `picture()`, a PNG of it."""

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        """The live view and, for code hosts and untrusted notebooks, the picture."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["image/png"] = base64.b64encode(self.picture()).decode()
        return data, metadata | {"image/png": {"width": round(100 * WIDTH)}}

    def __repr__(self) -> str:
        start = ", ".join(f"{name}={value!r}" for name, value in self.start.items())
        return f"{type(self).__name__}({start})"
