"""Which label to buy next, under the exact posterior: the rules, and a stored study of twenty data sets.

A posterior is a number of draws, with shares that sum to 1. `python -m tools.label_study` makes what is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import special

from helpers.models.studies import read

FILE = Path(__file__).with_suffix(".npz")
WAYS = (  # a rule, and how many labels it buys at a time
    ("random", 8),
    ("total entropy", 8),
    ("BALD", 8),
    ("BatchBALD", 8),
    ("total entropy", 1),
    ("BALD", 1),
)
LABELS = (8, 16, 24, 32)
JOINT = 2000  # draws for the joint entropies of BatchBALD


@dataclass(frozen=True)
class LabelStudy:
    """Held-out log scores of the exact posterior after labels chosen by each rule.

    Parameters
    ----------
    scores : array, shape (ways, labels, sets)
        By the way of buying, as in `WAYS`; the number of labels, as in `LABELS`; the data set.
    made : dict
        How this was made.
    """

    scores: np.ndarray
    made: dict

    def gains(self) -> dict[tuple[str, int], np.ndarray]:
        """(rule, labels at a time) → what it gains over random choice, in pairs: shape (labels, sets)."""
        return {way: scores - self.scores[0] for way, scores in zip(WAYS, self.scores, strict=True) if way != WAYS[0]}


def load(path: Path = FILE) -> LabelStudy:
    """The stored study; `ValueError` for a file that has changed since it was made."""
    return LabelStudy(**read(path, "tools.label_study"))


def posterior_weights(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The likelihood of each prior draw, scaled to sum 1: from P(class 1), shape (draws, labels), and the labels."""
    return special.softmax(np.log(np.where(y == 1, p, 1 - p)).sum(axis=1))


def entropy(p: np.ndarray) -> np.ndarray:
    """Of a coin that falls on class 1 with probability p, in nats."""
    return special.entr(p) + special.entr(1 - p)


def acquisition(rule: str, p: np.ndarray, share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How much a rule wants each point of the pool.

    Parameters
    ----------
    rule : str
        "random", "total entropy" or "BALD".
    p : array, shape (draws, points)
        P(class 1) of each draw.
    share : array, shape (draws,)
        Of each draw in the posterior.
    rng : numpy Generator
    """
    if rule == "random":
        return rng.random(p.shape[1])
    return entropy(share @ p) - (share @ entropy(p) if rule == "BALD" else 0)


def batch_bald(p: np.ndarray, free: np.ndarray, each: int) -> list[int]:
    """The rows of a batch that together tell most about the weights, chosen one after another.

    Parameters
    ----------
    p : array, shape (draws, points)
        P(class 1) of equally likely draws.
    free : array of bool, shape (points,)
        Which points have no label yet.
    each : int
        Points of a batch.
    """
    rows, noise = [], entropy(p).mean(axis=0)
    joint = np.ones((1, len(p)), p.dtype)  # P(labels of the batch | draw), a row for each combination of labels
    for _ in range(each):
        one = joint @ p / len(p)  # and with class 1 for the next point
        gain = (special.entr(one) + special.entr(joint.mean(axis=1)[:, None] - one)).sum(axis=0) - noise
        gain[rows], gain[~free] = -np.inf, -np.inf
        rows.append(int(gain.argmax()))
        joint = np.concatenate([joint * p[:, rows[-1]], joint * (1 - p[:, rows[-1]])])
    return rows


def buy(posterior: Callable, rule: str, *, each: int, rng: np.random.Generator, last: int = LABELS[-1]) -> np.ndarray:
    """Row numbers of the labels in the order in which they are bought; the first eight are the first rows.

    Parameters
    ----------
    posterior : callable
        Rows whose labels are known → P(class 1) of each draw at all points of the pool, shape (draws, points), and the
        draws' shares, which sum to 1.
    rule : str
        "random", "total entropy", "BALD" or "BatchBALD".
    each : int
        Labels bought before the posterior is taken anew.
    rng : numpy Generator
    last : int
        Labels in the end.
    """
    rows = np.arange(LABELS[0])
    while len(rows) < last:
        p, share = posterior(rows)
        if rule == "BatchBALD":
            drawn = rng.choice(len(p), JOINT, p=share / share.sum())
            more = batch_bald(p[drawn], ~np.isin(np.arange(p.shape[1]), rows), each)
        else:
            want = acquisition(rule, p, share, rng)
            want[rows] = -np.inf  # no label is bought twice
            more = np.argsort(-want)[:each]
        rows = np.concatenate([rows, more])
    return rows
