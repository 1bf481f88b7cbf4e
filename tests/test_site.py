"""The static edition: it builds without a warning, and in a browser without network nothing is missing."""

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from benchmarks.site import compressed
from tests.support.widgets import WIDGETS
from tools import glossary, quiz
from tools.browser import note_failed_requests
from tools.chapters import all_chapters
from tools.ledger import claims_of

ROOT = Path(__file__).resolve().parents[1]
NAMES = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))]
PAGES = ["index", *NAMES, "changelog", "checked", "glossary", "ledger", "notation", "report", "symptoms"]
WITH_FORMULAS = {*NAMES} - {"00_start_here", "13_better_gaussians", "90_field_guide"}
LIVE = {
    "00_start_here": "manual-vi",
    "01_student_t": "manual-vi",
    "02_logit_beta": "change-of-variables",
    "03_logistic_regression": "correlated-gaussian",
    "04_advi_in_one_loop": "live-fit",
    "05_mixtures": "stein-particles",
    "06_minibatch_advi": "noisy-descent",
    "07_bnn_moons": "two-uncertainties",
    "09_bayesian_line": "prior-and-noise",
    "10_bnn_regression": "function-posterior",
    "11_did_it_work": "khat-and-coverage",
    "12_scaling_out": "shard-product",
    "13_better_gaussians": "better-gaussian",
    "14_hierarchies": "groups-and-centring",
}
# The audit asks each element about each rule, for minutes a page. So of what a page has many of, the first few are asked,
# and code without its colours, except on one page, which is asked whole.
THIN = """() => {
    document.querySelectorAll("mjx-container").forEach((formula) => formula.remove());
    document.querySelectorAll(".highlight pre").forEach((code) => (code.textContent = code.textContent));
    const kinds = [".cell:is(.tag_picture)", ".cell:is(.tag_proof)", ".cell:not(.tag_picture, .tag_proof)"];
    for (const kind of [...kinds, ".table-wrapper", "article h2", "article h3", "article p", "article li", "dt", "dd", "details"])
        [...document.querySelectorAll(kind)].slice(3).forEach((node) => node.remove());
    document.querySelectorAll("tbody").forEach((body) => [...body.rows].slice(2).forEach((row) => row.remove()));
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "html"
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "site", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr[-3000:]) == (0, "")
    return folder


@pytest.fixture(scope="module")
def pages(site):
    files = [site / "index.html", *sorted((site / "chapters").glob("*.html"))]
    assert {*PAGES} == {file.stem for file in files}
    return {file: BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser") for file in files}


def file_of(site, name):
    return site / ("chapters" if name in PAGES[1:] else ".") / f"{name}.html"


def opened(browser, file, **context):
    """A page of the site without its formulas, which take seconds to set."""
    page = browser.new_context(offline=True, **context).new_page()
    page.route("**/tex-chtml.js*", lambda route: route.abort())
    page.goto(file.as_uri())
    return page


def test_every_chapter_has_a_card_and_a_picture(pages, site):
    cards = pages[site / "index.html"].select(".sd-card")
    links = {link["href"] for card in cards for link in card.select("a[href]")}
    assert links == {f"chapters/{name}.html" for name in NAMES}
    assert all(card.select_one("img") and card.select_one(".sd-card-footer") for card in cards)


def test_the_ledger_has_every_claim_and_its_chapter(pages, site):
    page = pages[site / "chapters" / "ledger.html"]
    rows = page.select("article tbody tr")
    for chapter in all_chapters():
        notebook = nbformat.read(ROOT / "notebooks" / chapter.file, as_version=4)
        claims = [row["words"] for cell in notebook.cells for row in claims_of(cell)]
        assert bool(claims) == bool(page.select(f'article h2 a[href="{chapter.stem}.html"]'))
        assert bool(claims) or not chapter.lessons_in_front
        assert {*claims} <= {row.td.get_text().replace("’", "'") for row in rows}
    assert all(len(row.select("td")) == 5 for row in rows)


def test_the_code_of_pictures_and_proofs_is_folded(pages, site):
    page = pages[site / "chapters" / "01_student_t.html"]
    folded = page.select("article .cell.tag_picture, article .cell.tag_proof")
    assert len(folded) > 10
    for cell in folded:
        assert cell.select_one("details.hide summary").get_text(" ", strip=True).lower().startswith("show code")
    proofs = page.select("article .cell.tag_proof .cell_output")
    assert all("hold" in proof.select_one("details summary").get_text() for proof in proofs)


def test_every_picture_says_what_it_shows(pages):
    for file, page in pages.items():
        for picture in page.select("article img"):
            alt = picture.get("alt", "")
            assert len(alt) > 10 and not re.match(r"\w+\(\w+=", alt), f"{file.name}: {alt} {picture['src'][:60]}"


def test_no_mark_of_markdown_is_left(pages):
    for file, page in pages.items():
        for paragraph in page.select("article p, article li"):
            assert not paragraph.get_text().lstrip().startswith(("| ", "$$", "**")), f"{file.name}: {paragraph}"
        for dollar in page.article.find_all(string=re.compile(r"\$")):
            inside = dollar.find_parent(["code", "pre", "script"]) or dollar.find_parent(class_="math")
            assert inside, f"{file.name}: {dollar}"


def test_no_page_asks_to_run_a_cell(pages, site):
    for file, page in pages.items():
        for output in page.select(".cell_output"):
            assert not re.search("run the cell|Not yet", output.get_text()), f"{file.name}: {output.get_text()[:200]}"
    exercises = pages[site / "chapters" / "01_student_t.html"].find_all("span", string="check_kl_of_normals")
    assert exercises  # the cell itself stays


def test_no_link_inside_the_site_is_broken(pages, site):
    known = {}
    for file, page in pages.items():
        for link in page.select("a[href]"):
            target, anchor = urldefrag(unquote(link["href"]))
            if target.startswith(("http:", "https:", "mailto:")):
                continue
            found = (file.parent / target).resolve() if target else file
            assert found.is_file() and found.is_relative_to(site.resolve()), f"{file.name}: {link['href']}"
            if anchor and found.suffix == ".html":
                if found not in known:
                    target_page = pages.get(found) or BeautifulSoup(found.read_text(encoding="utf-8"), "html.parser")
                    known[found] = {tag["id"] for tag in target_page.find_all(id=True)}
                assert anchor in known[found] | {"top", ""}, f"{file.name}: {link['href']}"


def test_nothing_is_fetched(pages):
    for file, page in pages.items():
        parts = page.select("script[src], link[href]:not([rel=canonical]), img[src], iframe[src]")
        sources = [part.get("src") or part.get("href") for part in parts]
        assert not [s for s in sources if s.startswith(("http:", "https:", "//"))], file.name


@pytest.mark.parametrize(("name", "way"), [("05_mixtures", "keyboard"), ("10_bnn_regression", "mouse")])
def test_a_figure_comes_alive_when_it_is_asked_to(site, browser, name, way):
    page = opened(browser, file_of(site, name))
    place, figure = page.locator(".elbo-figure"), page.locator(".js-plotly-plot")
    place.scroll_into_view_if_needed()
    assert figure.count() == page.locator("script[src*=plotly]").count() == 0  # it weighs more than the page
    if way == "keyboard":
        place.get_by_role("button").press("Enter")
    else:
        place.locator("img").click()
    figure.locator("text", has_text="iteration 0," if name == "05_mixtures" else "step 0.01:").first.wait_for()
    assert page.evaluate("document.activeElement.matches('.js-plotly-plot')")
    if name == "05_mixtures":
        figure.locator(".updatemenu-button", has_text="Play").click()
        page.wait_for_function(
            "!document.querySelector('.js-plotly-plot').textContent.includes('iteration 0,')", timeout=10_000
        )
    page.context.close()


@pytest.mark.parametrize(("name", "motion"), [("02_logit_beta", "no-preference"), ("08_bnn_ideas", "reduce")])
def test_a_clip_stands_still_until_it_is_played_and_can_be_stopped(site, browser, name, motion):
    page = opened(browser, file_of(site, name), reduced_motion=motion)
    clip = page.locator(".elbo-clip")
    moving, still = (clip.locator(f"img[src^='data:image/{kind}']") for kind in ("gif", "png"))

    def moves():
        clip.scroll_into_view_if_needed()
        seen = []
        for _ in range(4):
            seen.append(clip.screenshot())
            page.wait_for_timeout(200)
        return len({*seen[1:]}) > 1  # the first may be of the moment when it changes

    assert still.is_visible() and not moving.is_visible() and not moves()
    clip.locator("summary").press("Enter")
    assert moving.is_visible() and not still.is_visible() and moves()
    clip.locator("summary").press("Enter")
    assert still.is_visible() and not moving.is_visible() and not moves()
    page.context.close()


def test_these_widgets_live(pages):
    assert {*LIVE.values()} == {*WIDGETS.values()}
    assert {file.stem for file, page in pages.items() if page.select(".elbo-live")} == {*LIVE}


@pytest.mark.parametrize("name", [*PAGES, "404", "search"])
def test_a_page_on_a_telephone_by_night_without_network(pages, site, browser, name):
    """Nothing is missing, broken, too wide or too heavy, its widget lives, and the audit finds nothing serious."""
    file, loaded = file_of(site, name), set()
    context = browser.new_context(offline=True, color_scheme="dark", viewport={"width": 390, "height": 800})
    page, complaints = context.new_page(), []
    page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    note_failed_requests(page, lambda words: complaints.append(words))
    page.on("request", lambda request: loaded.add(request.url))
    page.goto(file.as_uri())
    if file in pages:
        formulas = len(pages[file].select(".math"))
        assert formulas or name not in WITH_FORMULAS
        page.wait_for_function(f"document.querySelectorAll('mjx-container').length >= {formulas}", timeout=20_000)
        broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        assert page.evaluate(broken) == [] and page.locator("mjx-merror").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    if name in LIVE:
        the_widget_lives(page, LIVE[name])
    assert complaints == []
    needed = {Path(unquote(urlsplit(address).path)) for address in loaded if address.startswith("file:")}
    assert sum(map(compressed, needed)) < 2_000_000
    page.evaluate(THIN)
    assert serious(page) == []
    context.close()


def the_widget_lives(page, root):
    widget = page.locator(f".elbo-live .{root}")
    widget.locator("svg").first.wait_for()
    assert page.locator(".elbo-live img").count() == 0  # in place of the picture
    assert widget.evaluate("node => node.scrollWidth <= node.clientWidth")
    before = widget.inner_html()
    widget.locator("input[type=range]").first.press("ArrowRight")
    assert widget.inner_html() != before


TOUCHED = {  # what a finger does: a widget's slider dragged along; a button or a map
    "01_student_t": ("manual-vi", lambda widget: widget.get_by_role("button", name="Reset").tap()),
    "04_advi_in_one_loop": ("live-fit", lambda widget: widget.get_by_role("button", name="One step").tap()),
    "07_bnn_moons": ("two-uncertainties", lambda widget: swipe(widget.locator(".tu-map"), (0.5, 0.7), (0.6, 0.3))),
}


def swipe(place, start, end):
    """Drag a finger over a place, between shares of its width and height; the page must not move."""
    place.scroll_into_view_if_needed()
    top = place.page.evaluate("scrollY")
    box, session = place.bounding_box(), place.page.context.new_cdp_session(place.page)
    points = [[a + (b - a) * k / 8 for a, b in zip(start, end, strict=True)] for k in range(9)]
    for k, (x, y) in enumerate(points):
        at = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        kind = "touchMove" if k else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert place.page.evaluate("scrollY") == top


@pytest.mark.parametrize("name", TOUCHED)
def test_a_finger_moves_a_widget_and_not_the_page(site, browser, name):
    root, act = TOUCHED[name]
    telephone = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    page = opened(browser, file_of(site, name), **telephone)
    widget = page.locator(f".elbo-live .{root}")
    slider = widget.locator("input[type=range]").first
    slider.scroll_into_view_if_needed()
    looks, value = widget.inner_html(), float(slider.input_value())
    low, high = (float(slider.get_attribute(end)) for end in ("min", "max"))
    share = (value - low) / (high - low)
    swipe(slider, (share, 0.5), (0.9 if share < 0.5 else 0.1, 0.5))
    assert abs(float(slider.input_value()) - value) > 0.2 * (high - low) and widget.inner_html() != looks
    looks, value = widget.inner_html(), slider.input_value()
    act(widget)
    page.wait_for_function("([node, looks]) => node.innerHTML !== looks", arg=[widget.element_handle(), looks])
    assert slider.input_value() != value
    page.context.close()


def serious(page):
    """What the audit finds serious, with an example of each."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]


def test_tables_are_to_be_read_on_a_telephone(site, browser):
    page = opened(browser, file_of(site, "00_start_here"), viewport={"width": 390, "height": 800})
    style = "node => (({textAlign, paddingLeft}) => [textAlign, parseFloat(paddingLeft)])(getComputedStyle(node))"
    align, padding = page.locator(".cell_output .text_html > table td").first.evaluate(style)
    assert align == "right" and padding >= 5
    overflow = "nodes => nodes.map(node => [node.scrollWidth > node.clientWidth, getComputedStyle(node).overflowX])"
    boxes = page.locator(".text_html:has(> table)").evaluate_all(overflow)
    assert boxes and all(how == "auto" for wide, how in boxes if wide)
    page.context.close()


@pytest.mark.parametrize("name", ["index", "02_logit_beta"])
def test_no_window_cuts_a_page(site, browser, name):
    page = opened(browser, file_of(site, name))
    for width in (700, 1_100, 1_200, 1_440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_search_and_the_dark(site, browser):
    page = browser.new_context(offline=True, color_scheme="dark").new_page()
    complaints = []
    page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
    page.goto((site / "search.html").as_uri() + "?q=minibatch")
    page.wait_for_selector("#search-results li a", timeout=20_000)
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert red + green + blue < 150
    formula = r"<div role='main'>Let <span class='math'>\\(x^2\\)</span> grow.</div>"
    assert page.evaluate(f'Search.htmlToText("{formula}", "")') == "Let  grow."
    assert complaints == []


def test_every_chapter_can_be_run_and_downloaded(pages, site):
    for chapter in all_chapters():
        file = site / "chapters" / f"{chapter.stem}.html"
        line = pages[file].select_one("article .elbo-run")
        assert line.select_one("a[href*='colab.research'] img")
        assert f"uv run jupyter lab --notebook-dir=. notebooks/{chapter.file}" in line.text
        notebook = (file.parent / line.select_one("a.download")["href"]).resolve()
        assert notebook.read_bytes() == (ROOT / "notebooks" / chapter.file).read_bytes()


def test_pages_say_what_they_are(pages, site):
    descriptions = [page.select_one("meta[name=description]")["content"] for page in pages.values()]
    assert len({*descriptions}) > len(NAMES) and all(30 < len(each) < 400 for each in descriptions)
    for file, page in pages.items():
        card = {tag["property"]: tag["content"] for tag in page.select("meta[property^='og:']")}
        base = card["og:url"].removesuffix(file.relative_to(site).as_posix())
        assert base.startswith("https://") and base.endswith("/") and "<" not in card["og:title"]
        assert (site / card["og:image"].removeprefix(base)).is_file(), file.name
    lost = BeautifulSoup((site / "404.html").read_text(), "html.parser")
    assert all((site / link["href"].removeprefix(base)).is_file() for link in lost.select("a"))


def test_sidebar_and_cards_have_the_same_titles(pages, site):
    page = pages[site / "index.html"]
    entries = [link.get_text(strip=True) for link in page.select(".sidebar-tree a")]
    cards = [card.get_text(strip=True) for card in page.select(".sd-card-title")]
    assert cards == entries[: len(cards)] == [chapter.entry for chapter in all_chapters()]


def test_the_chapter_of_a_term_leads_to_the_glossary(pages, site):
    chapter_of = {chapter.name: f"{chapter.stem}.html" for chapter in all_chapters()}
    entries = pages[site / "chapters" / "glossary.html"].select("dt[id]")
    ids = {entry.find(string=True).replace("’", "'"): entry["id"] for entry in entries}
    links = {}
    for term in glossary.terms():
        page = chapter_of[term["chapter"]]
        if page not in links:
            found = pages[site / "chapters" / page].select("a[href^='glossary.html#']")
            links[page] = [urldefrag(link["href"])[1] for link in found]
            assert len(links[page]) == len({*links[page]})  # the first use only
        assert ids[term["name"]] in links[page], f"{term['name']} does not stand in {page}"


def test_the_quick_questions_are_there(pages, site):
    asked = quiz.quizzes()
    for chapter in all_chapters():
        found = pages[site / "chapters" / f"{chapter.stem}.html"].select("#three-quick-questions details")
        assert len(found) == 3 * len(asked.get(chapter.name, []))


def test_the_index_of_symptoms_leads_to_every_entry(pages, site):
    entries = pages[site / "chapters" / "90_field_guide.html"].select("article h3")
    headings = {entry.parent["id"]: entry.get_text().rstrip("¶#") for entry in entries}
    links = pages[site / "chapters" / "symptoms.html"].select("article li a[href^='90_field_guide.html#']")
    assert {urldefrag(link["href"])[1]: link.get_text() for link in links} == headings and len(headings) >= 30


def test_how_this_was_checked(pages, site):
    page = pages[site / "chapters" / "checked.html"]
    chapters_, runs, versions = page.select("article table")
    assert [link.get_text() for link in chapters_.select("a")] == [chapter.entry for chapter in all_chapters()]
    for command in runs.select("tbody td:first-child"):
        found = re.fullmatch(r"python -m tools\.(\w+)( \w+)?", command.get_text())
        assert found and (ROOT / "tools" / f"{found[1]}.py").is_file(), command
    assert "pymc" in versions.get_text() and "cores" in page.get_text()
    audit = json.loads((ROOT / "benchmarks" / "site.json").read_text(encoding="utf-8"))["audit"]
    assert {*audit["found"]} == {*PAGES, "search"} and all(not each["broken"] for each in audit["found"].values())
    assert f"On {audit['date']}, axe-core asked" in page.get_text() and "and it found nothing" in page.get_text()


def test_a_screen_reader_finds_its_way(pages):
    """A few rules of WCAG: language, headings in order, names of links, buttons and fields, heads of tables, unique ids."""
    for file, page in pages.items():
        tags = {}
        for tag in page.find_all(True):  # one walk: selectors would take seconds
            tags.setdefault(tag.name, []).append(tag)
        assert page.html["lang"] == "en" and page.title.get_text() and len(tags["h1"]) == 1, file.name
        levels = [int(tag.name[1]) for tag in page.article.find_all(["h1", "h2", "h3", "h4"])]
        assert all(after <= before + 1 for before, after in pairwise(levels)), file.name
        for part in [*tags["a"], *tags.get("button", []), *tags.get("summary", [])]:
            named = part.get_text(strip=True) or part.get("aria-label") or part.find("img", alt=True)
            assert named or not part.get("href", "#"), f"{file.name}: {part}"
        labelled = {label.get("for") for label in tags.get("label", [])}
        for field in [*tags.get("input", []), *tags.get("select", [])]:
            hidden = field.get("type") == "hidden" or "sidebar-toggle" in field.get("class", [])
            assert hidden or field.get("aria-label") or field.get("id") in labelled, f"{file.name}: {field}"
        assert all(table.find("th") for table in tags.get("table", [])), file.name
        ids = [tag["id"] for kind in tags.values() for tag in kind if tag.get("id")]
        assert len(ids) == len({*ids}), f"{file.name}: {[each for each in ids if ids.count(each) > 1]}"


@pytest.mark.parametrize(
    ("name", "thin"), [("index", THIN), ("404", THIN), ("03_logistic_regression", THIN), ("00_start_here", "1")]
)
def test_the_audit_finds_nothing_serious_by_day(site, browser, name, thin):
    page = opened(browser, file_of(site, name), viewport={"width": 1_200, "height": 800}, color_scheme="light")
    page.evaluate(thin)
    assert serious(page) == []
    page.context.close()
