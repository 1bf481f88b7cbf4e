"""The site as a browser gets it: what a page weighs, when it shows, how soon its widgets answer, what an audit finds.

    uv run --group dev python -m benchmarks.site                       # everything: most of an hour
    uv run --group dev python -m benchmarks.site paint --runs 5        # some parts
    uv run --group dev python -m benchmarks.site audit --only 01       # some pages; nothing is stored

Builds the site and opens its pages from disk, without a network. What is found stays in `benchmarks/site.json` with its
day, machine and versions, one part at a time; `benchmarks/site.md` shows it, and the site's page "How this was checked" the
main of it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np

from benchmarks import slider_latency
from benchmarks.report import machine
from helpers import widgets
from tools.browser import chromium, missing
from tools.markdown import table

ROOT = Path(__file__).resolve().parents[1]
STORED, TABLE = ROOT / "benchmarks" / "site.json", ROOT / "benchmarks" / "site.md"
WINDOW = {"width": 1200, "height": 800}
# a second after the page has loaded: when something was first seen, and when the largest part of the window was
PAINTED = """() => new Promise((done) => {
    let largest = NaN;
    const observer = new PerformanceObserver((list) => (largest = list.getEntries().at(-1).startTime));
    observer.observe({ type: "largest-contentful-paint", buffered: true });
    const first = () => performance.getEntriesByName("first-contentful-paint")[0].startTime;
    setTimeout(() => done([first(), largest]), 1000);
})"""
TYPESET = "() => [...document.querySelectorAll('.math')].every((formula) => formula.querySelector('mjx-container'))"
UNFOLDED = "() => document.querySelectorAll('details').forEach((fold) => (fold.open = true))"
BAD = ("serious", "critical")
TEXT = """\
# The site in a browser

Made by `uv run --group dev python -m benchmarks.site`, from pages on disk, in Chromium without a window.
"""


def build(folder: Path) -> dict[str, Path]:
    """The site, built into a folder: its pages by their names."""
    command = [sys.executable, "-m", "sphinx", "-q", "site", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    files = [folder / "index.html", *sorted((folder / "chapters").glob("*.html")), folder / "search.html"]
    return {file.stem: file for file in files}


@cache
def compressed(file: Path) -> int:
    """Bytes of a file as a server sends it."""
    data = file.read_bytes()
    return min(len(data), len(gzip.compress(data, 6)))


def weight(browser, file: Path) -> int:
    """Bytes of all that a page loads, compressed."""
    page, loaded = browser.new_page(viewport=WINDOW), set()
    page.on("request", lambda request: loaded.add(request.url))
    page.goto(file.as_uri())
    page.wait_for_function(TYPESET)
    page.close()
    return sum(compressed(Path(unquote(urlsplit(each).path))) for each in loaded if each.startswith("file:"))


def paint(browser, file: Path, runs: int) -> list[float]:
    """Milliseconds to the first contentful paint and to the largest one: medians over runs."""
    found = []
    for _ in range(runs):
        page = browser.new_page(viewport=WINDOW)
        page.goto(file.as_uri())
        found.append(page.evaluate(PAINTED))
        page.close()
    return np.median(found, axis=0).round().tolist()


def audit(browser, file: Path) -> dict:
    """What axe-core finds on a whole page with all its folds open, by day and by night.

    Gives how many elements passed a rule, and of each rule that is broken seriously an example.
    """
    from axe_playwright_python.sync_playwright import Axe

    passed, broken = 0, {}
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport=WINDOW, color_scheme=scheme)
        page.set_default_timeout(1_800_000)
        page.goto(file.as_uri())
        page.wait_for_function(TYPESET)
        page.evaluate(UNFOLDED)
        found = Axe().run(page, options={"preload": False}).response
        passed += sum(len(rule["nodes"]) for rule in found["passes"])
        for rule in found["violations"]:
            if rule["impact"] in BAD:
                broken[f"{rule['id']}, {scheme}"] = [len(rule["nodes"]), rule["nodes"][0]["html"][:300]]
        page.close()
    return {"passed": passed, "broken": broken}


def each_page(measure: Callable, pages: dict) -> dict:
    """What `measure` finds on each page."""
    found = {}
    for name, file in pages.items():
        found[name] = measure(file)
        print(name, found[name], flush=True)
    return found


def sliders(browser, pages: dict, runs: int) -> dict:
    """Median and 95th percentile of a widget's sliders, on the site and in JupyterLab, in milliseconds."""
    homes = {"site": slider_latency.on_site(browser, pages, 30 * runs)}
    homes["JupyterLab"] = slider_latency.in_jupyterlab(browser, widgets.__all__, 30 * runs)
    return {
        home: {name: [len(times), *np.percentile(times, [50, 95]).round(1)] for name, times in found.items()}
        for home, found in homes.items()
    }


PARTS = {
    "weight": lambda browser, pages, runs: each_page(partial(weight, browser), pages),
    "paint": lambda browser, pages, runs: each_page(partial(paint, browser, runs=runs), pages),
    "sliders": sliders,
    "audit": lambda browser, pages, runs: each_page(partial(audit, browser), pages),
}


def shown(part: str, found: dict) -> str:
    """The results of a part as a table, with what they are held against."""
    if part == "weight":
        rows = [[name, f"{size / 1e6:.2f} MB"] for name, size in found.items()]
        return "All that a page loads, compressed; allowed are 2 MB.\n\n" + table(["page", "weight"], rows)
    if part == "paint":
        rows = [[name, f"{first:.0f} ms", f"{largest:.0f} ms"] for name, (first, largest) in found.items()]
        words = "From the start of loading to the first text or picture, and to the largest part of the window; wanted is 1 s.\n\n"
        return words + table(["page", "first contentful paint", "largest contentful paint"], rows)
    if part == "sliders":
        rows = [
            [name, home, *(f"{value:g}" for value in values)]
            for home, all_ in found.items()
            for name, values in all_.items()
        ]
        words = (
            "From a slider's event to the frame that shows the change, in ms; wanted are 16 and 30. All sliders of a "
            "widget are dragged, one step each 16 ms.\n\n"
        )
        return words + table(["widget", "where", "events", "median", "95th percentile"], rows)
    rows = [[name, f"{each['passed']:,}", ", ".join(each["broken"]) or "none"] for name, each in found.items()]
    words = "axe-core on whole pages, all folds open, by day and by night: what it calls serious or critical.\n\n"
    return words + table(["page", "checks passed", "serious"], rows)


def report(stored: dict) -> str:
    """The whole page of results."""
    text = TEXT
    for part in PARTS:
        if part in stored:
            made = stored[part]
            heading = (
                f"\n## {part.capitalize()}\n\n{made['date']}; {made['machine']}; {made['versions']}. {made['note']}"
            )
            text += f"{heading.strip(' ')}\n\n{shown(part, made['found'])}"
    return text


def store(part: str, found: dict, chromium_version: str, note: str) -> None:
    """Keep what a part has found, and write the page of results anew.

    Parameters
    ----------
    part : str
    found : dict
    chromium_version : str
    note : str
        What a reader of the results should know.
    """
    versions = f"Chromium {chromium_version}"
    if part == "audit":
        versions += f", axe-core of axe-playwright-python {version('axe-playwright-python')}"
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    made = {"date": date.today().isoformat(), "machine": machine(), "versions": versions, "note": note}
    stored[part] = made | {"found": found}
    STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    TABLE.write_text(report(stored), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.site", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--runs", type=int, default=5, help="of each page; 30 events a slider in each (default 5)")
    parser.add_argument("--only", default="", help="only pages whose names begin so; then nothing is stored")
    parser.add_argument(
        "--note", default="", help="what a reader of the results should know, as that others worked, too"
    )
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    if missing():
        sys.exit(f"cannot measure: {missing()}")
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        pages = {name: file for name, file in build(Path(folder)).items() if name.startswith(given.only)}
        for part in given.parts or PARTS:
            found = PARTS[part](browser, pages, given.runs)
            print(shown(part, found))
            if not given.only:
                store(part, found, browser.version, given.note)


if __name__ == "__main__":
    main()
