"""The sweep over seeds, on a made-up notebook: one assertion fails for odd seeds, and hides nothing."""

import sys
from pathlib import Path

import nbformat
import pytest

from benchmarks import sweep

CELLS = (
    "import numpy as np\n\nSEED = 7",
    "data = SEED  # the data",
    "def stub(): ...\n\n\nprint(stub())",
    "assert SEED % 2 == 0, 'odd'\nlater = [SEED, 0.5]\nassert 0 < SEED",
    "np.testing.assert_allclose(later[1], 0.5)\nassert data == 7\nlater",
)


def write(path: Path, *cells: str) -> Path:
    made = [nbformat.v4.new_code_cell(source) for source in cells]
    made.insert(1, nbformat.v4.new_markdown_cell("Words."))
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return path


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setitem(sweep.DATA, "00_made_up", "# the data")
    return write(tmp_path / "00_made_up.ipynb", *CELLS)


def test_reports_the_odd_seeds_and_goes_on_where_it_was(path, tmp_path, capsys):
    cache = tmp_path / "cache.jsonl"
    results = sweep.run_all([path], [1, 2], cache)
    odd, even = map(sweep.failures, results)
    assert odd == ["[4] line 1: assert SEED % 2 == 0, 'odd'"] and even == []
    assert results[0]["assertions"][0]["message"] == "odd"
    assert [(a["cell"], a["line"], a["values"]) for a in results[0]["assertions"]] == [
        (4, 1, {"SEED % 2": 1.0}),
        (4, 3, {"SEED": 1.0}),
        (5, 1, {"later[1]": 0.5}),
        (5, 2, {"data": 7.0}),  # keeps its seed
    ]
    assert "| 00_made_up | 2 | 1 | `[4] line 1: assert SEED % 2 == 0, 'odd'` (seeds 1) |" in sweep.as_markdown(results)
    assert "00_made_up seed 2: " in capsys.readouterr().out
    # an interrupted run has left half a line
    _, kept, cut = cache.read_text(encoding="utf-8").split("\n")
    cache.write_text(f"\n{kept}\n{cut[:50]}", encoding="utf-8")
    assert list(sweep.cached(cache, [path])) == [("00_made_up", 1)]
    again = sweep.run_all([path], [1, 2], cache)
    assert [r["seed"] for r in again] == [1, 2] and again[0] == results[0]
    assert "1 runs are there, 1 to go" in capsys.readouterr().out
    assert list(sweep.cached(cache, [path])) == [("00_made_up", 1), ("00_made_up", 2)]
    write(path, *CELLS, "more = 1")
    assert not sweep.cached(cache, [path])


def test_an_error_ends_its_cell_only(tmp_path):
    path = write(tmp_path / "01.ipynb", "SEED = 7", "x = 1 / 0\nassert SEED == 7", "assert SEED == 2\nassert SEED > 1")
    failed = sweep.failures(sweep.run(path, 1))
    assert failed[:2] == ["[3] line 1: assert SEED == 2", "[3] line 2: assert SEED > 1"]
    assert failed[2].startswith("[2] ZeroDivisionError: division by zero; the rest of the cell did not run")
    assert len(failed) == 3


CLAIMS = """\
from helpers.checks import claim, claims
claims(
    claim("it is 1", found=SEED, stated=1),
    claim("it is small", found=[SEED, 0.5], at_most=9, because="made up"),
    claim("it is right", found=True, stated=True),
)"""


def test_claims_are_read_beside_assertions(tmp_path, capsys):
    path = write(tmp_path / "01.ipynb", "SEED = 7", "assert SEED > 1", CLAIMS)
    results = [sweep.run(path, seed) for seed in (1, 2)]
    assert [sweep.failures(r) for r in results] == [["[2] line 1: assert SEED > 1"], ["[3]: it is 1"]]
    assert [a["values"] for a in results[1]["assertions"]] == [
        {"SEED": 2.0}, {"found": 2}, {"found": [2, 0.5]}, {"found": True},
    ]  # fmt: skip
    assert sweep.spread(results) == {
        "01": {
            "it is 1": {"seeds": 2, "least": 1, "largest": 2},
            "it is small": {"seeds": 2, "least": [1, 0.5], "largest": [2, 0.5]},
        }
    }
    sweep.print_spread(results)
    assert "01 [3]: it is small\n    mean     1.5 0.5\n" in capsys.readouterr().out


@pytest.mark.parametrize("cells", [("x = 1",), ("SEED = 1", "SEED = 2")])
def test_one_seed_only(cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    with pytest.raises(ValueError, match="must have one line SEED = number"):
        sweep.with_seed(notebook, 3)
    with pytest.raises(ValueError, match="one cell must hold 'other'"):
        sweep.with_seed(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("SEED = 1")]), 3, "other")


def test_what_changes_the_fingerprint(tmp_path):
    def of(*cells):
        return sweep.fingerprint(write(tmp_path / "01.ipynb", *cells))

    first = of("setup", "draw('#0072B2')", "x = 1")
    assert first == of("stamped", "draw('#123456')", "x = 1")
    assert first != of("setup", "draw('#0072B2')", "x = 2")


def test_the_data_cells_exist():
    for stem, text in sweep.DATA.items():
        notebook = nbformat.read(sweep.ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
        sweep.with_seed(notebook, 3, text)
        made = next(cell.source for cell in notebook.cells if text in cell.source)
        assert "SEED" not in made


def test_the_command(path, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweep, "ROOT", tmp_path)
    (tmp_path / "notebooks").mkdir()
    write(tmp_path / "notebooks" / "00.ipynb", "SEED = 7", "assert SEED < 0")
    out, cache = str(tmp_path / "table.md"), str(tmp_path / "cache")
    monkeypatch.setattr(sys, "argv", ["sweep", "--seeds", "1", "--out", out, "--cache", cache, "--spread"])
    monkeypatch.setattr(sweep, "run", lambda path, seed: made(path, seed))
    with pytest.raises(SystemExit, match="1"):
        sweep.main()
    assert "| 00 | 1 | 1 | `[2] line 1: assert SEED < 0` (seeds 1000) |" in Path(out).read_text(encoding="utf-8")
    assert "00 [2] line 1: SEED\n    mean     1000" in capsys.readouterr().out


def made(path: Path, seed: int) -> dict:
    """A result as of a run."""
    failed = {"cell": 2, "line": 1, "text": "assert SEED < 0", "ok": False, "values": {"SEED": seed}, "message": ""}
    stamp = {"chapter": path.stem, "code": sweep.fingerprint(path), "seed": seed, "date": "today", "versions": "pymc 6"}
    return stamp | {"seconds": 1, "assertions": [failed], "errors": []}


def test_a_chapter_holds_for_another_seed():
    """The short form of the sweep, with the chapter that runs fastest; the long one has all, and twenty seeds."""
    result = sweep.run(sweep.ROOT / "notebooks" / "01_student_t.ipynb", 1000)
    assert result["assertions"] and not sweep.failures(result)
