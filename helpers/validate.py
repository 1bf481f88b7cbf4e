"""Checks of arguments: an error names the argument, what is allowed and what it got."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real


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


def check_count(least: int = 1, **counts: int) -> None:
    """Raise `ValueError`, naming the argument, unless every one is a whole number, at least `least`."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, Integral) or count < least:
            raise ValueError(f"{name} must be a whole number >= {least}, got {count!r}")


def check_among(allowed: Iterable, **choices) -> None:
    """Raise `ValueError`, naming the argument, unless every one is in `allowed`; strings are shown in quotes."""
    known = list(allowed)
    for name, choice in choices.items():
        if choice not in known:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; got {choice!r}")
