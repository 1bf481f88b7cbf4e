"""The graph of a PyMC model as a picture, without Graphviz being installed: pygraphviz brings its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pymc as pm
from IPython.display import SVG, Markdown, display
from pygraphviz import AGraph


def svg(model: pm.Model) -> str:
    """The graph of `model` as an SVG: ellipses are random, boxes computed or data, shaded nodes observed.

    Raises
    ------
    ValueError
        Where the model has no variable to draw.
    """
    if not model.named_vars:
        raise ValueError("model must have at least one variable to draw")
    with _silent_stderr():  # Graphviz writes Fontconfig's complaints there, past Python
        picture = AGraph(string=pm.model_to_graphviz(model).source).draw(format="svg", prog="dot")
    return picture.decode().replace("<svg ", '<svg style="max-width: 100%; height: auto" ', 1)


def show(model: pm.Model, caption: str) -> None:
    """Display the graph of `model` with `caption` under it, which is its text for whoever cannot see it."""
    display(SVG(svg(model)))
    display(Markdown(f"*{caption}*"))


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    saved = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
