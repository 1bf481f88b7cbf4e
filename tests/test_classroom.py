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
    """Of a right answer, a wrong one, an error, one that is missing, and a checker that says nothing."""
    silent, missing = "exercises.check_steps_needed(print);", "exercises.check_log_share(log_share)"
    path = submission("a.ipynb", RIGHT + CHECK, WEIGHTS.format("return elbos"), "1 / 0", missing, silent)
    before = path.read_bytes()
    said = classroom.grade(path)
    assert list(said) == ["draws_needed", "mode_weights", "log_share", "steps_needed"] and path.read_bytes() == before
    assert said["draws_needed"].startswith("✓ Right.") and said["mode_weights"].startswith("✗ Not yet.")
    assert (said["log_share"], said["steps_needed"]) == ("✗ NameError", "✗ no verdict")


def test_the_commands(monkeypatch, capsys):
    said = {"a.ipynb": {"draws_needed": "✓ Right."}, "b.ipynb": {"mode_weights": "✗ Not yet."}}
    monkeypatch.setattr(classroom, "handout", lambda folder: [folder / name for name in said])
    monkeypatch.setattr(classroom, "grade", lambda path: said[path.name])
    classroom.main(["handout", "out"])
    assert "2 notebooks without solutions in out" in capsys.readouterr().out
    classroom.main(["grade", *said])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["draws_needed", "mode_weights"], ["a.ipynb", "✓"], ["b.ipynb", "✗"]]
