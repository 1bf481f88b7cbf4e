"""The course as a static site: `uv run --group site sphinx-build site site/build/html`.

Then open `site/build/html/index.html`.

Its pages are the stored notebooks; none is run. `write_chapters` puts them into `site/chapters/`, changed for a page
without a kernel: widgets that ask a kernel for nothing live on, the others leave their pictures; Plotly figures draw
themselves, and the alt text of a picture is its caption. Reading it needs no network: MathJax and plotly.js are part of the site.
"""

import base64
import html
import json
import re
import shutil
import sys
from pathlib import Path

import nbformat
import plotly.io
import plotly.offline

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.append(str(ROOT))  # for `tools`

from tools import ledger
from tools.chapters import chapters

CHAPTERS, SCRIPTS = HERE / "chapters", HERE / "scripts"
PLOTLY = "../_static/plotly.min.js"  # as seen from a chapter
VIEW, STATES = (f"application/vnd.jupyter.widget-{name}+json" for name in ("view", "state"))
LIVE = """\
<div class="elbo-live"><img alt="{alt}" src="data:image/png;base64,{png}">
<script type="application/json">{state}</script></div>"""  # static/widgets.js puts the widget in place of the picture
CARD = """\
:::{{grid-item-card}} {title}
:link: chapters/{name}
:link-type: doc
:img-top: chapters/{name}.png
:img-alt: {alt}

{promise}.

```{{card-footer}}
{minutes}
```
:::
"""

project = "ELBO Room"
author = "The ELBO Room founders"
project_copyright = "the ELBO Room founders. Text and pictures CC BY 4.0, code MIT"
extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx-mathjax-offline", "sphinx_design"]
exclude_patterns = ["build"]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
nb_execution_mode = "off"
nb_code_prompt_show = "show code"  # of a folded cell
nb_code_prompt_hide = "hide code"
nb_merge_streams = True
nb_render_markdown_format = "myst"  # tables and formulas in outputs, too
html_theme = "furo"
html_title = "ELBO Room"
html_static_path = ["static", "scripts"]
html_css_files = ["site.css"]
html_js_files = [("widgets.js", {"defer": "defer"})]
html_copy_source = False
html_show_sphinx = False


def caption_of(outputs: list, k: int) -> str:
    """The caption after picture `k`, without Markdown's marks; else what the output says of itself in words."""
    after = outputs[k + 1].get("data", {}) if k + 1 < len(outputs) else {}
    return re.sub(r"[*`$]", "", after.get("text/markdown") or outputs[k].data.get("text/plain") or "").strip()


def make_static(cell, widgets: dict) -> None:
    """Change the outputs of a code cell, in place, to what a page without a kernel can show.

    `widgets` has the notebook's widgets by their model's id. One with a "reading" needs a kernel that answers.
    """
    for k, output in enumerate(cell.outputs):
        data = output.get("data", {})
        state = widgets.get(data.pop(VIEW, {}).get("model_id"), {}).get("state", {})
        if "_esm" in state and "reading" not in state:
            text = json.dumps({name: state[name] for name in ("_esm", "_css", "options", "start")}).replace(
                "</", r"<\/"
            )
            alt = html.escape(caption_of(cell.outputs, k))
            output.data = {"text/html": LIVE.format(alt=alt, png=data["image/png"].strip(), state=text)}
            continue
        if figure := data.pop("application/vnd.plotly.v1+json", None):
            figure["layout"].pop("width", None)  # as wide as the page allows
            config = (figure.pop("config", None) or {}) | {"responsive": True}
            options = {"config": config, "include_plotlyjs": PLOTLY, "full_html": False}
            output.data = {"text/html": plotly.io.to_html(figure, **options, auto_play=False)}
        if "image/png" in data:
            cell.metadata["mystnb"] = {"image": {"alt": caption_of(cell.outputs, k), "width": "100%"}}


def first_picture(notebook) -> tuple[bytes, str]:
    """The first picture of a chapter, and the first sentence of its caption."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    k = next(k for k, output in enumerate(outputs) if "image/png" in output.get("data", {}))
    return base64.b64decode(outputs[k].data["image/png"]), caption_of(outputs, k).split(". ")[0]


def write_chapters() -> None:
    """All chapters, a picture and a card of each, the ledger, and plotly.js."""
    for folder in (CHAPTERS, SCRIPTS):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    (SCRIPTS / "plotly.min.js").write_text(plotly.offline.get_plotlyjs(), encoding="utf-8")
    shutil.copy(ROOT / "images" / "open_in_colab.svg", CHAPTERS)
    cards = []
    for chapter in chapters():
        name = Path(chapter.file).stem
        notebook = nbformat.read(ROOT / "notebooks" / chapter.file, as_version=4)
        image, alt = first_picture(notebook)
        (CHAPTERS / f"{name}.png").write_bytes(image)
        widgets = notebook.metadata.pop("widgets", {}).get(STATES, {}).get("state", {})
        for cell in notebook.cells:
            cell.source = cell.source.replace("../images/", "")
            if cell.cell_type == "code":
                make_static(cell, widgets)
        nbformat.write(notebook, CHAPTERS / f"{name}.ipynb")
        promise = chapter.promise[0].upper() + chapter.promise[1:]
        minutes = f"{chapter.reading} min"
        cards.append(CARD.format(title=chapter.entry, name=name, promise=promise, minutes=minutes, alt=alt))
    grid = "::::{grid} 1 2 2 3\n:gutter: 3\n\n" + "\n".join(cards) + "::::\n"
    (CHAPTERS / "cards.txt").write_text(grid, encoding="utf-8")
    (CHAPTERS / "ledger.md").write_text(ledger.page(), encoding="utf-8")


def setup(app) -> None:
    """Sphinx calls this; the chapters are there before it looks for their folder."""
    app.connect("config-inited", lambda *_: write_chapters())
