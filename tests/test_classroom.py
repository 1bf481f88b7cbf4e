"""Handouts hold everything but the solutions; grading finds the right answers, and survives the wrong ones."""

import nbformat
import pytest

from tools import classroom

SETUP = "import numpy as np\n\nfrom helpers import exercises"
RIGHT = "def draws_needed(k):\n    return np.ceil(10 ** (1 / (1 - k))) if k <= 0.7 else np.inf\n\n\n"
CHECK = "exercises.check_draws_needed(draws_needed)"
WEIGHTS = "def mode_weights(elbos): {}\n\n\nexercises.check_mode_weights(mode_weights)"


@pytest.fixture
def submission(tmp_path):
    def write(name, *cells):
        path = tmp_path / name
        made = [nbformat.v4.new_code_cell(source) for source in (SETUP, *cells)]
        nbformat.write(nbformat.v4.new_notebook(cells=made), path)
        return path

    return write


def test_handouts(tmp_path):
    written = classroom.handout(tmp_path / "new" / "folder")
    assert len(written) == len(list(classroom.NOTEBOOKS.glob("[0-9]*.ipynb"))) >= 10
    for path in written:
        before, after = (nbformat.read(p, as_version=4) for p in (classroom.NOTEBOOKS / path.name, path))
        nbformat.validate(after)
        gone = [cell for cell in before.cells if cell not in after.cells]
        assert len(gone) in ((0,) if path.stem == "00_start_here" else (2, 3))
        assert all("Solution" in cell.source for cell in gone)
        text = "\n".join(cell.source for cell in after.cells)
        assert "Solution</summary>" not in text and text.count("exercises.check_") == len(gone)


def test_grading(submission):
    path = submission("a.ipynb", RIGHT + CHECK, WEIGHTS.format("return elbos"), "1 / 0")
    before = path.read_bytes()
    said = classroom.grade(path)
    assert list(said) == ["draws_needed", "mode_weights"] and path.read_bytes() == before
    assert said["draws_needed"].startswith("✓ Right.") and said["mode_weights"].startswith("✗ Not yet.")


def test_a_checker_that_says_nothing(submission):
    said = classroom.grade(submission("b.ipynb", CHECK, WEIGHTS.format("return elbos") + ";"))
    assert said == {"draws_needed": "✗ NameError", "mode_weights": "✗ no verdict"}


def test_the_commands(submission, tmp_path, capsys):
    classroom.main(["handout", str(tmp_path / "out")])
    assert "notebooks without solutions in" in capsys.readouterr().out
    first, second = submission("a.ipynb", RIGHT + CHECK), submission("b.ipynb", WEIGHTS.format("..."))
    classroom.main(["grade", str(first), str(second)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["draws_needed", "mode_weights"]
    assert lines[1].split() == [str(first), "✓"] and lines[2].split() == [str(second), "✗"]
