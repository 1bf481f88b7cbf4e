"""For teachers: the notebooks without their solutions, and a table of who has solved what.

    uv run python -m tools.classroom handout handouts
    uv run python -m tools.classroom grade submissions/*.ipynb --csv grades.csv

`grade` runs every notebook from the top, a minute each, with all the code that is in it: do it where you would run a
stranger's code. A notebook that cannot be graded, or not to its end, gets a row with the reason; the others are graded.
"""

from __future__ import annotations

import argparse
import logging
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from tools.chapters import ROOT

NOTEBOOKS = ROOT / "notebooks"
SOLUTION = "<details><summary>Solution</summary>"
CHECK = re.compile(r"^exercises\.check_(\w+)\(", re.MULTILINE)
TROUBLE = "trouble"  # the column with the reason why a notebook was not graded, or not to its end
LIMIT = 300  # seconds for one notebook
QUIET = logging.getLogger("tools.classroom.nbclient")  # what nbclient would print of a kernel's death is in the table
QUIET.disabled = True


def _without_solutions(notebook):
    """`notebook` without the cells that hold a solution; it is changed in place."""
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith(SOLUTION)]
    return notebook


def handout(folder: Path) -> list[Path]:
    """Write every chapter without its solutions to `folder`; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        nbformat.write(_without_solutions(nbformat.read(path, as_version=4)), folder / path.name)
        written.append(folder / path.name)
    return written


class Client(NotebookClient):
    """Runs a notebook for its verdicts; what cells print is dropped, so that an endless `print` fills no memory."""

    def output(self, outs: list, msg: dict, display_id: str, cell_index: int):
        """Keep a message of the kernel, unless it is printed text.

        Parameters
        ----------
        outs, msg, display_id, cell_index
            As nbclient gives them: the cell's outputs, the message, and where it belongs.
        """
        return None if msg["msg_type"] == "stream" else super().output(outs, msg, display_id, cell_index)


def grade(path: Path, limit: float = LIMIT) -> dict[str, str]:
    """Run the notebook at `path`: what each checker says, by the exercise's name; the file stays as it is.

    A cell that raises an error does not end the run. A checker that said nothing counts as "✗ no verdict", or with
    the error of its cell; one that was not reached within `limit` seconds, or before the kernel died, as "✗ not reached".
    What went wrong with the notebook as a whole stands under "trouble".
    """
    try:
        notebook = nbformat.read(path, as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # noqa: BLE001 - a file can hold anything, and the other submissions are graded
        return {TROUBLE: _unreadable(path, error)}
    for cell in cells:  # nothing that was stored counts
        cell.outputs, cell.execution_count = [], None
    trouble = _run(notebook, path.parent, limit)
    said = {found[1]: _verdict(cell) for cell in cells if (found := CHECK.search(cell.source))}
    trouble = trouble or ("" if said else "no exercise in it")
    return said | ({TROUBLE: trouble} if trouble else {})


def _unreadable(path: Path, error: Exception) -> str:
    """Why the file at `path` is no notebook."""
    if not path.exists():
        return "there is no such file"
    if path.is_dir():
        return "a folder, not a notebook"
    if not path.stat().st_size:
        return "the file is empty"
    return f"no notebook: {_first_line(error)}"


def _run(notebook, folder: Path, limit: float) -> str:
    """Run `notebook`, in place, and say what ended it before its end; "" where nothing did.

    Parameters
    ----------
    notebook : NotebookNode
    folder : Path
        Where it runs.
    limit : float
        Seconds for all of it.
    """
    ends, now = time.monotonic() + limit, {}
    client = Client(
        notebook,
        kernel_name="python3",  # whatever the student's kernel is called
        allow_errors=True,
        timeout_func=lambda _: max(1, round(ends - time.monotonic())),
        shutdown_kernel="immediate",
        on_cell_execute=lambda cell, cell_index: now.update(cell=cell),
        resources={"metadata": {"path": str(folder)}},
        shell_timeout_interval=1,
        log=QUIET,
    )
    try:
        client.execute(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except CellTimeoutError:
        trouble = f"stopped after {limit:g} s"
    except DeadKernelError:
        trouble = "the kernel died"
    except Exception as error:  # noqa: BLE001 - the other submissions are graded
        trouble = f"{type(error).__name__}: {_first_line(error)}"
    else:
        return ""
    at = now.get("cell")
    return trouble + (f", in the cell that begins {at.source.partition('\n')[0][:60]!r}" if at else "")


def _first_line(error: Exception) -> str:
    """The first line of an error's words, not too long."""
    return (str(error).splitlines() or [type(error).__name__])[0][:100]


def _verdict(cell) -> str:
    """What the checker in a cell said."""
    if cell.execution_count is None:
        return "✗ not reached"
    results = [output.data.get("text/plain", "") for output in cell.outputs if output.output_type == "execute_result"]
    errors = [f"✗ {output.ename}" for output in cell.outputs if output.output_type == "error"]
    return [*filter(None, results), *errors, "✗ no verdict"][0]


def _table(verdicts: dict[str, dict[str, str]]) -> pd.DataFrame:
    """What was said, a row for each notebook and a column for each exercise; the last column is the trouble."""
    rows = pd.DataFrame.from_dict(verdicts, orient="index").fillna("")
    rows.index.name = "notebook"
    return rows[[*rows.columns.drop(TROUBLE, errors="ignore"), *rows.columns.intersection([TROUBLE])]]


def _grade_all(paths: list[Path], limit: float, csv: Path | None) -> pd.DataFrame:
    """Grade every notebook, say how far it is on the standard error, and keep `csv` up to date after each.

    Parameters
    ----------
    paths : list of Path
    limit : float
        Seconds for one notebook.
    csv : Path, optional
        For the messages in full, as a spreadsheet reads them.
    """
    verdicts = {}
    for k, path in enumerate(paths, 1):
        print(f"{k} of {len(paths)}: {path} ... ", end="", file=sys.stderr, flush=True)
        started = time.monotonic()
        said = verdicts[str(path)] = grade(path, limit)
        right = sum(text.startswith("✓") for text in said.values())
        count = len(said.keys() - {TROUBLE})
        words = [f"{right} of {count} right, {time.monotonic() - started:.0f} s"] if count else []
        print("; ".join([*words, *filter(None, [said.get(TROUBLE)])]), file=sys.stderr)
        if csv:
            _table(verdicts).to_csv(csv, encoding="utf-8-sig")  # the mark by which Excel knows UTF-8
    return _table(verdicts)


def main(arguments: list[str] | None = None) -> None:
    """The commands `handout` and `grade`."""
    parser = argparse.ArgumentParser(prog="tools.classroom", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("handout", help="notebooks without solutions").add_argument("folder", type=Path)
    graded = commands.add_parser("grade", help="who has solved what")
    graded.add_argument("notebooks", type=Path, nargs="+")
    graded.add_argument("--limit", type=float, default=LIMIT, help=f"seconds for one notebook ({LIMIT})")
    graded.add_argument("--csv", type=Path, help="write what the checkers said, in full, to this file")
    given = parser.parse_args(arguments)
    if given.command == "handout":
        print(f"{len(handout(given.folder))} notebooks without solutions in {given.folder}")
        return
    marks = _grade_all(given.notebooks, given.limit, given.csv)
    exercises = marks.columns.drop(TROUBLE, errors="ignore")
    marks[exercises] = marks[exercises].map(lambda said: said[:1])
    print(marks.to_string(index_names=False))


if __name__ == "__main__":
    main()
