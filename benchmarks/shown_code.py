"""What a chapter shows, for a benchmark that runs the very same functions."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"


def shown(chapter: str, wanted: set[str]) -> dict:
    """name → what it is: the imports and functions of a chapter, and the first statements that make the variables wanted."""
    cells = nbformat.read(FOLDER / f"{chapter}.ipynb", as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code" and "%pip" not in cell.source)
    body, missing = [], set(wanted)
    for node in ast.parse(code).body:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef) or _assigned(node) & missing:
            body.append(node)
            missing -= set() if isinstance(node, ast.FunctionDef) else _assigned(node)
    if missing:
        raise ValueError(f"{chapter} does not make {', '.join(sorted(missing))}")
    names = {}
    exec(compile(ast.Module(body, []), chapter, "exec"), names)  # noqa: S102 - our own notebook
    return names


def _assigned(node: ast.stmt) -> set[str]:
    """The variables that a statement assigns, or that it names with `as`."""
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}
