"""Buying labels under the exact posterior: the rules by hand, the chains against weights, and the stored study."""

from itertools import product

import numpy as np
import pytest

from helpers.models import label_study as module
from helpers.models.label_study import LABELS, WAYS, acquisition, batch_bald, buy, entropy, load, posterior_weights
from helpers.models.many_moons import turned_moons
from tools import label_study as maker

RNG = np.random.default_rng(0)
P = RNG.uniform(0.05, 0.95, size=(7, 12))
SMALL = {"seeds": [7000], "prior": 4_000, "draws": 2_000, "moves": 25, "seed": 77}


def log_loss(p):
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def test_weights_are_bayes_rule():
    y = np.array([1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0])
    likelihood = np.prod(np.where(y == 1, P, 1 - P), axis=1)
    assert posterior_weights(P, y) == pytest.approx(likelihood / likelihood.sum())
    assert entropy(np.array([0, 0.5, 1])) == pytest.approx([0, np.log(2), 0])


def test_what_the_rules_want():
    share = RNG.dirichlet(np.ones(7))
    total = log_loss(share @ P)
    assert acquisition("total entropy", P, share, RNG) == pytest.approx(total)
    assert acquisition("BALD", P, share, RNG) == pytest.approx(total - share @ log_loss(P))
    assert acquisition("random", P, share, RNG).shape == (12,)


def information(rows):
    """Of the labels of these rows about which draw it is, by counting all combinations."""
    joint = [np.prod([P[:, r] if one else 1 - P[:, r] for r, one in zip(rows, ones, strict=True)], axis=0) for ones in product((0, 1), repeat=len(rows))]  # fmt: skip
    mean = np.array(joint).mean(axis=1)
    return -(mean * np.log(mean)).sum() - sum(log_loss(P[:, r]).mean() for r in rows)


def test_a_batch_is_chosen_greedily_by_what_it_tells_together():
    free = np.ones(12, bool)
    free[3] = False
    rows = batch_bald(P, free, 3)
    for k in range(3):
        gains = {r: information([*rows[:k], r]) for r in range(12) if free[r] and r not in rows[:k]}
        assert rows[k] == max(gains, key=gains.get)


@pytest.mark.parametrize(("rule", "each"), WAYS)
def test_labels_are_bought_once_each(rule, each):
    p, y = RNG.uniform(0.1, 0.9, size=(50, 60)), RNG.integers(0, 2, 60)
    rows = buy(lambda known: (p, posterior_weights(p[:, known], y[known])), rule, each=each, rng=RNG, last=24)
    assert np.array_equal(rows[:8], np.arange(8)) and len(rows) == len(set(rows)) == 24


def test_chains_agree_with_weights():
    x, y = (values[0] for values in turned_moons([7000]))
    weighted = maker.Posterior(x, y, 1, SMALL | {"prior": 20_000, "draws": 2})  # never drawn anew
    renewed = maker.Posterior(x, y, 2, SMALL)
    for labels in (8, 16, 24):
        rows = np.arange(labels)
        (p, share), (p_2, share_2) = weighted(rows), renewed(rows)
        assert 1 / (share**2).sum() > 400 and np.abs(share @ p - share_2 @ p_2).max() < 0.08
        assert renewed.score(rows) == pytest.approx(weighted.score(rows), abs=0.015)
    assert len(renewed.share) == 2_000 and 0.2 < renewed.accepted < 0.8


def test_what_is_stored():
    study = load()
    assert study.scores.shape == (len(WAYS), len(LABELS), 20) and module.FILE.stat().st_size < 10_000
    assert study.made["settings"] == maker.SETTINGS and study.made["command"].endswith("label_study")
    assert study.scores[:, 0] == pytest.approx(np.broadcast_to(study.scores[0, 0], (len(WAYS), 20)), abs=0.02)
    assert set(study.gains()) == set(WAYS[1:])


def test_a_part_of_it_again():
    x, y = (values[3] for values in turned_moons(maker.SETTINGS["seeds"][:4]))
    posterior = maker.Posterior(x, y, 5, SMALL)
    study = load()
    assert posterior.score(np.arange(8)) == pytest.approx(study.scores[0, 0, 3], abs=0.015)
    rows = buy(posterior.again(6), "BALD", each=8, rng=RNG, last=16)
    assert posterior.again(7).score(rows) == pytest.approx(study.scores[WAYS.index(("BALD", 8)), 1, 3], abs=0.06)


def test_make_from_end_to_end(tmp_path, capsys):
    made = maker.make(tmp_path / "tiny.npz", SMALL | {"prior": 500, "draws": 100, "moves": 2, "seeds": [1, 2]})
    assert made.scores.shape == (len(WAYS), len(LABELS), 2) and np.isfinite(made.scores).all()
    maker.show(made)
    assert "BALD, 1 at a time: " in capsys.readouterr().out
