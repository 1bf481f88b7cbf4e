"""Gold draws: the right answer where there is no formula.

Long runs in several chains, made once by ``python -m tools.gold`` and stored here, with a manifest that says how,
when and with which versions. A test takes their R-hat again, and refuses them where the model or its data have changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.truth.draws import Draws
from helpers.validate import check_among

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Gold:
    """Gold draws of one posterior.

    Parameters
    ----------
    values : array, shape (chains, draws, parameters)
        Draws of ζ in the order of `FlatModel`, thinned, stored in single precision.
    made : dict
        The entry of the manifest: the parameters' names, how the draws were made, and their diagnostics.
    """

    values: np.ndarray
    made: dict

    @property
    def draws(self) -> Draws:
        """All chains in one, for the scorecard: shape (chains × draws, parameters)."""
        return Draws(self.values.reshape(-1, self.values.shape[-1]))


def load(name: str, folder: Path = FOLDER) -> Gold:
    """The gold draws called `name`.

    Raises
    ------
    ValueError
        For a name that the manifest does not know, or a file that is not the one it speaks of.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    check_among(manifest, name=name)
    path = folder / f"{name}.npz"
    if digest(path) != manifest[name]["sha256"]:
        raise ValueError(f"{path.name} is not the file that the manifest speaks of: run python -m tools.gold {name}")
    with np.load(path) as stored:
        return Gold(stored["values"].astype(float), manifest[name])


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
