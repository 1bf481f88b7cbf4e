"""Write what stands in one place into all the places that show it: `uv run python -m tools.stamp`.

From `[tool.elbo-room]` in `pyproject.toml` comes the repository's address: badges, setup cells, README, site. From
`notebooks/chapters.toml` come the notebooks' numbers, headings, links to other chapters and reading times, chapter 0's
map and table, and the README's table. From `notebooks/quizzes.toml` come the questions at the end of each chapter. Whoever
forks the course, or adds a chapter, changes these and runs this command.

From the tag `picture` or `proof` of a code cell comes what folds it: in JupyterLab, in Colab, and on the site. The setup
cell has the tag `setup` and is folded, too; a cell without such a tag is a lesson, and shown.
"""

from __future__ import annotations

import json
import re
import tomllib
from itertools import groupby
from pathlib import Path
from textwrap import wrap

import nbformat

from tools import markdown, quiz
from tools.chapters import ROOT, Chapter, all_chapters
from tools.store import as_saved

BADGE = "[![Open in Colab]({images}/open_in_colab.svg)]({address})"
COLAB = "https://colab.research.google.com/github/{repository}/blob/{branch}/notebooks/{file}"
# in the site's index, and in the README's first command
ADDRESS = re.compile(r"(\[repository\]\(|git clone )https://github\.com/[\w./-]+")
# a link to a chapter: [chapter 3](03_name.ipynb), or [3](notebooks/03_name.ipynb)
CHAPTER = re.compile(r"\[(?:([Cc]hapter)(?: \d+)?|\d+)\]\((notebooks/)?(?:\d\d_)?([a-z]\w*)\.ipynb")
WRITTEN = ("[![Open", "←", "[all", "[1 ·", "**Know")  # paragraphs of a first cell that are not prose
TABLE = re.compile(r"(?<=\n)\| chapter \| you can do after it .*\n(?:\|.*\n?)+")
# tag: title, where it has none
FOLDED = {"setup": "Setup", "picture": "Picture", "proof": "The claims of this section"}
TITLE = re.compile(r"# @title (.+)\n")  # Colab shows it for the folded cell, and JupyterLab as the cell's first line
SETUP_CELL = """\
# @title Setup: run this cell first
import sys
from importlib import metadata

if "google.colab" in sys.modules and not [*metadata.distributions(name="elbo-room")]:
    %pip install -q "elbo-room @ git+https://github.com/{repository}@{branch}"
import helpers

assert hasattr(helpers, "start"), f"{{helpers}} hides the course's own: rename it, then restart the session"
helpers.start()"""
MAP_CELL = """\
# @title Picture: the map of the course
from helpers.pictures import course_map, drawing

chapters = [
{rows}
]
drawing.show(
    course_map.draw(chapters),
{caption}
)"""


def address(root: Path = ROOT) -> dict[str, str]:
    """The keys `repository` (owner/name) and `branch` of `[tool.elbo-room]`."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["elbo-room"]


def _badge(chapter: Chapter, images: str, where: dict[str, str]) -> str:
    """The picture that opens the chapter in Colab.

    Parameters
    ----------
    chapter : Chapter
    images : str
        Where the pictures are, from the page's place.
    where : dict
        "repository" and "branch", as `address` has them.
    """
    return BADGE.format(images=images, address=COLAB.format(file=chapter.file, **where))


def linked(text: str, table: list[Chapter]) -> str:
    """`text` with the number and the file of every chapter that it links to."""
    by_name = {chapter.name: chapter for chapter in table}

    def link(found: re.Match) -> str:
        if found[3] not in by_name:
            raise ValueError(f"{found[0]}): there is no chapter {found[3]!r}; there are {', '.join(by_name)}")
        chapter = by_name[found[3]]
        words = f"{found[1]} {chapter.number}" if found[1] else chapter.number
        return f"[{words}]({found[2] or ''}{chapter.file}"

    return CHAPTER.sub(link, text)


def _neighbours(chapter: Chapter, table: list[Chapter]) -> str:
    """Links to the chapter before, to the first, and to the chapter after."""
    place, links = table.index(chapter), []
    if place > 1:
        links.append(f"← [{table[place - 1].entry}]({table[place - 1].file})")
    if place > 0:
        links.append(f"[all chapters]({table[0].file})")
    if place + 1 < len(table):
        links.append(f"[{table[place + 1].entry}]({table[place + 1].file}) →")
    return " · ".join(links)


def _opening(source: str, chapter: Chapter, table: list[Chapter], where: dict[str, str]) -> str:
    """The first cell: heading, badge, neighbours, the prose that it has, and what to know first.

    Parameters
    ----------
    source : str
        As it is.
    chapter : Chapter
    table : list of Chapter
    where : dict
        "repository" and "branch".
    """
    prose = [part for part in source.split("\n\n")[1:] if not part.startswith(WRITTEN)]
    times = f"**Reading:** about {chapter.reading} minutes. **Running:** about {chapter.running}."
    first = f"**Know first:** {linked(chapter.know, table)}. {times}"
    parts = [
        f"# {chapter.number} · {chapter.heading}",
        _badge(chapter, "../images", where),
        _neighbours(chapter, table),
    ]
    return "\n\n".join([*parts, *prose, first])


def _rows(listed: list[Chapter], folder: str = "", where: dict[str, str] | None = None) -> str:
    """The chapters as a table in Markdown, with badges where an address is given.

    Parameters
    ----------
    listed : list of Chapter
    folder : str
        Before each file's name.
    where : dict, optional
        "repository" and "branch".
    """
    head = ["chapter", "you can do after it", "reading"]
    lines = [[f"[{c.entry}]({folder}{c.file})", c.promise, f"{c.reading} min"] for c in listed]
    if where:
        head, lines = [*head, ""], [[*line, _badge(c, "images", where)] for line, c in zip(lines, listed, strict=True)]
    return markdown.table(head, lines)


def _map_cell(table: list[Chapter]) -> str:
    """The code that draws the map: all chapters but the first."""
    quoted = [[json.dumps(text, ensure_ascii=False) for text in (c.part, c.entry, c.question)] for c in table[1:]]
    listed = [f"    ({', '.join(texts)})," for texts in quoted]
    parts = [(part, [c.entry for c in group]) for part, group in groupby(table[1:], lambda c: c.part)]
    listing = ". ".join(f"{part[0].upper()}{part[1:]}: {', '.join(entries)}" for part, entries in parts)
    lines = wrap(f"The trail through the course, part by part. {listing}.", 100)
    lines = [line + " " for line in lines[:-1]] + lines[-1:]
    caption = "\n".join(f"    {json.dumps(line, ensure_ascii=False)}" for line in lines) + ","
    return MAP_CELL.format(rows="\n".join(listed), caption=caption)


def kind(cell) -> str:
    """The tag that says what the code cell is: "setup", "picture" or "proof"; "lesson" where it has none of them.

    Raises
    ------
    ValueError
        Where it has more than one.
    """
    found = [tag for tag in cell.metadata.get("tags", []) if tag in FOLDED]
    if len(found) > 1:
        raise ValueError(f"one of the tags {', '.join(found)} is enough for the cell that begins {cell.source[:60]!r}")
    return found[0] if found else "lesson"


def fold(cell) -> None:
    """Write, in place, all that folds the cell, or takes the fold away, from its one tag."""
    own, metadata = kind(cell), cell.metadata
    tags = [tag for tag in metadata.pop("tags", []) if tag != "hide-input"]
    jupyter = {key: value for key, value in metadata.pop("jupyter", {}).items() if key != "source_hidden"}
    metadata.pop("cellView", None)
    if own in FOLDED:
        tags, jupyter, metadata["cellView"] = [*tags, "hide-input"], jupyter | {"source_hidden": True}, "form"
    titled = TITLE.match(cell.source)
    if own in FOLDED and not titled:
        cell.source = f"# @title {FOLDED[own]}\n{cell.source}"
    elif own == "lesson" and titled:
        cell.source = cell.source[titled.end() :]
    metadata.update({key: value for key, value in (("tags", tags), ("jupyter", jupyter)) if value})


def _stamped(path: Path, chapter: Chapter, table: list[Chapter], where: dict[str, str], questions: list[dict]) -> str:
    """The text of the notebook at `path` as it should be.

    Parameters
    ----------
    path : Path
    chapter : Chapter
    table : list of Chapter
    where : dict
        "repository" and "branch".
    questions : list of dict
        Those at its end, as `quiz.quizzes` has them.
    """
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = linked(cell.source, table)
            if chapter.number == 0:
                cell.source = TABLE.sub(lambda _: _rows(table[1:]), cell.source)
        elif "course_map.draw(" in cell.source:
            cell.source = _map_cell(table)
    notebook.cells[0].source = _opening(notebook.cells[0].source, chapter, table, where)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[0].source, code[0].metadata["tags"] = SETUP_CELL.format(**where), ["setup"]
    for cell in code:
        fold(cell)
    quiz.put(notebook, questions)
    return as_saved(nbformat.writes(notebook))


def stale(root: Path = ROOT) -> dict[Path, str]:
    """The files that are not as the two tables have them, each with the text it should have."""
    table, where, asked = all_chapters(root), address(root), quiz.quizzes(root)
    wanted = {}
    for chapter in table:
        path = root / "notebooks" / chapter.file
        wanted[path] = _stamped(path, chapter, table, where, asked.get(chapter.name, []))
    for path in (root / "README.md", root / "CONTRIBUTING.md", root / "site" / "index.md"):
        text = path.read_text(encoding="utf-8")
        wanted[path] = ADDRESS.sub(rf"\1https://github.com/{where['repository']}", text)
    readme = root / "README.md"
    wanted[readme] = TABLE.sub(lambda _: _rows(table, "notebooks/", where), linked(wanted[readme], table))
    return {path: text for path, text in wanted.items() if text != path.read_text(encoding="utf-8")}


def renumber(root: Path = ROOT) -> list[str]:
    """Rename the notebooks whose number has changed; what was renamed.

    Raises
    ------
    ValueError
        Where the table and the folder do not hold the same chapters.
    """
    table, folder = all_chapters(root), root / "notebooks"
    found = {path.stem[3:]: path for path in folder.glob("[0-9][0-9]_*.ipynb")}
    if missing := {chapter.name for chapter in table} ^ set(found):
        raise ValueError(f"chapters.toml and notebooks/ must hold the same chapters; only in one of them: {missing}")
    changed = [(found[c.name], folder / c.file) for c in table if found[c.name].name != c.file]
    for old, _ in changed:  # out of each other's way first
        old.rename(old.with_suffix(".moving"))
    for old, new in changed:
        old.with_suffix(".moving").rename(new)
    return [f"{old.name} is now {new.name}" for old, new in changed]


def main(root: Path = ROOT) -> list[str]:
    """Renumber and stamp; what was done."""
    done = renumber(root)
    for path, text in stale(root).items():
        path.write_text(text, encoding="utf-8")
        done.append(f"stamped {path.relative_to(root)}")
    return done


if __name__ == "__main__":
    for line in main():
        print(line)
