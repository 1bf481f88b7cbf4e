"""Lessons in front, pictures and proofs folded: what a chapter keeps to that says so in `chapters.toml`."""

import ast
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools import ledger, stamp, store
from tools.chapters import ROOT, all_chapters

CONVERTED = [chapter for chapter in all_chapters() if chapter.lessons_in_front]
DRAWS = re.compile(r"\bdrawing\.show\(|\bplt\.(?:subplots|figure)\(|\.plot\(")


def faults(notebook) -> list[str]:
    """What is not as it should be, one line a cell."""
    return [f"{cell.id}: {fault}" for cell in notebook.cells if cell.cell_type == "code" for fault in faults_of(cell)]


def faults_of(cell):
    kind = stamp.kind(cell)
    if kind != "lesson" and not folded(cell):
        yield f"this {kind} is not folded; run `uv run python -m tools.stamp`"
    if kind == "setup":
        return
    nodes = [*ast.walk(ast.parse(re.sub(r"^\s*%.*$", "", cell.source, flags=re.MULTILINE)))]
    calls = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    if any(isinstance(node, ast.Assert) for node in nodes) or any("testing.assert" in call for call in calls):
        yield f"an assertion in a {kind}; say it with claims(claim(...)) in a proof"
    if (calls.count("claims") == 1) != (kind == "proof") or calls.count("claims") > 1:
        yield f"{calls.count('claims')} calls of claims in a {kind}; a proof has one, other cells none"
    rows = ledger.claims_of(cell)
    if kind == "proof" and not (rows and all(row["holds"] for row in rows)):
        yield "the stored claims do not hold, or there are none"
    if kind == "lesson" and len(cell.source.splitlines()) > 30:
        yield "a lesson over 30 lines"
    if kind == "lesson" and DRAWS.search(cell.source):
        yield "a picture that is shown as a lesson; give it the tag `picture`"


def folded(cell) -> bool:
    """In JupyterLab, in Colab, and on the site."""
    metadata = cell.metadata
    lab, colab = metadata.get("jupyter", {}).get("source_hidden"), metadata.get("cellView") == "form"
    return bool(lab and colab and "hide-input" in metadata["tags"] and stamp.TITLE.match(cell.source))


@pytest.mark.parametrize("chapter", CONVERTED, ids=lambda chapter: chapter.name)
def test_lessons_in_front(chapter):
    notebook = nbformat.read(ROOT / "notebooks" / chapter.file, as_version=4)
    words = [row["words"] for cell in notebook.cells for row in ledger.claims_of(cell)]
    assert not faults(notebook) and len(words) == len(set(words))  # the sweep tells claims apart by their words


def cell(source, *tags, holds=None):
    """A cell as the stamp leaves it, with the output of its claims."""
    made = new_code_cell(source, metadata={"tags": list(tags)})
    if holds is not None:
        kept = {"elbo_room": {"claims": [{"words": "it is so", "found": 1, "holds": holds}]}}
        made.outputs = [new_output("display_data", {"text/plain": "1 claim holds"}, metadata=kept)]
    stamp.fold(made)
    return made


PROOF = 'claims(claim("it is so", found=1, stated=1))'


@pytest.mark.parametrize(
    "good",
    [
        cell("x = 1"),
        cell(PROOF, "proof", holds=True),
        cell("fig, ax = plt.subplots()", "picture"),
        cell("assert x", "setup"),
    ],
)
def test_takes_what_is_right(good):
    assert not faults(new_notebook(cells=[good]))


def unfolded(key):
    made = cell("fig, ax = plt.subplots()", "picture")
    if key == "title":
        made.source = made.source.partition("\n")[2]
    elif key == "hide-input":
        made.metadata.tags.remove(key)
    else:
        del made.metadata[key]
    return made


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (cell("assert x == 1"), "an assertion in a lesson"),
        (cell("for x in y:\n    np.testing.assert_allclose(x, 1)"), "an assertion in a lesson"),
        (cell("assert x == 1", "picture"), "an assertion in a picture"),
        (cell(f"assert x\n{PROOF}", "proof", holds=True), "an assertion in a proof"),
        (cell(PROOF, holds=True), "1 calls of claims in a lesson"),
        (cell("x = 1", "proof", holds=True), "0 calls of claims in a proof"),
        (cell(f"{PROOF}\n{PROOF}", "proof", holds=True), "2 calls of claims in a proof"),
        (cell(PROOF, "proof", holds=False), "do not hold"),
        (cell(PROOF, "proof"), "there are none"),
        (cell("x = 1\n" * 31), "over 30 lines"),
        (cell("drawing.show(fig, '')"), "a picture that is shown"),
        (unfolded("jupyter"), "this picture is not folded"),
        (unfolded("cellView"), "this picture is not folded"),
        (unfolded("hide-input"), "this picture is not folded"),
        (unfolded("title"), "this picture is not folded"),
    ],
)
def test_refuses(bad, complaint):
    (fault,) = faults(new_notebook(cells=[bad]))
    assert complaint in fault


def test_one_tag_folds_and_unfolds():
    made = new_code_cell("x = 1", metadata={"tags": ["picture", "nbval-skip"]})
    stamp.fold(made)
    once = made.copy()
    assert made.source == "# @title Picture\nx = 1"
    assert made.metadata == {
        "tags": ["picture", "nbval-skip", "hide-input"], "jupyter": {"source_hidden": True}, "cellView": "form",
    }  # fmt: skip
    stamp.fold(made)
    assert made == once
    made.source = made.source.replace("Picture", "Picture: what it shows")
    stamp.fold(made)
    assert made.source == "# @title Picture: what it shows\nx = 1"
    made.metadata["tags"].remove("picture")
    stamp.fold(made)
    assert made.source == "x = 1" and made.metadata == {"tags": ["nbval-skip"]}
    made.metadata["tags"] = ["picture", "proof"]
    with pytest.raises(ValueError, match="one of the tags picture, proof is enough"):
        stamp.kind(made)


def test_a_claim_that_fails_is_not_stored():
    text = nbformat.writes(new_notebook(cells=[cell(PROOF, "proof", holds=True), cell(PROOF, "proof", holds=False)]))
    assert store.broken(text) == ["it is so"]


def test_every_setup_cell_is_folded():
    for chapter in all_chapters():
        cells = nbformat.read(ROOT / "notebooks" / chapter.file, as_version=4).cells
        first = next(cell for cell in cells if cell.cell_type == "code")
        assert stamp.kind(first) == "setup" and folded(first)
