"""Renew the lock: `python .ci/lock.py` upgrades every package, then writes the two files that pin them.

`python .ci/lock.py --keep` leaves every version that is pinned as it is: for a dependency that came or went.

`uv.lock` holds the address of the registry it was made with, so it stays out of the repository. What goes in:

- `requirements.lock`, every exact version with the hashes of its files and no address: CI installs by it;
- the same versions as `constraint-dependencies` in `pyproject.toml`, which plain `uv run` and `uv sync` obey.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT, LOCK = ROOT / "pyproject.toml", ROOT / "requirements.lock"
CONSTRAINTS = re.compile(r"(?<=\nconstraint-dependencies = \[\n).*?(?=^\])", re.DOTALL | re.MULTILINE)
EXPORT = ["uv", "export", "--format=requirements-txt", "--all-groups", "--no-emit-project"]


def pins(lock: str) -> list[str]:
    """The requirements of a lock, one a package, without hashes."""
    return [line.rstrip(" \\") for line in lock.splitlines() if re.match(r"\w", line)]


def constrain(project: str, requirements: list[str]) -> str:
    """`project` (the text of pyproject.toml) with `requirements` as its constraints."""
    return CONSTRAINTS.sub("".join(f'  "{r}",\n' for r in requirements).replace("\\", r"\\"), project)


def main(keep: bool) -> None:
    """Resolve, and write both files; where `keep`, with the pins of `pyproject.toml` as constraints."""
    if not keep:
        PROJECT.write_text(constrain(PROJECT.read_text(encoding="utf-8"), []), encoding="utf-8")
    subprocess.run(["uv", "lock", "--upgrade"], cwd=ROOT, check=True)
    export = subprocess.run(
        [*EXPORT, "--no-annotate", "--no-header"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    LOCK.write_text(export.stdout, encoding="utf-8")
    PROJECT.write_text(constrain(PROJECT.read_text(encoding="utf-8"), pins(export.stdout)), encoding="utf-8")
    print(f"{len(pins(export.stdout))} packages pinned in {LOCK.name} and {PROJECT.name}")


if __name__ == "__main__":
    main(keep="--keep" in sys.argv[1:])
