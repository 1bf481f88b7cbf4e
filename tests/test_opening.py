"""The course opens as README says: on no page is anything missing, and a look at a notebook changes no file."""

import json
import platform
import re
import shutil
import subprocess

import nbformat
import pytest
from ipykernel.kernelspec import get_kernel_dict

from tools import store
from tools.browser import REPOSITORY, chromium, jupyter, missing, note_failed_requests

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("[0-9]*.ipynb"))
SHOWN = "window.jupyterapp.shell.currentWidget"
in_browser = pytest.mark.skipif(bool(missing()), reason=missing())
chapters = pytest.mark.parametrize("chapter", NOTEBOOKS, ids=lambda path: path.stem)


def commands(name: str) -> list[str]:
    """What a file tells its reader to pass to `jupyter lab`, to open the first chapter."""
    return re.findall(
        r"jupyter lab (.*00_start_here.*)$", (REPOSITORY / name).read_text(encoding="utf-8"), re.MULTILINE
    )


def opened(names: list[str]) -> dict[str, set[str]]:
    """What these files pass to `jupyter lab` to open a notebook, but for the notebook's name."""
    opens = re.compile(r"jupyter[- ]lab (.*?)[\w{]+(?:\.ipynb|\})")
    kinds = (".md", ".py", ".yml", ".toml", ".ipynb")
    texts = {name: (REPOSITORY / name).read_text(encoding="utf-8") for name in names if name.endswith(kinds)}
    return {name: {*found} for name, text in texts.items() if (found := opens.findall(text))}


def test_every_command_that_opens_the_course_is_the_same():
    found = [*commands("README.md"), *commands("environment.yml")]
    assert len(found) == 3 and len(set(found)) == 1
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not in a git checkout")
    everywhere = opened([name for name in listed.split() if not name.startswith("tests/")])
    assert {*everywhere} >= {"README.md", "environment.yml", "site/conf.py"}
    # pictures and README lie beside the notebooks: the folder that JupyterLab shows must hold both
    assert set.union(*everywhere.values()) == {"--notebook-dir=. notebooks/"}


@chapters
def test_stored_as_jupyterlab_saves_it(chapter):
    text = chapter.read_text(encoding="utf-8")
    assert text == store.as_saved(text), "run `uv run python -m tools.store`"


def test_saved_numbers_are_those_of_javascript():
    assert repr(store.as_javascript([{"a": 2.0}, -0.0, 1e16, 1e21, 0.5, 3, True, None, "2.0"])) == (
        "[{'a': 2}, 0, 10000000000000000, 1e+21, 0.5, 3, True, None, '2.0']"
    )


def test_small_numbers_are_those_of_javascript():
    numbers = {"a": [5e-05, -1.5e-06, 2.5e-07, 3e-10, 0.0001], "b": 5e-05, "c": "x = 5e-05\n"}
    text = store.as_saved(json.dumps({"cells": [], "metadata": {"made": numbers}}))
    assert re.findall(r"[-\d.]+(?:e-\d+)?(?=,?$)", text, re.MULTILINE) == [
        "0.00005", "-0.0000015", "2.5e-7", "3e-10", "0.0001", "0.00005",
    ]  # fmt: skip
    assert '"x = 5e-05\\n"' in text


def test_kernel_is_the_one_that_the_server_offers():
    assert store.KERNEL == {"name": "python3"} | {key: get_kernel_dict()[key] for key in ("display_name", "language")}


class Lab:
    """JupyterLab in a copy of the repository, started by README's words; keeps the requests that failed."""

    def __init__(self, browser, address, first, folder):
        self.folder, self.failed = folder, []
        self.page = browser.new_page(viewport={"width": 1150, "height": 1000})
        self.page.set_default_timeout(60_000)
        note_failed_requests(self.page, lambda words: self.failed.append(words))
        self.page.on("response", lambda reply: reply.status < 400 or self.failed.append(f"{reply.status} {reply.url}"))
        self.page.goto(address.format(page=f"lab/tree/{first}"))  # where the command leads
        self.page.wait_for_function("window.jupyterapp")
        # else it would come on top of what is opened next
        self.page.wait_for_function(f"path => {SHOWN}?.context?.path === path", arg=first)

    def open(self, path: str) -> None:
        """Open a notebook, and wait until its pictures are there and its kernel has said what it is."""
        self.page.evaluate(
            "async path => { await window.jupyterapp.commands.execute('docmanager:open', {path}); }", path
        )
        kernel = f"{SHOWN}.sessionContext.session?.kernel"
        self.page.wait_for_function(f"path => {SHOWN}.context?.path === path && {kernel}?.status === 'idle'", arg=path)
        self.page.evaluate(f"async () => {{ await {kernel}.info; await {kernel}.spec; }}")
        self.page.wait_for_function(f"[...{SHOWN}.node.querySelectorAll('img')].every(img => img.complete)")

    def figures(self) -> int:
        """The pictures that are shown as outputs, and are no mere dots."""
        images = f"[...{SHOWN}.node.querySelectorAll('.jp-OutputArea-output img')]"
        return self.page.evaluate(f"{images}.filter(img => img.naturalWidth > 200).length")

    def broken(self) -> list[str]:
        """The addresses of the pictures that do not show."""
        images = f"[...{SHOWN}.node.querySelectorAll('img')]"
        assert self.page.evaluate(f"{images}.length")  # the badge at least
        return self.page.evaluate(f"{images}.filter(img => img.naturalWidth === 0).map(img => img.src)")

    def save_and_close(self) -> bool:
        """Save the notebook and close it with its kernel; tell whether it was marked as modified."""
        modified = self.page.evaluate(f"{SHOWN}.context.model.dirty")
        self.page.evaluate(
            f"""async () => {{
                const opened = {SHOWN};
                await opened.context.save();
                await opened.sessionContext.shutdown();
                opened.dispose();
            }}"""
        )
        return modified


@pytest.fixture(scope="module")  # a Playwright that lives longer breaks asyncio.run in other tests
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(REPOSITORY / "images", folder / "images")
    (folder / "notebooks").mkdir()
    for path in NOTEBOOKS:  # stored by the reader's Python: the kernel notes its version
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata.language_info.version = platform.python_version()
        nbformat.write(notebook, folder / "notebooks" / path.name)
    words = commands("README.md")[0].split()
    with jupyter(folder, words=words) as address, chromium() as browser:
        yield Lab(browser, address, words[-1], folder)


def stored_figures(text: str) -> int:
    """The outputs of a notebook that are a picture and nothing else: seen also before the reader trusts the notebook."""
    outputs = [output for cell in json.loads(text)["cells"] for output in cell.get("outputs", [])]
    return sum({"image/png"} <= set(output.get("data", {})) <= {"image/png", "text/plain"} for output in outputs)


@in_browser
@chapters
def test_opens_whole_and_a_look_changes_nothing(lab, chapter):
    file = lab.folder / "notebooks" / chapter.name
    before = file.read_text(encoding="utf-8")
    lab.open(f"notebooks/{chapter.name}")
    broken = lab.broken()
    assert lab.figures() >= stored_figures(before)
    assert stored_figures(before) or not chapter.name.startswith("03")  # the graph of a model is one
    modified = lab.save_and_close()
    failed, lab.failed = lab.failed, []
    assert (failed, broken, modified) == ([], [], False)
    assert file.read_text(encoding="utf-8") == before
