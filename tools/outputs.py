"""What a page without a kernel can show of a stored notebook's outputs: for the site, and for slides."""

from __future__ import annotations

import html
import json
import re

from helpers.exercises.base import Verdict

NOT_YET = repr(Verdict(False, "")).strip()  # how the words begin that a checker says of a stub
VIEW, STATES = (f"application/vnd.jupyter.widget-{name}+json" for name in ("view", "state"))
LIVE = """\
<div class="elbo-live"><img alt="{alt}" src="data:image/png;base64,{png}">
<script type="application/json">{state}</script></div>"""  # widgets.js puts the widget in place of the picture
FIGURE = """\
<div class="elbo-figure"><img alt="{alt}" src="data:image/jpeg;base64,{jpeg}">
<script type="application/json">{figure}</script></div>"""  # figures.js draws it when it is asked to


def widgets_of(notebook) -> dict:
    """The states of a notebook's widgets by their model's id."""
    return notebook.metadata.get("widgets", {}).get(STATES, {}).get("state", {})


def words_of(output) -> str:
    """What an output says of itself in plain text."""
    return output.get("data", {}).get("text/plain") or ""


def caption_of(outputs: list, k: int) -> str:
    """The caption after picture `k`, without Markdown's marks; else what the output says of itself in words."""
    after = outputs[k + 1].get("data", {}) if k + 1 < len(outputs) else {}
    return re.sub(r"[*`$]", "", after.get("text/markdown") or words_of(outputs[k])).strip()


def _in_script(data: dict) -> str:
    """`data` as JSON that may stand in a `<script>`."""
    return json.dumps(data).replace("</", r"<\/")


def make_static(cell, widgets: dict) -> None:
    """Change the outputs of a code cell, in place, to what a page without a kernel can show.

    `widgets` is what `widgets_of` returns. What a checker says of a stub goes: there is no cell to run again.
    """
    cell.outputs = [each for each in cell.outputs if not words_of(each).startswith(NOT_YET)]
    for k, output in enumerate(cell.outputs):
        data = output.get("data", {})
        state = widgets.get(data.pop(VIEW, {}).get("model_id"), {}).get("state", {})
        if "_esm" in state:
            text = _in_script({name: state[name] for name in ("_esm", "_css", "options", "start")})
            alt = html.escape(output.metadata["image/png"]["alt"])
            output.data = {"text/html": LIVE.format(alt=alt, png=data["image/png"].strip(), state=text)}
            continue
        if figure := data.pop("application/vnd.plotly.v1+json", None):
            figure["layout"].pop("width", None)  # as wide as the page allows
            alt = html.escape(caption_of(cell.outputs, k))
            shown = FIGURE.format(alt=alt, jpeg=data["image/jpeg"].strip(), figure=_in_script(figure))
            output.data = {"text/html": shown}
            continue
        if "image/png" in data:
            cell.metadata["mystnb"] = {"image": {"alt": caption_of(cell.outputs, k), "width": "100%"}}
