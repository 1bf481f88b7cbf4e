"""The house: few entries, no module too long, imports that run downwards, names that say one thing."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
ORDER = ("validate", "startup", "truth", "fits", "checks", "models", "pictures", "widgets", "exercises")
ROOMS = [room.name for room in HELPERS.iterdir() if (room / "__init__.py").exists()]
MODULES = sorted(HELPERS.rglob("*.py"))


def dotted(path):
    """`truth.targets` for helpers/truth/targets.py, and `truth` for the room itself."""
    return ".".join(path.relative_to(HELPERS).with_suffix("").parts).removesuffix(".__init__").removesuffix("__init__")


@cache
def imported(path):
    """Names of the modules of `helpers` that the module at `path` imports, wherever in it."""
    found = set()
    known = {dotted(p) for p in MODULES}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "helpers":
            inside = [f"{node.module}.{a.name}" for a in node.names]
            names = [name if name.removeprefix("helpers.") in known else node.module for name in inside]
        found |= {name.removeprefix("helpers").lstrip(".") for name in names if name.split(".")[0] == "helpers"}
    return found - {""}


def test_the_top_of_helpers_fits_on_a_hand_or_two():
    entries = [entry.name for entry in HELPERS.iterdir() if entry.name != "__pycache__"]
    assert len(entries) <= 10, sorted(entries)
    assert {Path(entry).stem for entry in entries} == {*ORDER, "__init__"}


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_no_module_is_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", [p for p in MODULES if p != HELPERS / "__init__.py"], ids=dotted)
def test_imports_run_downwards(path):
    own = ORDER.index(dotted(path).split(".")[0])
    above = [name for name in imported(path) if ORDER.index(name.split(".")[0]) > own]
    assert not above, f"{dotted(path)} imports {above} from a room above its own"


def test_imports_never_run_round():
    graph = {dotted(path): imported(path) for path in MODULES}
    assert [*TopologicalSorter(graph).static_order()]  # raises CycleError where they do


OTHERS = [*(HELPERS.parent / "tools").glob("*.py"), *(HELPERS.parent / "benchmarks").rglob("*.py")]


@pytest.mark.parametrize("path", [*MODULES, *OTHERS], ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_a_module_does_not_share_its_name_with_what_it_defines(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert path.stem not in own


def described(function):
    """Whether its docstring lists what it is given. (An exercise's key says in one line what the reader is asked.)"""
    is_key = any("checker" in ast.unparse(mark) for mark in function.decorator_list)
    names = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)} - {"self", "cls"}
    return is_key or len(names) < 3 or "\nParameters\n---" in (ast.get_docstring(function) or "")


@pytest.mark.parametrize("path", [*MODULES, *(HELPERS.parent / "tools").glob("*.py")], ids=lambda path: path.stem)
def test_a_function_with_three_arguments_or_more_describes_them(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    functions = [node for body in bodies for node in body if isinstance(node, ast.FunctionDef)]
    assert not [f.name for f in functions if not f.name.startswith("_") and not described(f)]


# Each room by itself, as a notebook may import it first of all; the libraries stay loaded from one to the next.
LOOKS = """import importlib, sys
for name in sys.argv[1:]:
    for module in [loaded for loaded in sys.modules if loaded.split(".")[0] == "helpers"]:
        del sys.modules[module]
    room = importlib.import_module(f"helpers.{name}")
    assert len(room.__doc__.splitlines()) >= 2, name
    missing = [promised for promised in room.__all__ if not hasattr(room, promised)]
    assert not missing, (name, missing)"""


def test_a_room_says_what_is_in_it_and_has_what_it_promises():
    said = subprocess.run([sys.executable, "-c", LOOKS, *ROOMS], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


def test_looking_into_a_room_imports_nothing():
    code = f"import sys\nfrom helpers import {', '.join(ROOMS)}\n"
    code += "print([name for name in ('pymc', 'jax', 'matplotlib', 'plotly') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_no_test_imports_another():
    for path in (HELPERS.parent / "tests").rglob("test_*.py"):
        nodes = [
            node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
        ]
        assert not any("test_" in (node.module or "") for node in nodes), path


def test_what_is_marked_as_slow_is_in_the_suite(pytestconfig):
    """Else a file that is renamed would silently be quick."""
    ours = [each for each in pytestconfig.pluginmanager.get_plugins() if getattr(each, "SLOW", None)]
    (slow,) = [each.SLOW for each in ours if each.__file__ == str(HELPERS.parent / "conftest.py")]
    suite = [*(HELPERS.parent / "tests").rglob("test_*.py"), *(HELPERS.parent / "notebooks").glob("*.ipynb")]
    assert len(set(slow)) == len(slow) and set(slow) <= {path.stem for path in suite}
