"""Checks of arguments: an error names the argument, what is allowed and what it got."""

from __future__ import annotations

import math
from numbers import Real


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False


def check_finite(**arguments: float) -> tuple[float, ...]:
    """The arguments as floats; raise `ValueError`, naming the argument, unless every one is a finite real number."""
    for name, value in arguments.items():
        if not isinstance(value, Real) or not _is_finite(value):
            raise ValueError(f"{name} must be a finite number, got {value!r}")
    return tuple(float(value) for value in arguments.values())


def check_positive(**arguments: float) -> tuple[float, ...]:
    """The arguments as floats; raise `ValueError`, naming the argument, unless every one is finite and above zero."""
    floats = check_finite(**arguments)
    for name, value in arguments.items():
        if value <= 0:
            raise ValueError(f"{name} must be a finite number > 0, got {value!r}")
    return floats
