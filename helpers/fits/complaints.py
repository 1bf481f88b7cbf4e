"""What to say of a fit that cannot start or ended in NaN: which variable is to blame, and what to do about it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from pymc.logprob.transforms import CircularTransform

from helpers.fits.flat_model import FlatModel

NEARBY = 200  # points around the start at which each term of log p̃ is looked at
CAUTION = 0.1  # start_sd to try first


def check_initial_point(model: FlatModel) -> None:
    """Raise `ValueError`, naming the variable, unless PyMC's initial point is finite."""
    if np.isfinite(model.start).all():
        return
    point = model.model.initial_point()
    named = {v.name: rv.name for rv, v in model.model.rvs_to_values.items() if v.name in point}
    names = [named[name] for name, value in point.items() if not np.isfinite(value).all()]
    raise ValueError(
        f"PyMC's initial point of {', '.join(names)} is not finite on the unconstrained scale: its interval is empty, "
        "or the initial value is not within it or not in order. Mend its bounds, or give it an initval=, or the fit a "
        "start="
    )


def complaint(model: FlatModel, k: int, phi: np.ndarray, loss: float, *, start: np.ndarray, start_sd: float) -> str:
    """Why the fit from start `k` ended in NaN or infinity, as far as log p̃ near the start shows it.

    Parameters
    ----------
    model : FlatModel
    k : int
    phi : array
        Where it ended.
    loss : float
        The last, or the first in the second half of the steps that is not finite.
    start : array, shape (size,)
        Where it started; looked at where PyMC's initial point is not finite.
    start_sd : float
    """
    place, centre = f"start {k}", start
    if np.isfinite(model.start).all():
        place, centre = "PyMC's initial point", np.asarray(model.start)
    at_start = model.log_densities(centre[None])[0]
    if not np.isfinite(at_start):
        names = ", ".join(not_finite(model, centre[None])[0])
        return (
            f"log p̃ is {at_start} at {place} already: look in the data for NaN, infinity, or values outside the "
            f"support of the likelihood; the terms that are not finite: {names}"
        )
    around = centre + np.random.default_rng(0).standard_normal((NEARBY, model.size)).astype(centre.dtype)
    names, share = not_finite(model, around)
    cautious = (
        f"start_sd={CAUTION:g} first, then a smaller rate" if start_sd > CAUTION else "a smaller rate or start_sd"
    )
    if not names:
        return f"the fit from start {k} ended in {phi} with a loss of {loss}: try {cautious}"
    of_model = model.model
    bare = [rv.name for rv in of_model.free_RVs if rv.name in names and of_model.rvs_to_transforms[rv] is None]
    says = f"log p̃ is NaN or infinite at {share:.0%} of the points within about one unit of {place}, because of "
    if bare:
        return (
            f"{says}{', '.join(bare)}: not every number is allowed there, and no transformation says so. Give it a "
            "transform=, such as pm.distributions.transforms.log for what is positive, or Interval(lower, upper)"
        )
    return (
        f"{says}{', '.join(names)}, and the fit from start {k} ended in a loss of {loss}: try {cautious}; or one of "
        "its parameters leaves its range: build that from a variable with bounds, such as pm.HalfNormal"
    )


def check_circles(model: FlatModel, k: int, sd: np.ndarray) -> None:
    """Raise `FloatingPointError` where the fit from start `k` is wider than a circle (see `lost_circles`).

    Parameters
    ----------
    model : FlatModel
    k : int
    sd : array, shape (size,)
        Of the fit, for each ζ.
    """
    if lost := lost_circles(model, sd):
        raise FloatingPointError(f"the fit from start {k} is {lost}")


def lost_circles(model: FlatModel, sd: np.ndarray) -> str:
    """What to say of a fit that is wider than a circle, on which log p̃ is periodic; else nothing.

    Over all ζ such a density has no finite mass: the wider q, the higher its ELBO.
    """
    transforms = model.model.rvs_to_transforms
    circles = [
        v.name for rv, v in model.model.rvs_to_values.items() if isinstance(transforms.get(rv), CircularTransform)
    ]
    wide = [label for label, width in zip(model.labels, sd, strict=True) if width > np.pi]
    lost = [name for name in circles if any(label == name or label.startswith(f"{name}[") for label in wide)]
    if not lost:
        return ""
    return (
        f"wider than the circle in {', '.join(lost)}: log p̃ repeats itself there, so the "
        "ELBO has no largest value. Cut the circle open: default_transform=Interval(-np.pi, np.pi), from "
        "pm.distributions.transforms, with the cut where the posterior has little mass"
    )


def not_finite(model: FlatModel, zetas: np.ndarray) -> tuple[list[str], float]:
    """Names of variables and potentials whose term of log p̃ is not finite at some of `zetas`, and of how many."""
    names, terms = model.terms()
    found = jax.jit(lambda zetas: jax.lax.map(terms, zetas))(jnp.asarray(zetas))
    bad = np.array([~np.isfinite(each.reshape(len(zetas), -1)).all(axis=1) for each in found])
    return [name for name, wrong in zip(names, bad.any(axis=1), strict=True) if wrong], bad.any(axis=0).mean()
