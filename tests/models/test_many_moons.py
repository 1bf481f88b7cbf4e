"""Many data sets of two moons: those of `two_moons`, turned."""

import numpy as np
import pytest

from helpers.models import two_moons
from helpers.models.many_moons import turned_moons


def test_without_a_turn_they_are_the_two_moons():
    x, y = turned_moons([5, 6], points=40)
    learn, label, held_out, label_out = two_moons(40, seed=6)
    assert x.shape == (2, 40, 2) and y.shape == (2, 40)
    assert x[1] == pytest.approx(np.vstack([learn, held_out])) and np.array_equal(y[1], np.hstack([label, label_out]))


def test_each_is_turned_anticlockwise_by_its_angle():
    (plain, _), (x, y) = turned_moons([5, 6], points=40), turned_moons([5, 6], [90, -30], points=40)
    assert x[0] == pytest.approx(np.stack([-plain[0, :, 1], plain[0, :, 0]], axis=1))
    angles = np.degrees(np.angle((x[1] @ [1, 1j]) / (plain[1] @ [1, 1j])))
    assert angles == pytest.approx(np.full(40, -30)) and set(y[1]) == {0.0, 1.0}


def test_as_many_angles_as_sets():
    with pytest.raises(ValueError, match="broadcast"):
        turned_moons([5, 6], [1, 2, 3])
