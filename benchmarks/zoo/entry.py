"""What the zoo holds of each posterior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pymc as pm


@dataclass(frozen=True)
class Entry:
    """A textbook posterior.

    Parameters
    ----------
    model : callable
        Without arguments: the PyMC model, with its data in place.
    about : str
        One line: what it is, and where model and data come from.
    unimodal : bool
        Whether one mode of the density of ζ holds all mass. (Centred hierarchies have a spike besides, at scale zero.)
    hard : str
        Why no Gaussian can be right; empty where one can be.
    twin : callable, optional
        Without arguments: the same posterior with other parameters, which NUTS can sample. Each parameter of `model`
        is a parameter or, where `model` does not transform it, a deterministic of the twin, by its name.
    """

    model: Callable[[], pm.Model]
    about: str
    unimodal: bool = True
    hard: str = ""
    twin: Callable[[], pm.Model] | None = None
