"""The closest normal density to a target, under each meaning of "closest"."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from helpers.truth.divergences import kl, squared_log_difference
from helpers.truth.targets import Normal, Target, normal
from helpers.validate import check_among

SEARCHED = {
    "squared log difference": squared_log_difference,
    "KL(q‖p)": kl,
}
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
ETA = np.stack(np.meshgrid(NODES, NODES), axis=-1).reshape(-1, 2)
WEIGHTS = np.outer(NODE_WEIGHTS, NODE_WEIGHTS).ravel() / (2 * np.pi)
ETA, WEIGHTS = ETA[WEIGHTS > 1e-20], WEIGHTS[WEIGHTS > 1e-20]  # the rest counts for nothing
CRITERIA = (*SEARCHED, "KL(p‖q)", "Laplace")


def best_gaussian(target: Target, criterion: str) -> Normal:
    """The normal q closest to `target` (p) under `criterion`.

    Parameters
    ----------
    target : Target
        On the whole real line, except for "KL(p‖q)", which allows any support.
    criterion : str
        "squared log difference": least ∫ q (log q − log p)² dθ. "KL(q‖p)": least ∫ q log(q/p) dθ, the best
        of the optima found from every anchor of the target and from its whole. "KL(p‖q)": least ∫ p log(p/q) dθ,
        which a normal reaches by having p's mean and sd. "Laplace": mean at the highest mode of p, variance
        −1 / (d²/dθ² log p) there.

    Raises
    ------
    ValueError
        For an unknown criterion, or where no such normal exists: p without a finite sd under "KL(p‖q)", p on
        part of the line under the criteria that integrate over q, p with a kink at its mode under "Laplace".
    """
    check_among(CRITERIA, criterion=criterion)
    if criterion == "KL(p‖q)":
        if not (np.isfinite(target.mean) and np.isfinite(target.sd)):
            raise ValueError(f"target must have a finite mean and sd for {criterion}; {target.name} has sd {target.sd}")
        return normal(target.mean, target.sd)
    if criterion == "Laplace":
        return _laplace(target)
    if np.isfinite(target.support).any():
        raise ValueError(f"target must live on the whole real line for {criterion}; {target.name}: {target.support}")
    found = [descend(SEARCHED[criterion], target, *start) for start in _starts(target)]
    return min(found, key=lambda q: SEARCHED[criterion](q, target))


def descend(objective, target: Target, mu: float, sigma: float) -> Normal:
    """The local optimum of objective(q, target) over μ and ln σ that a descent from N(μ, σ²) ends in.

    Parameters
    ----------
    objective : callable
        (q, target) → number; infinity is allowed.
    target : Target
    mu, sigma : float
        Where the descent starts; σ > 0.
    """
    centre, scale = target.anchors[0]  # so that the optimiser sees numbers of order one

    def at(x) -> Normal:
        return normal(centre + scale * x[0], scale * np.exp(np.clip(x[1], -50, 50)))

    start = [(mu - centre) / scale, np.log(sigma / scale)]
    options = {"gtol": 1e-7, "finite_diff_rel_step": 1e-4}
    found = minimize(lambda x: objective(at(x), target), start, method="BFGS", jac="3-point", options=options)
    if np.abs(found.jac).max() > 1e-4:  # it may stop for want of precision in the line search; finish without slopes
        found = minimize(lambda x: objective(at(x), target), found.x, method="Nelder-Mead", options={"xatol": 1e-7})
    return at(found.x)


def loss_2d(log_density, mean, covariance) -> float:
    """−ELBO, in nats, of the normal N(mean, covariance) for a target with two parameters, free of noise.

    Parameters
    ----------
    log_density : callable
        θ of shape (points, 2) → log density up to a constant, shape (points,), finite and smooth.
    mean, covariance : array, shape (2,) and (2, 2)
    """
    factor = np.linalg.cholesky(covariance)
    average = WEIGHTS @ log_density(mean + ETA @ factor.T)
    return float(-average - np.log(np.diag(factor)).sum() - 1 - np.log(2 * np.pi))


def factor_2d(phi) -> np.ndarray:
    """The Cholesky factor L of φ = (two means, the logs of L's diagonal, the entry below it, which may be left out: 0)."""
    below = phi[4] if len(phi) == 5 else 0
    return np.array([[np.exp(phi[2]), 0], [below, np.exp(phi[3])]])


def best_gaussian_2d(log_density, mean, covariance, *, full_rank: bool = True):
    """The normal of least KL(q‖p) for a target with two parameters, by Gauss–Hermite quadrature.

    Parameters
    ----------
    log_density : callable
        As for `loss_2d`.
    mean, covariance : array, shape (2,) and (2, 2)
        Where the descent starts: those of the target will do.
    full_rank : bool
        Whether the normal may have a correlation.

    Returns
    -------
    mean : array, shape (2,)
    covariance : array, shape (2, 2)
    """

    def unpack(phi):
        factor = factor_2d(phi)
        return phi[:2], factor @ factor.T

    start = np.linalg.cholesky(covariance)
    phi = np.array([*mean, *np.log(np.diag(start)), start[1, 0]])[: 5 if full_rank else 4]
    found = minimize(lambda phi: loss_2d(log_density, *unpack(phi)), phi, jac="3-point", options={"gtol": 1e-6})
    return unpack(found.x)


def _starts(target: Target) -> list[tuple[float, float]]:
    """Every feature of the target on its own, and all of it."""
    if len(target.anchors) == 1:
        return list(target.anchors)
    return [*target.anchors, (target.mean, target.sd)]


def _laplace(target: Target) -> Normal:
    low, high = target.quantile([0.001, 0.999])
    near = [centre + scale * np.linspace(-4, 4, 81) for centre, scale in target.anchors]
    grid = np.unique(np.concatenate([np.linspace(low, high, 2001), *near]))
    grid = grid[(grid > target.support[0]) & (grid < target.support[1])]
    k = int(np.clip(np.argmax(target.log_density(grid)), 1, len(grid) - 2))
    mode = minimize_scalar(
        lambda theta: -target.log_density(theta),
        bounds=grid[[k - 1, k + 1]],
        options={"xatol": 1e-10},
        method="bounded",
    ).x

    def curvature(step: float) -> float:
        log_density = target.log_density(np.array([mode - step, mode, mode + step]))
        return float(log_density @ [1.0, -2.0, 1.0]) / step**2

    step = 1e-3 * min(scale for _, scale in target.anchors)
    coarse, fine = curvature(2 * step), curvature(step)
    if not (coarse < 0 and abs(fine / coarse - 1) < 0.1):  # a kink: the second difference grows as the step shrinks
        raise ValueError(
            f"target must have a smooth mode for Laplace; the log density of {target.name} has a kink or no peak"
        )
    return normal(mode, (-(4 * fine - coarse) / 3) ** -0.5)  # Richardson: the error falls as step⁴
