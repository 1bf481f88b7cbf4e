"""One list of dependencies, the same everywhere, pinned without the address of a registry."""

import ast
import importlib.util
import re
import runpy
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement

from helpers import environment

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
RUNTIME = {Requirement(r).name: Requirement(r) for r in PROJECT["project"]["dependencies"]}
CONDA_NAMES = {"graphviz": "python-graphviz", "matplotlib": "matplotlib-base"}
THROUGH_PYMC = {"graphviz"}  # pm.model_to_graphviz
FLOORS_ONLY = {"ipywidgets"}  # anywidget imports it; the floor leaves Colab's own alone


@pytest.fixture(scope="module")
def hook():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    pytest.importorskip("hatchling")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_conda_and_pyproject_ask_for_the_same():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    plain = {d.split(" ")[0]: d.split(" ")[1] for d in conda if isinstance(d, str) and " " in d}
    lab = [Requirement(r) for r in PROJECT["dependency-groups"]["lab"]]
    wanted = {CONDA_NAMES.get(r.name, r.name): str(r.specifier) for r in [*RUNTIME.values(), *lab]}
    assert plain == wanted | {"python": PROJECT["project"]["requires-python"]}


def test_every_direct_dependency_has_a_floor():
    groups = [r for group in PROJECT["dependency-groups"].values() for r in group if isinstance(r, str)]
    for requirement in map(Requirement, [*PROJECT["project"]["dependencies"], *groups]):
        assert any(s.operator == ">=" for s in requirement.specifier), f"{requirement.name} has no floor"


def test_colab_installs_only_what_is_imported():
    sources = [p.read_text(encoding="utf-8") for p in (ROOT / "helpers").rglob("*.py")]
    for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells[1:]:
            if cell.cell_type == "code" and "%pip" not in cell.source:
                sources.append(cell.source)
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    imported = {a.name.split(".")[0] for n in nodes if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module.split(".")[0] for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
    names = {"PIL": "pillow", "IPython": "ipython", "arviz_stats": "arviz", "sklearn": "scikit-learn"}
    imported = {names.get(name, name) for name in imported}
    assert set(RUNTIME) - imported == THROUGH_PYMC | FLOORS_ONLY
    tools = {"nbformat", "nbclient"}  # only for who stamps, or teaches
    assert imported - set(RUNTIME) - set(sys.stdlib_module_names) <= {"helpers"} | tools


def test_wheel_holds_all_of_helpers():
    wheel = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    packed = {Path(file.distribution_path) for file in wheel.recurse_included_files()}
    kinds = ("py", "css", "js", "npz", "json")  # code, widgets, the gold draws and their manifest
    files = {kind: {p.relative_to(ROOT) for p in (ROOT / "helpers").rglob(f"*.{kind}")} for kind in kinds}
    for kind in kinds:
        assert files[kind] and files[kind] <= packed, kind


def test_lock_names_exact_versions_with_hashes_and_no_address():
    assert not re.search(r"https?:|index-url|find-links|@ file", LOCK)
    for block in re.split(r"\n(?=\w)", LOCK):
        assert re.match(r"[\w.-]+==\S+", block) and "--hash=sha256:" in block, block[:60]


def test_uv_run_is_held_to_the_lock():
    lock = runpy.run_path(str(ROOT / ".ci" / "lock.py"))
    assert PROJECT["tool"]["uv"]["constraint-dependencies"] == lock["pins"](LOCK), "run `python .ci/lock.py`"
    assert {Requirement(pin).name for pin in lock["pins"](LOCK)} >= set(RUNTIME)


def test_no_address_of_a_registry_in_what_git_keeps():
    try:
        kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not in a git checkout")
    assert "uv.lock" not in kept


def test_installed_versions_are_the_locked_ones(hook):
    if not (ROOT / "uv.lock").exists():
        pytest.skip("not installed by uv: there is nothing to hold against the lock")
    hook.compare((ROOT / "uv.lock").read_text(encoding="utf-8"), LOCK)
    pinned = {}
    for name, number in hook.locked(LOCK):  # some have two, for different versions of Python
        pinned.setdefault(name, set()).add(number)
    for name, numbers in pinned.items():
        try:
            assert version(name) in numbers
        except PackageNotFoundError:
            continue  # for another platform


def test_build_hook_refuses_what_the_lock_does_not_know(hook):
    resolved = """
[[package]]
name = "tiny"
version = "1.0"
source = { registry = "somewhere" }
wheels = [{ url = "x/tiny-1.0-py3-none-any.whl", hash = "sha256:aa" }, { url = "x/tiny-1.0-cp27-none-win32.whl", hash = "sha256:cc" }]
"""
    hook.compare(resolved, "tiny==1.0 \\\n    --hash=sha256:aa\n")  # the file for another machine does not count
    with pytest.raises(ValueError, match="hash that requirements.lock does not know"):
        hook.compare(resolved, "tiny==1.0 \\\n    --hash=sha256:bb\n")
    with pytest.raises(ValueError, match="tiny 1.0 is not in requirements.lock"):
        hook.compare(resolved, "tiny==1.1 \\\n    --hash=sha256:aa\n")


def test_environment_check_says_what_is_wrong(capsys):
    assert environment.problems(["numpy>=2.1"], ">=3.12") == []
    found = environment.problems(["numpy>=999", "no-such-package>=1"], ">=4")
    assert [s.split(" ")[0] for s in found] == ["Python", "numpy", "no-such-package"]
    environment.check()
    assert capsys.readouterr().out.startswith("All is well")


def test_importing_helpers_is_cheap():
    code = (
        "import sys, time; t = time.perf_counter(); import helpers, helpers.startup; d = time.perf_counter() - t; "
        "assert not {'pymc', 'pytensor', 'jax', 'arviz'} & set(sys.modules); assert d < 1.5, d; "
        "import helpers.divergences, helpers.scorecard, helpers.manual_vi; assert 'pymc' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_start_makes_a_later_import_of_pymc_fast():
    code = "import helpers; helpers.start(); helpers.start(); import pymc as pm; assert pm.sample.elbo_room_defaults"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
