"""Studies that are stored: arrays, and how they were made. (The module of each study says what its arrays are.)"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np


def read(path: Path, maker: str) -> dict:
    """The arrays that the module `maker` stored, and how they were "made"; `ValueError` for a file that has changed."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "made"}
        made = json.loads(str(stored["made"]))
    if digest(arrays) != made["sha256"]:
        raise ValueError(f"{path.name} is not the file that was made: run python -m {maker}")
    return {name: array.astype(float) for name, array in arrays.items()} | {"made": made}


def digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of the arrays, names and all, in hexadecimal."""
    parts = [name.encode() + array.tobytes() for name, array in sorted(arrays.items())]
    return hashlib.sha256(b"".join(parts)).hexdigest()
