"""One-dimensional densities to approximate, each with its exact moments and quantiles.

A new target takes three lines: a function that returns ``Target.from_scipy(name, frozen_distribution)``,
and its entry in `TARGETS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats

from helpers.validate import check_finite, check_positive

LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Target:
    """A density on an interval of the real line.

    Parameters
    ----------
    name : str
        How pictures and menus call it.
    log_density : callable
        θ (any shape) → log density (same shape), −inf outside the support. It may miss the
        normalising constant; `log_evidence` then says which.
    support : tuple of float
        Lower and upper end; either may be infinite.
    mean, sd : float
        Exact. `inf` or `nan` where there is none.
    quantile : callable
        Probability in [0, 1] (any shape) → θ.
    log_evidence : float
        Log of the integral of exp(log_density); 0 for a normalised density.
    anchors : tuple of (float, float)
        Centre and scale of each feature; quadrature starts its panels there.
    """

    name: str
    log_density: Callable
    support: tuple[float, float]
    mean: float
    sd: float
    quantile: Callable
    anchors: tuple[tuple[float, float], ...]
    log_evidence: float = 0.0

    @classmethod
    def from_scipy(cls, name: str, dist) -> Target:
        """Wrap a frozen continuous distribution of `scipy.stats`."""
        with np.errstate(all="ignore"):
            mean, variance = (float(m) for m in dist.stats(moments="mv"))
            low, middle, high = dist.ppf([0.25, 0.5, 0.75])
        ends = tuple(float(end) for end in dist.support())
        return cls(name, dist.logpdf, ends, mean, variance**0.5, dist.ppf, ((middle, high - low),))

    def density(self, theta):
        """Normalised density at `theta` (same shape)."""
        return np.exp(self.log_density(theta) - self.log_evidence)

    def scaled(self, log_constant: float) -> Target:
        """The same density, left unnormalised by the factor exp(log_constant)."""
        check_finite(log_constant=log_constant)
        return replace(
            self,
            log_density=lambda theta: self.log_density(theta) + log_constant,
            log_evidence=self.log_evidence + log_constant,
        )


@dataclass(frozen=True)
class Normal(Target):
    """A normal density; `mean` is μ and `sd` is σ. Make one with `normal`."""


def normal(mu: float = 0.0, sigma: float = 1.0) -> Normal:
    """The normal density N(μ, σ²). Raises `ValueError` unless μ is finite and σ finite and > 0."""
    (mu,), (sigma,) = check_finite(mu=mu), check_positive(sigma=sigma)

    def log_density(theta):
        return -0.5 * ((theta - mu) / sigma) ** 2 - np.log(sigma) - 0.5 * LOG_2PI

    def quantile(probability):
        return mu + sigma * special.ndtri(probability)

    return Normal("normal", log_density, (-np.inf, np.inf), mu, sigma, quantile, ((mu, sigma),))


def student_t(df: float = 3.0, loc: float = 0.0, scale: float = 1.0) -> Target:
    """Student-t with `df` degrees of freedom (ν): heavy tails, sd √(ν/(ν−2))·scale for ν > 2.

    Parameters
    ----------
    df : float
        Degrees of freedom, > 0.
    loc : float
        The centre.
    scale : float
        > 0; the sd is larger.
    """
    (loc,), (df, scale) = check_finite(loc=loc), check_positive(df=df, scale=scale)
    return Target.from_scipy("Student-t", stats.t(df, loc, scale))


def gumbel(loc: float = 0.0, scale: float = 1.0) -> Target:
    """Gumbel for maxima: skewed, its left tail falls like exp(−exp(−z))."""
    (loc,), (scale,) = check_finite(loc=loc), check_positive(scale=scale)
    return Target.from_scipy("Gumbel", stats.gumbel_r(loc, scale))


def laplace(loc: float = 0.0, scale: float = 1.0) -> Target:
    """Laplace (double exponential): a kink at its mode."""
    (loc,), (scale,) = check_finite(loc=loc), check_positive(scale=scale)

    def log_density(theta):  # scipy takes the log of a density that has underflowed
        return -np.abs((theta - loc) / scale) - np.log(2 * scale)

    return replace(Target.from_scipy("Laplace", stats.laplace(loc, scale)), log_density=log_density)


def skew_normal(shape: float = 4.0, loc: float = 0.0, scale: float = 1.0) -> Target:
    """Skew-normal (Azzalini 1985); `shape` = 0 is the normal, > 0 leans to the right.

    Parameters
    ----------
    shape : float
        How far it leans.
    loc : float
        Where the normal of shape 0 has its mean.
    scale : float
        The sd of the normal of shape 0.
    """
    (shape, loc), (scale,) = check_finite(shape=shape, loc=loc), check_positive(scale=scale)
    return Target.from_scipy("skew-normal", stats.skewnorm(shape, loc, scale))


def beta(a: float = 1001.0, b: float = 2.0) -> Target:
    """Beta(a, b) on (0, 1). With a or b below 0.5 integrate on `logit_beta`: see `helpers.truth.divergences.kl`."""
    a, b = check_positive(a=a, b=b)
    return Target.from_scipy("Beta", stats.beta(a, b))


def logit_beta(a: float = 1001.0, b: float = 2.0) -> Target:
    """The density of ζ = logit θ when θ ~ Beta(a, b): log θ and log(1 − θ) by `logaddexp`, so no overflow."""
    a, b = check_positive(a=a, b=b)

    def log_density(zeta):
        return -a * np.logaddexp(0, -zeta) - b * np.logaddexp(0, zeta) - special.betaln(a, b)

    def quantile(probability):
        theta, one_minus_theta = stats.beta.ppf(probability, a, b), stats.beta.isf(probability, b, a)
        with np.errstate(divide="ignore"):  # each is precise where it is small, and used there
            return np.where(
                theta < 0.5, np.log(theta) - np.log1p(-theta), np.log1p(-one_minus_theta) - np.log(one_minus_theta)
            )

    mean = float(special.digamma(a) - special.digamma(b))
    sd = float(np.sqrt(special.polygamma(1, a) + special.polygamma(1, b)))
    return Target("logit-Beta", log_density, (-np.inf, np.inf), mean, sd, quantile, ((mean, sd),))


def normal_mixture(
    weights: tuple[float, float] = (0.5, 0.5),
    means: tuple[float, float] = (-3.0, 3.0),
    sds: tuple[float, float] = (1.0, 1.5),
) -> Target:
    """Two normals in one density.

    Parameters
    ----------
    weights : (float, float)
        Positive, of sum one.
    means, sds : (float, float)
        Of each normal; the sds are positive.
    """
    for name, pair in {"weights": weights, "means": means, "sds": sds}.items():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError(f"{name} must hold two numbers, got {pair!r}")
    check_positive(**{f"weights[{k}]": w for k, w in enumerate(weights)})
    check_positive(**{f"sds[{k}]": s for k, s in enumerate(sds)})
    check_finite(**{f"means[{k}]": m for k, m in enumerate(means)})
    if abs(sum(weights) - 1) > 1e-9:
        raise ValueError(f"weights must sum to 1, got {weights!r}")
    anchors = tuple((float(m), float(s)) for m, s in zip(means, sds, strict=True))
    mixture = stats.Mixture([stats.Normal(mu=m, sigma=s) for m, s in anchors], weights=np.asarray(weights, float))
    parts = [normal(m, s) for m, s in anchors]

    def log_density(theta):  # five times as fast as the mixture's own
        return np.logaddexp(*(np.log(w) + part.log_density(theta) for w, part in zip(weights, parts, strict=True)))

    return Target(
        "two-normal mixture",
        log_density,
        (-np.inf, np.inf),
        float(mixture.mean()),
        float(mixture.standard_deviation()),
        mixture.icdf,
        anchors,
    )


TARGETS: dict[str, Callable[..., Target]] = {
    "Student-t": student_t,
    "Gumbel": gumbel,
    "two-normal mixture": normal_mixture,
    "skew-normal": skew_normal,
    "Laplace": laplace,
    "logit-Beta": logit_beta,
    "Beta": beta,
}
