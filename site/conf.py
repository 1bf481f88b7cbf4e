"""The course as a static site: `uv run --group site sphinx-build site site/build/html`.

Then open `site/build/html/index.html`.

Its pages are the stored notebooks; none is run. `write_chapters` puts them into `site/chapters/`, changed for a page
without a kernel: widgets live on, because they ask it for nothing; Plotly figures draw themselves, and the alt text of a
picture is its caption (`tools.outputs`). `tools.pages` writes the other pages there, and `tools.glossary` links the first use of
each term.
Reading it needs no network: MathJax and plotly.js are part of the site.
"""

import base64
import html
import re
import shutil
import sys
from pathlib import Path

import nbformat
import plotly.offline

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.append(str(ROOT))  # for `tools`

from tools import glossary, outputs, pages
from tools.chapters import Chapter, all_chapters
from tools.stamp import address

ABOUT = (
    "A hands-on course in variational inference with PyMC, with nothing on trust: every number is computed or checked."
)
CHAPTERS, SCRIPTS = HERE / "chapters", HERE / "scripts"
BADGE = "[![Open in Colab]"  # how the paragraph begins that a page replaces by this one
RUN = """\
:::{{div}} elbo-run
{badge} or {{download}}`download this notebook <../../notebooks/{file}>`. In a copy of the
[repository](https://github.com/{repository}), `uv run jupyter lab --notebook-dir=. notebooks/{file}` opens it. Found an error?
[Tell us](report.md).
:::"""
CONTENTS = """
```{{toctree}}
:hidden:
:caption: Chapters

{chapters}
```

```{{toctree}}
:hidden:
:caption: The course

chapters/symptoms
chapters/glossary
chapters/notation
chapters/ledger
chapters/checked
chapters/changelog
chapters/report
```
"""
META = """<meta name="description" content="{text}">
<meta property="og:type" content="article"><meta property="og:site_name" content="ELBO Room">
<meta property="og:title" content="{title}"><meta property="og:description" content="{text}">
<meta property="og:url" content="{url}"><meta property="og:image" content="{image}">
<meta name="twitter:card" content="summary_large_image">
"""
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
exclude_patterns = ["build", "pages"]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3  # so that the index of symptoms can lead to them
myst_dmath_double_inline = True  # $$...$$ inside a paragraph
nb_execution_mode = "off"
nb_code_prompt_show = "show code"  # of a folded cell
nb_code_prompt_hide = "hide code"
nb_merge_streams = True
nb_render_markdown_format = "myst"  # tables and formulas in outputs, too
html_theme = "furo"
html_title = "ELBO Room"
html_static_path = ["static", "scripts"]
html_css_files = ["site.css"]
html_js_files = [(script, {"defer": "defer"}) for script in ("widgets.js", "figures.js", "search.js", "boxes.js")]
html_baseurl = pages.base()  # where GitHub publishes it; only what robots read holds this address
html_extra_path = ["chapters/extra"]  # 404.html
html_use_index = False  # the glossary is the index
html_copy_source = False
html_show_sphinx = False


def first_picture(notebook) -> tuple[bytes, str]:
    """The first picture of a chapter, and the first sentence of its caption."""
    found = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    k = next(k for k, output in enumerate(found) if "image/png" in output.get("data", {}))
    return base64.b64decode(found[k].data["image/png"]), outputs.caption_of(found, k).split(". ")[0]


def run_line(source: str, chapter: Chapter) -> str:
    """The opening of a chapter with the ways to run it in place of the badge."""
    parts = source.split("\n\n")
    k = next(k for k, part in enumerate(parts) if part.startswith(BADGE))
    parts[k] = RUN.format(badge=parts[k], file=chapter.file, **address())
    return "\n\n".join(parts)


def describe(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """What a search engine, or a message with a link, shows of a page."""
    del app, templatename
    if doctree is None:  # the page of the search
        return
    promises = {f"chapters/{chapter.stem}": chapter.promise for chapter in all_chapters()}
    promise = promises.get(pagename)
    image = f"_images/{Path(pagename).name}.png" if promise else "_static/manual_vi.png"
    context["metatags"] += META.format(
        title=html.escape(re.sub("<[^>]+>", "", context["title"])),
        text=html.escape(f"After this chapter you can {promise}." if promise else ABOUT),
        url=f"{html_baseurl}{pagename}.html",
        image=html_baseurl + image,
    )


def give_levels(app, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Say of which level the headings of the side bar are: Sphinx makes headings of its captions, and leaves that out."""
    del app, pagename, templatename, doctree
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def write_chapters() -> None:
    """All chapters, a picture and a card of each, the other pages, and plotly.js."""
    for folder in (CHAPTERS, SCRIPTS):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    (SCRIPTS / "plotly.min.js").write_text(plotly.offline.get_plotlyjs(), encoding="utf-8")
    shutil.copy(ROOT / "images" / "open_in_colab.svg", CHAPTERS)
    shutil.copy(ROOT / "images" / "manual_vi.png", SCRIPTS)
    cards = []
    for chapter in all_chapters():
        name = chapter.stem
        notebook = nbformat.read(ROOT / "notebooks" / chapter.file, as_version=4)
        image, alt = first_picture(notebook)
        (CHAPTERS / f"{name}.png").write_bytes(image)
        widgets = outputs.widgets_of(notebook)
        notebook.metadata.pop("widgets", None)
        notebook.cells[0].source = run_line(notebook.cells[0].source, chapter)
        for cell in notebook.cells:
            cell.source = cell.source.replace("../images/", "")
            if cell.cell_type == "code":
                outputs.make_static(cell, widgets)
        nbformat.write(notebook, CHAPTERS / f"{name}.ipynb")
        promise = chapter.promise[0].upper() + chapter.promise[1:]
        minutes = f"{chapter.reading} min"
        cards.append(CARD.format(title=chapter.entry, name=name, promise=promise, minutes=minutes, alt=alt))
    grid = "::::{grid} 1 2 2 3\n:gutter: 3\n\n" + "\n".join(cards) + "::::\n"
    entries = "\n".join(f"{each.entry} <chapters/{each.stem}>" for each in all_chapters())
    (CHAPTERS / "cards.txt").write_text(grid + CONTENTS.format(chapters=entries), encoding="utf-8")
    pages.write(CHAPTERS)


def setup(app) -> None:
    """Sphinx calls this; the chapters are there before it looks for their folder."""
    app.connect("config-inited", lambda *_: write_chapters())
    app.connect("html-page-context", describe)
    app.connect("html-page-context", give_levels, priority=900)  # after the theme
    known = glossary.forms()

    def link_terms(app, doctree):
        name = app.env.current_document.docname
        if re.match(r"chapters/\d", name):
            glossary.link_first_uses(doctree, name, known)

    app.connect("doctree-read", link_terms)
