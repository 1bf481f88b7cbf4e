"""Makes the stored study of the one-way model and the table behind its widget: python -m tools.one_way_study [sets | sliders]."""

from __future__ import annotations

import sys

import jax
import numpy as np
from scipy import optimize, stats

from helpers.fits.weights import effective, psis
from helpers.models import one_way_study as study
from helpers.truth.one_way import OneWay, OneWayPosterior
from helpers.truth.one_way_gaussian import BestGaussian, best_one_way, constant
from tools.records import provenance, store

SETS, DRAWS = 12, 4_000
NODES = 15  # in each of two dimensions
NAMES = "error", "ratio", "level_error", "level_ratio", "kl", "khat", "effective", "centring"


def simulated(groups: int, readings: int, seed: int) -> OneWay:
    """A data set with as many readings in each group.

    Parameters
    ----------
    groups, readings : int
    seed : int
        The number of the data set.
    """
    rng = np.random.default_rng([groups, readings, seed])
    group = np.repeat(np.arange(groups), readings)
    return OneWay.of(rng.normal(rng.normal(study.MU, study.TAU, groups)[group], study.SIGMA), group)


def typical(groups: int, readings: int) -> OneWay:
    """A data set without chance: its groups' means are quantiles, and every sum of squares is what is expected of it."""
    z = stats.norm.ppf((np.arange(groups) + 0.5) / groups)
    mean = study.MU + np.sqrt(study.TAU**2 + study.SIGMA**2 / readings) * z / z.std()
    return OneWay(mean, np.full(groups, readings), groups * (readings - 1) * study.SIGMA**2)


def log_density(data: OneWay, centring: np.ndarray, hyper: np.ndarray, x: np.ndarray) -> np.ndarray:
    """log p(y, x, μ, log τ, log σ) with all constants.

    Parameters
    ----------
    data : OneWay
    centring : array, shape (groups,)
    hyper : array, shape (draws, 3)
        μ, log τ and log σ.
    x : array, shape (draws, groups)
    """
    mu, log_tau, _ = hyper.T[:, :, None]
    u = x - centring * mu
    theta = mu + np.exp((1 - centring) * log_tau) * u
    squares = data.squares + (data.size * (data.mean - theta) ** 2).sum(axis=1)
    log_p = -0.5 * squares * np.exp(-2 * hyper[:, 2]) - data.size.sum() * hyper[:, 2]
    log_p += (-0.5 * u**2 * np.exp(-2 * centring * log_tau) - centring * log_tau).sum(axis=1)
    log_p -= 0.5 * (mu[:, 0] / data.mu_sd) ** 2 + 0.5 * np.exp(2 * hyper[:, 1:]) @ [data.tau_sd**-2, data.sigma_sd**-2]
    return log_p + hyper[:, 1:].sum(axis=1) + constant(data)


def best_structured(data: OneWay) -> tuple[np.ndarray, np.ndarray, float, OneWayPosterior]:
    """The best normal q of (log τ, log σ), where μ and θ keep their exact posterior given these two.

    Returns
    -------
    mean, factor, ELBO, OneWayPosterior
        Of q: mean, shape (2,), Cholesky factor of the covariance, and ELBO; and the posterior of μ and θ under q.
    """
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    eta = np.stack(np.meshgrid(node, node, indexing="ij")).reshape(2, -1)
    counts = np.outer(weight, weight).ravel() / weight.sum() ** 2

    def under(phi):
        factor = np.array([[np.exp(phi[2]), 0], [phi[4], np.exp(phi[3])]])
        return factor, OneWayPosterior(data, *(phi[:2, None] + factor @ eta), counts)

    def loss(phi):
        return -counts @ under(phi)[1].log_density - phi[2] - phi[3] - np.log(2 * np.pi * np.e)

    start = [np.log(data.mean.std()), 0.5 * np.log(data.squares / data.size.sum()), -1, -1, 0]
    found = optimize.minimize(loss, start, method="L-BFGS-B", options={"ftol": 1e-12})
    return found.x[:2], under(found.x)[0], -float(found.fun), under(found.x)[1]


def judged(data: OneWay, exact: OneWayPosterior, q: BestGaussian) -> dict[str, float]:
    """What the study keeps of one fit.

    Parameters
    ----------
    data : OneWay
    exact : OneWayPosterior
    q : BestGaussian
    """
    (mean, sd), (level, level_sd) = exact.hyper(), exact.levels()
    hyper, x, log_q = q.draws(DRAWS, seed=0)
    theta = q.levels(hyper, x)
    return {
        "error": (q.mean[1] - mean[1]) / sd[1],
        "ratio": q.hyper_sd[1] / sd[1],
        "level_error": np.sqrt(np.mean(((theta.mean(axis=0) - level) / level_sd) ** 2)),
        "level_ratio": np.mean(theta.std(axis=0) / level_sd),
        "kl": exact.log_evidence - q.elbo,
        **_khat_and_effective(log_density(data, q.centring, hyper, x) - log_q),
        "centring": q.centring.mean(),
    }


def _khat_and_effective(log_ratio: np.ndarray) -> dict[str, float]:
    """k-hat, and what share of the draws their weights leave."""
    weights, khat = psis(log_ratio)
    return {"khat": khat, "effective": effective(weights) / len(weights)}


def judged_structured(data: OneWay, exact: OneWayPosterior) -> dict[str, float]:
    """The same of q over the two scales alone, with the groups integrated out."""
    (mean, sd), (level, level_sd) = exact.hyper(), exact.levels()
    middle, factor, elbo, under = best_structured(data)
    own, own_sd = under.levels()
    eta = np.random.default_rng(0).standard_normal((DRAWS, 2))
    log_p = OneWayPosterior(data, *(middle + eta @ factor.T).T).log_density
    return {
        "error": (middle[0] - mean[1]) / sd[1],
        "ratio": factor[0, 0] / sd[1],
        "level_error": np.sqrt(np.mean(((own - level) / level_sd) ** 2)),
        "level_ratio": np.mean(own_sd / level_sd),
        "kl": exact.log_evidence - elbo,
        **_khat_and_effective(log_p + 0.5 * (eta**2).sum(axis=1)),
        "centring": np.nan,
    }


def _made_of(groups: int, readings: int, number: int) -> tuple[list[dict], float]:
    """All fits to one simulated data set, and how far its groups are pulled to their mean.

    Parameters
    ----------
    groups, readings : int
    number : int
        Of the data set.
    """
    data = simulated(groups, readings, number)
    exact = data.posterior()
    fits = [
        best_one_way(data, study.CENTRING[form], full_rank=full_rank, learn=form == "learned")
        for form, full_rank in study.WAYS[:-1]
    ]
    rows = [*(judged(data, exact, q) for q in fits), judged_structured(data, exact)]
    return rows, float(exact.shrinkage().mean())


def _slider_table() -> dict[str, np.ndarray]:
    """What the widget shows, for every place of its sliders."""
    shape = len(study.GROUPS), len(study.READINGS)
    q, exact = np.empty((*shape, len(study.STEPS), 6)), np.empty((*shape, 2, len(study.LOG_TAU)))
    moments = np.empty((*shape, 2, 2))
    for i, groups in enumerate(study.GROUPS):
        for k, readings in enumerate(study.READINGS):
            data = typical(groups, readings)
            posterior = data.posterior()
            exact[i, k, 0] = np.interp(study.LOG_TAU, *posterior.density_of_log_tau())
            exact[i, k, 1] = posterior.density_of_level(groups - 1, study.LEVEL)
            moments[i, k] = [[x[1] for x in posterior.hyper()], [x[-1] for x in posterior.levels()]]
            for c, centring in enumerate(study.STEPS):
                best = best_one_way(data, centring)
                of_hyper = best.mean[0], best.hyper_sd[0], best.mean[1], best.hyper_sd[1]
                q[i, k, c] = *of_hyper, best.level[-1], best.sd[-1]
    return {"q": q, "exact": exact, "moments": moments}


def main(sets: int = SETS) -> None:
    shape = len(study.GROUPS), len(study.READINGS), sets
    arrays = {name: np.empty((len(study.WAYS), *shape)) for name in NAMES} | {"pulled": np.empty(shape)}
    for i, k, number in np.ndindex(shape):
        rows, arrays["pulled"][i, k, number] = _made_of(study.GROUPS[i], study.READINGS[k], number)
        for name in NAMES:
            arrays[name][:, i, k, number] = [row[name] for row in rows]
        if number == 0:
            print(study.GROUPS[i], study.READINGS[k], [f"{row['ratio']:.2f}" for row in rows], flush=True)
    settings = {"sets": sets, "mu": study.MU, "tau": study.TAU, "sigma": study.SIGMA, "draws of k-hat": DRAWS}
    store(study.FILE, arrays, provenance("one_way_study", settings))
    _make_sliders()


def _make_sliders() -> None:
    """Store the table behind the widget."""
    settings = {"mu": study.MU, "tau": study.TAU, "sigma": study.SIGMA}
    store(study.SLIDERS, _slider_table(), provenance("one_way_study sliders", settings))


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    _make_sliders() if sys.argv[1:] == ["sliders"] else main(*map(int, sys.argv[1:]))
