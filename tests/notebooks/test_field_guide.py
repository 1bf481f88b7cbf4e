"""The field guide: its list of symptoms is that of its entries, and each entry shows, explains, cures and proves."""

import re

import nbformat
import pytest

from tools import ledger, stamp
from tools.chapters import ROOT

GUIDE = ROOT / "notebooks" / "90_field_guide.ipynb"
SYMPTOM = re.compile(r"^### (.+)$", re.MULTILINE)


def entries(notebook) -> dict[str, list]:
    """Symptom → the cells of its entry; a cell that holds a heading of its own begins another."""
    found, inside = {}, []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith(("## ", "### ")):
            symptom = SYMPTOM.search(cell.source)
            inside = found.setdefault(symptom[1], []) if symptom else []
        inside.append(cell)
    return found


ENTRIES = entries(nbformat.read(GUIDE, as_version=4))


def test_the_list_of_symptoms_is_that_of_the_entries():
    cells = nbformat.read(GUIDE, as_version=4).cells
    (listed,) = [cell.source for cell in cells if cell.source.startswith("## The symptoms")]
    assert re.findall(r"^- (.+)$", listed, re.MULTILINE) == list(ENTRIES) and len(ENTRIES) >= 30


@pytest.mark.parametrize("symptom", ENTRIES)
def test_an_entry_shows_its_symptom_says_what_it_is_and_proves_it(symptom):
    cells = ENTRIES[symptom]
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    kinds = [stamp.kind(cell) for cell in cells if cell.cell_type == "code"]
    assert kinds[-1] == "proof" and "lesson" in kinds
    assert re.search(r"\*\*The\s+cure\*\*|\*\*What to do\.\*\*", prose)
    assert ledger.claims_of(cells[-1])  # the symptom, or the cure: a claim that fails retires the entry
