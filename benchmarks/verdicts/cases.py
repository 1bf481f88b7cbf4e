"""Fits whose quality is known: a model, a Gaussian q, and exact draws of the posterior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pymc as pm
from scipy import special

from helpers.checks.comparison import Margins, compared
from helpers.fits import FlatModel, GaussianFit, approximate
from helpers.fits.weights import HEAVIER, effective, psis
from helpers.truth import best_gaussian, student_t

EXACT = 50_000  # draws


@dataclass(frozen=True)
class Case:
    """A fit to judge.

    Parameters
    ----------
    kind : str
        What is special about it.
    q : GaussianFit
    exact : array, shape (draws, size)
        Independent draws of the posterior, in ζ.
    """

    kind: str
    q: GaussianFit
    exact: np.ndarray

    @cached_property
    def _margins(self) -> Margins:
        return Margins.of(self.q.model, self.exact, clusters=len(self.exact))

    def has_right(self, zeta: np.ndarray, weights: np.ndarray | None = None) -> bool:
        """Whether all margins of these draws are within the limits of `diagnose`, judged by the exact draws.

        Parameters
        ----------
        zeta : array, shape (draws, size)
        weights : array, shape (draws,), optional
        """
        judged = Margins.of(self.q.model, zeta, clusters=len(zeta))
        table = compared(judged if weights is None else replace(judged, weights=weights), self._margins)
        return bool(table["value"].between(table["low"], table["high"]).all())


def flat(build: Callable) -> FlatModel:
    with pm.Model() as model:
        build()
    return FlatModel(model)


def gaussian(model: FlatModel, mean, scale) -> GaussianFit:
    return GaussianFit(model, np.array(mean, float), np.array(scale, float))


def matched(model: FlatModel, exact: np.ndarray, family: str = "full-rank", sds: float = 1.0) -> GaussianFit:
    """The Gaussian with the moments of these draws, its sds times `sds`."""
    scale = exact.std(axis=0) if family == "mean-field" else np.linalg.cholesky(np.atleast_2d(np.cov(exact.T)))
    return gaussian(model, exact.mean(axis=0), sds * scale)


def by_ratios(model: FlatModel) -> np.ndarray:
    """Draws of a posterior with few parameters and one mode: resampled from heavier tails about its best Gaussian."""
    sample = approximate(model, seed=7, progress=False).q.draws(20 * EXACT, seed=7, df=HEAVIER)
    weights, khat = psis(sample.log_ratio)
    if khat > 0.3 or effective(weights) < 2 * EXACT:
        raise ValueError(f"too few effective draws for a reference: k-hat {khat:.2f}")
    return np.asarray(sample.values)[np.random.default_rng(7).choice(len(weights), EXACT, p=weights)]


def normals() -> dict[str, Case]:
    """A standard normal by normals of other places and widths."""
    rng = np.random.default_rng(7)
    model = flat(lambda: pm.Normal("x", 0, 1))
    exact = rng.standard_normal((EXACT, 1))
    rows = [
        ("right", "good", 0, 1),
        ("nearly right", "good", 0.1, 1.1),
        ("a little narrow", "good", 0, 0.87),
        ("shifted by 0.5", "biased", 0.5, 1),
        ("shifted by 6", "biased", 6, 1),
        ("shifted by 32", "biased", 32, 1),
        ("narrow, 0.7", "biased", 0, 0.7),
        ("narrow, 0.2", "biased", 0, 0.2),
        ("wide, 1.5", "too wide", 0, 1.5),
        ("wide, 3", "too wide", 0, 3),
    ]
    return {f"normal, {name}": Case(kind, gaussian(model, [mean], [sd]), exact) for name, kind, mean, sd in rows}


def correlated() -> dict[str, Case]:
    """Normal posteriors by the best mean-field q, whose sds are 1/√Λᵢᵢ; and by themselves."""
    rng = np.random.default_rng(7)
    rows = {}
    for rho, size in ((0.2, 30), (0.3, 10), (0.5, 10), (0.55, 2), (0.9, 2)):
        covariance = (1 - rho) * np.eye(size) + rho
        model = flat(lambda size=size, c=covariance: pm.MvNormal("x", np.zeros(size), c))
        sds = 1 / np.sqrt(np.diag(np.linalg.inv(covariance)))
        kind = "good" if sds[0] > 0.8 else "biased"
        exact = rng.multivariate_normal(np.zeros(size), covariance, EXACT)
        rows[f"equicorrelated {rho}, {size} numbers"] = Case(kind, gaussian(model, np.zeros(size), sds), exact)
    rows["equicorrelated 0.9, correlation lost"] = Case("good", matched(model, exact, "mean-field"), exact)
    rows["equicorrelated 0.9, full-rank"] = Case("good", matched(model, exact), exact)
    for rho, size in ((0.3, 100), (0.5, 50), (0.9, 200)):
        model = flat(lambda rho=rho, size=size: chain(rho, size))
        sds = np.sqrt((1 - rho**2) / np.r_[1, np.full(size - 2, 1 + rho**2), 1])
        steps = rng.standard_normal((size, EXACT))
        exact = [steps[0]]
        for step in steps[1:]:
            exact.append(rho * exact[-1] + np.sqrt(1 - rho**2) * step)
        case = Case("high dimension", gaussian(model, np.zeros(size), sds), np.array(exact).T)
        rows[f"AR(1) {rho}, {size} numbers"] = case
    model, exact = flat(lambda: pm.Normal("x", 0, 1, shape=100)), rng.standard_normal((EXACT, 100))
    for name, sd in (("right", 1), ("0.7", 0.7)):
        q = gaussian(model, np.zeros(100), np.full(100, sd))
        rows[f"100 independent, {name}"] = Case("high dimension", q, exact)
    return rows


def chain(rho: float, size: int) -> None:
    """x₁ … x_size, each N(0, 1), neighbours with correlation rho."""
    x = pm.Normal("x", 0, 1, shape=size)
    drift = x[1:] - rho * x[:-1]
    pm.Potential("chain", 0.5 * (x[1:] ** 2).sum() - 0.5 * (drift**2).sum() / (1 - rho**2))


def tails() -> dict[str, Case]:
    """Heavier or lighter tails than a Gaussian's, by the Gaussian of least KL."""
    rng = np.random.default_rng(7)
    rows = {}
    for nu in (3, 10):
        model = flat(lambda nu=nu: pm.StudentT("x", nu=nu, mu=0, sigma=1))
        q = gaussian(model, [0], [best_gaussian(student_t(nu), "KL(q‖p)").sd])
        rows[f"Student-t, ν = {nu}"] = Case("heavy tails", q, rng.standard_t(nu, (EXACT, 1)))
    for shape in (0.5, 5):
        model = flat(lambda shape=shape: pm.Gamma("x", shape, 1))
        q = gaussian(model, [np.log(shape) - 0.5 / shape], [shape**-0.5])
        rows[f"log of Gamma({shape})"] = Case("heavy tails", q, np.log(rng.gamma(shape, 1, (EXACT, 1))))
    model = flat(lambda: pm.NormalMixture("x", [0.99, 0.01], [0, 0], sigma=[1, 10]))
    exact = rng.standard_normal((EXACT, 1)) * np.where(np.arange(EXACT) % 100, 1, 10)[:, None]
    rows["0.99 N(0, 1) + 0.01 N(0, 10²)"] = Case("heavy tails", gaussian(model, [0], [1]), exact)
    model = flat(lambda: pm.NormalMixture("x", [0.85, 0.15], [0, 0], sigma=[0.3, 2.4]))
    exact = rng.standard_normal((EXACT, 1)) * np.where(np.arange(EXACT) % 20 < 17, 0.3, 2.4)[:, None]
    rows["a narrow middle in wide tails"] = Case("heavy tails", matched(model, exact), exact)
    y = 3 * rng.standard_normal((EXACT, 1))
    exact = np.hstack([y, np.exp(y / 2) * rng.standard_normal((EXACT, 9))])
    rows["funnel"] = Case("heavy tails", matched(flat(funnel), exact, "mean-field"), exact)
    widths = np.abs(rng.standard_cauchy((EXACT, 6)))
    exact = np.hstack([np.log(widths), widths[:, :1] * widths[:, 1:] * rng.standard_normal((EXACT, 5))])
    q = gaussian(flat(horseshoe), np.zeros(11), np.r_[np.full(6, 1.5), np.ones(5)])
    return rows | {"horseshoe": Case("heavy tails", q, exact)}


def funnel() -> None:
    y = pm.Normal("y", 0, 3)
    pm.Normal("x", 0, pm.math.exp(y / 2), shape=9)


def horseshoe() -> None:
    pm.Normal("b", 0, pm.HalfCauchy("wide", 1) * pm.HalfCauchy("local", 1, shape=5), shape=5)


def modes() -> dict[str, Case]:
    """More than one mode."""
    rng = np.random.default_rng(7)
    model = flat(lambda: pm.NormalMixture("x", [0.2, 0.8], [-0.3, 0.5], sigma=[0.1, 0.1]))
    exact = np.where(np.arange(EXACT) % 5, 0.5, -0.3)[:, None] + 0.1 * rng.standard_normal((EXACT, 1))
    rows = {
        "0.2 and 0.8, one found": Case("lost mode", gaussian(model, [0.5], [0.1]), exact),
        "0.2 and 0.8, over both": Case("too wide", gaussian(model, [0.17], [0.39]), exact),
    }
    model = flat(lambda: pm.NormalMixture("x", [0.5, 0.5], [-3, 3], sigma=[1, 1]))
    exact = np.where(np.arange(EXACT) % 2, 3, -3)[:, None] + rng.standard_normal((EXACT, 1))
    rows["½ N(±3, 1), one found"] = Case("lost mode", gaussian(model, [3], [1]), exact)
    rows["½ N(±3, 1) by N(0, 10)"] = Case("too wide", gaussian(model, [0], [np.sqrt(10)]), exact)
    model = flat(spike)
    exact = (
        np.where(np.arange(EXACT) % 2, 8, 0)[:, None]
        + rng.standard_normal((EXACT, 1)) * np.where(np.arange(EXACT) % 2, 0.02, 1)[:, None]
    )
    rows["half in a narrow spike"] = Case("lost mode", gaussian(model, [0], [1]), exact)
    model = flat(lost_among_many)
    exact = rng.standard_normal((EXACT, 100))
    exact[:, 0] += np.where(np.arange(EXACT) % 2, 3, -3)
    rows["½ N(±3, 1) among 100, one found"] = Case(
        "lost mode", gaussian(model, np.r_[3, np.zeros(99)], np.ones(100)), exact
    )
    model = flat(exchangeable)
    one = rng.standard_normal((EXACT, 2)) * 0.5 + [-2, 2]
    exact = np.where(np.arange(EXACT)[:, None] % 2, one, one[:, ::-1])
    rows["two means, labels exchangeable"] = Case("lost mode", gaussian(model, [-2, 2], [0.5, 0.5]), exact)
    return rows


def lost_among_many() -> None:
    pm.NormalMixture("x", [0.5, 0.5], [-3, 3], sigma=[1, 1])
    pm.Normal("y", 0, 1, shape=99)


def spike() -> None:
    """Half standard normal, half at 8 with an sd of 0.02, where hardly a draw of the prior falls."""
    x = pm.Normal("x", 0, 10)
    log_p = pm.logp(pm.NormalMixture.dist([0.5, 0.5], [0, 8], [1, 0.02]), x)
    pm.Potential("likelihood", log_p - pm.logp(pm.Normal.dist(0, 10), x))


def exchangeable() -> None:
    m = pm.Normal("m", 0, 5, shape=2)
    places = [pm.logp(pm.MvNormal.dist(place, 0.25 * np.eye(2)), m) for place in ([-2, 2], [2, -2])]
    pm.Potential("likelihood", pm.math.logaddexp(*places) - pm.logp(pm.Normal.dist(0, 5, shape=2), m).sum())


def transformed() -> dict[str, Case]:
    """Parameters with constraints, by Gaussians that have the moments of ζ."""
    rng = np.random.default_rng(7)
    ordered = pm.distributions.transforms.ordered
    variance = 1 / rng.gamma(10, 0.1, EXACT)
    mean = np.sqrt(variance / 20) * rng.standard_normal(EXACT)
    simplex = np.log(rng.dirichlet([3, 4, 5], EXACT))
    apart = np.sort(rng.standard_normal((EXACT, 3)), axis=1)
    posteriors = {
        "Beta(2, 5)": (lambda: pm.Beta("x", 2, 5), special.logit(rng.beta(2, 5, (EXACT, 1)))),
        "Dirichlet(3, 4, 5)": (
            lambda: pm.Dirichlet("x", np.array([3.0, 4, 5])),
            (simplex - simplex.mean(axis=1, keepdims=True))[:, :2],
        ),
        "mean and variance": (
            lambda: pm.Normal("m", 0, (pm.InverseGamma("v", 10, 10) / 20) ** 0.5),
            np.column_stack([np.log(variance), mean]),
        ),
        "three in order": (
            lambda: pm.Normal("x", np.zeros(3), 1, transform=ordered, initval=[-1.0, 0, 1]),
            np.column_stack([apart[:, 0], np.log(np.diff(apart, axis=1))]),
        ),
    }
    rows = {}
    for name, (build, exact) in posteriors.items():
        rows[name] = Case("good", matched(flat(build), exact), exact)
    model = flat(clipped)
    exact = rng.standard_normal((EXACT, 1))
    rows["a clipped deterministic"] = Case("good", gaussian(model, [0], [1]), exact)
    one = rows["mean and variance"]
    rows["mean and variance, narrow"] = Case("biased", matched(one.q.model, one.exact, sds=0.6), one.exact)
    return rows


def clipped() -> None:
    pm.Deterministic("y", pm.math.maximum(pm.Normal("x", 0, 1), 0))


def data() -> dict[str, Case]:
    """Posteriors of data, fitted well and badly."""
    rows, rng = {}, np.random.default_rng(21)
    age = rng.uniform(20, 80, 150)
    visits = rng.poisson(np.exp(-1 + 0.04 * age))
    model = flat(lambda: poisson(age, visits))
    exact = by_ratios(model)
    rows["Poisson on raw age, as `advi` leaves it"] = Case(
        "unconverged", gaussian(model, [-0.888] * 2, [0.41] * 2), exact
    )
    rows["Poisson on raw age, mean-field"] = Case("biased", mean_field(model, exact), exact)
    rows["Poisson on raw age, full-rank"] = Case("good", matched(model, exact), exact)
    model = flat(lambda: pm.Normal("y", pm.Normal("x", 0, 1), 0.5, observed=10.0))
    exact = 8 + np.sqrt(0.2) * rng.standard_normal((EXACT, 1))
    rows["PyMC issue 6271, default"] = Case("unconverged", gaussian(model, [3.15], [0.46]), exact)
    rows["PyMC issue 6271, right"] = Case("good", gaussian(model, [8.0], [np.sqrt(0.2)]), exact)
    y = rng.normal(3, 1, 400)
    model = flat(lambda: pm.Normal("y", pm.Normal("mean", 0, 10), 1, observed=y))
    mean, sd = y.sum() / 400.01, 400.01**-0.5
    exact = mean + sd * rng.standard_normal((EXACT, 1))
    rows["total_size a hundred times too large"] = Case("biased", gaussian(model, [mean], [sd / 10]), exact)
    dose = np.array([1.17, 2.97, 3.26, 4.69, 5.83, 6.0, 6.41])
    score = np.array([78.93, 58.2, 67.47, 37.47, 45.65, 32.92, 29.97])
    model = flat(lambda: line(dose, score))
    exact = by_ratios(model)
    rows["PyMC issue 2162, default"] = Case("unconverged", gaussian(model, [2.4, 2.4, 3.9], [0.9, 0.9, 0.3]), exact)
    rows["PyMC issue 2162, full-rank"] = Case("good", matched(model, exact), exact)
    return rows | sums(rng)


def mean_field(model: FlatModel, exact: np.ndarray) -> GaussianFit:
    """The best mean-field q of a posterior that is nearly normal."""
    return gaussian(model, exact.mean(axis=0), 1 / np.sqrt(np.diag(np.linalg.inv(np.cov(exact.T)))))


def poisson(age: np.ndarray, visits: np.ndarray) -> None:
    pm.Poisson("visits", pm.math.exp(pm.Normal("a", 0, 5) + pm.Normal("b", 0, 1) * age), observed=visits)


def line(dose: np.ndarray, score: np.ndarray) -> None:
    mean = pm.Normal("intercept", 0, 100) + pm.Normal("slope", 0, 100) * dose
    pm.Normal("score", mean, pm.HalfCauchy("σ", 5), observed=score)


def sums(rng: np.random.Generator) -> dict[str, Case]:
    """Ten weakly correlated regressors and the sum of their effects; mean-field with and without that sum in the model."""
    x = rng.multivariate_normal(np.zeros(10), np.full((10, 10), -0.06) + 1.06 * np.eye(10), size=200)
    x = x - x.mean(axis=0)
    y = x @ np.full(10, 0.3) + rng.normal(size=200)
    precision = x.T @ x + np.eye(10) / 4
    covariance = np.linalg.inv(precision)
    exact = rng.multivariate_normal(covariance @ x.T @ y, covariance, EXACT)
    rows = {}
    for name, total in (("ten effects", False), ("ten effects and their sum", True)):
        model = flat(lambda total=total: regression(x, y, total))
        q = gaussian(model, covariance @ x.T @ y, 1 / np.sqrt(np.diag(precision)))
        rows[name] = Case("biased" if total else "good", q, exact)
    return rows


def regression(x: np.ndarray, y: np.ndarray, total: bool) -> None:
    b = pm.Normal("b", 0, 2, shape=10)
    pm.Normal("y", x @ b, 1, observed=y)
    if total:
        pm.Deterministic("total", b.sum())


def all_cases() -> dict[str, Case]:
    """All of them."""
    return normals() | correlated() | tails() | modes() | transformed() | data()
