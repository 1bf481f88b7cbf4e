"""What `approximate` found: draws, which margins to believe, predictions, and a file to keep it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm

from helpers.fits.columns import margins, side_by_side
from helpers.fits.flat_model import FlatModel
from helpers.fits.gaussian_fit import GaussianFit, as_datatree
from helpers.fits.new_data import check_prediction, predictions
from helpers.fits.short_chains import ASTRAY_SHARE, Chains, at_rest
from helpers.truth.draws import Draws
from helpers.validate import check_count

LOST = 0.05  # share of the mass that may lie where q does not reach
HEAVY = 1.0  # k-hat, from which on the importance ratios have no finite mean
SIGNATURE = 5  # draws of q at which a stored fit and a model must agree on log p̃


@dataclass(frozen=True, repr=False)
class Approximation:
    """A Gaussian q, and draws that have been corrected towards the posterior.

    Parameters
    ----------
    q : GaussianFit
    zeta : array, shape (draws, size)
        Corrected draws of ζ; from short chains 10 of each of 250 chains, whose mean may be off by 0.06 sd.
    weights : array, shape (draws,)
        Their weights, of sum one.
    khat : float
        Pareto k-hat of the importance ratios: of q's draws, or of the heavier tails' where they are used.
    source : str
        What corrected the draws: "weights" (importance weights of q's draws), "heavier" (weights of draws from a t about
        q, with 3 degrees of freedom), "chains" (short chains from draws of q), or "nothing".
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

    def __repr__(self) -> str:
        return f"<Approximation of {self.q.model.size} parameters: {self.verdict}>"

    @property
    def draws(self) -> Draws:
        """The corrected draws of ζ with their weights, for the scorecard."""
        return Draws(self.zeta, weights=self.weights)

    @property
    def usable(self) -> bool:
        """Whether every margin of the corrected draws can be used, as far as this fit can know."""
        return not self._objection()

    @property
    def verdict(self) -> str:
        """Whether to use the corrected draws, what they are, and why not."""
        notes = "".join(f"; {note}" for note in self.notes)
        if objection := self._objection():
            return f"do not use: {objection}{notes}"
        if self.source != "chains":
            what = "q" if self.source == "weights" else "a t about q"
            return f"use: draws of {what} with importance weights (k-hat {self.khat:.2f}){notes}"
        tails = "; far out the posterior may have more mass than short chains find" if self.khat >= HEAVY else ""
        return (
            f"use: draws of {len(self.chains.began)} short Markov chains of {self.chains.transitions} transitions that "
            f"started from q (its importance weights are not reliable: k-hat {self.khat:.2f}){tails}{notes}"
        )

    def _objection(self) -> str:
        """Why not to use the draws, or nothing."""
        if (flaw := self._flaw()) or self.chains is None:
            return flaw
        stuck = np.array(self.q.model.labels)[~self.chains.settled]
        if not stuck.size:
            return ""
        named = ", ".join(stuck[:5]) + f" and {stuck.size - 5} more" * (stuck.size > 5)
        after = f"after {self.chains.transitions} transitions the chains"
        return f"{after} still move, or depend on where they began, in {named}; run pm.sample"

    def _flaw(self) -> str:
        """What spoils all margins at once, or nothing."""
        if self.source == "nothing":
            return "these draws of q have not been checked"
        if self.lost > LOST:
            return (
                f"other starts ended at places that q does not reach, with about {self.lost:.0%} of the mass: "
                "modes of their own, or mirror images (swapped labels, turned signs)"
            )
        if self.chains is not None and self.chains.astray >= ASTRAY_SHARE:
            return (
                "in some places the posterior is too narrow for the step of the chains "
                f"({self.chains.astray:.1%} of the transitions failed), as in the neck of a funnel; write the hierarchy "
                "non-centred, or run pm.sample"
            )
        return ""

    def summary(self, names: Iterable[str] | None = None) -> pd.DataFrame:
        """Parameters and deterministics of the model, each on its own scale.

        Parameters
        ----------
        names : iterable of str, optional
            Which variables; by default all but those with more than 1,000 numbers.

        Returns
        -------
        DataFrame
            "mean", "sd", and the quantiles "5 %", "50 %" and "95 %" of the corrected draws; "Gaussian" says how far,
            in sds, the mean of q was from that; "believe" says whether this margin can be used. Where the verdict is
            "do not use", a margin that is believed stands still, but depends on others that do not.

        Raises
        ------
        ValueError
            For a name that the model does not have.
        """
        columns = margins(self.q.model, self.zeta, names)
        draws = Draws(side_by_side(columns, len(self.zeta)), weights=self.weights)
        plain = Draws(side_by_side(margins(self.q.model, self.q.draws(2_000, seed=0).values, names), 2_000))
        low, middle, high = draws.quantile(np.array([0.05, 0.5, 0.95]))
        mean, sd = draws.mean, draws.sd
        shift = np.divide(plain.mean - mean, sd, out=np.zeros_like(sd), where=sd > 0)
        table = {"mean": mean, "sd": sd, "5 %": low, "50 %": middle, "95 %": high, "Gaussian": shift}
        return pd.DataFrame(table, index=list(columns)).assign(believe=self._believed(names) & np.isfinite(mean))

    def _believed(self, names: Iterable[str] | None) -> np.ndarray | bool:
        if self._flaw() or self.chains is None:
            return not self._flaw()
        both = self.chains.began, self.chains.zeta
        return at_rest(*(side_by_side(margins(self.q.model, zeta, names), len(zeta)) for zeta in both))

    def to_datatree(self, draws: int = 2_000, *, seed: int = 0):
        """Corrected draws of every parameter and deterministic, with equal weights, as group "posterior" with one chain."""
        check_count(draws=draws)
        check_count(0, seed=seed)
        return as_datatree(self.q.model, self._resampled(draws, seed))

    def _resampled(self, draws: int, seed: int) -> np.ndarray:
        """Systematic resampling: each draw about as often as its weight says, shape (draws, size)."""
        rng = np.random.default_rng(seed)
        places = np.searchsorted(np.cumsum(self.weights), (np.arange(draws) + rng.random()) / draws)
        return self.zeta[rng.permutation(np.minimum(places, len(self.zeta) - 1))]

    def predict(self, data: Mapping | None = None, *, coords: Mapping | None = None, draws: int = 1_000, seed: int):
        """Draws of what the model observes. Parameters keep their draws: new data change the likelihood only.

        Parameters
        ----------
        data : mapping of name → array, optional
            New values for the model's `pm.Data`; afterwards the model has its old ones again. Without it: the data that
            the model has, for posterior predictive checks.
        coords : mapping of name → labels, optional
            For dimensions whose length changes with the data.
        draws : int
        seed : int

        Returns
        -------
        DataTree
            As from `pm.sample_posterior_predictive`: group "predictions" for new data, "posterior_predictive" without.

        Raises
        ------
        ValueError
            For a name that is not among the model's data or dimensions; for a model that observes nothing, as where
            the likelihood is a `pm.Potential`.
        """
        check_prediction(self.q.model.model, data, coords)
        return predictions(self.q.model.model, self.to_datatree(draws, seed=seed), data, coords, seed)

    def save(self, path: str | Path) -> None:
        """Keep q and the corrected draws in one file, `path` with ".npz", and what tells the model from others."""
        chains = self.chains and {
            "began": self.chains.began,
            "astray": self.chains.astray,
            "transitions": self.chains.transitions,
        }
        np.savez_compressed(
            Path(path).with_suffix(".npz"),
            mean=self.q.mean,
            scale=self.q.scale,
            zeta=self.zeta,
            weights=self.weights,
            khat=self.khat,
            source=self.source,
            lost=self.lost,
            notes=np.array(self.notes, dtype=str),
            labels=np.array(self.q.model.labels),
            log_p=_signature(self.q),
            **(chains or {}),
        )

    @classmethod
    def load(cls, path: str | Path, model: pm.Model | FlatModel) -> Approximation:
        """What `save` has kept, for the same model with the same data.

        Parameters
        ----------
        path : str or Path
        model : pymc.Model or FlatModel

        Raises
        ------
        ValueError
            For another model, other data, or a file of another kind.
        """
        flat = model if isinstance(model, FlatModel) else FlatModel(model)
        with np.load(Path(path).with_suffix(".npz")) as file:
            kept = dict(file)
        if not {"labels", "log_p", "zeta", "weights"} <= set(kept):
            raise ValueError(f"path must be of a file that `save` has made, got {path}")
        if tuple(kept["labels"]) != flat.labels:
            theirs, ours = ", ".join(kept["labels"][:8]), ", ".join(flat.labels[:8])
            raise ValueError(f"model must have the parameters of the file ({theirs} …), got {ours} …")
        q = GaussianFit(flat, kept["mean"], kept["scale"])
        if not _alike(_signature(q), kept["log_p"], flat.start.dtype):
            raise ValueError(
                "model must have the data and priors that the file was made with: its log density is another"
            )
        chains = None
        if "began" in kept:
            chains = Chains(kept["zeta"], kept["began"], float(kept["astray"]), int(kept["transitions"]))
        numbers = float(kept["khat"]), str(kept["source"]), float(kept["lost"])
        return cls(q, kept["zeta"], kept["weights"], *numbers, chains, tuple(map(str, kept["notes"])))


def _signature(q: GaussianFit) -> np.ndarray:
    """log p̃ at a few draws of q: another model, or other data, have others."""
    return np.asarray(q.model.log_densities(q.draws(SIGNATURE, seed=0).values), float)


def _alike(a: np.ndarray, b: np.ndarray, precision) -> bool:
    """Whether two signatures are of the same log density, up to the rounding of another machine."""
    rounding = 100 * np.finfo(precision).eps * np.abs(b[np.isfinite(b)]).max(initial=1)
    return np.allclose(a, b, rtol=0, atol=1e-4 + rounding, equal_nan=True)
