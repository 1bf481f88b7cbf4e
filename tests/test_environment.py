"""One list of dependencies, the same everywhere, pinned without the address of a registry."""

import ast
import importlib.util
import os
import platform
import re
import runpy
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import nbformat
import pytest
import yaml
from elftools.elf.elffile import ELFFile
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import helpers

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
RUNTIME = {Requirement(r).name: Requirement(r) for r in PROJECT["project"]["dependencies"]}
LAB = [Requirement(r) for r in PROJECT["dependency-groups"]["lab"]]
CONDA_NAMES = {"matplotlib": "matplotlib-base", "lazy-loader": "lazy_loader"}
THROUGH_PYMC = {"nutpie"}  # pm.sample
FLOORS_ONLY = {"ipywidgets"}  # anywidget imports it; the floor leaves Colab's own alone
SLIM = {"libc", "libm", "libpthread", "libdl", "librt", "libutil", "libstdc++", "libgcc_s", "libz"}  # every image has
DOES_WITHOUT = {"numba": {"libtbb", "libgomp"}}  # two of its three ways to run in parallel; we use none


def test_conda_and_pyproject_ask_for_the_same():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    plain = {d.split(" ")[0]: SpecifierSet(d.split(" ")[1]) for d in conda if isinstance(d, str) and " " in d}
    wanted = {CONDA_NAMES.get(r.name, r.name): r.specifier for r in [*RUNTIME.values(), *LAB]}
    assert plain == wanted | {"python": SpecifierSet(PROJECT["project"]["requires-python"])}


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
    names = {
        "PIL": "pillow",
        "sklearn": "scikit-learn",
        "IPython": "ipython",
        "arviz_stats": "arviz",
        "lazy_loader": "lazy-loader",
    }
    imported = {names.get(name, name) for name in imported}
    assert set(RUNTIME) - imported == THROUGH_PYMC | FLOORS_ONLY
    assert imported - set(RUNTIME) - set(sys.stdlib_module_names) <= {"helpers"}


def test_wheel_holds_all_of_helpers_and_nothing_else():
    wheel = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    packed = {Path(file.distribution_path) for file in wheel.recurse_included_files()}
    assert {path.parts[0] for path in packed} == {"helpers"}  # above all, no tools/: they cannot run in Colab
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


def test_installed_versions_are_the_locked_ones():
    if not (ROOT / "uv.lock").exists():
        pytest.skip("not installed by uv: there is nothing to hold against the lock")
    pinned = {}  # some have two, for different versions of Python
    for pin in map(Requirement, runpy.run_path(str(ROOT / ".ci" / "lock.py"))["pins"](LOCK)):
        if pin.marker is None or pin.marker.evaluate():
            pinned[pin.name] = str(pin.specifier).removeprefix("==")
    for name, number in pinned.items():
        try:
            assert version(name) == number
        except PackageNotFoundError:
            continue  # of a group that is not installed


def test_the_lock_is_renewed_without_an_address_and_keeps_what_is_asked():
    lock = runpy.run_path(str(ROOT / ".ci" / "lock.py"))
    text = 'constraint-dependencies = [\n  "a==1",\n]\n'
    project = f"build-{text}\n{text}"
    assert lock["constrain"](project, ["b==2 ; os_name == 'nt'"]) == project.replace(
        f"\n\n{text}", "\n\nconstraint-dependencies = [\n  \"b==2 ; os_name == 'nt'\",\n]\n"
    )
    assert lock["pins"]("b==2 \\\n    --hash=sha256:aa\nc==3 ; x \\\n    --hash=sha256:bb\n") == ["b==2", "c==3 ; x"]


def closure(requirements):
    """What `requirements` need, and what that needs: (name, what is installed of it)."""
    found, todo = {}, [(requirement, "") for requirement in requirements]
    while todo:
        requirement, extra = todo.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key in found or (requirement.marker and not requirement.marker.evaluate({"extra": extra})):
            continue
        found[key] = distribution(requirement.name)
        needed = [Requirement(line) for line in found[key].requires or []]
        todo += [(each, extra) for each in needed for extra in ("", *requirement.extras)]
    return {name: installed for (name, _), installed in found.items()}


def test_readers_install_what_readers_need():
    assert PROJECT["tool"]["uv"]["default-groups"] == ["lab"]
    tools = {
        "blackjax",
        "hatchling",
        "hypothesis",
        "numpyro",
        "notebook",
        "playwright",
        "pytest",
        "ruff",
        "sphinx",
    }
    assert not tools & set(closure([*RUNTIME.values(), *LAB]))


def shared_objects(installed):
    names = [file for file in installed.files or [] if re.search(r"\.so(\.[\d.]+)?$", file.name)]
    return [Path(installed.locate_file(name)) for name in names]


def needed_libraries(path):
    with path.open("rb") as file:
        dynamic = ELFFile(file).get_section_by_name(".dynamic")
        return {tag.needed for tag in dynamic.iter_tags("DT_NEEDED")}


def from_the_system(files, bundled):
    """The libraries that `files` need, which are neither among `bundled` nor in the smallest of images."""
    needed = set().union(*map(needed_libraries, files)) - bundled
    return {name.split(".so")[0] for name in needed if not name.startswith("ld-linux")} - SLIM


glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs wheels for Linux")


@glibc
def test_no_package_needs_a_library_of_the_system():
    packages = {name: shared_objects(installed) for name, installed in closure([*RUNTIME.values(), *LAB]).items()}
    bundled = {path.name for files in packages.values() for path in files}
    strange = {name: from_the_system(files, bundled) for name, files in packages.items() if files}
    assert {name: found for name, found in strange.items() if found - DOES_WITHOUT.get(name, set())} == {}
    assert len(strange) > 20 and set(DOES_WITHOUT) <= set(strange)


@glibc
def test_a_library_of_the_system_would_be_found():
    files = [path for path in shared_objects(distribution("scipy")) if "_fblas" in path.name]
    missing = from_the_system(files, set())  # as if its wheel did not bring OpenBLAS
    assert any("openblas" in name for name in missing)


def test_environment_check_says_what_is_wrong(capsys):
    assert helpers.problems(["numpy>=2.1"], ">=3.12") == []
    found = helpers.problems(["numpy>=999", "no-such-package>=1"], ">=4")
    assert [s.split(" ")[0] for s in found] == ["Python", "numpy", "no-such-package"]
    helpers.check()
    assert capsys.readouterr().out.startswith("All is well")


def test_check_says_that_the_course_is_not_installed(monkeypatch, capsys):
    def requires(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(helpers, "requires", requires)
    helpers.check()
    assert "elbo-room is not installed" in capsys.readouterr().out


def test_importing_helpers_is_cheap():
    code = (
        "import sys; import helpers, helpers.startup; "
        "assert not {'pymc', 'pytensor', 'jax', 'arviz', 'scipy', 'pandas'} & set(sys.modules); "
        "import helpers.truth.divergences, helpers.checks.card; "
        "from helpers.widgets import ManualVI, ChangeOfVariables; assert not {'pymc', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_readme_and_ci_run_the_same_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^pip install uv && uv run .*pytest$", readme, re.MULTILINE)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert script[-1] == command and os.access(ROOT / ".ci" / "run", os.X_OK)


def test_public_workflow():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    triggers = workflow[True]  # YAML 1.1 reads the key `on` as true
    assert set(triggers) == {"push", "pull_request", "schedule"} and len(triggers["schedule"][0]["cron"].split()) == 5
    runs = {name: [s["run"] for s in job["steps"] if "run" in s] for name, job in workflow["jobs"].items()}
    assert runs["tests"] == [".ci/run"]
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]
    assert {system.split("-")[0] for system in matrix["system"]} == {"ubuntu", "macos"}
    assert matrix["python"] == ["3.12", "3.13"]
    assert [run.split(" ruff ")[-1] for run in runs["lint"]][-2:] == ["check", "format --check"]
    assert runs["lock"][-1] == "uv pip sync --require-hashes requirements.lock"


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the switches are those of x86")
def test_the_run_with_another_rounding_switches_all_of_numpy_off():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    other = workflow["jobs"]["rounding"]["steps"][-1]["env"]
    code = "from numpy._core import _multiarray_umath as m; print([x for x in m.__cpu_dispatch__ if m.__cpu_features__[x]])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | other, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert all(value in contributing for value in other.values())


def test_every_command_names_the_group_that_it_needs():
    groups = {"pytest": "dev", "sphinx-build": "site", "python -m benchmarks": "bench", "ruff": "lint"}
    own = Path(__file__).name
    tops = [top for top in ROOT.iterdir() if top.name not in (".venv", ".git", "build")]  # these hold very many files
    files = [path for top in tops for path in (top.rglob("*") if top.is_dir() else [top])]
    files = [p for p in files if p.suffix in (".py", ".md", ".yml", ".yaml") and p.name not in (own, "RESULTS.md")]
    used = set()
    for path in [*files, ROOT / ".ci" / "run", ROOT / "pyproject.toml"]:
        for command in re.findall(r"\buv run ([^`\n#]+)", path.read_text(encoding="utf-8")):
            needed = {group for program, group in groups.items() if re.search(rf"(^| ){program}( |$)", command)}
            assert set(re.findall(r"--(?:only-)?group (\w+)", command)) >= needed, f"{path.name}: uv run {command}"
            used |= needed
            for module in re.findall(r"python -m ((?:tools|helpers|benchmarks)[\w.]*)", command):
                assert importlib.util.find_spec(module), f"{path.name}: uv run {command}"
    assert used == set(groups.values())
