"""A Gaussian over the unconstrained parameters of a PyMC model: what each of the course's Gaussian fits comes down to."""

from __future__ import annotations

from dataclasses import dataclass, field

import arviz as az
import numpy as np
from pymc.variational.approximations import Empirical, FullRank, MeanField
from scipy import linalg, stats

from helpers.fits.flat_model import FlatModel
from helpers.truth.draws import Draws

REACH = 0.999  # of the mass of one coordinate: beyond that q does not reach
VALLEY = 1.0  # nats that log p̃ must fall between two places to make them modes of their own


@dataclass(frozen=True)
class GaussianFit:
    """q(ζ) = N(mean, L Lᵀ) on the unconstrained space of a model.

    Parameters
    ----------
    model : FlatModel
    mean : array, shape (size,)
    scale : array, shape (size, size) or (size,)
        L, lower triangular; or the standard deviations, where all are independent.
    losses : array, shape (steps,), optional
        One noisy estimate of −ELBO, in nats, for each step of the fit.
    """

    model: FlatModel
    mean: np.ndarray
    scale: np.ndarray
    losses: np.ndarray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def from_pymc(cls, model: FlatModel, approximation: MeanField | FullRank) -> GaussianFit:
        """What `pm.fit` returned, from method "advi" or "fullrank_advi", for the same model.

        Raises
        ------
        TypeError
            For an approximation by particles.
        ValueError
            For another model's approximation.
        """
        if isinstance(approximation, Empirical):
            raise TypeError('approximation must come from method "advi" or "fullrank_advi", got particles')
        if {v.name for v in model.value_vars} != set(approximation.ordering) or approximation.ddim != model.size:
            more = ", …" if model.size > 8 else ""
            raise ValueError(
                f"approximation must be of the same model, with {model.size} unconstrained parameters "
                f"({', '.join(model.labels[:8])}{more}); "
                f"it has {approximation.ddim}, in {', '.join(approximation.ordering)}"
            )
        order = [approximation.ordering[v.name][1] for v in model.value_vars]
        places = np.concatenate([np.arange(approximation.ddim)[part] for part in order])
        if isinstance(approximation, MeanField):
            scale = approximation.std.eval()[places]
        else:
            scale = np.linalg.cholesky(approximation.cov.eval()[np.ix_(places, places)])
        return cls(model, approximation.mean.eval()[places], scale, np.asarray(approximation.hist))

    @classmethod
    def from_phi(cls, model: FlatModel, phi: np.ndarray, losses: np.ndarray) -> GaussianFit:
        """From φ = (μ, ω), or (μ, ω, the rest of L row by row), as `mean_field` and `full_rank` take it.

        Parameters
        ----------
        model : FlatModel
        phi : array, shape (2 size,) or (2 size + size (size − 1) / 2,)
        losses : array, shape (steps,)
            −ELBO, in nats.
        """
        mean, omega, rest = np.split(phi, [model.size, 2 * model.size])
        scale = np.exp(omega)
        if phi.size > 2 * model.size:
            scale = np.diag(scale)
            scale[np.tril_indices(model.size, -1)] = rest
        return cls(model, mean, scale, losses)

    @property
    def family(self) -> str:
        """ "mean-field", where `scale` holds standard deviations, or "full-rank"."""
        return "mean-field" if self.scale.ndim == 1 else "full-rank"

    def push(self, eta: np.ndarray) -> np.ndarray:
        """ζ = mean + Lη, shape (draws, size), for η of the same shape."""
        return self.mean + (eta * self.scale if self.family == "mean-field" else eta @ self.scale.T)

    def whiten(self, zeta: np.ndarray) -> np.ndarray:
        """η = L⁻¹(ζ − mean), shape (draws, size): what `push` would make these ζ of."""
        away = zeta - self.mean
        if self.family == "mean-field":
            return away / self.scale
        return linalg.solve_triangular(self.scale, away.T, lower=True).T

    def reaches(self, zeta: np.ndarray) -> bool:
        """Whether q comes to this ζ, shape (size,), on the straight line from its mean: in units of its sd along it."""
        return bool(np.linalg.norm(self.whiten(zeta[None])) <= stats.norm.isf((1 - REACH) / 2))

    def separate_from(self, other: GaussianFit) -> bool:
        """Whether the means are beyond the reach of both, and log p̃ has a valley between them."""
        if self.reaches(other.mean) or other.reaches(self.mean):
            return False
        between = np.linspace(0, 1, 21)[:, None]
        log_p = np.asarray(self.model.log_densities(self.mean + between * (other.mean - self.mean)))
        return bool(log_p[1:-1].min() < min(log_p[0], log_p[-1]) - VALLEY)

    @property
    def factor(self) -> np.ndarray:
        """L, shape (size, size)."""
        return np.diag(self.scale) if self.family == "mean-field" else self.scale

    @property
    def covariance(self) -> np.ndarray:
        """Shape (size, size)."""
        return self.factor @ self.factor.T

    @property
    def sd(self) -> np.ndarray:
        """Standard deviation of each ζ, shape (size,)."""
        return self.scale if self.family == "mean-field" else np.sqrt((self.scale**2).sum(axis=1))

    def draws(self, draws: int = 20_000, *, seed: int, df: float | None = None) -> Draws:
        """Draws of ζ, shape (draws, size), with log p̃(ζ) − log q(ζ): what the scorecard takes.

        Parameters
        ----------
        draws : int
        seed : int
        df : float, optional
            Instead of q, draw from the multivariate t of so many degrees of freedom with q's place and scale. Its tails
            are heavier, so importance weights can mend more; in more than some ten dimensions few draws are left.
        """
        eta = self._etas(draws, seed)
        log_q = stats.norm.logpdf(eta).sum(axis=1)
        if df is not None:
            eta = eta / np.sqrt(np.random.default_rng([seed, 1]).chisquare(df, draws) / df)[:, None]
            log_q = stats.multivariate_t(shape=np.eye(self.mean.size), df=df).logpdf(eta).reshape(draws)
        zeta = self.push(eta)
        diagonal = self.scale if self.family == "mean-field" else np.diag(self.scale)
        return Draws(zeta, np.asarray(self.model.log_densities(zeta)) - log_q + np.log(diagonal).sum())

    def _etas(self, draws: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).standard_normal((draws, self.mean.size))

    def elbo(self, draws: int = 20_000, *, seed: int) -> tuple[float, float]:
        """The ELBO in nats, estimated from `draws` draws, and the standard error of the estimate."""
        log_ratio = self.draws(draws, seed=seed).log_ratio
        return float(log_ratio.mean()), float(log_ratio.std() / np.sqrt(draws))

    def to_datatree(self, draws: int = 1000, *, seed: int):
        """Draws of every parameter and deterministic, in its own space, as group "posterior" with one chain."""
        return as_datatree(self.model, self.push(self._etas(draws, seed)))  # not `draws`: log p̃ is dear with many rows


def times(scale, u):
    """Lu for one u, shape (size,), where `scale` is L or its diagonal."""
    return scale @ u if scale.ndim == 2 else scale * u


def as_datatree(model: FlatModel, zeta: np.ndarray):
    """ζ, shape (draws, size), as every parameter and deterministic of the model: group "posterior" with one chain."""
    posterior = {name: np.asarray(value)[None] for name, value in model.constrain_all(zeta).items()}
    dims = {name: model.dims[name] for name in posterior if name in model.dims}
    return az.from_dict({"posterior": posterior}, dims=dims, coords=model.coords)
