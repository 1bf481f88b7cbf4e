"""JupyterLab, Notebook 7 and Chromium for the tests that need a real page."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat

REPOSITORY = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")  # the first has no window, and less work
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
# no sandbox: it fails as root and in containers. The rest keeps the browser from calling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
SETTINGS = {
    # no pop-up that asks about news, no look-up of a newer version
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # every cell is on the page, also those out of sight
    "notebook-extension/tracker": {"windowingMode": "none"},
}


def missing() -> str:
    """Why no browser test can run here; empty where one can."""
    if CHROMIUM is None:
        return f"none of {', '.join(BROWSERS)} is on the PATH"
    try:
        import jupyterlab  # noqa: F401
        import notebook  # noqa: F401
        import playwright  # noqa: F401
    except ImportError as error:
        return f"{error.name} is not installed"
    return ""


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _fresh_environment(home: Path, settings: dict) -> dict[str, str]:
    """The environment of a server that sees no settings but ours, and finds `helpers`."""
    for name, content in settings.items():
        extension, plugin = name.split("/")
        file = home / "settings/@jupyterlab" / extension / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    folders = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    ours = {key: str(home / folder) for key, folder in folders.items()}
    return os.environ | ours | {"PYTHONPATH": str(REPOSITORY)}


@contextlib.contextmanager
def jupyter(root: Path, settings: dict | None = None, words: tuple[str, ...] = ()) -> Iterator[str]:
    """A server on loopback, for as long as the context lasts.

    Yields an address with "{page}" to fill in, such as "lab" (an empty one leads to where the server sends its reader).

    Parameters
    ----------
    root : Path
        The folder in which it is started.
    settings : dict, optional
        JupyterLab's, "extension/plugin" → dict, besides `SETTINGS`.
    words : tuple of str
        What follows `jupyter lab` on the command line.

    """
    port, token = _free_port(), secrets.token_hex(8)
    options = [f"--port={port}", f"--IdentityProvider.token={token}", "--no-browser", "--allow-root"]
    options += ["--ServerApp.ip=127.0.0.1", "--LabApp.expose_app_in_browser=True"]
    options += ["--JupyterNotebookApp.expose_app_in_browser=True"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        environment = _fresh_environment(Path(home), SETTINGS | (settings or {}))
        log = Path(home, "log")
        with log.open("w") as output:
            command = [sys.executable, "-m", "jupyterlab", *words, *options]
            server = subprocess.Popen(command, cwd=root, env=environment, stdout=output, stderr=output)
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/api?token={token}", server, log)
            yield f"http://127.0.0.1:{port}/{{page}}?token={token}"
        finally:
            server.terminate()  # it ends its kernels
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:  # it may wait for a page that is gone; then kernels end themselves
                server.kill()
                server.wait()


def _wait_until_up(address: str, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def chromium() -> Iterator:
    """A Chromium without a window."""
    from playwright.sync_api import sync_playwright  # here, so that `missing` can say that it is missing

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def note_failed_requests(page, note: Callable[[str], None]) -> None:
    """Call `note` with each request of `page` that fails.

    Not with one that the page itself gave up: JupyterLab puts a picture on the page, and then writes its address anew.
    """

    def tell(request):
        if request.failure != "net::ERR_ABORTED":
            note(f"{request.failure} {request.url}")

    page.on("requestfailed", tell)


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


def wait_for_kernel(page) -> None:
    """Wait until the notebook is on the page and its kernel idle."""
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    kernel = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
    page.wait_for_function(f"{kernel}?.status === 'idle'", timeout=60_000)


def run_all(page) -> None:
    """Run all cells of the notebook on `page`, and wait until the last has ended."""
    page.evaluate(
        """() => {
            window.allRan = false;
            window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => (window.allRan = true));
        }"""
    )
    page.wait_for_function("window.allRan", timeout=120_000)
