"""The refusal itself works: in the kernels that nbval starts, a notebook that fetches fails; loopback stays."""

import subprocess
import sys

import pytest
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel

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


def test_a_kernel_of_nbval_cannot_fetch():
    kernel = RunningKernel(CURRENT_ENV_KERNEL_NAME)
    try:
        client = kernel.kc
        said = [client.execute_interactive(code, timeout=60)["content"] for code in (HERE, FETCHES["by address"])]
    finally:
        kernel.stop()
    assert [each["status"] for each in said] == ["ok", "error"]
    assert "the course runs without network" in said[1]["evalue"]
