"""Every number in the prose has a claim: in the chapters that say so in `chapters.toml`."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import unclaimed
from tools.chapters import ROOT, all_chapters

CONVERTED = [chapter for chapter in all_chapters() if chapter.lessons_in_front]


@pytest.mark.parametrize("chapter", CONVERTED, ids=lambda chapter: chapter.name)
def test_every_number_has_its_claim(chapter):
    missing = unclaimed.missing(nbformat.read(ROOT / "notebooks" / chapter.file, as_version=4))
    assert not missing, f"`uv run python -m tools.unclaimed {chapter.file[:2]}` lists them"


def proof(**row):
    row = {"words": "it is so", "holds": True} | row
    output = new_output("display_data", {}, metadata={"elbo_room": {"claims": [row]}})
    return new_code_cell("claims(7777)", metadata={"tags": ["proof"]}, outputs=[output])


def made(*cells):
    """A notebook; text stands for prose."""
    return new_notebook(cells=[new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells])


def found(*cells):
    return [unclaimed.written(number) for _, number in unclaimed.without_claim(made(*cells))]


@pytest.mark.parametrize(
    "prose",
    [
        "`x = 12.5` and $12.5$ and $$y = 12.5$$",
        "```python\nx = 12.5\n```",
        "### 12.5\n\n## 12.5",
        "[chapter 12](12_name.ipynb), [![badge 12](a.svg)](b.html?12.5)",
        "Blei (2017), in 2017, in November 2026, arXiv:1601.00670",
        "**References.** Pages 12 to 35.\n\n**Next:** 12.5",
        "**Exercise 12.** Here.\n\n12. The twelfth entry.",
        "θ = 1, 2 draws, N(0, 1), W1, 2D, 10⁻¹²",
        '<img width="125">',
        "| chapter | you can do after it | reading |\n| --- | --- | --- |\n| [1 · One](01_one.ipynb) | fit 400,000 rows | 35 min |",
    ],
)
def test_what_needs_no_claim(prose):
    assert found("## One", prose, "## Two") == []


@pytest.mark.parametrize(
    ("prose", "numbers"),
    [
        ("It is 12.5, or 400,000, or −13.86.", ["12.5", "400,000", "13.86"]),
        ("3 times, 2 sd, 5 %, 27 % and 0.3", ["3", "2", "5", "27", "0.3"]),
        ("N(0.712, 2.873²), 12σ", ["0.712", "2.873", "12"]),
        ("<details>\n\nσ = 1.2533\n\n</details>", ["1.2533"]),
        ("| chapter | you can do after it |\n| --- | --- |\n| one | 35 |\n\nThen 36.\n\n| n | 37 |", ["36", "37"]),
    ],
)
def test_what_needs_one(prose, numbers):
    assert found("## One", prose, "## Two") == numbers


@pytest.mark.parametrize(
    ("prose", "row"),
    [
        ("0.041", {"stated": 0.0407}),
        ("0.0407", {"stated": 0.0407}),
        ("27 %", {"stated": 0.272}),
        ("27 %", {"stated": 27.2}),
        ("−13.9", {"stated": -13.86}),
        ("36 and 150", {"stated": [36.2, 149.6]}),
        ("between 450 and 570", {"at_least": 450, "at_most": 570}),
        ("about 500", {"at_least": 450, "words": "about 500"}),
        ("400,000", {"words": "of 400,000 rows"}),
    ],
)
def test_what_a_claim_states(prose, row):
    assert found("## One", prose, proof(**row), "## Two") == []


@pytest.mark.parametrize(
    ("prose", "row"),
    [
        ("0.042", {"stated": 0.0407}),
        ("0.0407", {"stated": 0.041}),
        ("27", {"stated": 0.27}),
        ("7777", {"found": 7777}),
        ("100 %", {"stated": "left"}),
    ],
)
def test_what_a_claim_does_not_state(prose, row):
    assert len(found("## One", prose, proof(**row), "## Two")) == 1


def test_a_claim_counts_for_its_section_and_many_digits_later_too():
    assert found("## One", proof(stated=0.866), "## Two\n\n0.866 and 0.87", "## Three") == ["0.87"]
    assert found("0.87\n\n## One\n\n0.866", "## Two", proof(stated=0.866), "## Three\n\n0.87") == ["0.866"]


def test_a_number_of_the_code_needs_no_claim():
    assert found("## One\n\n35 % and 400", new_code_cell("x = (0.35, 400)"), "## Two") == []
    assert found("## One\n\n400", new_code_cell("x = '400'"), "## Two") == ["400"]


def test_marks_have_reasons_and_are_needed():
    notebook = made("## One", "About 0.7, or 70 %.", "## Two")
    assert unclaimed.mark(notebook, "0.7", "the usual threshold of k-hat") == 1
    assert unclaimed.mark(notebook, "70", "short") == 1
    assert [line.partition(": ")[2] for line in unclaimed.missing(notebook)] == ["70 is marked as unclaimed; say why"]
    notebook.cells.insert(2, proof(stated=0.7))
    assert [line.partition(": ")[2][:9] for line in unclaimed.missing(notebook)] == [
        "0.7 is ma",
        "70 is mar",
        "70 is mar",
    ]


def test_the_command(tmp_path, capsys, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    text = (ROOT / "notebooks" / "chapters.toml").read_text(encoding="utf-8")
    (tmp_path / "notebooks" / "chapters.toml").write_text(text, encoding="utf-8")
    nbformat.write(made("## One", "About 0.7.", "## Two"), tmp_path / "notebooks" / "01_student_t.ipynb")
    unclaimed.main(["01"], tmp_path)
    assert "'About 0.7.': nothing states 0.7" in capsys.readouterr().out
    unclaimed.main(["01", "--mark", "0.7", "the usual threshold of k-hat"], tmp_path)
    assert capsys.readouterr().out == "01_student_t.ipynb: marked in 1 cells\n"
    unclaimed.main(["01"], tmp_path)
    assert not capsys.readouterr().out.strip()
