"""The margins of a model: one column for each number that it names."""

from __future__ import annotations

import math
from collections.abc import Iterable

import jax
import jax.numpy as jnp
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
    shapes = {name: each.shape for name, each in jax.eval_shape(model.constrain, model.start).items()}
    unknown = set(names or ()) - set(shapes)
    if unknown:
        raise ValueError(f"names must be of the model's variables ({', '.join(shapes)}); got {unknown.pop()!r}")
    wanted = [
        name for name, shape in shapes.items() if (name in names if names is not None else math.prod(shape) <= LONG)
    ]
    columns = {}
    for name, value in _values(model, zeta, wanted, shapes).items():
        flat = np.asarray(value, float).reshape(len(zeta), -1)
        for k, place in enumerate(np.ndindex(shapes[name])):
            columns[f"{name}{list(place) if place else ''}"] = flat[:, k]
    return columns


def side_by_side(columns: dict[str, np.ndarray], draws: int) -> np.ndarray:
    """What `margins` gives, as one array, shape (draws, columns); there may be none."""
    return np.stack([*columns.values()], axis=1) if columns else np.empty((draws, 0))


def _values(model: FlatModel, zeta: np.ndarray, wanted: list[str], shapes: dict) -> dict[str, jax.Array]:
    """The variables that are wanted; the others, which may be large, are not kept for every draw."""
    if len(wanted) == len(shapes):
        return model.constrain_all(zeta)
    some = jax.jit(lambda one: {name: value for name, value in model.constrain(one).items() if name in wanted})
    return jax.lax.map(some, jnp.asarray(zeta, model.start.dtype)) if wanted else {}
