"""The margins of a model: one column for each number that it names."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from helpers.fits.flat_model import FlatModel

LONG = 1_000  # numbers in a variable, from which on it is shown only on request


def margins(model: FlatModel, zeta: np.ndarray, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Parameters and deterministics, each on its own scale: x, w[0], w[1] …, each of shape (draws,).

    Parameters
    ----------
    model : FlatModel
    zeta : array, shape (draws, size)
    names : iterable of str, optional
        Which variables; by default all but those with more than 1,000 numbers.

    Raises
    ------
    ValueError
        For a name that the model does not have.
    """
    values = {name: np.asarray(value) for name, value in model.constrain_all(zeta).items()}
    unknown = set(names or ()) - set(values)
    if unknown:
        raise ValueError(f"names must be of the model's variables ({', '.join(values)}); got {unknown.pop()!r}")
    columns = {}
    for name, value in values.items():
        flat = value.reshape(len(zeta), -1)
        if name in names if names is not None else flat.shape[1] <= LONG:
            places = [*np.ndindex(value.shape[1:])]
            columns |= {f"{name}{list(place) if place else ''}": flat[:, k] for k, place in enumerate(places)}
    return columns
