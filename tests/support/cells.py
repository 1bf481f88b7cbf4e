"""The code of notebooks, as the tests read it."""

import ast
import json
from pathlib import Path


def code_of(notebook: Path) -> list[str]:
    """The code cells, without the setup cell's %pip, which is no Python."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [source for source in sources if "%pip" not in source]


def definitions(*sources: str) -> dict[str, str]:
    """name → the function's syntax tree without its docstring, of the functions that these sources define."""
    found = {}
    for node in ast.parse("\n".join(sources)).body:
        if isinstance(node, ast.FunctionDef):
            node.body = node.body[ast.get_docstring(node) is not None :]
            found[node.name] = ast.dump(node)
    return found


def functions_of(notebook: Path, wanted: set[str], given: dict) -> dict:
    """name → function, of those that a notebook defines and that are wanted; `given` is what else they use, by name."""
    body = ast.parse("\n".join(code_of(notebook))).body
    functions = [node for node in body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    names = dict(given)
    exec(compile(ast.Module(functions, []), notebook.name, "exec"), names)  # noqa: S102 - our own notebook
    return {name: names[name] for name in wanted}
