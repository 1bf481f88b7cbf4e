"""Three quick questions at the end of a chapter, from `notebooks/quizzes.toml`; `tools.stamp` writes them into its notebook.

Each answer is a `<details>`: opened, it says whether it is right, and why. That works in a notebook, on the site and on
GitHub, without a script, and sends nothing anywhere.
"""

from __future__ import annotations

import html
import re
import tomllib
from pathlib import Path

from nbformat.v4 import new_markdown_cell

from tools.chapters import ROOT

ID = "quiz"  # of the cell
OPENING = """\
## Three quick questions

Choose an answer. It opens, and says whether it is right, and why."""
QUESTION = "**{number}.** {ask}\n\n{answers}"
ANSWER = "<details><summary>{answer}</summary>\n\n{verdict} {because}\n\n</details>"
BEFORE = "## What to take along"  # the section that the questions precede; else they precede the last text


def quizzes(root: Path = ROOT) -> dict[str, list[dict]]:
    """The questions by the chapter's name; each has "ask", "right" (an answer and its reason) and "wrong" (more of these)."""
    file = root / "notebooks" / "quizzes.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def summary(answer: str) -> str:
    """An answer as HTML: Markdown leaves the line of a `<summary>` alone."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(answer, quote=False))


def asked(number: int, question: dict) -> str:
    """A question and its answers in Markdown, in alphabetical order."""
    verdicts = [("✓ **Right.**", *question["right"]), *(("✗ **No.**", *each) for each in question["wrong"])]
    answers = [
        ANSWER.format(answer=summary(answer), verdict=verdict, because=because)
        for verdict, answer, because in sorted(verdicts, key=lambda each: each[1].lower())
    ]
    return QUESTION.format(number=number, ask=question["ask"], answers="\n".join(answers))


def put(notebook, questions: list[dict]) -> None:
    """Write the cell of the questions into a notebook, in place; no questions, no cell."""
    notebook.cells = [cell for cell in notebook.cells if cell.get("id") != ID]
    if not questions:
        return
    text = "\n\n".join([OPENING, *(asked(number, each) for number, each in enumerate(questions, 1))])
    prose = [k for k, cell in enumerate(notebook.cells) if cell.cell_type == "markdown"]
    at = next((k for k in prose if notebook.cells[k].source.startswith(BEFORE)), prose[-1])
    notebook.cells.insert(at, new_markdown_cell(text, id=ID))
