"""The benchmarks' keys: they change with all that is measured, and with nothing else."""

from pathlib import Path

import nbformat
import pytest

from benchmarks import __main__ as main
from benchmarks import keys

ROOT = Path(__file__).resolve().parents[1]
RUN = "from helpers.fit import fit\nfit(3)"
FIT = '''"""A module."""
import math

from helpers import numbers
from helpers.widget import Widget


def fit(x):
    """Fit it."""
    return Widget(numbers.double(x), math.exp(x), "#0072B2")


def other():
    return 1


if __name__ == "__main__":
    print(other())
'''
FILES = {
    "__init__.py": "def start():\n    pass\n",
    "fit.py": FIT,
    "numbers.py": "FACTOR = 2\nTABLE = {}\nTABLE['a'] = FACTOR\n\n\ndef double(x):\n    return TABLE['a'] * x\n",
    "widget.py": "from helpers.base import Base\n\n\nclass Widget(Base):\n    pass\n",
    "widget.js": "draw()",
    "base.py": "class Base:\n    def show(self):\n        from helpers.looks import line\n\n        return line\n",
    "looks.py": "line = 1\nunused = 2\n",
}


@pytest.fixture
def of(tmp_path, monkeypatch):
    """The key of a run with these files instead of those above; None leaves one out."""
    monkeypatch.setattr(keys, "ROOT", tmp_path)

    def key(changed=None, run=RUN):
        for name, text in (FILES | (changed or {})).items():
            path = tmp_path / "helpers" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text, encoding="utf-8")
        return keys.key(run)

    return key


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("fit.py", "math.exp(x)", "math.exp(-x)"),
        ("fit.py", "import math", "import cmath as math"),  # the same call of something else
        ("numbers.py", "FACTOR = 2", "FACTOR = 3"),
        ("numbers.py", "TABLE['a'] = FACTOR", "TABLE['a'] = 7"),
        ("widget.js", "draw()", "draw(2)"),
        ("base.py", "return line", "return -line"),
        ("looks.py", "line = 1", "line = 3"),
        ("looks.py", "unused = 2", "print()"),  # it runs when the module is imported
    ],
)
def test_a_change_of_what_is_used_changes_the_key(of, name, old, new):
    assert old in FILES[name] and of() != of({name: FILES[name].replace(old, new)})


def test_the_order_of_the_measured_code_counts(of):
    assert of(run=RUN + "\nfit(4)") != of(run="from helpers.fit import fit\nfit(4)\nfit(3)")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("fit.py", '"""A module."""', '"""Another text."""  # and a comment'),
        ("fit.py", "Fit it.", "Fit."),
        ("fit.py", "#0072B2", "#D55E00"),
        ("fit.py", "return 1", "return 2"),  # `other` is not used
        ("fit.py", "print(other())", "print(2)"),  # nor is this run
        ("looks.py", "unused = 2", "unused = 3"),
        ("__init__.py", "pass", "return 1"),
    ],
)
def test_a_change_of_anything_else_does_not(of, name, old, new):
    assert old in FILES[name] and of() == of({name: FILES[name].replace(old, new)})


def test_what_is_moved_keeps_the_key(of):
    before, moved = of(), {"numbers.py": None, "base.py": None, "room/__init__.py": ""}
    moved["room/arithmetic.py"] = FILES["base.py"] + FILES["numbers.py"]
    moved["fit.py"] = FIT.replace("from helpers import numbers", "from helpers.room import arithmetic as numbers")
    moved["widget.py"] = FILES["widget.py"].replace("helpers.base", "helpers.room.arithmetic")
    assert of(moved) == before


def test_relative_imports_and_names_handed_on_are_followed(of):
    room = {"room/__init__.py": "from .deep import deep\n", "room/deep.py": "def deep():\n    return 1\n"}
    run = "from helpers.room import deep\ndeep()"
    changed = room | {"room/deep.py": "def deep():\n    return 2\n"}
    assert of(room, run) != of(changed, run)


def test_of_a_lazy_room_only_what_is_asked_for_counts(of):
    lazy = {"room/__init__.py": "def __getattr__(name):\n    return find(name)\n"}
    room = lazy | {"room/deep.py": "def deep():\n    return 1\n", "room/other.py": "def other():\n    return 1\n"}
    run = "from helpers.room import deep\ndeep()"
    assert of(room, run) != of(room | {"room/deep.py": "def deep():\n    return 2\n"}, run)
    other = {"room/other.py": "def other():\n    return 2\n"}
    assert of(room, run) == of(room | other, run)
    unknown = run.replace("deep", "elsewhere")
    assert of(room, unknown) != of(room | other, unknown)


def test_the_sliders_script_is_in_the_interfaces_key(monkeypatch):
    taken = []
    monkeypatch.setattr(keys, "key", lambda *texts: taken.extend(texts))
    main.code("interface")
    closure = keys.Closure()
    for text in taken:
        closure.follow(keys.Code(text))
    for file in ("base.js", "base.css", "manual_vi.js", "manual_vi.css"):
        assert (ROOT / "helpers" / "widgets" / file).read_text(encoding="utf-8") in closure.pieces


def test_a_notebooks_code_is_without_its_setup_and_its_text(tmp_path):
    def code(*cells):
        cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        notebook = nbformat.v4.new_notebook(cells=[cells[0], nbformat.v4.new_markdown_cell("Words."), *cells[1:]])
        nbformat.write(notebook, tmp_path / "one.ipynb")
        return keys.of_notebook(tmp_path / "one.ipynb")

    assert code("%pip install x", "x = 1") == code("setup", "x = 1") != code("setup", "x = 2")
    keys.key(code("setup", "%time x = 1"))  # what is not Python is translated
