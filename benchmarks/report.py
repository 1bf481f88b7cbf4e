"""The results as tables: `benchmarks/RESULTS.md`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable

import numpy as np

from tools.markdown import table

GROWTH = {"rows": (4, 5, 6, 7), "parameters": (1, 2, 3, 4), "stream": (6, 7, 8), "memory": (6, 7), "shards": (7,)}
TITLES = {
    "student-t": "Student-t",
    "logit-beta": "Beta on the logit scale",
    "logistic": "Logistic regression, mean-field",
    "logistic-full": "Logistic regression, full rank",
    "mixture": "Two modes, one Gaussian",
    "minibatch": "400,000 × 100 by minibatches",
    "moons": "Moons network, 40 weights",
    "sine": "Sine network, 16 weights",
    "particles": "SVGD, 50 particles on the banana",
}
START = {
    "ours": "the course's setup, `pm.fit`",
    "advi": "the course's `advi`",
    "pymc": "PyMC's defaults, `pm.fit`",
    "numpyro": "NumPyro, SVI",
}


def seconds(value: float) -> str:
    """To two or three digits, whatever its size."""
    if value >= 100:
        return f"{value:,.0f} s"
    if value >= 1:
        return f"{value:.1f} s"
    return f"{1000 * value:.0f} ms" if value >= 0.01 else f"{1000 * value:.1f} ms"


def number(value: float) -> str:
    """To two digits, without an exponent; what is better than the best by more than rounding keeps its sign."""
    return f"{float(f'{value:.2g}'):,.15g}".replace("-", "−") if abs(value) >= 0.001 else "< 0.001"


def spread(values: list[float], show=seconds) -> str:
    """Median (least to largest; number of runs)."""
    if not values:
        return "not measured"
    if len(values) == 1:
        return f"{show(values[0])} (one run)"
    return f"{show(np.median(values))} ({show(min(values))} to {show(max(values))}; {len(values)} runs)"


def of(results: list[dict], **label) -> list[dict]:
    return [r for r in results if all(r[key] == value for key, value in label.items()) and "error" not in r]


def start(results: list[dict]) -> str:
    rows = []
    for name, title in START.items():
        runs = [of(results, module="start", name=name, state=state) for state in ("cold", "warm")]
        errors = [r["error_sd"] for group in runs for r in group]
        error = f"{max(errors):.2f} sd" if errors else "n/a"
        rows.append([title, *(spread([r["wall"] for r in group]) for group in runs), error])
    return table(["", "empty caches", "filled caches", "error of the mean"], rows)


def arrival(result: dict) -> dict | None:
    """The first rung whose median fit has arrived."""
    return next((r for r in result["rungs"] if np.median(r["behind"]) <= result["allowed"]), None)


def after(result: dict, limit: float) -> str:
    """How far behind the longest fit was that took no longer than `limit` seconds."""
    rungs = [r for r in result["rungs"] if np.median(r["seconds"]) <= limit]
    if not rungs:
        return "no fit yet"
    return number(np.median(rungs[-1]["behind"]))


def fit_cell(found: list[dict], unit: str) -> str:
    if not found:
        return "not measured"
    rung = arrival(found[0])
    if rung is None:
        last = found[0]["rungs"][-1]
        far = f"{number(np.median(last['behind']))} {unit} after {seconds(np.median(last['seconds']))}"
        return f"not reached: {far}"
    low, median, high = map(seconds, np.quantile(rung["seconds"], [0, 0.5, 1]))
    return f"{median} ({low} to {high}; first call {seconds(rung['first'])})"


def fits(results: list[dict]) -> str:
    rows, settings = [], {"ours": [], "others": []}
    for key, title in TITLES.items():
        particles = key == "particles"
        unit = "sd" if particles else "nats"
        cells, fixed, allowed = [], [], "n/a"
        for method in ("published", "ours", "others"):
            name = method if particles else f"{key}/{method}"
            found = of(results, module="particles" if particles else "fits", name=name)
            cells.append(fit_cell(found, unit))
            allowed = f"{found[0]['allowed']} {unit}" if found else allowed
            if found and method != "published":
                fixed.append(after(found[0], 1.0))
                settings[method].append(f"{title}: {found[0]['setting']}")
        rows.append([title, allowed, *cells, "; ".join(fixed)])
    head = ["problem", "arrived within", "published recipe", "ours", "NumPyro; SVGD: BlackJAX", "left after 1 s"]
    return table(head, rows) + "".join(
        f"\nThe quickest settings, {who}. {'; '.join(settings[method])}.\n"
        for method, who in (("ours", "ours"), ("others", "the others"))
    )


def chapters(results: list[dict]) -> str:
    rows = []
    for name in sorted({r["name"] for r in results if r["module"] == "chapters"}):
        cold, warm = (of(results, module="chapters", name=name, state=state) for state in ("cold", "warm"))
        memory = max((r["memory"] for r in (*cold, *warm)), default=np.nan)
        rows.append([name, *(spread([r["wall"] for r in runs]) for runs in (cold, warm)), f"{memory:,.0f} MB"])
    return table(["notebook", "empty caches", "filled caches", "largest memory"], rows)


def interface(results: list[dict]) -> str:
    runs = {name: of(results, module="interface", name=name) for name in ("animation", "frames", "slider")}
    rows = []
    for title, name, key, show in (
        ("SVGD animation: first build", "animation", "first", seconds),
        ("SVGD animation: next builds", "animation", "again", seconds),
        ("SVGD animation: size", "animation", "megabytes", "{:.2f} MB".format),
        ("SVGD animation: frames a second in Chromium", "frames", "a_second", "{:.0f}".format),
        ("slider's event to redrawn curve, median", "slider", "median", "{:.0f} ms".format),
        ("slider's event to redrawn curve, 95th percentile", "slider", "p95", "{:.0f} ms".format),
    ):
        rows.append([title, spread([r[key] for r in runs[name]], show)])
    return table(["", "median (range)"], rows)


def growth(results: list[dict]) -> str:
    def value(kind: str, power: int, key: str, show) -> str:
        return spread([r[key] for r in of(results, module="growth", name=f"{kind}/{10**power}")], show)

    parts = []
    for kind, title in (("rows", "rows (10 parameters)"), ("parameters", "parameters (1,000 rows)")):
        cells = [value(kind, k, "step", lambda step: f"{1e6 * step:,.0f} µs") for k in GROWTH[kind]]
        parts.append(table([title, *(f"{10**k:,}" for k in GROWTH[kind])], [["one step of mean-field ADVI", *cells]]))
    rows = []
    for kind, title in (("stream", "streamed from files"), ("memory", "from one array in memory")):
        for key, unit, show in (
            ("memory", "peak memory", "{:,.0f} MB".format),
            ("rows_a_second", "million rows a second", lambda rate: f"{rate / 1e6:.1f}"),
        ):
            rows.append([f"{title}: {unit}", *(value(kind, k, key, show) for k in GROWTH["stream"])])
    parts.append(table(["", *(f"{10**k:,} rows" for k in GROWTH["stream"])], rows))
    off = [value("shards", 7, family, "{:.2g}".format) for family in ("full rank", "mean-field")]
    title = "Forty shards of a sorted table of 10⁷ rows, multiplied"
    parts.append(f"{title}: full rank {off[0]} posterior sds off, mean-field {off[1]}.\n")
    return "\n".join(parts)


def machine() -> str:
    names = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = next((int(line.split()[1]) / 2**20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return (
        f"{os.cpu_count()} cores ({names[0] if names else platform.processor()}), {memory:.0f} GB, {platform.system()}"
    )


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except OSError:
        return []


FITS = """\
Seconds of the first number of steps (250, 354, 500, …; SVGD: 25, 35, 50, …) whose median fit, of five seeds, is as near to
the best of its family as the second column says.

- **Near**: nats of ELBO behind the best that the family can do (networks: the best that we have found in long runs); SVGD:
  Wasserstein-1 distance of the worse margin, in sds.
- **Seconds**: compiled before; of fits that take less than 0.1 s the quickest of three calls. In brackets the range over
  the five seeds, and the first call with so many steps, with compilation and, for ours, the translation of PyMC's model.
- **Published**: `pm.fit` with the source's arguments (its own defaults for the first two problems, which the source fits by
  quadrature) on PyMC's default backend, from one start. It compiles anew in each call.
- **Ours and the others**: the quickest of the same eight settings of Adam (rate, decay, draws in a step), of twelve for the
  networks; for minibatches the chapter's setting, for both; SVGD: of four rates, BlackJAX's with and without decay. Of the
  networks the best of eight starts counts.
- **NumPyro** has our start, our initial sd, Adam's b2 = 0.99, the order of our rows, and our averaging over the second half of
  the steps, where the rate does not fall or rows come in batches. Its gradient is its own.
- **Left after 1 s**: how far from the best the longest of our fits is that takes at most a second; and that of the others."""

NOTES = {
    "start": "From the start of a process to a posterior mean that was held against the exact one: logistic regression, "
    "100 rows, 10,000 steps of mean-field VI.",
    "fits": FITS,
    "chapters": "A whole notebook in a fresh kernel.",
    "interface": "As a reader meets it; the slider in JupyterLab, one step each 16 ms.",
    "growth": "All rows, stored in single precision, in each step, one antithetic pair of draws; streaming: 250,000 rows "
    "at a time, from NumPy files.",
}


def days(results: list[dict]) -> str:
    """First and last day of the measurements."""
    found = sorted({r["date"] for r in results})
    return " to ".join(dict.fromkeys((found[0], found[-1]))) if found else "Nothing measured"


OLDER = "Of older code, changed since it was measured: "


def page(results: list[dict], versions: str, older: Iterable[dict] = ()) -> str:
    """The whole table; those of the results that are in `older` are named as such."""
    sections = {"start": start, "fits": fits, "chapters": chapters, "interface": interface, "growth": growth}
    text = f"# Benchmarks\n\n{machine()}; {versions}. {days(results)}.\n\n"
    text += "Made by `uv run --group bench python -m benchmarks`. Median (range; runs).\n"
    for number, (name, section) in enumerate(sections.items(), 1):
        if any(r["group"] == name for r in results):
            text += f"\n## {number}. {name.capitalize()}\n\n{NOTES[name]}\n\n"
            if changed := dict.fromkeys(r["name"] for r in older if r["group"] == name):
                everything = set(changed) == {r["name"] for r in results if r["group"] == name}
                text += f"{OLDER}{'all' if everything else ', '.join(changed)}.\n\n"
            text += section(results)
    failed = [f"- {r['group']}: {r['name']}: {r['error']}" for r in results if "error" in r]
    return text + ("\n## Failed\n\n" + "\n".join(failed) + "\n" if failed else "")
