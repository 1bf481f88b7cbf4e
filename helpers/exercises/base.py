"""What a checker is: it tries an answer, knows the usual slips, and never raises for a wrong answer."""

from __future__ import annotations

import copy
import dis
import functools
import inspect
import reprlib
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

EMPTY = "There is no answer yet: replace the placeholder and run the cell again."
ALL_THAT_A_STUB_DOES = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, one sentence for the reader, and where the reader's function failed, if it did."""

    right: bool
    message: str
    traceback: str = ""

    def __repr__(self) -> str:
        return f"{'✓ Right.' if self.right else '✗ Not yet.'} {self.message}"


class NotYet(Exception):
    """Raised inside a checker where the answer is wrong, with what to tell the reader."""

    def __init__(self, message: str, traceback: str = ""):
        super().__init__(message)
        self.traceback = traceback


def checker(check: Callable[..., str]) -> Callable[..., Verdict]:
    """A checker from a function that returns what to say of a right answer, and raises `NotYet` for a wrong one."""

    @functools.wraps(check)
    def checked(*answers) -> Verdict:
        try:
            with np.errstate(all="ignore"):  # an overflow shows in the values
                return Verdict(True, check(*answers))
        except NotYet as hint:
            return Verdict(False, str(hint), hint.traceback)

    return checked


def close(answer, wanted) -> bool:
    """Equal as far as single precision goes, which is what a reader's JAX may compute in; nan equals nan."""
    return np.allclose(answer, wanted, rtol=1e-5, atol=1e-4, equal_nan=True)


def close_or_rounded_up(answer, wanted, *, most: int = 1) -> bool:
    """Whether a positive number is equal as far as single precision goes, or rounded up.

    Parameters
    ----------
    answer, wanted : float
    most : int
        How far a whole number may be above.
    """
    rounded_up = answer == np.round(answer) and 0 <= answer - wanted <= most
    return rounded_up or np.isclose(answer, wanted, rtol=1e-5, atol=0)


@dataclass(eq=False)
class FunctionChecker:
    """Checks an answer that is a function, by what it returns in several cases.

    A wrong answer is recognised as a slip if it is what the slip gives in every case in which it is wrong.

    Parameters
    ----------
    key : callable
        Arguments of a case → the right answer (a list if there are several), found in another way than the solution's;
        and the slips: (wrong answer, hint), as many in each case. An answer of two parts is a tuple; a part of a slip
        that is None may be anything. The docstring says what is asked.
    cases : sequence of tuples
        The arguments on which the function is tried.
    praise, advice : str
        What is said of a right answer, and of a wrong one that no slip explains.
    parts : tuple of str
        Names of the answer's parts.
    equal : callable
        (a part of the answer, the same part of another) → whether they count as equal.
    """

    key: Callable
    cases: Sequence[tuple]
    praise: str
    advice: str = ""
    parts: tuple[str, ...] = ("your answer",)
    equal: Callable = close

    def __post_init__(self):
        self.__doc__ = self.key.__doc__

    @checker
    def __call__(self, function) -> str:
        wrong = []  # (case, answer, right answer, slips)
        for k, case in enumerate(self.cases):
            try:
                answer = arrays(call(function, *case), self.parts)
            except NotYet as problem:
                if wrong:
                    break
                if k == 0:
                    raise
                message = f"It is right in another case. For {self._describe(case)}: {problem} {self.advice}"
                raise NotYet(message, problem.traceback) from None
            right, slips = self.key(*copy.deepcopy(case))
            rights = right if isinstance(right, list) else [right]
            if not any(_all_equal(answer, one, self.equal) for one in rights):
                wrong.append((case, answer, rights[0], slips))
        if wrong:
            raise NotYet(self._slip(wrong) or self._difference(*wrong[0][:3]))
        return self.praise

    def _slip(self, wrong: list[tuple]) -> str | None:
        """The hint of the first slip that explains all wrong answers."""
        answers, tables = [answer for _, answer, _, _ in wrong], [slips for *_, slips in wrong]
        for same_slip in zip(*tables, strict=True):
            if all(_all_equal(answer, slip, self.equal) for answer, (slip, _) in zip(answers, same_slip, strict=True)):
                return same_slip[0][1]
        return None

    def _difference(self, case: tuple, answer: list, right) -> str:
        """What the function has given in a case, and what is right there."""
        for name, part, wanted in zip(self.parts, answer, _in_parts(right), strict=True):
            if not _same_shape(part, wanted):
                shape = "be one number" if np.ndim(wanted) == 0 else f"have {np.shape(wanted)}"
                return f"For {self._describe(case)} {name} has shape {part.shape}; it should {shape}."
            if not self.equal(part, wanted):
                difference = _largest_difference(name, part, np.asarray(wanted, float))
                return f"For {self._describe(case)} {difference}. {self.advice}".rstrip()
        raise AssertionError("a wrong answer differs from the right one")

    def _describe(self, case: tuple) -> str:
        """The arguments by their names, large arrays by their shapes."""
        shown = []
        for name, value in zip(inspect.signature(self.key).parameters, case, strict=True):
            if np.size(value) > 6:
                shown.append(f"{name} of shape {value.shape}")
            elif not callable(value):
                shown.append(f"{name} = {value.round(4).tolist() if isinstance(value, np.ndarray) else value}")
        return ", ".join(shown)


@dataclass(eq=False)
class ValueChecker:
    """Checks an answer that is one number or a pair of them.

    `key`, which has no arguments, `praise` and `parts` are as in `FunctionChecker`. An answer may be `tolerance` off, a
    slip ten times that; `digits` says how many are asked for; `advice` makes a sentence of any other answer.
    """

    key: Callable
    praise: str
    tolerance: float
    digits: str
    advice: Callable[..., str]
    parts: tuple[str, ...] = ("your answer",)

    def __post_init__(self):
        self.__doc__ = self.key.__doc__

    @checker
    def __call__(self, answer) -> str:
        given = arrays(answer, self.parts)
        if not all(part.size == 1 and np.isfinite(part) for part in given):
            wish = "One finite number" if len(given) == 1 else "Two finite numbers"
            raise NotYet(f"{wish}, please, not {reprlib.repr(answer)}.")

        def near(other, tolerance):
            return _all_equal(given, other, functools.partial(np.allclose, rtol=0, atol=tolerance))

        right, slips = self.key()
        if near(right, self.tolerance):
            return self.praise
        if near(right, 0.02):
            raise NotYet(f"Close. {self.digits}, please.")
        for wrong, hint in slips:
            if near(wrong, 10 * self.tolerance):
                raise NotYet(hint)
        raise NotYet(self.advice(*(part.item() for part in given)))


def function_checker(**settings) -> Callable[[Callable], FunctionChecker]:
    """Makes a `FunctionChecker` of a key."""
    return lambda key: FunctionChecker(key, **settings)


def value_checker(**settings) -> Callable[[Callable], ValueChecker]:
    """Makes a `ValueChecker` of a key."""
    return lambda key: ValueChecker(key, **settings)


def call(function, *arguments, copied: bool = True):
    """What the reader's function returns; never None.

    Parameters
    ----------
    function, *arguments
        The reader's function (anything else raises `NotYet`), and what it is given.
    copied : bool
        Whether it gets copies of the arguments, which it may change.
    """
    must_be_function(function)
    try:
        answer = function(*(copy.deepcopy(arguments) if copied else arguments))
    except Exception as error:  # noqa: BLE001 (whatever the reader's code raises is a hint for the reader)
        raise raised_by(function, error) from None
    if answer is Ellipsis or (answer is None and _is_stub(function)):
        raise NotYet(EMPTY)
    if answer is None:
        raise NotYet("Your function returned None: is a `return` missing?")
    return answer


def must_be_function(answer) -> None:
    if answer is None or answer is Ellipsis:
        raise NotYet(EMPTY)
    if not callable(answer):
        raise NotYet(f"Give the checker the function itself, by its name alone, not {reprlib.repr(answer)}.")


def raised_by(function, error: Exception) -> NotYet:
    """What the reader's function raised, and in which of its lines."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code and frame.filename == code.co_filename]
    where = f" in line {own[-1].lineno}" if own else ""
    if own and own[-1].line:
        where += f", `{own[-1].line}`"
    reason = str(error).partition("\n")[0].rstrip(".")
    whole = "".join(traceback.format_exception(error.with_traceback(error.__traceback__.tb_next)))
    message = f"Your function raised {type(error).__name__}{where}: {reason}. `print(_.traceback)` shows all of it."
    return NotYet(message, whole)


def _is_stub(function) -> bool:
    """Whether the function does nothing but return None, as one does whose body is `...`."""
    code = getattr(function, "__code__", None)
    return code is not None and {step.opname for step in dis.get_instructions(code)} <= ALL_THAT_A_STUB_DOES


def arrays(answer, parts: tuple[str, ...]) -> list[np.ndarray]:
    """The parts of an answer, which have these names, as arrays of numbers."""
    wish = "Real numbers are asked for" if len(parts) == 1 else f"A pair is asked for, ({', '.join(parts)})"
    try:
        given = [answer] if len(parts) == 1 or answer is None or answer is Ellipsis else list(answer)
        empty = any(part is None or part is Ellipsis for part in given)
        given = [np.asarray(part) for part in given]
        numbers = all(part.dtype.kind in "iuf" for part in given) and not isinstance(answer, Mapping)
    except Exception:  # noqa: BLE001 (whatever a reader may give)
        empty, numbers = False, False
    if empty:
        raise NotYet(EMPTY)
    if not numbers or len(given) != len(parts):
        raise NotYet(f"{wish}, not {reprlib.repr(answer)}.")
    return [part.astype(float) for part in given]


def _in_parts(answer) -> tuple:
    return answer if isinstance(answer, tuple) else (answer,)


def _same_shape(part, other) -> bool:
    return np.shape(part) == np.shape(other) or (np.ndim(other) == 0 and np.size(part) == 1)


def _all_equal(answer: list, other, equal: Callable) -> bool:
    """Whether all parts of two answers are equal.

    Parameters
    ----------
    answer : list of array
        The reader's, in parts.
    other : array, or a tuple of as many
        A part that is None may be anything.
    equal : callable
        (a part, another) → whether they count as equal.
    """
    pairs = zip(answer, _in_parts(other), strict=True)
    return all(wanted is None or (_same_shape(part, wanted) and equal(part, wanted)) for part, wanted in pairs)


def _largest_difference(name: str, part: np.ndarray, wanted: np.ndarray) -> str:
    """Small arrays whole, large ones by the element that is off the most."""
    if part.size <= 9:
        return f"{name} is {part.reshape(wanted.shape).round(4).tolist()}, not {wanted.round(4).tolist()}"
    worst = np.unravel_index(np.argmax(np.nan_to_num(np.abs(part - wanted), nan=np.inf)), part.shape)
    return f"{name}[{', '.join(map(str, worst))}] is {part[worst]:.4f}, not {wanted[worst]:.4f}"
