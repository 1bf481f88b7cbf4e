"""The ledger: what a claim's row says, and that a section's claims stand under its heading."""

import json

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import ledger
from tools.chapters import ROOT

TABLE = """\
[[chapter]]
name = "made_up"
part = "the idea"
title = "Made up"
heading = "Made up"
question = "?"
promise = "nothing"
know = "nothing"
reading = 1
running = "a second"
"""


def proof(*rows):
    kept = {"elbo_room": {"claims": [*rows]}}
    return new_code_cell("claims()", outputs=[new_output("display_data", {}, metadata=kept)])


def test_sections_begin_at_their_headings_also_inside_a_cell():
    cells = [
        new_markdown_cell("# Title\n\n## One\n\nA."),
        new_code_cell("1"),
        new_markdown_cell("B.\n\n## Two\n\n### C"),
    ]
    parts = [
        (heading, [text.strip() for _, text in pieces])
        for heading, pieces in ledger.sections(new_notebook(cells=cells))
    ]
    assert parts == [("", ["# Title"]), ("One", ["A.", "1", "B."]), ("Two", ["### C"])]


def test_the_page(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "notebooks" / "chapters.toml").write_text(TABLE, encoding="utf-8")
    near = {"words": "|θ| is near 2", "found": 2.01, "stated": 2, "within": 0.1, "because": "4 sd", "holds": True}
    low = {"words": "both are low", "found": [1, 2], "at_most": 3, "because": "sd", "holds": True}
    same = {"words": "it is left", "found": "left", "stated": "left", "within": 0, "because": "", "holds": True}
    cells = [new_markdown_cell("# Title\n\n## One"), proof(near, low), new_markdown_cell("## Two"), proof(same)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "00_made_up.ipynb")
    spread = {"00_made_up": {"|θ| is near 2": {"seeds": 20, "least": 1.95, "largest": 2.05}}}
    spread["00_made_up"]["both are low"] = {"seeds": 3, "least": [1, 2], "largest": [1, 2]}
    (tmp_path / ledger.SPREAD).write_text(json.dumps(spread), encoding="utf-8")
    page = ledger.page(tmp_path)
    assert page.startswith("# The ledger\n\nAll 3 claims")
    one, two = page.partition("## [0 · Made up](00_made_up.ipynb)")[2].split("**Two**")
    assert "**One**" in one
    assert "\n| \\|θ\\| is near 2 | 2.01 | 2 ± 0.1 | 4 sd | 1.95 to 2.05 (20 seeds) |\n" in one
    assert "\n| both are low | 1, 2 | at most 3 | sd | 1, 2 (3 seeds) |\n" in one
    assert "\n| it is left | left | left | equal |  |\n" in two


def test_stored_ranges_are_of_claims_that_are_made():
    for stem, spread in json.loads((ROOT / ledger.SPREAD).read_text(encoding="utf-8")).items():
        cells = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4).cells
        assert set(spread) <= {row["words"] for cell in cells for row in ledger.claims_of(cell)}
