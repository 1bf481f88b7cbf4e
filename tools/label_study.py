"""Make the stored study of bought labels: `uv run python -m tools.label_study` (some minutes).

Twenty data sets of two moons; under the exact posterior each rule buys labels 9 to 32, in eights or one at a time. The
posterior is taken label by label: draws of the prior get shares in proportion to the likelihood, and where few draws hold
most of it they are drawn anew and moved by Markov chains (resample and move; Chopin 2002, doi:10.1093/biomet/89.3.539).
"""

from __future__ import annotations

import copy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from helpers.fits.weights import effective
from helpers.models import label_study as stored
from helpers.models.many_moons import turned_moons
from helpers.models.moons import logits
from tools import annealing
from tools.records import provenance, store

SETTINGS = {"seeds": list(range(7000, 7020)), "prior": 10_000, "draws": 2_000, "moves": 25, "seed": 77}
POOL = 500
MOST = stored.LABELS[-1]


@jax.jit
def _probabilities(weights, x):
    """P(class 1), shape (draws, points)."""
    return jax.nn.sigmoid(logits(weights, x))


@jax.jit
def _moved(w, keys, x, y, used):
    """Draws after one Markov step for each key, which leaves the posterior as it is, and the share of accepted steps.

    Parameters
    ----------
    w : array, shape (draws, 40)
    keys : keys of JAX
    x, y : array
        The labelled points.
    used : array of 0 and 1, shape (points,)
        Which of them count.
    """

    def log_likelihood(w):
        z = logits(w, x)
        return ((y * z - jnp.logaddexp(0, z)) @ used).astype(w.dtype)

    def once(state, key):
        key, *others = jax.random.split(key, 3)
        length = 10 ** jax.random.uniform(key, (len(w), 1), w.dtype, minval=-1.3, maxval=-0.1)
        *state, accepted = annealing.step(log_likelihood, *state, length, others)
        return tuple(state), accepted.mean()

    (w, _), accepted = jax.lax.scan(once, (w, log_likelihood(w)), keys)
    return w, accepted.mean()


class Posterior:
    """The exact posterior of one data set, as its labels become known.

    Parameters
    ----------
    x, y : array
        All points, those held out, too, and their classes.
    seed : int or list of int
    settings : dict
        As `SETTINGS`.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, seed, settings: dict):
        self.x, self.y, self.settings, self.known = x.astype(np.float32), y, settings, np.arange(0)
        self.rng = np.random.default_rng(seed)
        self.take(self.rng.standard_normal((settings["prior"], 40), dtype=np.float32))

    def again(self, seed) -> Posterior:
        """This posterior once more, from the same draws, with another generator of random numbers."""
        twin = copy.copy(self)
        twin.rng = np.random.default_rng(seed)
        return twin

    def take(self, w) -> None:
        """Make these the draws, all with the same share."""
        self.w, self.p = w, np.asarray(_probabilities(w, self.x), np.float32)
        self.share = np.full(len(w), 1 / len(w))

    def __call__(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """P(class 1) of each draw at the points of the pool, and the draws' shares, with the labels of `rows`."""
        new = rows[len(self.known) :]
        self.known = rows
        if len(new):
            self.share = self.share * stored.posterior_weights(self.p[:, new], self.y[new])
            self.share /= self.share.sum()
        if effective(self.share) < self.settings["draws"] / 2:
            self.renew()
        return self.p[:, :POOL], self.share

    def renew(self) -> None:
        """Draw the draws anew by their shares, and move them."""
        chosen = self.rng.choice(len(self.w), self.settings["draws"], p=self.share)
        rows = np.resize(self.known, MOST)
        keys = jax.random.split(jax.random.key(self.rng.integers(2**31)), self.settings["moves"])
        used = (np.arange(MOST) < len(self.known)).astype(np.float32)
        w, self.accepted = _moved(
            jnp.asarray(self.w[chosen]), keys, self.x[rows], self.y[rows].astype(np.float32), used
        )
        self.take(w)

    def score(self, rows: np.ndarray) -> float:
        """The log score at the points held out, with the labels of `rows`."""
        self(rows)
        p, y = self.share @ self.p[:, POOL:], self.y[POOL:]
        return float(np.log(np.where(y == 1, p, 1 - p)).mean())


def _study_set(k: int, settings: dict) -> np.ndarray:
    """Scores for data set `k`, shape (ways, labels)."""
    x, y = (values[0] for values in turned_moons([settings["seeds"][k]]))
    scores = np.empty((len(stored.WAYS), len(stored.LABELS)))
    buyer, judge = (Posterior(x, y, [settings["seed"], k, i], settings) for i in (100, 101))
    for i, (rule, each) in enumerate(stored.WAYS):
        seed = [settings["seed"], k, i]
        rows = stored.buy(buyer.again(seed), rule, each=each, rng=np.random.default_rng(seed))
        fresh = judge.again([*seed, 1])  # from draws of its own, which have not chosen the labels
        for j, labels in enumerate(stored.LABELS):
            scores[i, j] = fresh.score(rows[:labels])
    return scores


def make(path: Path = stored.FILE, settings: dict | None = None) -> stored.LabelStudy:
    """Make the study and store it."""
    settings = settings or SETTINGS
    scores = []
    for k in range(len(settings["seeds"])):
        scores.append(_study_set(k, settings))
        print(f"data set {k + 1} of {len(settings['seeds'])}", flush=True)
    store(path, {"scores": np.stack(scores, axis=-1)}, provenance("label_study", settings))
    return stored.load(path)


def show(study: stored.LabelStudy) -> None:
    """Print what the rules gained over random choice, in pairs."""
    for (rule, each), gain in study.gains().items():
        error = gain.std(axis=1, ddof=1) / np.sqrt(gain.shape[1])
        text = ", ".join(f"{g:+.3f} ± {e:.3f}" for g, e in zip(gain.mean(axis=1), error, strict=True))
        print(f"{rule}, {each} at a time: {text}")
    print("random:", study.scores[0].mean(axis=1).round(3))


if __name__ == "__main__":
    show(make())
