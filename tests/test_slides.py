"""A deck has a chapter's headings and pictures, its widgets live, and the keys turn its slides."""

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from tools import slides
from tools.chapters import ROOT

MIXTURES, DID_IT_WORK = "05_mixtures", "11_did_it_work"


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decks") / "new"
    written = slides.main(["05", "11", str(folder)])
    return {file.stem: BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser") for file in written}, folder


@pytest.mark.parametrize("name", (MIXTURES, DID_IT_WORK))
def test_a_deck_has_the_headings_and_the_pictures_in_their_order(decks, name):
    page = decks[0][name]
    cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown" and cell.get("id") != "quiz")
    wanted = [re.sub(r"[`*]", "", heading) for heading in re.findall(r"^##+ (.+)$", prose, re.MULTILINE)]
    found = [heading.get_text().replace("’", "'") for heading in page.select("h2, h3")]
    assert found == [heading for heading in wanted if heading != "Exercises"]
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    pictures = [data for data in outputs if "image/png" in data or "<img" in str(data.get("text/html", ""))]
    assert len(page.select("section.picture")) == len(pictures) > 3
    assert all(len(picture["alt"]) > 20 for picture in page.select("img"))
    assert page.select_one("section.recap").get_text().count(".") > 3 and "References" not in page.get_text()


def test_a_deck_needs_no_other_place(decks):
    pages, folder = decks
    for page in pages.values():
        sources = [tag.get("src") or tag.get("href") for tag in page.select("script[src], link[href], img[src]")]
        assert all(source.startswith("data:") or (folder / source).is_file() for source in sources)
        assert not page.select("a[href*='.ipynb']")


def test_the_first_sentence_is_quoted_where_it_is_one():
    assert slides.opening("\n\nOne thing. Another.\n\nMore.") == "One thing."
    for other in ("$$x$$ is a formula.", "Let $x$ be one.", "| a | b |", "- an entry.", "", "These are three:"):
        assert slides.opening(other) == ""
    assert (
        slides.text("See [chapter 1](01_student_t.ipynb).") == '<p>See <a href="01_student_t.html">chapter 1</a>.</p>'
    )


def test_keys_turn_the_slides_and_widgets_live(decks, browser):
    folder = decks[1]
    page = browser.new_page(viewport={"width": 1280, "height": 720}, offline=True)
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(Path(folder / f"{DID_IT_WORK}.html").as_uri())
    top = "Math.round(document.querySelectorAll('section')[{}].getBoundingClientRect().top)"
    for key, slide in (("ArrowRight", 1), (" ", 2), ("ArrowLeft", 1), ("End", -1), ("Home", 0)):
        page.keyboard.press(key)
        slide = page.locator("section").count() - 1 if slide < 0 else slide
        page.wait_for_function(f"Math.abs({top.format(slide)}) <= 1")
    widget = page.locator(".elbo-live .khat-and-coverage")
    before = widget.inner_html()
    widget.locator("input[type=range]").first.press("ArrowRight")
    assert widget.inner_html() != before and complaints == []
    page.close()


def test_a_click_among_all_slides_leads_to_one_and_does_nothing_on_it(decks, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720}, offline=True)
    page.goto(Path(decks[1] / f"{MIXTURES}.html").as_uri())
    figure = page.locator("section:has(.elbo-figure)").first
    page.locator(".number").first.click()
    figure.scroll_into_view_if_needed()
    picture = figure.locator(".elbo-figure img").bounding_box()
    page.mouse.click(picture["x"] + 20, picture["y"] + 20)
    page.wait_for_function("section => Math.abs(section.getBoundingClientRect().top) <= 1", arg=figure.element_handle())
    assert page.locator("body.all").count() == 0
    assert figure.locator(".elbo-figure img").count() == 1  # it is drawn when its own picture or button is clicked
    figure.locator(".elbo-figure button").click()
    figure.locator(".js-plotly-plot").wait_for()
    page.close()
