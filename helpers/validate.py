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


def check_between(low: float, high: float, **arguments: float) -> tuple[float, ...]:
    """The arguments as floats; raise `ValueError`, naming the argument, unless every one lies in [low, high].

    Parameters
    ----------
    low, high : float
        The ends, which are allowed.
    **arguments : float
        The values, each by its argument's name.
    """
    floats = check_finite(**arguments)
    for name, value in arguments.items():
        if not low <= value <= high:
            raise ValueError(f"{name} must be between {low:g} and {high:g}, got {value!r}")
    return floats


def check_count(least: int = 1, most: float = math.inf, **counts: int) -> tuple[int, ...]:
    """The arguments as integers; raise `ValueError`, naming the argument, unless every one is a whole number in a range.

    Parameters
    ----------
    least, most : int
        The ends, which are allowed; without `most` there is no upper one.
    **counts : int
        The numbers, each by its argument's name.
    """
    allowed = f">= {least}" if most == math.inf else f"from {least} to {most}"
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, Integral) or not least <= count <= most:
            raise ValueError(f"{name} must be a whole number {allowed}, got {count!r}")
    return tuple(int(count) for count in counts.values())


def check_among(allowed: Iterable, **choices) -> tuple:
    """The arguments as they stand in `allowed`; raise `ValueError`, naming the argument, where one does not.

    NumPy's numbers equal Python's, which then take their place. True equals 1, and is no number.
    """
    known, found = list(allowed), []
    for name, choice in choices.items():
        same = [one for one in known if one == choice and isinstance(one, bool) == isinstance(choice, bool)]
        if not same:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; got {choice!r}")
        found.append(same[0])
    return tuple(found)
