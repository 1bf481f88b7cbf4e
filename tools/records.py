"""What is stored with numbers that took long: how they were made, when, and with which versions."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from helpers.models.studies import digest


def provenance(tool: str, settings: dict, packages: Iterable[str] = ("jax", "numpy", "scipy")) -> dict:
    """Command, date, versions and settings.

    Parameters
    ----------
    tool : str
        The module of `tools`, and its arguments.
    settings : dict
        Everything that the numbers are made with.
    packages : iterable of str
        Whose versions count.
    """
    return {
        "command": f"python -m tools.{tool}",
        "date": datetime.date.today().isoformat(),
        "versions": {package: version(package) for package in packages},
        "settings": settings,
    }


def store(path: Path, arrays: dict, made: dict) -> None:
    """Write a study for `helpers.models.studies.read`, in single precision.

    Parameters
    ----------
    path : Path
        A file .npz.
    arrays : dict
        Name → array.
    made : dict
        How it was made, from `provenance`, and what else is to be known.
    """
    arrays = {name: np.asarray(values, np.float32) for name, values in arrays.items()}
    np.savez_compressed(path, made=json.dumps(made | {"sha256": digest(arrays)}), **arrays)
