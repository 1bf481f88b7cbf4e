"""The graph of a PyMC model as a picture, without Graphviz being installed: pygraphviz brings its own."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator

import pymc as pm
from IPython.display import Markdown, display
from PIL import Image
from pygraphviz import AGraph

DOTS = 144  # an inch: twice what a page shows, so that the lettering stays crisp


def png(model: pm.Model) -> bytes:
    """The graph of `model` as a PNG: ellipses are random, boxes computed or data, shaded nodes observed.

    Raises
    ------
    ValueError
        Where the model has no variable to draw.
    """
    if not model.named_vars:
        raise ValueError("model must have at least one variable to draw")
    graph = AGraph(string=pm.model_to_graphviz(model).source)
    graph.graph_attr["dpi"] = DOTS
    with _silent_stderr():  # Graphviz writes Fontconfig's complaints there, past Python
        return graph.draw(format="png", prog="dot")


def show(model: pm.Model, caption: str) -> None:
    """Display the graph of `model` with `caption` under it, which is its text for whoever cannot see it.

    As a PNG: JupyterLab shows no SVG in a notebook that is not trusted yet.
    """
    image = png(model)
    width = Image.open(io.BytesIO(image)).width * 72 // DOTS
    display({"image/png": image}, raw=True, metadata={"image/png": {"width": width}})
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
