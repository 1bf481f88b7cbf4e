"""Write the repository's address into every badge, every setup cell and the site: `uv run python -m tools.stamp`.

The address stands once, under `[tool.elbo-room]` in `pyproject.toml`. Whoever forks the course changes it there
and runs this command.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK_LINK = re.compile(r"https://colab\.research\.google\.com/github/[\w./-]+?/notebooks/(\w+\.ipynb)")
LINK = re.compile(r"(\[repository\]\(|git clone )https://github\.com/[\w./-]+")  # of the site; README's first command
SETUP_CELL = """\
import sys
from importlib import metadata

if "google.colab" in sys.modules and not [*metadata.distributions(name="elbo-room")]:
    %pip install -q "elbo-room @ git+https://github.com/{repository}@{branch}"
import helpers

assert hasattr(helpers, "start"), f"{{helpers}} hides the course's own: rename it, then restart the session"
helpers.start()"""


def address(root: Path = ROOT) -> dict[str, str]:
    """The keys `repository` (owner/name) and `branch` of `[tool.elbo-room]`."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["elbo-room"]


def badge_links(text: str, repository: str, branch: str) -> str:
    """`text` with every link that opens a notebook in Colab pointing at the repository."""
    return NOTEBOOK_LINK.sub(rf"https://colab.research.google.com/github/{repository}/blob/{branch}/notebooks/\1", text)


def stamped(path: Path, repository: str, branch: str) -> str:
    """The text of the file at `path` (a notebook or Markdown) as it should be."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return LINK.sub(rf"\1https://github.com/{repository}", badge_links(text, repository, branch))
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = badge_links(cell.source, repository, branch)
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    setup.source = SETUP_CELL.format(repository=repository, branch=branch)
    return nbformat.writes(notebook) + "\n"


def stale(root: Path = ROOT) -> dict[Path, str]:
    """The files whose address is not the one in `pyproject.toml`, each with the text it should have."""
    files = [root / "README.md", root / "site" / "index.md", *sorted((root / "notebooks").glob("[0-9]*.ipynb"))]
    wanted = {path: stamped(path, **address(root)) for path in files}
    return {path: text for path, text in wanted.items() if text != path.read_text(encoding="utf-8")}


if __name__ == "__main__":
    for path, text in stale().items():
        path.write_text(text, encoding="utf-8")
        print(f"stamped {path.relative_to(ROOT)}")
