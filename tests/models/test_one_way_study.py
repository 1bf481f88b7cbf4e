"""The stored study of the one-way model, and the table behind its widget: what is there, and a little of it again."""

import numpy as np
import pytest

from helpers.models import one_way_study as study
from helpers.truth.one_way_gaussian import best_one_way
from tools import one_way_study as maker

pytestmark = pytest.mark.usefixtures("double_precision")


@pytest.fixture(scope="module")
def stored():
    return study.load()


def test_what_is_stored(stored):
    shape = len(study.WAYS), len(study.GROUPS), len(study.READINGS), maker.SETS
    for name in ("error", "ratio", "level_error", "level_ratio", "kl", "khat", "effective", "centring"):
        assert getattr(stored, name).shape == shape
    assert stored.pulled.shape == shape[1:] and stored.made["settings"]["sets"] == maker.SETS
    assert stored.kl.min() > -1e-3 and study.FILE.stat().st_size < 100_000
    assert (stored.kl[2] <= np.minimum(stored.kl[0], stored.kl[1]) + 0.02).all()  # learned: no worse than either
    assert (stored.kl[3:5] <= stored.kl[:2] + 0.02).all()  # full rank: no worse than mean-field


def test_a_part_of_it_again(stored):
    data = maker.simulated(4, 5, 2)
    exact = data.posterior()
    for way, (c, full) in enumerate([(1.0, False), (0.0, False)]):
        row = maker.judged(data, exact, best_one_way(data, c, full_rank=full))
        for name in ("error", "ratio", "kl", "level_ratio"):
            assert row[name] == pytest.approx(getattr(stored, name)[way, 0, 1, 2], abs=2e-3)
    row = maker.judged_structured(data, exact)
    assert row["ratio"] == pytest.approx(stored.ratio[-1, 0, 1, 2], abs=5e-3)


def test_the_sliders_table():
    table = study.sliders()
    assert table["q"].shape == (5, 5, 11, 6) and table["exact"].shape == (5, 5, 2, 121)
    data = maker.typical(4, 5)
    q, exact = best_one_way(data, study.STEPS[3]), data.posterior()
    wanted = [q.mean[0], q.hyper_sd[0], q.mean[1], q.hyper_sd[1], q.level[-1], q.sd[-1]]
    assert table["q"][0, 1, 3] == pytest.approx(wanted, abs=1e-3)
    assert table["moments"][0, 1, 0] == pytest.approx([x[1] for x in exact.hyper()], abs=1e-4)
    assert table["exact"][0, 1, 1] == pytest.approx(exact.density_of_level(3, study.LEVEL), abs=1e-4)


def test_typical_data_have_no_chance_in_them():
    data = maker.typical(16, 20)
    assert data.mean.var() == pytest.approx(study.TAU**2 + study.SIGMA**2 / 20) and data.mean.mean() == pytest.approx(1)
    assert data.squares == 16 * 19 * study.SIGMA**2
