"""Is everything there that the course needs?"""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet


def problems(requirements: list[str], python: str) -> list[str]:
    """What is missing or too old, one sentence each; empty where all is well.

    Parameters
    ----------
    requirements : list of str
        As in `pyproject.toml`, such as "numpy>=2.1".
    python : str
        The range of Python versions, such as ">=3.12".
    """
    found = []
    running = ".".join(map(str, sys.version_info[:3]))
    if running not in SpecifierSet(python):
        found.append(f"Python {running} does not satisfy {python}")
    for requirement in map(Requirement, requirements):
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            found.append(f"{requirement.name} is not installed")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            found.append(f"{requirement.name} {installed} does not satisfy {requirement.specifier}")
    return found


def check() -> None:
    """Print one line: all is well, or what is wrong and what to do about it."""
    found = problems(requires("elbo-room") or [], metadata("elbo-room")["Requires-Python"])
    if found:
        print(f"Not ready: {'; '.join(found)}. Run `uv sync` in the course's folder and restart the kernel.")
    else:
        print("All is well: Python and every library of the course are here, in versions that it was made for.")
