"""The structure of the stored notebooks: what a reader relies on before running anything. (nbval runs them.)"""

import json
import re
from pathlib import Path

import nbformat
import pytest

from tools import new_chapter, stamp
from tools.chapters import all_chapters

ROOT = Path(__file__).resolve().parents[1]
PATHS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
PATH_OF_A_MACHINE = re.compile(r"(?<![\w.])/(?:root|home|tmp|work|Users|opt|var)/[\w./-]+|[A-Z]:\\\\")


@pytest.fixture(params=PATHS, ids=lambda p: p.stem)
def path(request):
    return request.param


@pytest.fixture
def cells(path):
    return nbformat.read(path, as_version=4).cells


def code(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


def output_text(output):
    data = output.get("data", {})
    return "\n".join(
        [output.get("text", ""), *(str(data.get(m, "")) for m in ("text/plain", "text/markdown", "text/html"))]
    )


def test_chapters_are_numbered_without_a_gap_but_for_those_that_say_their_number():
    table = all_chapters()
    assert [p.name for p in PATHS] == [chapter.file for chapter in table]
    gaps = [chapter.name for place, chapter in enumerate(table) if chapter.number != place]
    assert gaps == ["field_guide"] and table[-1].number == 90


def test_opens_with_title_badge_promise_and_times(path, cells):
    first = cells[0].source
    assert first.startswith(f"# {int(path.name[:2])} · ")
    assert "[![Open in Colab](../images/open_in_colab.svg)]" in first and path.name in first
    for promise in ("**Know first:**", "**Reading:**", "**Running:**"):
        assert promise in first


def test_address_and_setup_cell_agree_with_pyproject():
    assert not stamp.stale(), "run `uv run python -m tools.stamp`"


def test_setup_cell_is_short():
    assert len(stamp.SETUP_CELL.splitlines()) <= 10


@pytest.fixture
def fork(tmp_path):
    """A copy of what the stamp reads and writes."""
    for folder in ("notebooks", "site"):
        (tmp_path / folder).mkdir()
    texts = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "site/index.md", "pyproject.toml")]
    for file in [*texts, *PATHS, *(ROOT / "notebooks").glob("*.toml")]:
        (tmp_path / file.relative_to(ROOT)).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def change(file, before, after):
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_stamp_rewrites_a_fork(fork):
    own = f'repository = "{stamp.address()["repository"]}"'
    change(fork / "pyproject.toml", own, 'repository = "a-teacher/vi"')
    changed = stamp.stale(fork)
    assert len(changed) == len(PATHS) + 3
    for file, text in changed.items():
        assert "a-teacher/vi" in text
        file.write_text(text, encoding="utf-8")
    assert not stamp.stale(fork)


ROW = """[[chapter]]
name = "new_one"
part = "the idea"
title = "What's a \\"new\\" one"
heading = "A new one: its heading"
question = "What is\\nnew?"
promise = "say what is new"
know = "[chapter](student_t.ipynb)"
reading = 5
running = "10 seconds"

"""


def test_a_new_chapter_renumbers_those_after_it_and_every_link_to_them(fork):
    mark = '[[chapter]]\nname = "logit_beta"'
    change(fork / "notebooks" / "chapters.toml", mark, ROW + mark)
    done = new_chapter.main(fork)
    assert "wrote 02_new_one.ipynb" in done and "02_logit_beta.ipynb is now 03_logit_beta.ipynb" in done
    names = [path.name for path in sorted((fork / "notebooks").glob("*.ipynb"))]
    assert names == [chapter.file for chapter in all_chapters(fork)] and len(names) == len(PATHS) + 1
    new, moved, first = (
        nbformat.read(fork / "notebooks" / name, as_version=4).cells
        for name in ("02_new_one.ipynb", "04_logistic_regression.ipynb", "00_start_here.ipynb")
    )
    assert (
        new[0].source.startswith("# 2 · A new one: its heading") and "[chapter 1](01_student_t.ipynb)" in new[0].source
    )
    assert moved[0].source.startswith("# 4 · ") and "[chapter 3](03_logit_beta.ipynb)" in moved[0].source
    for text in ("\n".join(cell.source for cell in first), (fork / "README.md").read_text(encoding="utf-8")):
        assert '2 · What\'s a "new" one' in text and "02_new_one.ipynb) | say what is new | 5 min" in text
    assert not stamp.stale(fork) and not stamp.renumber(fork)


def test_table_and_folder_hold_the_same_chapters(fork):
    (fork / "notebooks" / PATHS[-1].name).unlink()
    lost = PATHS[-1].stem[3:]
    with pytest.raises(ValueError, match=f"must hold the same chapters; only in one of them: {{'{lost}'}}"):
        stamp.renumber(fork)


def test_prose_names_a_chapter_by_a_link(cells):
    """So that its number is stamped; chapters of other books are links or have an author before them."""
    for cell in cells:
        if cell.cell_type == "markdown":
            loose = re.findall(r".{0,40}(?<!\[)\b[Cc]hapters? \d+.{0,20}", cell.source)
            assert all("Pattern Recognition" in each or "Machine Learning*" in each for each in loose), loose


def test_stored_from_one_run_in_order(cells):
    assert [cell.execution_count for cell in code(cells)] == list(range(1, len(code(cells)) + 1))


def test_no_error_no_warning_no_residue_no_path(cells):
    for cell in code(cells):
        tags = cell.metadata.get("tags", [])
        for output in cell.outputs:
            assert output.output_type != "error" or "raises-exception" in tags
            assert output.get("name") != "stderr", output.get("text")
            assert "Output()" not in output_text(output)
            assert not PATH_OF_A_MACHINE.search(output_text(output))
        assert not PATH_OF_A_MACHINE.search(cell.source)
        assert "execution" not in cell.metadata, "times of a run: store with --ExecutePreprocessor.record_timing=False"


def test_compared_cells_have_something_to_compare(cells):
    for cell in code(cells):
        if "nbval-check-output" in cell.metadata.get("tags", []):
            assert cell.outputs
            assert not any(re.search(r"\d\.\d", output_text(output)) for output in cell.outputs), "state a tolerance"


def test_cells_are_short(cells):
    for cell in code(cells):
        lines = [line for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        assert len(lines) <= 30


def test_every_figure_has_its_caption(cells):
    for cell in code(cells):
        for k, output in enumerate(cell.outputs):
            data = output.get("data", {})
            if not {"image/png", "image/jpeg", "image/svg+xml"} & set(data) or WIDGET in data:
                continue
            caption = cell.outputs[k + 1].data.get("text/markdown", "")
            assert len(caption) > 60, "show a figure with helpers.pictures.drawing.show, which asks for a caption"


def test_html_images_have_alt_text(cells):
    for cell in code(cells):
        for output in cell.outputs:
            for tag in re.findall(r"<img[^>]{0,300}", str(output.get("data", {}).get("text/html", ""))):
                assert re.search(r'alt="[^"]{20,}"', tag)


def test_widgets_leave_a_picture(cells):
    for cell in code(cells):
        for output in cell.outputs:
            if WIDGET in output.get("data", {}):
                assert "image/png" in output.data
            if "application/vnd.plotly.v1+json" in output.get("data", {}):
                assert "image/jpeg" in output.data


def test_ends_with_references_next_link_and_versions(path, cells):
    prose = "\n".join(cell.source for cell in cells[-6:] if cell.cell_type == "markdown")
    assert "**References.**" in prose and "**Next:**" in prose
    assert code(cells)[-1].source == "helpers.versions()"
    if path != PATHS[-1]:
        assert f"]({PATHS[PATHS.index(path) + 1].name})" in prose


def test_links_between_files_lead_somewhere(cells):
    for cell in cells:
        for link in re.findall(r"\]\((?!https?://|#)([^)\s]+)\)", cell.source if cell.cell_type == "markdown" else ""):
            assert (ROOT / "notebooks" / link).exists(), link


def test_one_seed(cells):
    sources = "\n".join(cell.source for cell in code(cells))
    assert len(re.findall(r"^SEED = \d+$", sources, re.MULTILINE)) == 1
    assert not re.search(r"default_rng\(\d|random_seed=\d|seed=\d", sources), "randomness goes through SEED"


def test_small_enough_for_slow_lines(path):
    assert path.stat().st_size < 1_000_000
    assert json.loads(path.read_text(encoding="utf-8"))["metadata"]["kernelspec"]["name"] == "python3"
