"""Handouts hold everything but the solutions; grading finds the right answers, and survives whatever comes in."""

import nbformat
import pandas as pd
import pytest

from tools import classroom

SETUP = "import numpy as np\n\nfrom helpers import exercises"
RIGHT = "def draws_needed(k):\n    return np.ceil(10 ** (1 / (1 - k))) if k <= 0.7 else np.inf\n\n\n"
CHECK = "exercises.check_draws_needed(draws_needed)"
WEIGHTS = "def mode_weights(elbos): {}\n\n\nexercises.check_mode_weights(mode_weights)"


@pytest.fixture
def submission(tmp_path):
    def write(name, *cells, setup=SETUP, **metadata):
        path = tmp_path / name
        made = [nbformat.v4.new_code_cell(source) for source in (setup, *cells)]
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata), path)
        return path

    return write


def test_handouts(tmp_path):
    written = classroom.handout(tmp_path / "new" / "folder")
    assert len(written) == len(list(classroom.NOTEBOOKS.glob("[0-9]*.ipynb"))) >= 10
    for path in written:
        before, after = (nbformat.read(p, as_version=4) for p in (classroom.NOTEBOOKS / path.name, path))
        nbformat.validate(after)
        gone = [cell for cell in before.cells if cell not in after.cells]
        assert len(gone) in ((0,) if path.stem in ("00_start_here", "90_field_guide") else (2, 3))
        assert all("Solution" in cell.source for cell in gone)
        text = "\n".join(cell.source for cell in after.cells)
        assert "Solution</summary>" not in text and text.count("exercises.check_") == len(gone)


def test_grading(submission):
    other_kernel = {"kernelspec": {"name": "my-own", "display_name": "Mine"}}
    silent = WEIGHTS.replace("mode_weights", "paired").format("...") + ";"
    failing = "exercises.check_prior_sd(never_defined)"
    cells = (RIGHT + CHECK, WEIGHTS.format("return elbos"), "1 / 0", silent, failing)
    path = submission("a.ipynb", *cells, **other_kernel)
    before = path.read_bytes()
    said = classroom.grade(path)
    assert [*said] == ["draws_needed", "mode_weights", "paired", "prior_sd"] and path.read_bytes() == before
    assert said["draws_needed"].startswith("✓ Right.") and said["mode_weights"].startswith("✗ Not yet.")
    assert said["paired"] == "✗ no verdict" and said["prior_sd"] == "✗ NameError"


def stored_as_right(path):
    """Pretend that the last cell of a notebook has said so already."""
    notebook = nbformat.read(path, as_version=4)
    cell = notebook.cells[-1]
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "✓ Right."}, execution_count=1)]
    cell.execution_count = 1
    nbformat.write(notebook, path)


def test_each_trouble_is_a_row_and_the_rest_is_graded(submission, tmp_path, capfd):
    (tmp_path / "empty.ipynb").touch()
    (tmp_path / "text.ipynb").write_text("not JSON")
    (tmp_path / "list.ipynb").write_text("[]")
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "nothing.ipynb")
    noise = "import os\nos.system('echo noise >&2; echo noise')"
    paths = {
        "there is no such file": tmp_path / "missing.ipynb",
        "the file is empty": tmp_path / "empty.ipynb",
        "a folder, not a notebook": tmp_path,
        "no notebook: Notebook does not appear": tmp_path / "text.ipynb",
        "no notebook: ": tmp_path / "list.ipynb",
        "no exercise in it": tmp_path / "nothing.ipynb",
        "the kernel died, in the cell that begins 'import os'": submission(
            "dead.ipynb", noise + "\nos._exit(1)", CHECK
        ),
        "": submission("good.ipynb", RIGHT + CHECK),
    }
    stored_as_right(tmp_path / "dead.ipynb")
    csv = tmp_path / "grades.csv"
    classroom.main(["grade", *map(str, paths.values()), "--csv", str(csv)])
    out, err = capfd.readouterr()
    kept = pd.read_csv(csv, index_col="notebook", keep_default_na=False)
    assert [*kept.index] == [str(path) for path in paths.values()]
    assert [*kept.columns] == ["draws_needed", "trouble"]
    for reason, path in paths.items():
        assert kept.trouble[str(path)].startswith(reason) and bool(reason) == bool(kept.trouble[str(path)])
    said = [kept.draws_needed[str(tmp_path / name)] for name in ("dead.ipynb", "good.ipynb")]
    assert said[0] == "✗ not reached" and said[1].startswith("✓ Right.")
    assert len(out.splitlines()) == 1 + len(paths) and "noise" not in out + err and "Traceback" not in err
    assert out.splitlines()[-1].split() == [str(tmp_path / "good.ipynb"), "✓"]
    assert [line.split()[1] for line in out.splitlines() if "dead.ipynb" in line] == ["✗"]
    assert len(err.splitlines()) == len(paths) and err.splitlines()[-1].startswith("8 of 8: ")
    assert "good.ipynb ... 1 of 1 right" in err


def test_an_endless_loop_is_stopped(submission):
    said = classroom.grade(submission("loop.ipynb", CHECK, setup="while True:\n    print('endless')"), limit=2)
    assert said == {
        "draws_needed": "✗ not reached",
        "trouble": "stopped after 2 s, in the cell that begins 'while True:'",
    }


def test_the_command_for_handouts(tmp_path, capsys):
    classroom.main(["handout", str(tmp_path / "out")])
    assert "notebooks without solutions in" in capsys.readouterr().out
