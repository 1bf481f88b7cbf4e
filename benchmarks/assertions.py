"""Inside the kernel of a sweep: every assertion is noted, with the values that it looked at, and none stops the cell."""

from __future__ import annotations

import ast
import json
import math
from pathlib import Path

import numpy as np

NOTE = "_note_of_the_sweep"
LONGEST = 24  # numbers of one value that are noted


class _Watch(ast.NodeTransformer):
    """`assert …` and `np.testing.assert_…(…)` become a try statement that notes how it went, and goes on."""

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        compared = [
            x for part in ast.walk(node.test) if isinstance(part, ast.Compare) for x in (part.left, *part.comparators)
        ]
        between = [
            part.func.value
            for part in ast.walk(node.test)
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "between"
        ]
        return _watched(node, compared + between)

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        call = node.value
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("np.testing.assert_"):
            return _watched(node, call.args[:1])
        return node


def _watched(node: ast.stmt, operands: list[ast.expr]) -> ast.stmt:
    texts = {ast.unparse(x) for x in operands if not _is_plain(x)}
    values = ", ".join(f"{text!r}: lambda: {text}" for text in sorted(texts))
    note = f"{NOTE}({node.lineno}, {ast.unparse(node)!r}, {{{values}}}, "
    frame = f"try: pass\nexcept AssertionError as _error: {note}_error)\nelse: {note}None)"
    statement = ast.parse(frame).body[0]
    statement.body = [node]
    for part in ast.walk(statement):
        if part is not node:
            ast.copy_location(part, node)
    return ast.fix_missing_locations(statement)


def _is_plain(expression: ast.expr) -> bool:
    """Whether it is a number that stands in the source."""
    return not any(isinstance(part, ast.Name) for part in ast.walk(expression))


def _number(compute) -> list | float | None:
    """What `compute` gives, as JSON; None where that is not a few numbers."""
    try:
        value = np.asarray(compute(), float)
    except Exception:  # noqa: BLE001 words, or a name that exists only inside a comprehension
        return None
    if value.size > LONGEST:
        return None
    return np.vectorize(lambda x: float(f"{x:.6g}") if math.isfinite(x) else None, otypes=[object])(value).tolist()


def watch(shell, file: Path) -> None:
    """Note every assertion that `shell` runs from now on in `file`, one line of JSON each."""

    def note(line, text, values, error):
        values = {name: found for name, compute in values.items() if (found := _number(compute)) is not None}
        entry = {
            "cell": len(shell.user_ns["In"]) - 2,
            "line": line,
            "text": text,
            "ok": error is None,
            "values": values,
        }
        with Path(file).open("a", encoding="utf-8") as notes:
            notes.write(json.dumps(entry | {"message": str(error or "")[:400]}, ensure_ascii=False) + "\n")

    shell.user_ns[NOTE] = note
    shell.ast_transformers.append(_Watch())
