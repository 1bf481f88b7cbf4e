"""For teachers: the notebooks without their solutions, and a table of who has solved what.

    uv run python -m tools.classroom handout handouts
    uv run python -m tools.classroom grade submissions/*.ipynb

`grade` runs every notebook from the top, a minute each, with all the code that is in it: do it where you would run a
stranger's code.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import nbformat
import pandas as pd
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
SOLUTION = "<details><summary>Solution</summary>"
CHECK = re.compile(r"^exercises\.check_(\w+)\(", re.MULTILINE)


def without_solutions(notebook):
    """`notebook` without the cells that hold a solution; it is changed in place."""
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith(SOLUTION)]
    return notebook


def handout(folder: Path) -> list[Path]:
    """Write every chapter without its solutions to `folder`; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        nbformat.write(without_solutions(nbformat.read(path, as_version=4)), folder / path.name)
        written.append(folder / path.name)
    return written


def grade(path: Path) -> dict[str, str]:
    """Run the notebook at `path`: what each checker says, by the exercise's name; the file stays as it is.

    A cell that raises an error does not end the run. A checker that said nothing counts as "✗ no verdict", or with
    the error of its cell.
    """
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=600, allow_errors=True, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    said = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and (found := CHECK.search(cell.source)):
            results = [output.data["text/plain"] for output in cell.outputs if output.output_type == "execute_result"]
            errors = [f"✗ {output.ename}" for output in cell.outputs if output.output_type == "error"]
            said[found[1]] = [*results, *errors, "✗ no verdict"][0]
    return said


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tools.classroom", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("handout", help="notebooks without solutions").add_argument("folder", type=Path)
    commands.add_parser("grade", help="who has solved what").add_argument("notebooks", type=Path, nargs="+")
    given = parser.parse_args(arguments)
    if given.command == "handout":
        print(f"{len(handout(given.folder))} notebooks without solutions in {given.folder}")
        return
    verdicts = {str(path): grade(path) for path in given.notebooks}
    marks = (
        pd.DataFrame.from_dict(verdicts, orient="index").map(lambda said: str(said)[0], na_action="ignore").fillna("")
    )
    print(marks.to_string())


if __name__ == "__main__":
    main()
