"""What mends the draws of a fit that is wrong: importance weights, moment matching, heavier tails, short chains?

uv run --group dev python -m benchmarks.verdicts.cures # five seeds each; a table in verdicts/CURES.md
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

import helpers

helpers.start()

from benchmarks.verdicts.cases import Case, all_cases
from helpers.fits import GaussianFit, psis
from helpers.fits.short_chains import CHAINS, run_chains
from helpers.fits.weights import HEAVIER
from helpers.truth import Draws
from tools.markdown import table

SEEDS = range(5)
DRAWS = 20_000
ROUNDS = 10
LIGHT = 0.5  # k-hat below which nothing is moved
HEAD = f"""# Cures for the draws of a fit

The fits whose quality is known (`benchmarks/verdicts/cases.py`), and how often, of {len(SEEDS)} seeds, all margins of a cure's draws are right:
means, sds and quantiles within the limits of `diagnose`, judged by exact draws. "Weights": importance weights of q's draws, smoothed (PSIS). "Matching": moment
matching (Paananen et al. 2021, arXiv:1906.08850): q takes the weighted mean of its draws, or also their sds, or also their covariance,
where that lowers k-hat, up to {ROUNDS} times and until k-hat is below {LIGHT}; then weights. "Heavier": weights of draws from a t about q with {HEAVIER} degrees of freedom.
"Chains": {CHAINS} short Markov chains from draws of q, of at most 160 transitions; 2,500 draws, so that noise alone fails now and then. They do not
cross from one mode to another, so that a q over both modes, whose weighted draws are right, has wrong shares after them. {DRAWS:,} draws otherwise.
k-hat is the median over seeds; nan: all ratios are alike, but for rounding. Made by `python -m benchmarks.verdicts.cures`.

"""
COLUMNS = ["fit", "kind", "q is right", "k-hat", "after matching", "weights", "matching", "heavier", "chains"]


def weighed(sample: Draws) -> tuple[np.ndarray, float]:
    """Smoothed weights and k-hat; a draw where log p̃ is no number has no weight."""
    return psis(np.nan_to_num(sample.log_ratio, nan=-np.inf))


def matched(q: GaussianFit, seed: int) -> GaussianFit:
    """q moved to the moments of its weighted draws, for as long as that lowers k-hat.

    An affine map of a Gaussian's draws is a draw of another Gaussian, so that the map is a new mean and a new L here.
    """
    sample = q.draws(DRAWS, seed=seed)
    weights, khat = weighed(sample)
    for _ in range(ROUNDS):
        if khat < LIGHT:
            break
        for mean, scale in moments(q, np.asarray(sample.values), weights):
            other = replace(q, mean=mean, scale=scale)
            drawn = other.draws(DRAWS, seed=seed)
            new_weights, new_khat = weighed(drawn)
            if new_khat < khat:
                q, sample, weights, khat = other, drawn, new_weights, new_khat
                break
        else:
            break
    return q


def moments(q: GaussianFit, zeta: np.ndarray, weights: np.ndarray):
    """The three maps, from the gentlest on: (mean, L) that take over the weighted mean, the sds, the covariance."""
    mean = weights @ zeta
    yield mean, q.scale
    ratio = np.sqrt(weights @ (zeta - mean) ** 2 / zeta.var(axis=0))
    yield mean, (ratio * q.scale.T).T
    covariance = (weights * (zeta - mean).T) @ (zeta - mean)
    if np.linalg.eigvalsh(covariance)[0] > 0:
        yield mean, np.linalg.cholesky(covariance)


def try_all(name: str, case: Case) -> tuple[list, dict]:
    """One row of the table, and how often each cure was right; nothing of the second where q itself is."""
    before, after, good = [], [], dict.fromkeys(COLUMNS[5:], 0)
    for seed in SEEDS:
        other = matched(case.q, seed)
        for cure, q, df in (("weights", case.q, None), ("matching", other, None), ("heavier", case.q, HEAVIER)):
            sample = q.draws(DRAWS, seed=100 + seed, df=df)
            weights, khat = weighed(sample)
            good[cure] += case.has_right(np.asarray(sample.values), weights)
            if cure != "heavier":
                (before if cure == "weights" else after).append(khat)
        good["chains"] += case.has_right(run_chains(case.q, seed=seed).zeta)
    fine = case.has_right(np.asarray(case.q.draws(len(case.exact), seed=1).values))
    row = [name, case.kind, "yes" if fine else "no", f"{np.median(before):.2f}", f"{np.median(after):.2f}"]
    row += [f"{number} of {len(SEEDS)}" for number in good.values()]
    print(*row, sep=" | ", flush=True)
    return row, {} if fine else good


def main() -> None:
    rows, counts = zip(*(try_all(name, case) for name, case in all_cases().items()), strict=True)
    wrong = [count for count in counts if count]
    said = ", ".join(f"{cure} {sum(count[cure] == len(SEEDS) for count in wrong)}" for cure in COLUMNS[5:])
    said = f"Of the {len(wrong)} fits that are wrong as they stand, these have right draws with every seed: {said}."
    print(said)
    Path(__file__).with_name("CURES.md").write_text(f"{HEAD}{table(COLUMNS, rows)}\n{said}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
