"""The measurements of the site: each sees what is there, and the stored results are those that are shown."""

import json

import pytest

from benchmarks import site, slider_latency

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A page</title></head><body><main><h1>A page</h1>
{content}</main></body></html>"""
SLOW = """<div class="elbo-widget slow"><div class="elbo-plot"><svg><path d="M0 0"/></svg></div>
<label>one <input type="range" min="0" max="100"></label><label>two <input type="range" min="0" max="100"></label></div>
<script>document.querySelectorAll("input").forEach((slider) => slider.addEventListener("input", () => {
    for (const end = performance.now() + 40; performance.now() < end;);
    document.querySelector("path").setAttribute("d", `M0 ${slider.value}`);
}))</script>"""


@pytest.fixture
def file(tmp_path):
    """A function that writes a page with some content."""

    def write(content):
        path = tmp_path / "page.html"
        path.write_text(PAGE.format(content=content), encoding="utf-8")
        return path

    return write


def test_weight_counts_what_is_loaded_late(browser, file, tmp_path):
    (tmp_path / "late.js").write_bytes(bytes(range(256)) * 40)
    late = "<script>addEventListener('load', () => document.body.append(Object.assign(document.createElement('script'), {src: 'late.js'})))</script>"
    without = site.weight(browser, file(""))
    site.compressed.cache_clear()
    added = site.weight(browser, file(late)) - without - site.compressed(tmp_path / "late.js")
    assert 50 < added < len(late)


def test_paint_waits_for_the_largest(browser, file):
    late = "<p>First.</p><script>requestAnimationFrame(() => setTimeout(() => document.querySelector('main').append('Much more. '.repeat(400)), 400))</script>"
    first, largest = site.paint(browser, file(late), 1)
    assert 0 < first < largest


def test_audit_names_what_is_broken_also_in_a_fold(browser, file):
    fine = site.audit(browser, file("<p>Some words.</p>"))
    assert fine["passed"] > 10 and fine["broken"] == {}
    found = site.audit(browser, file('<details><summary>More</summary><img src="data:,"></details>'))
    assert {*found["broken"]} == {"image-alt, light", "image-alt, dark"}
    assert found["broken"]["image-alt, light"] == [1, '<img src="data:,">']


def test_latency_is_that_of_the_frame_that_shows_the_change(browser, file):
    page = browser.new_page()
    page.goto(file(SLOW).as_uri())
    widget = page.locator(".elbo-widget")
    times = slider_latency.latencies(page, widget, events=8)
    assert slider_latency.name_of(widget) == "slow" and len(times) >= 8 and min(times) >= 40
    page.close()


def test_stored_results_are_shown():
    stored = json.loads(site.STORED.read_text(encoding="utf-8"))
    assert site.report(stored) == site.TABLE.read_text(encoding="utf-8")
    for part in stored.values():
        assert part["date"] in site.TABLE.read_text(encoding="utf-8") and part["machine"] and part["versions"]


def test_an_unknown_part_is_named(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["site", "colour"])
    with pytest.raises(SystemExit):
        site.main()
    assert "no part colour: there are weight, paint, sliders, audit" in capsys.readouterr().err
