"""Write a skeleton for every chapter of `notebooks/chapters.toml` that has no notebook yet, then stamp all.

uv run python -m tools.new_chapter
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools import stamp
from tools.chapters import ROOT, Chapter, all_chapters
from tools.store import KERNEL

IMPORTS = """\
import matplotlib.pyplot as plt
import numpy as np

from helpers import exercises
from helpers.pictures import drawing

SEED = 1"""
EXERCISE = """\
## Exercises

**1. Its name.** What is asked, and in which form."""
STUB = """\
def answer(x): ...


# exercises.check_answer(answer)"""
SOLUTION = """\
<details><summary>Solution</summary>

Why it is so.

```python
def answer(x):
    return x
```

</details>"""
RECAP = """\
## What to take along

Three to five plain sentences.

**References.** Author (year), title, DOI or arXiv id.

**Next:** what comes next."""


def _skeleton(chapter: Chapter):
    """A notebook with all that a chapter has, and nothing in it."""
    cells = [
        new_markdown_cell(f"# {chapter.number} · {chapter.heading}\n\nOne paragraph: after this chapter you can ..."),
        new_code_cell("helpers.start()"),  # the stamp writes the setup cell
        new_code_cell(IMPORTS),
        new_markdown_cell("## The question\n\nA plain sentence: what is this section about?"),
        new_markdown_cell("## The right answer first"),
        new_markdown_cell("## The fit, beside it"),
        new_markdown_cell(EXERCISE),
        new_code_cell(STUB),
        new_markdown_cell(SOLUTION),
        new_markdown_cell(RECAP),
        new_code_cell("helpers.versions()"),
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def main(root: Path = ROOT) -> list[str]:
    """Write the missing notebooks, renumber and stamp the others; what was done."""
    folder = root / "notebooks"
    there = {path.stem[3:] for path in folder.glob("[0-9][0-9]_*.ipynb")}
    missing = [chapter for chapter in all_chapters(root) if chapter.name not in there]
    for chapter in missing:
        nbformat.write(_skeleton(chapter), folder / chapter.file)
    return [*(f"wrote {chapter.file}" for chapter in missing), *stamp.main(root)]


if __name__ == "__main__":
    for line in main():
        print(line)
