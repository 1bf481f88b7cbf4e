"""Hold pymc-extras' Laplace, Pathfinder and DADVI against the gold of the posteriors that others are tried on: one seed each.

In an environment of its own, since pymc-extras asks for an older PyMC than the course (a table in zoo/EXTRAS.md):

uv run --no-project --with pymc-extras==0.15.1 python -m benchmarks.zoo.extras             # all
uv run --no-project --with pymc-extras==0.15.1 python -m benchmarks.zoo.extras wells tight # some, printed only
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pymc as pm

from benchmarks.zoo import TRIED, ZOO
from benchmarks.zoo.errors import in_words, worst_errors
from tools.markdown import table

FOLDER = Path(__file__).parent
SEED = 1
METHODS = "laplace", "pathfinder", "dadvi"
PACKAGES = "pymc-extras", "pymc", "pytensor"
HEAD = """# The zoo, and pymc-extras

Worst error of a mean of ζ, in posterior sds, and least and largest ratio of sds, against `gold.json`; then CPU seconds, from
the PyMC model to the draws with nothing compiled. One seed; the posteriors of [OTHERS.md](OTHERS.md), where `approximate` is, too.
`fit_laplace`, `fit_pathfinder` and `fit_dadvi` as they come, with 500, 1,000 and 1,000 draws: so a mean that is right may be off
by 0.1, by chance. "–": an error, or draws that are not finite. pymc-extras asks for an older PyMC than the course. Versions:
{versions}. Made by `python -m benchmarks.zoo.extras`, in an environment of its own.

"""


def fit(method: str, model: pm.Model):
    """The `DataTree` of one method as it comes."""
    import pymc_extras as pmx  # here: the course's own environment, where the tests run, does not have it

    return pmx.fit(method=method, model=model, random_seed=SEED, progressbar=False)


def unconstrained(model: pm.Model, posterior) -> np.ndarray:
    """The draws of ζ, shape (draws, size), in the order of the model's value variables."""
    parts = []
    for rv in model.free_RVs:
        values, transform = posterior[rv.name].values[0], model.rvs_to_transforms[rv]
        if transform is not None:
            values = transform.forward(values, *rv.owner.inputs).eval()
        parts.append(values.reshape(len(values), -1))
    return np.hstack(parts)


def judged(method: str, name: str, gold: dict) -> str:
    """One cell of the table."""
    model, began = ZOO[name].model(), time.process_time()
    try:
        zeta = unconstrained(model, fit(method, model).posterior)
        seconds = time.process_time() - began
    except Exception as error:  # noqa: BLE001 (whatever it is, the row says that there is no answer)
        print(name, method, type(error).__name__, error, file=sys.stderr)
        return "–"
    return in_words(worst_errors(zeta.mean(axis=0), zeta.std(axis=0), gold), seconds)


def main() -> None:
    names = sys.argv[1:] or list(TRIED)
    gold = json.loads((FOLDER / "gold.json").read_text(encoding="utf-8"))
    rows = []
    for name in names:
        rows.append([name, len(gold[name]["labels"]), *(judged(method, name, gold[name]) for method in METHODS)])
        print(*rows[-1], sep=" | ", flush=True)
    if names == list(TRIED):
        versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
        head = ["posterior", "size", *(f"`fit_{method}`" for method in METHODS)]
        (FOLDER / "EXTRAS.md").write_text(HEAD.format(versions=versions) + table(head, rows), encoding="utf-8")


if __name__ == "__main__":
    main()
