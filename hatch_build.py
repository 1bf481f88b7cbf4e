"""A build hook that makes `uv run` obey the hashes of `requirements.lock`.

uv resolves, writes `uv.lock`, builds this project, and only then installs: a file whose hash the lock does not know
stops it here. Where either file is missing (pip, conda, Colab) there is nothing to compare.
"""

import re
import tomllib
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

HOW_TO_RENEW = "If you changed the dependencies, run `python .ci/lock.py`."


def locked(text: str) -> dict[tuple[str, str], set[str]]:
    """(name, version) → hashes, of a lock in the format of requirements.txt."""
    files = {}
    for block in re.split(r"\n(?=\w)", text):
        if found := re.match(r"([\w.-]+)==([^\s;]+)", block):
            files[canonicalize_name(found[1]), found[2]] = set(re.findall(r"sha256:\w+", block))
    return files


def installable(package: dict) -> list[dict]:
    """The files of a package in `uv.lock` that may be installed here: wheels for this machine, else the source."""
    tags = set(sys_tags())
    wheels = [w for w in package.get("wheels", []) if parse_wheel_filename(w["url"].rsplit("/", 1)[-1])[3] & tags]
    return wheels or [package["sdist"]] * ("sdist" in package)


def compare(resolved: str, lock: str) -> None:
    """Raise `ValueError` unless everything in `resolved` (the text of uv.lock) is in `lock`, file by file."""
    known = locked(lock)
    for package in tomllib.loads(resolved)["package"]:
        if "registry" not in package["source"]:
            continue  # this project itself
        pin = package["name"], package["version"]
        if pin not in known:
            raise ValueError(f"{pin[0]} {pin[1]} is not in requirements.lock. {HOW_TO_RENEW}")
        for file in installable(package):
            if file["hash"] not in known[pin]:
                raise ValueError(f"{pin[0]} {pin[1]}: a file has a hash that requirements.lock does not know.")


class LockHook(BuildHookInterface):
    """Called by hatchling before it builds; see the module's docstring."""

    def initialize(self, version, build_data):
        resolved, lock = Path(self.root, "uv.lock"), Path(self.root, "requirements.lock")
        if resolved.exists() and lock.exists():
            compare(resolved.read_text(encoding="utf-8"), lock.read_text(encoding="utf-8"))
