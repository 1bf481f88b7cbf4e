"""The course in Google Colab, rehearsed: Colab's packages, an empty folder, the notebook alone.

`ELBO_ROOM_CHAPTERS=all` rehearses every chapter in place of two. The first of them installs the course; the others find
it, as in a session that is still open. The setup cell is run as it stands: a configuration of Git, named by its variable
GIT_CONFIG_GLOBAL, sends it to a clone of the last commit here in place of the public repository. Needs Python 3.13 for
the full likeness; without it, the running Python stands in.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools.stamp import SETUP_CELL, address

ROOT = Path(__file__).resolve().parents[1]
COLAB = ROOT / "tests" / "colab"
CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
if os.environ.get("ELBO_ROOM_CHAPTERS") != "all":
    CHAPTERS = CHAPTERS[:2]  # PyMC fits in one, widgets in the other
SETUP = SETUP_CELL.format(**address())
VERSIONS = """\
from importlib.metadata import version
import numpy, google.colab.output
print(version("numpy"), numpy.__version__, version("ipywidgets"), google.colab.output.calls)"""
WIDGET = "application/vnd.jupyter.widget-view+json"
TIMES = "import time\nbegan = time.perf_counter()\n"


def missing():
    """Why the rehearsal cannot run here; empty where it can."""
    for tool in ("uv", "git"):
        if shutil.which(tool) is None:
            return f"needs {tool}"
    ask = ["git", "-C", ROOT, "rev-parse", "--is-shallow-repository"]
    answer = subprocess.run(ask, check=False, capture_output=True, text=True).stdout.strip()
    return "" if answer == "false" else "needs a whole Git checkout: not a download, not a shallow clone"


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A virtual environment with Colab's packages, and a profile that imports what Colab's kernel has imported."""
    folder = tmp_path_factory.mktemp("colab")
    find = ["uv", "python", "find", "--no-python-downloads", "3.13"]
    found = subprocess.run(find, check=False, capture_output=True, text=True).stdout.strip() or sys.executable
    subprocess.run(["uv", "venv", "-q", "--seed", "--python", found, folder / "venv"], check=True)
    base = ["--python", folder / "venv", "-r", COLAB / "constraints-2026-08.txt"]
    subprocess.run(["uv", "pip", "install", "-q", *base], check=True, cwd=folder)  # not by this project's pins
    profile = folder / "ipython" / "profile_default" / "startup"
    profile.mkdir(parents=True)
    (profile / "colab.py").write_text("import google.colab, matplotlib, numpy\n")
    public = address()
    subprocess.run(["git", "clone", "-q", "--bare", ROOT, folder / "clone"], check=True)
    branch = f"refs/heads/{public['branch']}"
    subprocess.run(["git", "-C", folder / "clone", "update-ref", branch, "HEAD"], check=True)
    instead = f'[url "file://{folder}/clone"]\n  insteadOf = https://github.com/{public["repository"]}\n'
    (folder / "gitconfig").write_text(instead)
    return folder


@pytest.fixture
def colab(base, tmp_path, monkeypatch):
    """A function that runs cells, in a new kernel in an empty folder, and returns what the last one printed."""
    kernel = tmp_path / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    python = next((base / "venv").glob("[bS]*/python*"))
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    variables = {"PYTHONPATH": str(COLAB), "IPYTHONDIR": str(base / "ipython")}
    spec = {"argv": command, "display_name": "Colab", "language": "python", "env": variables}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(base / "gitconfig"))
    # for the JAX of this process, where a test has called `helpers.start` and not imported JAX yet
    monkeypatch.delenv("JAX_USE_SIMPLIFIED_JAXPR_CONSTANTS", raising=False)
    content = tmp_path / "content"
    content.mkdir()

    def run(*cells):
        notebook = nbformat.v4.new_notebook(cells=list(cells))
        where = {"metadata": {"path": content}}
        NotebookClient(notebook, kernel_name="colab", timeout=600, resources=where).execute()
        return "".join(o.text for o in cells[-1].outputs if o.get("name") == "stdout").split()

    run.folder = content
    return run


def code(source):
    return nbformat.v4.new_code_cell(source)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_notebook_alone_runs_to_the_end(colab, path):
    cells = nbformat.read(path, as_version=4).cells
    numpy, loaded, ipywidgets, calls = colab(*cells, code(VERSIONS))
    assert numpy == loaded == "2.1.3" and ipywidgets == "7.7.1"
    widgets = [o for cell in cells for o in cell.get("outputs", []) if WIDGET in o.get("data", {})]
    assert int(calls) == bool(widgets)  # anywidget calls it once
    assert all("custom_widget_manager" in output.metadata[WIDGET]["colab"] for output in widgets)
    assert all("image/png" in output.data for output in widgets)  # for where no widget manager answers


def test_second_run_of_the_setup_cell_installs_nothing(colab, monkeypatch):
    colab(code(SETUP))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "nowhere")  # so that an installation would not come far
    first, second = code(TIMES + SETUP), code(SETUP)
    (seconds,) = colab(first, second, code("print(time.perf_counter() - began)"))
    assert first.outputs == second.outputs == []  # `%pip` always says something
    print(f"setup cell without installation: {float(seconds):.2f} s")


def test_foreign_module_named_helpers_is_named(colab):
    (colab.folder / "helpers.py").write_text("")
    with pytest.raises(CellExecutionError, match=r"<module 'helpers' from '.*helpers\.py'> hides the course's own"):
        colab(code(SETUP))


def test_a_folder_named_helpers_hides_nothing(colab):
    (colab.folder / "helpers").mkdir()
    colab(code(SETUP))
