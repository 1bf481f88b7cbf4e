"""The widget as its reader meets it: in JupyterLab and in Notebook 7, in a real browser."""

import re

import nbformat
import pytest

from tests.support.widgets import ONE_CELL, WIDGETS
from tools.browser import REPOSITORY, chromium, jupyter, missing, run_all, wait_for_kernel, write_notebook

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

CHAPTER = "01_student_t.ipynb"
SOURCE = "from helpers.widgets import ManualVI\n\nManualVI()"


@pytest.fixture(scope="module")  # a Playwright that lives longer breaks asyncio.run in other tests
def open_page(tmp_path_factory):
    """A function that opens a copy of a notebook on a page of its own, which collects our errors.

    What `without` names, a pattern of addresses, is not there.
    """
    folder = tmp_path_factory.mktemp("notebooks")
    chapter = nbformat.read(REPOSITORY / "notebooks" / CHAPTER, as_version=4)
    code = [cell for cell in chapter.cells if cell.cell_type == "code"]
    needless = [cell for cell in code[1:] if "ManualVI(" not in cell.source]  # the first sets up
    chapter.cells = [cell for cell in chapter.cells if cell not in needless]
    nbformat.write(chapter, folder / CHAPTER)
    write_notebook(folder / ONE_CELL, SOURCE)
    with jupyter(folder) as address, chromium() as browser:

        def open_page(path: str, without: str | None = None):
            page = browser.new_page(viewport={"width": 1150, "height": 1000})
            if without:
                page.route(without, lambda route: route.abort())
            page.our_errors = []
            page.on("console", lambda said: note(page, said.type, said.text, said.location["url"]))
            page.on("pageerror", lambda error: note(page, "error", error.message, error.stack or ""))
            page.goto(address.format(page=path))
            wait_for_kernel(page)
            return page

        yield open_page


def note(page, kind: str, text: str, where: str) -> None:
    """Keep an error of our code: anywidget loads a widget's code from a blob."""
    if kind == "error" and ("blob:" in where or "blob:" in text or "anywidget" in text + where):
        page.our_errors.append(text)


def set_source(page, source: str) -> None:
    page.evaluate(
        "(source) => window.jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.setSource(source)",
        source,
    )


class Hands:
    """What a reader does to the widget on a page, and sees."""

    def __init__(self, page):
        from playwright.sync_api import expect  # here: this file must load where it is missing

        self.page, self.expect = page, expect
        self.widget = page.locator(".manual-vi")
        self.mu = self.widget.get_by_role("slider", name="mean μ")
        self.sigma = self.widget.get_by_role("slider", name="sd σ")
        self.reading = self.widget.locator(".elbo-reading")
        self.expect(self.widget).to_have_count(1)

    def sees(self) -> tuple[str, str]:
        """The path of the curve q, and the reading."""
        return self.widget.locator("path.mvi-q").get_attribute("d"), self.reading.inner_text()

    def press(self, slider, key: str) -> None:
        """Press `key` on a slider; the curve and the reading must change, and the slider keep the focus."""
        before = self.sees()
        slider.focus()
        self.page.keyboard.press(key)
        self.changed(before)
        self.expect(slider).to_be_focused()

    def drag(self, slider, share: float) -> None:
        """Drag a slider's thumb with the mouse to `share` of its length."""
        before = self.sees()
        slider.scroll_into_view_if_needed()
        value, low, high = (float(slider.evaluate(f"s => s.{name}")) for name in ("value", "min", "max"))
        box = slider.bounding_box()
        thumb = 16  # pixels: its centre stays half of them away from the ends
        centre = box["x"] + thumb / 2 + (value - low) / (high - low) * (box["width"] - thumb)
        height = box["y"] + box["height"] / 2
        self.page.mouse.move(centre, height)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + share * box["width"], height, steps=15)
        self.page.mouse.up()
        self.changed(before)

    def changed(self, before: tuple[str, str]) -> None:
        """Assert that the curve is another one, and the reading."""
        self.expect(self.widget.locator("path.mvi-q")).not_to_have_attribute("d", before[0])
        self.expect(self.reading).not_to_have_text(before[1])


def test_chapter_1_in_jupyterlab(open_page):
    """With the cells that the widget needs; the others run elsewhere."""
    page = open_page(f"doc/tree/{CHAPTER}")
    run_all(page)
    hands = Hands(page)

    hands.press(hands.mu, "ArrowLeft")
    hands.expect(hands.widget.locator("output").first).to_have_text("2.99")
    hands.press(hands.sigma, "PageUp")
    hands.drag(hands.mu, 0.3)
    assert float(hands.mu.input_value()) < 0
    hands.drag(hands.sigma, 0.9)

    hands.widget.get_by_role("button", name="Move to the optimum").click()
    hands.expect(hands.reading).to_have_text("KL(q‖p) = 0.0407 nats")
    meter = hands.widget.get_by_role("meter")
    hands.expect(meter).to_have_attribute("aria-valuetext", re.compile("at the best, 0.0407"))
    hands.expect(hands.widget.locator("output").last).to_have_text("1.260")
    assert page.our_errors == []
    page.close()


def test_one_cell_in_notebook_7(open_page):
    page = open_page(f"notebooks/{ONE_CELL}")
    run_all(page)
    hands = Hands(page)
    hands.press(hands.mu, "ArrowRight")
    hands.expect(hands.widget.locator("output").first).to_have_text("3.01")
    hands.press(hands.sigma, "ArrowLeft")
    hands.drag(hands.mu, 0.6)

    run_all(page)  # again: a new widget takes the place of the old one
    again = Hands(page)
    again.expect(again.widget.locator("output").first).to_have_text("3.00")
    again.drag(again.sigma, 0.2)
    again.widget.get_by_role("combobox", name="Objective").select_option("ELBO")
    again.expect(again.reading).to_have_text(re.compile("^ELBO = .* log evidence = log 5 = 1.6094, gap = "))
    again.widget.get_by_role("button", name="Reset").click()
    again.expect(again.reading).to_have_text("KL(q‖p) = 2.2872 nats")
    assert page.our_errors == []
    page.close()


def test_python_has_the_state_and_moves_the_sliders(open_page):
    from playwright.sync_api import expect

    page = open_page(f"notebooks/{ONE_CELL}")
    set_source(page, "from helpers.widgets import ManualVI\n\nmoved = ManualVI()\nmoved")
    run_all(page)
    hands = Hands(page)
    hands.press(hands.mu, "ArrowLeft")
    expect(hands.widget.locator("[data-id=spoken]")).to_contain_text(hands.reading.inner_text())  # the hand rests
    set_source(page, "print(moved.state)\nmoved.state = {'mu': -1}\nmoved")
    run_all(page)
    expect(page.locator(".jp-OutputArea-output pre").first).to_contain_text("'mu': 2.99, 'sigma': 1.0")
    expect(hands.widget.locator("output").first).to_have_text("−1.00")
    assert page.our_errors == []
    page.close()


LOOKS = "(widget) => [...widget.querySelectorAll('svg')].map((svg) => svg.innerHTML).join()"


# resolves when the widget has not changed for a while
AT_REST = """(widget) => new Promise((done) => {
    const rest = () => setTimeout(() => (watch.disconnect(), done()), 400);
    const watch = new MutationObserver(() => (clearTimeout(timer), (timer = rest())));
    watch.observe(widget, {subtree: true, childList: true, attributes: true, characterData: true});
    let timer = rest();
})"""


# a second run in Notebook 7: above
@pytest.mark.parametrize(("page_of", "runs"), [("doc/tree", 2), ("notebooks", 1)], ids=["JupyterLab", "Notebook 7"])
def test_every_widget_appears_is_labelled_reacts_and_survives_a_second_run(open_page, page_of, runs):
    page = open_page(f"{page_of}/{ONE_CELL}")
    for name, root in WIDGETS.items():
        set_source(page, f"from helpers.widgets import {name}\n\n{name}()")
        for _ in range(runs):
            run_all(page)
            appears_and_reacts(page, f".{root}")
    assert page.our_errors == []
    page.close()


def appears_and_reacts(page, root: str) -> None:
    """Assert that the cell's new widget has labelled controls, and is drawn anew at a key; mark it as an old one."""
    from playwright.sync_api import expect

    widget = page.locator(root)
    expect(page.locator(f"{root}[data-old]")).to_have_count(0)
    expect(widget).to_have_count(1)
    expect(widget.locator("path").first).to_be_attached()
    controls = re.findall(r"- (slider|combobox|checkbox|button|radio)\b(.*)", widget.aria_snapshot())
    assert len(controls) >= 3 and all(re.match(r' "\S', name) for _, name in controls), controls
    widget.evaluate(AT_REST)
    before = widget.evaluate(LOOKS)
    widget.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"(before) => ({LOOKS})(document.querySelector('{root}')) != before", arg=before)
    expect(widget.get_by_role("slider").first).to_be_focused()
    widget.evaluate("(widget) => widget.dataset.old = true")


def test_where_no_widget_manager_answers_the_picture_stands(open_page):
    page = open_page(f"doc/tree/{ONE_CELL}", without="**/extensions/@jupyter-widgets/**")
    set_source(
        page, "from helpers import widgets\n\nfor name in widgets.__all__:\n    display(getattr(widgets, name)())"
    )
    run_all(page)
    pictures = page.locator(".jp-OutputArea-output img")
    pictures.nth(len(WIDGETS) - 1).wait_for(timeout=60_000)
    assert pictures.count() == len(WIDGETS)
    assert page.locator(", ".join(f".{root}" for root in WIDGETS.values())).count() == 0
    page.close()
