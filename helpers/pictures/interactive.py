"""Plotly figures for the reader: alive where they can be, a picture where a stored notebook is only looked at."""

from __future__ import annotations

import base64
import io
import json
import sys

import matplotlib.pyplot as plt
import plotly.graph_objects as go
import plotly.io
from IPython.display import Markdown, display
from matplotlib.figure import Figure


def show_plotly(figure: go.Figure, picture: Figure, caption: str) -> None:
    """Display `figure`, with `picture` for code hosts and `caption` under it, and close the picture.

    JupyterLab, Notebook 7 and VS Code draw the figure with the plotly.js that they bring along, so the notebook holds
    neither plotly.js nor a link to it. Colab brings none: there Plotly's own "colab" renderer takes over.

    Parameters
    ----------
    figure : plotly Figure
        What JupyterLab, Notebook, VS Code and Colab show.
    picture : Matplotlib Figure
        What stands in its place elsewhere.
    caption : str
        One or more sentences, as Markdown.
    """
    if "google.colab" in sys.modules:
        bundle = plotly.io.renderers["colab"].to_mimebundle(figure.to_dict())
    else:
        plot = json.loads(figure.to_json()) | {"config": {"displayModeBar": False}}  # its buttons lead off the page
        bundle = {"application/vnd.plotly.v1+json": plot, "image/jpeg": _jpeg(picture)}
    plt.close(picture)
    display(bundle, raw=True, metadata={"image/jpeg": {"width": int(picture.get_figwidth() * 100)}})
    display(Markdown(f"*{caption}*"))


def _jpeg(picture: Figure) -> str:
    """In base64. Beside a PNG, JupyterLab would show that one until the mouse comes by, and the figure only then."""
    file = io.BytesIO()
    picture.savefig(file, format="jpeg", dpi=130, pil_kwargs={"quality": 70, "subsampling": 0, "optimize": True})
    return base64.b64encode(file.getvalue()).decode()
