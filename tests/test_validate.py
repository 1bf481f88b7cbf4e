"""Checks of arguments: what passes, and that an error names the argument, what is allowed and what it got."""

import numpy as np
import pytest

from helpers.validate import check_among, check_between, check_count, check_finite, check_positive


def test_what_is_allowed_passes():
    assert check_finite(a=1, b=np.float32(-2.5)) == (1.0, -2.5)
    assert check_positive(a=10**20, b=1e-300) == (1e20, 1e-300)
    assert check_count(steps=1, draws=np.int64(8)) == (1, 8) and check_count(0, 5, restarts=5) == (5,)
    assert check_between(0.1, 2, rate=np.float32(0.5), decay=2) == (0.5, 2.0)
    assert check_among({"mean-field": None, "full-rank": None}, family="full-rank") == ("full-rank",)
    (plain,) = check_among((1, 2), width=np.int64(2))
    assert plain == 2 and type(plain) is int


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: check_finite(a=1, mu=np.nan), "mu must be a finite number, got nan"),
        (lambda: check_finite(mu="3"), "mu must be a finite number, got '3'"),
        (lambda: check_finite(mu=10**400), "mu must be a finite number, got 1000"),
        (lambda: check_positive(sigma=0.0), r"sigma must be a finite number > 0, got 0\.0"),
        (lambda: check_count(steps=2.0), r"steps must be a whole number >= 1, got 2\.0"),
        (lambda: check_count(steps=True), "steps must be a whole number >= 1, got True"),
        (lambda: check_count(1000, draws=999), "draws must be a whole number >= 1000, got 999"),
        (lambda: check_count(1, 20, width=21), "width must be a whole number from 1 to 20, got 21"),
        (lambda: check_between(0.1, 2, rate=3), r"rate must be between 0\.1 and 2, got 3"),
        (lambda: check_among((1, 2), width=True), "width must be one of 1, 2; got True"),
        (lambda: check_among(("a", "b"), name="c"), "name must be one of 'a', 'b'; got 'c'"),
    ],
)
def test_an_error_names_the_argument(check, message):
    with pytest.raises(ValueError, match=message):
        check()
