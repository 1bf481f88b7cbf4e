"""Kullback-Leibler divergences and the ELBO of one-dimensional densities, by adaptive quadrature.

The range is cut into panels whose edges stand at doubling distances from every feature of both densities,
and each panel is integrated by the tanh-sinh rule (Takahasi & Mori 1974, doi:10.2977/prims/1195192451) of
`scipy.integrate.tanhsinh`. The result is deterministic: the same arguments give the same digits.
"""

from __future__ import annotations

import numpy as np
from scipy.integrate import tanhsinh

from helpers.truth.targets import Target

SMALLEST_LOG = -745.0  # exp of anything lower is 0 in double precision
NEAR = 60  # doublings within which every anchor has its panels
FARTHEST = 200  # doublings of the first anchor: a power law is a clean power there, and no density underflows yet
TOO_SLOW = 1e-8  # a tail whose panels shrink by less than this a doubling counts as divergent


def entropy(q: Target) -> float:
    """−∫ q log q dθ, in nats."""
    return -_expectation(q, q, lambda log_q, _: log_q)


def kl(q: Target, p: Target) -> float:
    """KL(q‖p) = ∫ q log(q/p) dθ, in nats. For the other direction, swap the arguments.

    The absolute error is below 1e-6 for scales of q from 0.01 to 100 times p's, as far as double precision
    holds the value. `inf` is returned where p is 0 and q is not; where the integral diverges (a Student-t
    with ν ≤ 2 as `q`, a normal as `p`); and where −log p exceeds the largest double while q does not vanish
    (a Gumbel as `p`, which a normal `q` 18 or more times as wide meets: the true value is finite, above 1e70).

    Two limits of double precision: a Beta with a parameter below 0.5 has mass closer to its wall than the spacing
    of doubles at 1, so use `helpers.truth.targets.logit_beta`, where KL is the same; and a Student-t with ν < 0.1.

    Source: Kullback & Leibler 1951, doi:10.1214/aoms/1177729694.
    """
    if _sticks_out(q, p):
        return np.inf
    return _expectation(q, p, lambda log_q, log_p: log_q - log_p)


def elbo(q: Target, p: Target) -> float:
    """ELBO = ∫ q (log p̃ − log q) dθ, with p̃ = exp(p.log_density) as it stands, normalised or not, in nats.

    It is at most log ∫ p̃, with equality where q is the normalised p. −inf where `kl` is inf.
    """
    if _sticks_out(q, p):
        return -np.inf
    return p.log_evidence + _expectation(q, p, lambda log_q, log_p: log_p - log_q)


def squared_log_difference(q: Target, p: Target) -> float:
    """∫ q (log q − log p)² dθ: the squared difference of the log densities, weighted by q."""
    if _sticks_out(q, p):
        return np.inf
    return _expectation(q, p, lambda log_q, log_p: (log_q - log_p) ** 2)


def _sticks_out(q: Target, p: Target) -> bool:
    """Whether q puts mass where p has none."""
    return q.support[0] < p.support[0] or q.support[1] > p.support[1]


def _expectation(q: Target, p: Target, function) -> float:
    """∫ q function(log q, log p) dθ with both densities normalised, and 0 · anything = 0."""
    overflowed = False

    def integrand(theta):
        nonlocal overflowed
        log_q = q.log_density(theta) - q.log_evidence
        log_p = p.log_density(theta) - p.log_evidence
        inner = function(log_q, log_p)
        value = np.exp(log_q) * inner
        counts = (log_q > SMALLEST_LOG) & (theta > q.support[0]) & (theta < q.support[1])
        overflowed |= bool(np.any(counts & ~np.isfinite(inner)))
        return np.where(counts & np.isfinite(value), value, 0.0)

    total = integrate(integrand, q, p)
    return float(function(0.0, -np.inf)) if overflowed else total


def panel_edges(weight: Target, other: Target) -> np.ndarray:
    """Panel edges: doubling distances from every anchor, cut where `weight` underflows."""
    distances = np.concatenate([[0.0], 2.0 ** np.arange(-3, FARTHEST)])
    edges = []
    for k, (centre, scale) in enumerate(weight.anchors + other.anchors):
        # far out only one anchor counts, so that the last panels double exactly (see _beyond)
        with np.errstate(over="ignore"):
            reach = scale * (distances if k == 0 else distances[:NEAR])
        edges += [centre - reach, centre + reach]
    edges = np.concatenate(edges)
    edges = edges[(edges > weight.support[0]) & (edges < weight.support[1])]
    ends = [end for end in weight.support if np.isfinite(end)]
    edges = np.unique(np.concatenate([edges, ends]))
    narrowest = min(scale for _, scale in weight.anchors + other.anchors)
    wide = np.diff(edges) > np.maximum(1e-6 * narrowest, 1e-12 * np.abs(edges[1:]))  # no node fits a sliver
    edges = edges[np.concatenate([[True], wide])]
    with np.errstate(all="ignore"):
        alive = np.flatnonzero(weight.log_density(edges) - weight.log_evidence > SMALLEST_LOG)
    if alive.size == 0 or edges.size < 3:
        raise ValueError(f"{weight.name} is too narrow for double precision at this distance from zero")
    return edges[max(alive[0] - 1, 0) : alive[-1] + 2]


def integrate(integrand, weight: Target, other: Target) -> float:
    """Sum of the panels' integrals, plus what lies beyond the last panels of a tail that never underflows.

    Parameters
    ----------
    integrand
        Function of an array of θ, of the same shape, that decays as `weight`'s density does.
    weight, other
        Their anchors say where panels must be fine; the range ends where `weight` underflows.

    Returns
    -------
    float
        The integral, ±inf where it diverges.

    Raises
    ------
    ValueError
        If double precision cannot hold `weight` where it lies.
    """
    edges = panel_edges(weight, other)
    with np.errstate(all="ignore"):
        panels = tanhsinh(integrand, edges[:-1], edges[1:], atol=1e-13, rtol=1e-10, maxlevel=8).integral
        total = panels.sum()
        heavy = weight.log_density(edges[[0, -1]]) - weight.log_evidence > SMALLEST_LOG
        if heavy[0] and np.isinf(weight.support[0]):
            total += _beyond(panels[1], panels[0])
        if heavy[1] and np.isinf(weight.support[1]):
            total += _beyond(panels[-2], panels[-1])
    return float(total)


def _beyond(before: float, last: float) -> float:
    """The tail beyond the last panel, whose doubling panels form a geometric series; ±inf where it diverges."""
    if last == 0:
        return 0.0
    ratio = last / before
    return np.sign(last) * np.inf if ratio >= 1 - TOO_SLOW else last * ratio / (1 - ratio)
