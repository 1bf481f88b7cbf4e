"""What `approximate` found: draws, which margins to believe, predictions, and a file to keep it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pymc as pm

from helpers.fits.flat_model import FlatModel
from helpers.fits.gaussian_fit import GaussianFit, as_datatree
from helpers.fits.short_chains import Chains, at_rest
from helpers.truth.draws import Draws
from helpers.validate import check_count

ASTRAY = 0.01  # share of transitions that a place too narrow for the step may spoil
LOST = 0.05  # share of the mass that may lie where q does not reach
PROBES = 5  # draws of q at which a stored fit and a model must agree on log p̃


@dataclass(frozen=True)
class Approximation:
    """A Gaussian q, and draws that have been corrected towards the posterior.

    Parameters
    ----------
    q : GaussianFit
    zeta : array, shape (draws, size)
        Corrected draws of ζ.
    weights : array, shape (draws,)
        Their weights, of sum one.
    khat : float
        Pareto k-hat of q's importance ratios.
    source : str
        What corrected the draws: "weights" (importance weights), "chains" (short chains from draws of q), or
        "nothing", where the search was interrupted.
    lost : float
        Share of the posterior's mass at other places, which other starts led to and q does not reach.
    chains : Chains, optional
        Where `source` is "chains".
    notes : tuple of str
        What else a user should know.
    """

    q: GaussianFit
    zeta: np.ndarray
    weights: np.ndarray
    khat: float
    source: str
    lost: float = 0.0
    chains: Chains | None = None
    notes: tuple[str, ...] = ()

    @property
    def draws(self) -> Draws:
        """The corrected draws of ζ with their weights, for the scorecard."""
        return Draws(self.zeta, weights=self.weights)

    @cached_property
    def verdict(self) -> str:
        """One sentence: which draws these are, and whether to use them."""
        if self.lost > LOST:
            return (
                f"do not use: other starts ended at places that q does not reach, with about {self.lost:.0%} of the mass: "
                "modes of their own, or mirror images (swapped labels, turned signs)"
            )
        if self.source == "weights":
            return f"use: draws of q with importance weights (k-hat {self.khat:.2f})"
        if self.source == "nothing":
            return "do not use: nothing has judged these draws of q, since the search was interrupted"
        began = f"short chains of {self.chains.transitions} transitions"
        if self.chains.astray >= ASTRAY:
            return (
                f"do not use: the posterior has places too narrow for {began} ({self.chains.astray:.1%} of their last "
                "transitions went astray), such as the neck of a funnel; write the hierarchy non-centred, or run pm.sample"
            )
        stuck = [name for name, fine in zip(self.q.model.labels, self.chains.settled, strict=True) if not fine]
        if stuck:
            named = ", ".join(stuck[:5]) + (f" and {len(stuck) - 5} more" if len(stuck) > 5 else "")
            return f"do not use: {began} have not come to rest, in {named}; run pm.sample"
        return f"use: {began} from the draws of q, whose weights could not be relied on (k-hat {self.khat:.2f})"

    def summary(self) -> pd.DataFrame:
        """Every parameter and deterministic of the model, on its own scale.

        Returns
        -------
        DataFrame
            "mean", "sd", and the quantiles "5 %", "50 %" and "95 %" of the corrected draws; "Gaussian" says how far,
            in sds, the mean of q was from that; "believe" says whether this margin can be used.
        """
        values, before = self._entries(self.zeta), self._entries(self.q.draws(2_000, seed=0).values)
        draws = Draws(np.column_stack([*values.values()]), weights=self.weights)
        plain = Draws(np.column_stack([*before.values()]))
        low, middle, high = draws.quantile(np.array([0.05, 0.5, 0.95]))
        sd = draws.sd
        shift = np.divide(plain.mean - draws.mean, sd, out=np.zeros_like(sd), where=sd > 0)
        table = {"mean": draws.mean, "sd": sd, "5 %": low, "50 %": middle, "95 %": high, "Gaussian": shift}
        return pd.DataFrame(table, index=list(values)).assign(believe=self._believed())

    def _entries(self, zeta: np.ndarray) -> dict[str, np.ndarray]:
        """A column for each number that the model names: x, w[0], w[1] …, each of shape (draws,)."""
        columns = {}
        for name, value in _constrained(self.q.model, zeta).items():
            flat = value.reshape(len(zeta), -1)
            places = [*np.ndindex(value.shape[1:])]
            columns |= {f"{name}{list(place) if place else ''}": flat[:, k] for k, place in enumerate(places)}
        return columns

    def _believed(self) -> np.ndarray | bool:
        if self.chains is None or self.chains.astray >= ASTRAY or self.lost > LOST:
            return self.verdict.startswith("use")
        both = self.chains.began, self.chains.zeta
        return at_rest(*(np.column_stack([*self._entries(zeta).values()]) for zeta in both))

    def to_datatree(self, draws: int = 2_000, *, seed: int = 0):
        """Corrected draws of every parameter and deterministic, with equal weights, as group "posterior" with one chain."""
        check_count(draws=draws)
        return as_datatree(self.q.model, self._resampled(draws, seed))

    def _resampled(self, draws: int, seed: int) -> np.ndarray:
        """Systematic resampling: each draw about as often as its weight says, shape (draws, size)."""
        rng = np.random.default_rng(seed)
        places = np.minimum(
            np.searchsorted(np.cumsum(self.weights), (np.arange(draws) + rng.random()) / draws), len(self.zeta) - 1
        )
        return self.zeta[rng.permutation(places)]

    def predict(self, data: Mapping | None = None, *, coords: Mapping | None = None, draws: int = 1_000, seed: int):
        """Draws of what the model observes, for new data.

        Parameters
        ----------
        data : mapping of name → array, optional
            New values for the model's `pm.Data`; afterwards the model has its old ones again. Without it: the data that
            the model was fitted to, for posterior predictive checks.
        coords : mapping of name → labels, optional
            For dimensions whose length changes.
        draws : int
        seed : int

        Returns
        -------
        DataTree
            As from `pm.sample_posterior_predictive(..., predictions=True)`.

        Raises
        ------
        ValueError
            For a name that is not among the model's data.
        """
        model = self.q.model.model
        known = {variable.name: variable for variable in model.data_vars}
        unknown = set(data or {}) - set(known)
        if unknown:
            names = ", ".join(map(repr, known)) or "none: wrap what shall change in pm.Data"
            raise ValueError(f"data must name pm.Data of the model ({names}); got {unknown.pop()!r}")
        old = {name: known[name].get_value() for name in data or {}}
        old_coords = {name: model.coords[name] for name in coords or {}}
        tree = self.to_datatree(draws, seed=seed)
        free = tree["posterior"].to_dataset()[[v.name for v in model.free_RVs]]
        with model:
            try:
                if data:
                    pm.set_data(dict(data), coords=coords)
                return pm.sample_posterior_predictive(
                    free, random_seed=seed, predictions=bool(data), progressbar=False, extend_inferencedata=False
                )
            finally:
                if old:
                    pm.set_data(old, coords=old_coords or None)

    def save(self, path: str | Path) -> None:
        """Keep q and the corrected draws in one file, with what tells the model from others."""
        probes = self.q.draws(PROBES, seed=0).values
        np.savez_compressed(
            path,
            mean=self.q.mean,
            scale=self.q.scale,
            zeta=self.zeta.astype(np.float32),
            weights=self.weights,
            khat=self.khat,
            source=self.source,
            lost=self.lost,
            notes=np.array(self.notes, dtype=str),
            labels=np.array(self.q.model.labels),
            log_p=np.asarray(self.q.model.log_densities(probes)),
            **({} if self.chains is None else _of_chains(self.chains)),
        )

    @classmethod
    def load(cls, path: str | Path, model: pm.Model | FlatModel) -> Approximation:
        """What `save` has kept, for the same model with the same data.

        Raises
        ------
        ValueError
            For another model, or other data.
        """
        flat = model if isinstance(model, FlatModel) else FlatModel(model)
        with np.load(path) as file:
            kept = dict(file)
        if tuple(kept["labels"]) != flat.labels:
            raise ValueError(
                f"model must have the parameters of the file ({', '.join(kept['labels'])}), got {', '.join(flat.labels)}"
            )
        q = GaussianFit(flat, kept["mean"], kept["scale"])
        log_p = np.asarray(flat.log_densities(q.draws(PROBES, seed=0).values))
        if not np.allclose(log_p, kept["log_p"], rtol=1e-5, atol=1e-3):
            raise ValueError(
                "model must have the data and priors that the file was made with: its log density is another"
            )
        chains = None
        if "began" in kept:
            chains = Chains(kept["zeta"], kept["began"], float(kept["astray"]), int(kept["transitions"]))
        notes = tuple(map(str, kept["notes"]))
        return cls(
            q,
            kept["zeta"],
            kept["weights"],
            float(kept["khat"]),
            str(kept["source"]),
            float(kept["lost"]),
            chains,
            notes,
        )


def _of_chains(chains: Chains) -> dict:
    return {"began": chains.began, "astray": chains.astray, "transitions": chains.transitions}


def _constrained(model: FlatModel, zeta: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in jax.jit(jax.vmap(model.constrain))(zeta).items()}
