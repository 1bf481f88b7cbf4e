"""Predictions for new data, after which the model has its own data again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager

import pymc as pm


def predictions(model: pm.Model, tree, data: Mapping | None, coords: Mapping | None, seed: int):
    """What the model observes, drawn for each draw of the free variables in `tree`, a DataTree with their names.

    Parameters
    ----------
    model : pymc.Model
    tree : DataTree
        With group "posterior".
    data, coords : mapping, optional
        As `pm.set_data` takes them.
    seed : int
    """
    names = [variable.name for variable in model.free_RVs]
    with _with_data(model, data, coords):
        return pm.sample_posterior_predictive(
            tree["posterior"].to_dataset()[names],
            random_seed=seed,
            predictions=bool(data),
            freeze_vars=names,
            progressbar=False,
        )


def check_prediction(model: pm.Model, data: Mapping | None, coords: Mapping | None) -> None:
    """Raise `ValueError` where the model observes nothing, or has no such data or dimensions.

    Parameters
    ----------
    model : pymc.Model
    data : mapping of name → array, or None
    coords : mapping of name → labels, or None
    """
    if not model.observed_RVs:
        raise ValueError("predict needs a model with an observed variable; a pm.Potential cannot be drawn from")
    known = {"data": [variable.name for variable in model.data_vars], "coords": list(model.coords) if data else []}
    for argument, given in (("data", data), ("coords", coords)):
        unknown = [name for name in given or () if name not in known[argument]]
        if unknown:
            kind = "pm.Data" if argument == "data" else "dimensions"
            names = ", ".join(map(repr, known[argument])) or "none here"
            raise ValueError(f"{argument} must name {kind} of the model ({names}); got {unknown[0]!r}")


@contextmanager
def _with_data(model: pm.Model, data: Mapping | None, coords: Mapping | None):
    """Inside, the model has other data and coordinates; afterwards its own."""
    old = {name: model[name].get_value() for name in data or {}}
    old_coords = {name: model.coords[name] for name in coords or {}}
    with model:
        try:
            if data:
                pm.set_data(dict(data), coords=coords)
            yield
        finally:
            if old:
                pm.set_data(old, coords=old_coords or None)
