"""Which code a measurement stands for: what it runs, and all of ours that this uses.

From the names in a piece of code we go to their definitions in `helpers` and `benchmarks`, to the names in those, and so
on. A key is a hash of all that was met, with the scripts and style sheets of the widgets among it. Import lines,
docstrings, comments, colours and the file where a definition stands are left out: what is moved is not measured anew.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import defaultdict
from importlib.util import resolve_name
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).resolve().parents[1]
OURS = ("helpers", "benchmarks")
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\b")
SETUP = "import helpers\nhelpers.start()\n"  # what counts of a notebook's setup cell: the rest is for Colab


class Bare(ast.NodeTransformer):
    """Code without import lines and docstrings."""

    def visit(self, node):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        return super().visit(node)

    def visit_Import(self, node):
        return None

    visit_ImportFrom = visit_Import


class Code:
    """A piece of code: its top-level statements by the names that they define, and what its imported names stand for.

    A name can stand for several things: two functions may import different ones.
    """

    def __init__(self, text: str, package: str = "", file: Path | None = None):
        self.file, self.imports, self.statements = file, defaultdict(set), defaultdict(list)
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    meaning = alias.name if alias.asname else alias.name.split(".")[0]
                    self.imports[alias.asname or meaning].add(meaning)
            elif isinstance(node, ast.ImportFrom):
                source = resolve_name("." * node.level + (node.module or ""), package)
                for alias in node.names:
                    self.imports[alias.asname or alias.name].add(f"{source}.{alias.name}")
        for statement in Bare().visit(tree).body:
            for name in defined(statement):
                self.statements[name].append(statement)

    def meanings(self, name: str) -> set[str]:
        """What a name of this code, with or without dots, can stand for elsewhere."""
        first, dot, rest = name.partition(".")
        return {meaning + dot + rest for meaning in self.imports.get(first, ())}


def defined(statement: ast.stmt) -> set[str]:
    """The names that a statement at the top level defines or changes; "" if it does something else."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name} | ({""} if "register(" in ast.unparse(statement.decorator_list) else set())
    if isinstance(statement, ast.If) and "__name__" in names(statement.test):
        return {"__main__"}  # not for those who import it
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return {""}


def dotted(node: ast.AST) -> str:
    """`a.b.c` for such a node; "" for any other."""
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return base and f"{base}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def names(node: ast.AST) -> set[str]:
    """All names in a piece of code, those with dots as a whole."""
    name = dotted(node)
    return {name} if name else set().union(*map(names, ast.iter_child_nodes(node)))


class Closure:
    """All code that was met on the way: `pieces` of text."""

    def __init__(self):
        self.pieces, self.met, self.modules = set(), set(), {}

    def module(self, name: str) -> Code | None:
        """The module of ours that has this name."""
        if name.split(".")[0] in OURS and name not in self.modules:
            place = ROOT.joinpath(*name.split("."))
            for file, package in ((place / "__init__.py", name), (place.with_suffix(".py"), name.rpartition(".")[0])):
                if file.is_file():
                    self.modules[name] = Code(file.read_text(encoding="utf-8"), package, file)
                    break
        return self.modules.get(name)

    def follow(self, code: Code, wanted: str | None = None) -> None:
        """Take in a definition of `code`, or all of it, and what that uses."""
        if self.met & {(code, wanted), (code, None)}:
            return
        self.met.add((code, wanted))
        statements = code.statements
        if wanted:
            self.follow(code, "")  # what the module does when it is imported
        chosen = [s for name in (statements if wanted is None else [wanted]) for s in statements[name]]
        self.met |= {(code, name) for statement in chosen for name in defined(statement)}
        self.pieces |= set(map(ast.unparse, chosen))
        for kind in (".js", ".css"):
            if code.file and (beside := code.file.with_suffix(kind)).is_file():
                self.pieces.add(beside.read_text(encoding="utf-8"))
        for name in set().union(*map(names, chosen)):
            if (first := name.split(".")[0]) in statements:
                self.follow(code, first)
            for meaning in code.meanings(name):
                self.enter(meaning)

    def enter(self, name: str) -> None:
        """Take in what a name stands for, from a package on; of other people's code it is the name that counts."""
        parts = name.split(".")
        ours = [k for k in range(1, len(parts) + 1) if self.module(".".join(parts[:k]))]
        if not ours:
            self.pieces.add(name)
            return
        code, rest = self.module(".".join(parts[: ours[-1]])), parts[ours[-1] :]
        if not rest or rest[0] in code.statements:
            self.follow(code, rest[0] if rest else None)
        elif rest[0] in code.imports:  # handed on
            for meaning in code.meanings(".".join(rest)):
                self.enter(meaning)
        elif code.file.name == "__init__.py":  # handed on by a room, when it is asked for
            inside = [".".join((*parts[: ours[-1]], file.stem)) for file in code.file.parent.glob("[!_]*.py")]
            known = [module for module in inside if rest[0] in self.module(module).statements]
            for module in known:
                self.enter(".".join((module, *rest)))
            if not known:  # it may be any
                for module in inside:
                    self.enter(module)


def key(*texts: str) -> str:
    """Twelve hexadecimal digits for some code and all of ours that it uses."""
    closure = Closure()
    for text in texts:
        closure.pieces.add(ast.unparse(Bare().visit(ast.parse(text))))  # their order counts
        closure.follow(Code(text))
    pieces = "\0".join(sorted(COLOUR.sub("", piece) for piece in closure.pieces))
    return hashlib.sha256(pieces.encode()).hexdigest()[:12]


def of_notebook(path: Path) -> str:
    """The code of a notebook, without its setup cell, the first."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return SETUP + "\n".join(map(TransformerManager().transform_cell, cells[1:]))
