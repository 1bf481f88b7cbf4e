"""Makes the stored study of the one-way model and the table behind its widget: python -m tools.one_way_study [sets | sliders]."""

from __future__ import annotations

import sys

import jax
import numpy as np

from helpers.fits.weights import effective, psis
from helpers.models import one_way_study as study
from helpers.truth.one_way import OneWay, OneWayPosterior
from helpers.truth.one_way_gaussian import BestGaussian, best_one_way, best_structured, log_density
from tools.records import provenance, store

SETS, DRAWS = 12, 4_000
NAMES = "error", "ratio", "level_error", "level_ratio", "kl", "khat", "effective", "centring"


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
        **weights_of(log_density(data, q.centring, hyper, x) - log_q),
        "centring": q.centring.mean(),
    }


def weights_of(log_ratio: np.ndarray) -> dict[str, float]:
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
        **weights_of(log_p + 0.5 * (eta**2).sum(axis=1)),
        "centring": np.nan,
    }


def made_of(groups: int, readings: int, number: int) -> tuple[list[dict], float]:
    """All fits to one simulated data set, and how far its groups are pulled to their mean.

    Parameters
    ----------
    groups, readings : int
    number : int
        Of the data set.
    """
    data = study.simulated(groups, readings, number)
    exact = data.posterior()
    fits = [
        best_one_way(data, study.CENTRING[form], full_rank=full_rank, learn=form == "learned")
        for form, full_rank in study.WAYS[:-1]
    ]
    rows = [*(judged(data, exact, q) for q in fits), judged_structured(data, exact)]
    return rows, float(exact.shrinkage().mean())


def slider_table() -> dict[str, np.ndarray]:
    """What the widget shows, for every place of its sliders."""
    shape = len(study.GROUPS), len(study.READINGS)
    q, exact = np.empty((*shape, len(study.STEPS), 6)), np.empty((*shape, 2, len(study.LOG_TAU)))
    moments = np.empty((*shape, 2, 2))
    for i, groups in enumerate(study.GROUPS):
        for k, readings in enumerate(study.READINGS):
            data = study.typical(groups, readings)
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
        rows, arrays["pulled"][i, k, number] = made_of(study.GROUPS[i], study.READINGS[k], number)
        for name in NAMES:
            arrays[name][:, i, k, number] = [row[name] for row in rows]
        if number == 0:
            print(study.GROUPS[i], study.READINGS[k], [f"{row['ratio']:.2f}" for row in rows], flush=True)
    settings = {"sets": sets, "mu": study.MU, "tau": study.TAU, "sigma": study.SIGMA, "draws of k-hat": DRAWS}
    store(study.FILE, arrays, provenance("one_way_study", settings))
    make_sliders()


def make_sliders() -> None:
    """Store the table behind the widget."""
    settings = {"mu": study.MU, "tau": study.TAU, "sigma": study.SIGMA}
    store(study.SLIDERS, slider_table(), provenance("one_way_study sliders", settings))


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    make_sliders() if sys.argv[1:] == ["sliders"] else main(*map(int, sys.argv[1:]))
