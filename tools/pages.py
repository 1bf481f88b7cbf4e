"""The pages of the site that are no chapter: glossary, symptoms, notation, ledger, how this was checked, changelog, 404."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import numpy as np
from myst_parser.mdit_to_docutils.base import default_slugify  # as the site makes its anchors

from tools import glossary, ledger
from tools.chapters import ROOT, all_chapters
from tools.markdown import table
from tools.stamp import address, linked

PACKAGES = ("pymc", "pytensor", "jax", "numpy", "scipy", "arviz", "nutpie", "anywidget", "plotly")  # the main ones
CHECKED = """\
# How this was checked

This page says what stands behind the numbers of the course: seeds, machines, versions and dates.

## Every claim, with other seeds

The notebooks hold {count} claims about numbers; the [ledger](ledger.md) lists them all. A claim that does not hold stops the run
when a notebook is stored, and fails the tests. The tests run every notebook anew, without a network, on {systems}, with
Python {pythons}. Besides, a sweep runs every notebook with other seeds (`uv run python -m benchmarks.sweep`). The third column
says how many seeds stand behind the ranges that the ledger shows.

{claims}

## The right answers that took long

Where there is no formula and no quadrature, a chapter holds its fits against stored results of long runs. Each was made by
one command, which makes it again.

{runs}

## In a browser

{browser} The [repository](https://github.com/{repository}/blob/{branch}/benchmarks/site.md) has all figures.

## Speed

{speed} The [repository](https://github.com/{repository}/blob/{branch}/benchmarks/RESULTS.md) has all figures. Seconds in the chapters are
those of the machine that stored the page. No claim is about seconds.

## Versions

These are the versions of the main packages; `requirements.lock` has all of them, with hashes.

{versions}
"""
AUDIT = """\
On {date}, axe-core asked all its rules of all {pages} pages, whole and with every fold open, by day and by night
(`python -m benchmarks.site audit`): {passed:,} checks passed, and it found {bad} that it calls serious or critical.
The tests ask each page again, on a telephone by night, with the first few of whatever a page has many of."""
SYMPTOMS = """\
# Index of symptoms

Each line leads to an entry of the [field guide]({file}): how the trouble comes about, what it is, and a cure to copy.

"""
MISSING = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Not found – ELBO Room</title>
<style>:root {{ color-scheme: light dark; background: canvas }} body {{ font: 1.1em/1.5 sans-serif; max-width: 36em; margin: 4em auto; padding: 0 1em }}</style>
</head>
<body><main>
<h1>This page does not exist</h1>
<p>The address has no page of this course, or no longer. Chapters may have been renumbered.</p>
<p><a href="{base}index.html">All chapters</a> · <a href="{base}search.html">Search</a> · <a href="{base}chapters/report.html">Report an error</a></p>
</main></body>
</html>
"""


def base(root: Path = ROOT) -> str:
    """Where GitHub publishes the site of the repository."""
    owner, name = address(root)["repository"].split("/")
    return f"https://{owner.lower()}.github.io/{name}/"


def _quality(made: dict) -> str:
    """The worst R-hat and effective number of draws of a long run; "" where it has none."""
    if "r_hat" not in made:
        return ""
    draws = f", {np.min(made['ess']):,.0f} effective draws" if "ess" in made else ""
    return f"R-hat {np.max(made['r_hat']):.3f}{draws}"


def _runs(root: Path = ROOT) -> list[list]:
    """A row for each stored long run: command, date, how good its draws are, versions."""
    gold = json.loads((root / "helpers/truth/gold/manifest.json").read_text(encoding="utf-8"))
    made = [gold[name] for name in sorted(gold)]
    for file in sorted((root / "helpers/models").glob("*.npz")):
        with np.load(file) as stored:
            if "made" in stored:
                made.append(json.loads(str(stored["made"])))
    rows = []
    for each in made:
        versions = ", ".join(f"{package} {number}" for package, number in each["versions"].items())
        rows.append([f"`{each['command']}`", each["date"], _quality(each), versions])
    return rows


def claims(root: Path = ROOT) -> list[list]:
    """A row for each chapter: its name with a link, how many claims it makes, and the seeds behind their ranges."""
    spread = ledger.stored_spread(root)
    rows = []
    for chapter in all_chapters(root):
        notebook = nbformat.read(root / "notebooks" / chapter.file, as_version=4)
        made = [row for cell in notebook.cells for row in ledger.claims_of(cell)]
        seeds = [each["seeds"] for each in spread.get(chapter.stem, {}).values()]
        rows.append([f"[{chapter.entry}]({chapter.file})", len(made), max(seeds, default="")])
    return rows


def _browser(root: Path = ROOT) -> str:
    """What the stored audit of the site has found."""
    audit = json.loads((root / "benchmarks/site.json").read_text(encoding="utf-8"))["audit"]
    found = audit["found"].values()
    bad = sum(count for each in found for count, _ in each["broken"].values())
    passed = sum(each["passed"] for each in found)
    return AUDIT.format(date=audit["date"], pages=len(found), passed=passed, bad=bad or "nothing")


def _checked(root: Path = ROOT) -> str:
    """The page "How this was checked"."""
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    numbers = [[name, re.search(rf"^{name}==(\S+)", lock, re.MULTILINE)[1]] for name in PACKAGES]
    workflow = (root / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    systems, pythons = (re.search(rf"{key}: \[(.*)\]", workflow)[1].replace('"', "") for key in ("system", "python"))
    made = claims(root)
    return CHECKED.format(
        count=sum(row[1] for row in made),
        systems=systems.replace(", ", " and "),
        pythons=pythons.replace(", ", " and "),
        claims=table(["chapter", "claims", "seeds"], made),
        browser=_browser(root),
        runs=table(["made by", "date", "quality", "versions"], _runs(root)),
        speed=(root / "benchmarks/RESULTS.md").read_text(encoding="utf-8").split("\n\n")[1],
        versions=table(["package", "version"], numbers),
        **address(root),
    )


def _symptoms(root: Path = ROOT) -> str:
    """The field guide's headings, each a link to its entry."""
    file = next(chapter.file for chapter in all_chapters(root) if chapter.name == "field_guide")
    parts = []
    for heading, pieces in ledger.sections(nbformat.read(root / "notebooks" / file, as_version=4)):
        prose = "\n".join(text for cell, text in pieces if cell.cell_type == "markdown")
        if entries := re.findall(r"^### (.+)", prose, re.MULTILINE):
            links = [f"- [{entry}]({file}#{default_slugify(entry)})" for entry in entries]
            parts.append("\n".join([f"## {heading}\n", *links]))
    return SYMPTOMS.format(file=file) + "\n\n".join(parts) + "\n"


def write(folder: Path, root: Path = ROOT) -> None:
    """Write all pages into `folder`, and 404.html into its folder `extra`."""
    where = address(root)
    (folder / "extra").mkdir()
    (folder / "extra" / "404.html").write_text(MISSING.format(base=base(root)), encoding="utf-8")
    pages = {
        "glossary": glossary.page(root),
        "symptoms": _symptoms(root),
        "ledger": ledger.page(root),
        "checked": _checked(root),
        "changelog": (root / "CHANGELOG.md").read_text(encoding="utf-8"),
    }
    for file in (root / "site" / "pages").glob("*.md"):
        text = file.read_text(encoding="utf-8")
        text = text.replace("REPOSITORY", where["repository"]).replace("BRANCH", where["branch"])
        pages[file.stem] = linked(text, all_chapters(root))
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
