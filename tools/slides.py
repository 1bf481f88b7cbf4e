"""For teachers: a chapter as slides, `uv run --group site python -m tools.slides 05 slides`; then open `slides/05_mixtures.html`.

A slide is a heading with the sentence that opens its section, or a picture or a widget with its caption. Widgets that need no
kernel are alive, as on the site. The arrow keys turn the slides, a click on their number shows all of them, and a browser prints
one to a page. Nothing is fetched from a network.
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
from pathlib import Path

import nbformat
import plotly.offline
from markdown_it import MarkdownIt

from tools.chapters import ROOT, Chapter, all_chapters
from tools.outputs import caption_of, make_static, widgets_of
from tools.quiz import BEFORE as RECAP
from tools.quiz import ID as QUIZ

HEADING = re.compile(r"^(?=##+ )", re.MULTILINE)
PROSE = re.compile(r"[A-Z(`\"“*]")  # how a paragraph begins that a slide may quote: no formula, list, table or HTML
LAST = ("## Exercises", "**References.**")  # no slides of these
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="slides.css">
<script src="widgets.js" defer></script>
<script src="figures.js" defer></script>
<script src="slides.js" defer></script>
</head>
<body>
{slides}
</body>
</html>
"""
SLIDE = '<section class="{kind}">{body}</section>'
PICTURE = '<figure><img alt="{alt}" src="data:{mime};base64,{data}"></figure>'
IMAGES = ("image/png", "image/jpeg")


def text(source: str) -> str:
    """Markdown as HTML; links to other chapters lead to their slides."""
    return MarkdownIt().render(re.sub(r"\]\((\d\d_\w+)\.ipynb", r"](\1.html", source)).strip()


def opening(source: str) -> str:
    """The first sentence under a heading; "" where it is no sentence, or has a formula."""
    first = source.strip().partition("\n\n")[0].replace("\n", " ")
    sentence = re.split(r"(?<=[.?!]) ", first)[0]
    return sentence if PROSE.match(sentence) and "$" not in sentence and sentence[-1:] in ".?!" else ""


def _headings(source: str) -> list[str]:
    """The slides of a cell of text: one for each heading, and for the recap the whole of it."""
    if source.startswith(RECAP):
        return [SLIDE.format(kind="recap", body=text(source.partition("**References.**")[0]))]
    slides = []
    for part in HEADING.split(source)[1:]:
        heading, _, rest = part.partition("\n")
        slides.append(SLIDE.format(kind="heading", body=text(f"{heading}\n\n{opening(rest)}")))
    return slides


def pictures(cell, widgets: dict) -> list[str]:
    """The slides of a code cell: its pictures, figures and widgets, each with the caption that follows it.

    `widgets` is what `widgets_of` returns.
    """
    make_static(cell, widgets)
    slides = []
    for k, output in enumerate(cell.outputs):
        data = output.get("data", {})
        shown = data.get("text/html", "")
        if mime := next((mime for mime in IMAGES if mime in data), None):
            alt = html.escape(caption_of(cell.outputs, k))
            shown = PICTURE.format(alt=alt, mime=mime, data=data[mime].strip())
        elif not re.search(r'<img |class="elbo-(?:live|figure)"', shown):
            continue
        below = cell.outputs[k + 1].get("data", {}).get("text/markdown", "") if k + 1 < len(cell.outputs) else ""
        slides.append(SLIDE.format(kind="picture", body=shown + text(below)))
    return slides


def _deck(chapter: Chapter) -> str:
    """The slides of a chapter as a page."""
    notebook = nbformat.read(ROOT / "notebooks" / chapter.file, as_version=4)
    widgets = widgets_of(notebook)
    promise = f"After this chapter you can {chapter.promise}."
    slides = [SLIDE.format(kind="title", body=text(f"# {chapter.number} · {chapter.heading}\n\n{promise}"))]
    skipped = False
    for cell in notebook.cells[1:]:
        skipped = cell.source.startswith(LAST) or (skipped and not cell.source.startswith("## "))
        if skipped or cell.get("id") == QUIZ:
            continue
        slides += _headings(cell.source) if cell.cell_type == "markdown" else pictures(cell, widgets)
    return PAGE.format(title=html.escape(chapter.entry), slides="\n".join(slides))


def main(arguments: list[str] | None = None) -> list[Path]:
    """Write the decks of some chapters, and the scripts that they share; the files."""
    parser = argparse.ArgumentParser(prog="tools.slides", description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="+", metavar="05", help="how their names begin")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chapter in all_chapters():
        if chapter.file.startswith(tuple(given.chapters)):
            written.append(given.folder / f"{chapter.stem}.html")
            written[-1].write_text(_deck(chapter), encoding="utf-8")
    for file in ("site/static/widgets.js", "site/static/figures.js", "tools/slides.js", "tools/slides.css"):
        shutil.copy(ROOT / file, given.folder)
    if any('class="elbo-figure"' in file.read_text(encoding="utf-8") for file in written):
        (given.folder / "plotly.min.js").write_text(plotly.offline.get_plotlyjs(), encoding="utf-8")
    return written


if __name__ == "__main__":
    print(*main(), sep="\n")
