"""Seconds and memory of a whole notebook in a fresh kernel.

Run by `python -m benchmarks`; alone: `python -m benchmarks.chapters 03_logistic_regression`.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"


def measure(name: str) -> dict:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": FOLDER}}).execute()
    # the kernel is the largest process that this one has waited for (KiB on Linux)
    return {"memory": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])), flush=True)
