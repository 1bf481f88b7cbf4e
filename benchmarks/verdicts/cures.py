"""What mends the draws of a fit that is wrong: importance weights, moment matching, heavier tails, short chains?

uv run --group dev python -m benchmarks.verdicts.cures # five seeds each; a table in verdicts/CURES.md
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

import helpers

helpers.start()

from benchmarks.verdicts.cases import Case, cases
from helpers.checks.comparison import Margins, compared
from helpers.fits import GaussianFit, psis
from helpers.fits.short_chains import run_chains
from helpers.fits.weights import HEAVIER
from tools.markdown import table

SEEDS = range(5)
DRAWS = 20_000
ROUNDS = 10
LIGHT = 0.5  # k-hat below which nothing is moved
HEAD = """# Cures for the draws of a fit

The fits whose quality is known (`benchmarks/verdicts/cases.py`), and how often, of five seeds, all margins of a cure's draws are right:
means, sds and quantiles within the limits of `diagnose`, judged by exact draws. "Weights": importance weights of q's draws, smoothed (PSIS). "Matching": moment
matching (Paananen et al. 2021, arXiv:1906.08850): q takes the weighted mean of its draws, or also their sds, or also their covariance,
where that lowers k-hat, up to ten times; then weights. "Heavier": weights of draws from a t about q with 3 degrees of freedom. "Chains": 250 short Markov
chains from draws of q, of at most 160 transitions; 2,500 draws, so that noise alone fails now and then. 20,000 draws otherwise. k-hat is the median over seeds.
Made by `python -m benchmarks.verdicts.cures`.

"""
COLUMNS = ["fit", "kind", "q is right", "k-hat", "after matching", "weights", "matching", "heavier", "chains"]


def matched(q: GaussianFit, seed: int) -> GaussianFit:
    """q moved to the moments of its weighted draws, for as long as that lowers k-hat.

    An affine map of a Gaussian's draws is a draw of another Gaussian, so that the map is a new mean and a new L here.
    """
    sample = q.draws(DRAWS, seed=seed)
    weights, khat = psis(sample.log_ratio)
    for _ in range(ROUNDS):
        if khat < LIGHT:
            break
        for mean, scale in moments(q, np.asarray(sample.values), weights):
            other = replace(q, mean=mean, scale=scale)
            drawn = other.draws(DRAWS, seed=seed)
            new_weights, new_khat = psis(drawn.log_ratio)
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


def right(case: Case, exact: Margins, zeta: np.ndarray, weights: np.ndarray) -> bool:
    judged = replace(Margins.of(case.q.model, zeta, clusters=len(zeta)), weights=weights)
    table = compared(judged, exact)
    return bool(table["value"].between(table["low"], table["high"]).all())


def try_all(name: str, case: Case) -> list:
    """One row of the table."""
    exact = Margins.of(case.q.model, case.exact, clusters=len(case.exact))
    plain = case.q.draws(len(case.exact), seed=1).values
    before, after, good = [], [], dict.fromkeys(COLUMNS[5:], 0)
    for seed in SEEDS:
        other = matched(case.q, seed)
        for cure, q, df in (("weights", case.q, None), ("matching", other, None), ("heavier", case.q, HEAVIER)):
            sample = q.draws(DRAWS, seed=100 + seed, df=df)
            weights, khat = psis(np.nan_to_num(sample.log_ratio, nan=-np.inf))
            good[cure] += right(case, exact, np.asarray(sample.values), weights)
            if cure != "heavier":
                (before if cure == "weights" else after).append(khat)
        kept = run_chains(case.q, seed=seed).zeta
        good["chains"] += right(case, exact, kept, np.full(len(kept), 1 / len(kept)))
    fine = right(case, exact, np.asarray(plain), np.full(len(plain), 1 / len(plain)))
    row = [name, case.kind, "yes" if fine else "no", f"{np.median(before):.2f}", f"{np.median(after):.2f}"]
    row += [f"{number} of {len(SEEDS)}" for number in good.values()]
    print(*row, sep=" | ", flush=True)
    return row


def main() -> None:
    rows = [try_all(name, case) for name, case in cases().items()]
    wrong = [row for row in rows if row[2] == "no"]
    sums = {cure: sum(row[k].startswith("5") for row in wrong) for k, cure in enumerate(COLUMNS) if k >= 5}
    said = ", ".join(f"{cure} {number}" for cure, number in sums.items())
    said = f"Of the {len(wrong)} fits that are wrong as they stand, these have right draws with every seed: {said}."
    print(said)
    Path(__file__).with_name("CURES.md").write_text(f"{HEAD}{table(COLUMNS, rows)}\n{said}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
