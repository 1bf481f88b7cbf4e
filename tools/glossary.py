"""The site's glossary, from `site/glossary.toml`, and links to it from the first use of each term in a chapter."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref

from tools.chapters import ROOT, all_chapters

OPENING = """\
# Glossary

Each term of the course in one sentence, with the chapter that defines it. In every chapter the first use of a term leads here.

```{glossary}
"""
NO_PROSE = (nodes.title, nodes.reference, nodes.literal, nodes.math, nodes.raw, pending_xref, nodes.literal_block)


def terms(root: Path = ROOT) -> list[dict]:
    """The entries in alphabetical order: "name", "says", "chapter", and other forms in "also"."""
    table = tomllib.loads((root / "site" / "glossary.toml").read_text(encoding="utf-8"))
    return sorted(table["term"], key=lambda term: term["name"].lower())


def page(root: Path = ROOT) -> str:
    """The glossary in Markdown."""
    table = {chapter.name: chapter for chapter in all_chapters(root)}
    entries = []
    for term in terms(root):
        chapter = table[term["chapter"]]
        entries.append(f"{term['name']}\n  {term['says']} ([chapter {chapter.number}]({chapter.file}))\n")
    return OPENING + "\n".join(entries) + "```\n"


def forms() -> dict[str, str]:
    """Each form of a term in lower case, with the name of its entry."""
    return {form.lower(): term["name"] for term in terms() for form in (term["name"], *term.get("also", []))}


def words(known: dict[str, str]) -> re.Pattern:
    """What finds these forms in a text, the longest first; an apostrophe may be typographic."""
    longest = sorted(known, key=len, reverse=True)
    return re.compile(
        rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest)).replace("'", "['’]")})(?![\w-])", re.IGNORECASE
    )


def _is_prose(text: nodes.Text) -> bool:
    """Whether a text stands in a paragraph that an author has written: no title, link, code, formula or output."""
    inside = False
    node = text.parent
    while node is not None:
        if isinstance(node, NO_PROSE) or "cell_output" in node.get("classes", ()):
            return False
        inside, node = inside or isinstance(node, nodes.paragraph), node.parent
    return inside


def link_first_uses(doctree: nodes.document, docname: str, known: dict[str, str]) -> None:
    """Make the first use of each term a link to its entry, in place.

    Parameters
    ----------
    doctree : nodes.document
    docname : str
        Of the page, for Sphinx.
    known : dict
        What `forms` returns.
    """
    pattern, seen = words(known), set()
    for text in [each for each in doctree.findall(nodes.Text) if _is_prose(each)]:
        pieces, at = [], 0
        for found in pattern.finditer(text):
            name = known[found[0].lower().replace("’", "'")]
            if name not in seen:
                seen.add(name)
                pieces += [nodes.Text(text[at : found.start()]), _reference(found[0], name, docname)]
                at = found.end()
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(text[at:])])


def _reference(words: str, name: str, docname: str) -> pending_xref:
    """A link to an entry of the glossary.

    Parameters
    ----------
    words : str
        As they stand in the text.
    name : str
        Of the entry.
    docname : str
        Of the page, for Sphinx.
    """
    inner = nodes.inline(words, words, classes=["xref", "std", "std-term"])
    where = {"refdomain": "std", "reftype": "term", "reftarget": name, "refexplicit": True, "refwarn": True}
    return pending_xref("", inner, refdoc=docname, **where)
