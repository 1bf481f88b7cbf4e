"""The published tables: held against summaries that others have printed."""

import numpy as np
import pytest
from scipy import optimize

from helpers.models.published import AT_BAT, BATTERS, DAYS, REACTION


def test_batters_against_efron_and_morris():
    hits, rest = np.array(list(BATTERS.values())).T
    share = hits / AT_BAT
    assert len(BATTERS) == 18 and share.mean() == pytest.approx(0.265, abs=5e-4)
    variance = share.mean() * (1 - share.mean()) / AT_BAT
    kept = 1 - 15 * variance / ((share - share.mean()) ** 2).sum()
    assert kept == pytest.approx(0.212, abs=5e-4)  # Efron and Morris 1977, Scientific American 236 (5), 119–127
    stein = share.mean() + kept * (share - share.mean())
    assert ((share - rest) ** 2).sum() / ((stein - rest) ** 2).sum() == pytest.approx(3.5, abs=0.05)


def test_sleep_study_against_lme4():
    """The REML criterion, the means and the spreads that lme4's paper prints (Bates and others 2015, section 1)."""
    y, x = np.stack([*REACTION.values()]), np.column_stack([np.ones(10), DAYS])
    assert y.shape == (18, 10)
    line = np.linalg.lstsq(x, y.T)[0].mean(axis=1)  # balanced: the fixed effects
    assert line == pytest.approx([251.405, 10.467], abs=5e-4)

    def criterion(phi):
        factor = np.array([[np.exp(phi[0]), 0], [phi[2], np.exp(phi[1])]])
        v = x @ factor @ factor.T @ x.T + np.exp(2 * phi[3]) * np.eye(10)
        inverse, left = np.linalg.inv(v), y - x @ line
        information = 18 * x.T @ inverse @ x
        logs = 18 * np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1] + 178 * np.log(2 * np.pi)
        return logs + np.einsum("ij,jk,ik", left, inverse, left)

    found = optimize.minimize(criterion, [3, 1.8, 0, 3.2])
    assert found.fun == pytest.approx(1743.628, abs=1e-3)
    sds = np.exp(found.x[0]), np.hypot(np.exp(found.x[1]), found.x[2]), np.exp(found.x[3])
    assert sds == pytest.approx((24.740, 5.922, 25.592), abs=2e-3)
    assert found.x[2] / sds[1] == pytest.approx(0.066, abs=1e-3)
