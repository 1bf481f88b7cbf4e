"""What the widgets share: their scripts and looks, the state, a picture for where no script runs.

The browser's side of a widget stands beside its module, after what all share in ``base.js`` and ``base.css``. It computes and
draws everything, so that a widget lives in a stored notebook and on the site, too. Where Python runs, it shares the state.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import anywidget
import matplotlib.pyplot as plt
import numpy as np
import traitlets
from matplotlib.figure import Figure

from helpers.pictures import drawing, style
from helpers.validate import check_among, check_between, check_count

ROLES = ("target", "approximation", "data", "second")  # of the palette, which the style sheets use


def beside(name: str) -> tuple[str, str]:
    """The widget's script and style sheet, ``name.js`` and ``name.css``, each after what it shares with the others."""
    here = Path(__file__)
    return tuple(
        "\n".join(here.with_name(f"{stem}.{kind}").read_text(encoding="utf-8") for stem in ("base", name))
        for kind in ("js", "css")
    )


def keep_between(state, **ranges: tuple[float, float]) -> None:
    """Make fields of a frozen dataclass floats; raise `ValueError`, naming the field, where one is out of its range."""
    for name, (low, high) in ranges.items():
        (value,) = check_between(low, high, **{name: getattr(state, name)})
        object.__setattr__(state, name, value)


def keep_counts(state, **ranges: tuple[int, float]) -> None:
    """Make fields of a frozen dataclass integers; raise `ValueError`, naming the field, where one is out of its range."""
    for name, (least, most) in ranges.items():
        (value,) = check_count(least, most, **{name: getattr(state, name)})
        object.__setattr__(state, name, value)


def keep_among(state, **choices: tuple) -> None:
    """Make fields of a frozen dataclass one of their choices, so that NumPy's numbers, which are no JSON, become plain.

    Raises `ValueError`, naming the field, where one is none of its choices.
    """
    for name, allowed in choices.items():
        (value,) = check_among(allowed, **{name: getattr(state, name)})
        object.__setattr__(state, name, value)


def uniforms(seed: int, count: int) -> np.ndarray:
    """Numbers in [0, 1), shape (count,), by Mulberry32, a generator that JavaScript can have."""
    bits = np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5) + np.uint32(seed)
    bits = (bits ^ (bits >> 15)) * (bits | 1)
    bits ^= bits + (bits ^ (bits >> 7)) * (bits | 61)
    return (bits ^ (bits >> 14)) / 2.0**32


def normal_pairs(seed: int, count: int) -> np.ndarray:
    """Standard normal numbers, shape (count, 2), from `uniforms` by Box–Muller."""
    first, second = uniforms(seed, 2 * count).reshape(-1, 2).T
    radius, angle = np.sqrt(-2 * np.log(1 - first)), 2 * np.pi * second
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def picture_of(draw: Callable[[Figure], None], height: float, note: str, dpi: int = 160) -> bytes:
    """A PNG in the course's style, for readers who see the notebook where no kernel runs.

    Parameters
    ----------
    draw : callable
        Draws on the figure.
    height : float
        Of the figure, in inches.
    note : str
        Stands under it.
    dpi : int
        Dots an inch: the fewer, the smaller the file.
    """
    with plt.rc_context():
        style.apply()
        plt.rcParams["savefig.dpi"] = dpi
        figure = Figure(figsize=(style.WIDTH, height))
        draw(figure)
        figure.supxlabel(note, x=0.99, ha="right", fontsize=10, color=style.PALETTE["muted"])
        return drawing.png(figure)


class Pictured(anywidget.AnyWidget):
    """A widget with a picture of its start for readers who see a notebook where no script runs.

    Its `state` is what the reader has chosen, by name. Set it, or some of it, to move the controls.

    A subclass has `_esm` and `_css`, from `beside`; `State`, a frozen dataclass of what the reader chooses; and
    `static_picture`, which makes a PNG of a state.
    """

    State: type
    static_picture: Callable[..., bytes]
    options = traitlets.Dict().tag(sync=True)
    start = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    _ipython_display_ = None  # with ipywidgets 7, Colab's, it would show the live view alone

    def __init__(self, state, options: dict):
        colours = {role: style.PALETTE[role] for role in ROLES}
        super().__init__(options=options | {"colours": colours}, start=asdict(state), state=asdict(state))

    @traitlets.validate("state")
    def _checked(self, proposal) -> dict:
        """The whole state, checked; what only the browser knows of it is left as it is."""
        state = self.start | self.state | proposal["value"]
        return state | asdict(self.State(**{name: state[name] for name in self.start}))

    def picture(self) -> bytes:
        """A PNG of the start."""
        return self.static_picture(self.State(**self.start))

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        """The live view and, for code hosts and untrusted notebooks, the picture."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["image/png"] = base64.b64encode(self.picture()).decode()
        words = inspect.getdoc(type(self)).partition("\n")[0]
        return data, metadata | {"image/png": {"width": round(100 * style.WIDTH), "alt": words}}

    def __repr__(self) -> str:
        start = ", ".join(f"{name}={value!r}" for name, value in self.start.items())
        return f"{type(self).__name__}({start})"
