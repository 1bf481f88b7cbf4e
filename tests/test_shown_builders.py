"""The model builders that a chapter shows are the ones that its gold draws were made with."""

import ast
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("notebook", "module", "name"),
    [
        ("05_minibatch_advi", "visitors", "purchases"),
        ("06_bnn_moons", "moons", "network"),
        ("08_bnn_regression", "sensor", "network"),
    ],
)
def test_chapter_shows_the_very_builder(notebook, module, name):
    shown = definitions(*code_of(ROOT / "notebooks" / f"{notebook}.ipynb"))
    own = definitions((ROOT / "helpers" / f"{module}.py").read_text(encoding="utf-8"))
    assert name in shown, f"{notebook} does not define {name}"
    assert shown[name] == own[name], f"{name} differs from the helper's"


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
