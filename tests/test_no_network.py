"""The refusal itself works: in the kernels that nbval starts, a notebook that fetches fails; loopback stays."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
HERE = """import socket
with socket.create_server(("localhost", 0)) as server:
    socket.create_connection(server.getsockname()).close()"""
FETCHES = {
    "by name": "import urllib.request\nurllib.request.urlopen('http://example.org', timeout=5)",
    "by address": "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=5)",
    "a datagram": "import socket\nsocket.socket(type=socket.SOCK_DGRAM).sendto(b'?', ('192.0.2.1', 53))",
    "from a subprocess": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', "
    "'import urllib.request; urllib.request.urlopen(\"http://192.0.2.1\", timeout=5)'], check=True)",
}


def python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize("way", FETCHES)
def test_a_process_that_the_tests_start_cannot_fetch(way):
    ended = python(FETCHES[way])
    assert ended.returncode == 1 and "the course runs without network" in ended.stderr


def test_loopback_stays():
    assert python(HERE).returncode == 0


def test_a_notebook_that_fetches_fails_under_nbval(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in (HERE, FETCHES["by address"])]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "fetches.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "no:xdist", "-o", "addopts="]
    command += ["-p", "no:cacheprovider", str(tmp_path / "fetches.ipynb")]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert "1 failed, 1 passed" in ended.stdout and "the course runs without network" in ended.stdout
