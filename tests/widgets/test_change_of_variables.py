"""The widget that carries a normal to (0, 1): its Python, its arithmetic in JavaScript, and its hands-on side."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special, stats

from helpers.truth import best_gaussian, logit_beta, normal
from helpers.widgets.change_of_variables import (
    BETAS,
    MU_RANGE,
    SIGMA_RANGE,
    STRIPS,
    ChangeOfVariables,
    State,
    area,
    carried,
)
from tests.support.widgets import fits, part, refused, stored_picture

CORNERS = [(0, 1), (1, 1), (-3, 0.5), (8, 3), (-8, 3), (-8, 0.1), (8, 0.1), (0, 3)]
NAMES = ["none", "Beta(3, 2)", "Beta(12, 2)", "Beta(0.6, 0.6)", "Beta(1001, 2)"]
AREAS = "(state) => module.areas(state, model.get('options'))"


def strip_areas(mu: float, sigma: float) -> np.ndarray:
    """∫ q(ζ) θ(1 − θ) dζ over each tenth of q, by adaptive quadrature: the areas without the Jacobian."""
    q = stats.norm(mu, sigma)
    edges = q.ppf(np.linspace(0, 1, STRIPS + 1)).clip(mu - 9 * sigma, mu + 9 * sigma)

    def integrand(zeta):
        return q.pdf(zeta) * special.expit(zeta) * special.expit(-zeta)

    return np.array([integrate.quad(integrand, *pair)[0] for pair in pairwise(edges)])


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("mu", 8.01, "between -8 and 8"),
        ("mu", float("nan"), "finite"),
        ("mu", "0", "finite"),
        ("sigma", 0.09, "between 0.1 and 3"),
        ("sigma", 3.1, "between 0.1 and 3"),
        ("sigma", None, "finite"),
        ("target", "Beta(1001, 3)", "'none', 'Beta(3, 2)', 'Beta(12, 2)', 'Beta(0.6, 0.6)', 'Beta(1001, 2)'"),
        ("target", None, "'none', 'Beta(3, 2)'"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with refused(argument, says):
        ChangeOfVariables(**{argument: value})


@pytest.mark.parametrize("mu", MU_RANGE)
@pytest.mark.parametrize("sigma", SIGMA_RANGE)
def test_bounds_are_allowed(mu, sigma):
    assert ChangeOfVariables(mu, sigma).start == {"mu": mu, "sigma": sigma, "target": "none"}


def test_best_q_is_the_best_gaussian_and_in_reach_of_the_sliders():
    targets = ChangeOfVariables().options["targets"]
    assert [entry["name"] for entry in targets] == NAMES[1:]
    for entry in targets:
        a, b = BETAS[entry["name"]]
        best = best_gaussian(logit_beta(a, b), "KL(q‖p)")
        assert entry["best"] == {"mu": best.mean, "sigma": best.sd}
        State(**entry["best"])


@pytest.mark.parametrize(("mu", "sigma"), CORNERS)
def test_area(mu, sigma):
    assert area(normal(mu, sigma)) == pytest.approx(1, abs=1e-9)
    assert area(normal(mu, sigma), jacobian=False) == pytest.approx(strip_areas(mu, sigma).sum(), rel=1e-6)


def test_carried_is_the_density_of_theta():
    q = normal(1.0, 0.8)
    theta = np.array([0.2, 0.5, 0.9])
    step = 1e-5
    cdf = stats.norm(1.0, 0.8).cdf
    slope = (cdf(special.logit(theta + step)) - cdf(special.logit(theta - step))) / (2 * step)
    assert carried(q, special.logit(theta)) == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize("target", NAMES)
def test_static_picture(target):
    size, said = stored_picture(ChangeOfVariables(target=target))
    assert size < 30_000
    assert said == f"ChangeOfVariables(mu=1.0, sigma=1.0, target={target!r})"


def curve(page, panel: str) -> str:
    return page.locator(f"[data-id={panel}] .cov-q").first.get_attribute("d")


def test_areas_in_javascript_equal_scipys(show):
    widget = ChangeOfVariables()
    page = show(widget)
    for mu, sigma in CORNERS:
        state = {"mu": mu, "sigma": sigma}
        # trapezoids: the error falls as the square of the step of ζ, which is 0.015 at σ = 3
        full, bare = (page.evaluate(AREAS, state | {"jacobian": jacobian}) for jacobian in (True, False))
        assert full == pytest.approx([0.1] * STRIPS, rel=1e-4)
        assert bare == pytest.approx(strip_areas(mu, sigma), rel=1e-4)


def test_sliders_by_keyboard(show):
    page = show(ChangeOfVariables(mu=0))
    for name in ("mu", "sigma"):
        before = {panel: curve(page, panel) for panel in ("line", "unit")}
        part(page, name).focus()
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        assert all(curve(page, panel) != before[panel] for panel in before)
    assert part(page, "mu-value").inner_text() == "0.05"
    assert part(page, "sigma-value").inner_text() == "1.05"
    assert part(page, "reading").inner_text() == "Area on (0, 1): 1.000, with 0.100 in every strip"


def test_without_the_jacobian_only_q_shrinks_and_its_area_is_not_one(show):
    page = show(ChangeOfVariables(mu=0, target="Beta(3, 2)"))
    p, line, unit = page.locator("[data-id=unit] .cov-p").get_attribute("d"), curve(page, "line"), curve(page, "unit")
    part(page, "jacobian").focus()
    page.keyboard.press("Space")
    each = strip_areas(0, 1)
    assert each.sum() == pytest.approx(0.2066, abs=1e-4)
    area_and_strips = f"{each.sum():.3f}, with {each.min():.3f} to {each.max():.3f} in a strip"
    assert part(page, "reading").inner_text() == f"Area on (0, 1): {area_and_strips}, so this is no density"
    assert curve(page, "unit") != unit
    assert curve(page, "line") == line
    assert page.locator("[data-id=unit] .cov-p").get_attribute("d") == p


def test_best_q_moves_the_sliders(show):
    widget = ChangeOfVariables()
    page = show(widget)
    assert part(page, "best").is_disabled()
    assert part(page, "target").locator("option").all_inner_texts() == NAMES
    for entry in widget.options["targets"]:
        part(page, "target").select_option(entry["name"])
        part(page, "best").click()
        for name, best in entry["best"].items():
            assert float(part(page, name).input_value()) == pytest.approx(best, abs=0.006)  # the slider's step
        assert page.evaluate("(({mu, sigma}) => ({mu, sigma}))(model.get('state'))") == entry["best"]


def test_a_narrow_target_is_seen_close(show):
    page = show(ChangeOfVariables(mu=6, target="Beta(1001, 2)"))
    ticks = page.locator("[data-id=unit] svg text")
    assert {"0.98", "0.985", "0.99", "0.995", "1", "420"} <= {*ticks.all_text_contents()}
    assert (
        page.locator("[data-id=unit] .cov-p").evaluate("(curve) => curve.getBBox().y") > 0
    )  # its peak, 369, is not cut
    part(page, "best").click()
    assert part(page, "mu-value").inner_text() == "6.47"
    part(page, "target").select_option("Beta(3, 2)")
    assert "0.25" in ticks.all_text_contents()


def test_a_view_that_ends_leaves_the_other_alive_and_the_last_leaves_nothing(show):
    page = show(ChangeOfVariables(), views=2)
    part(page, "mu", view=1).focus()
    page.keyboard.press("ArrowRight")
    assert [part(page, "mu-value", view).inner_text() for view in (0, 1)] == ["1.01", "1.01"]
    page.evaluate("cleanups[0]()")
    page.keyboard.press("ArrowRight")
    assert [part(page, "mu-value", view).inner_text() for view in (0, 1)] == ["1.01", "1.02"]
    page.evaluate("cleanups[1]()")
    assert page.evaluate("listeners.size") == 0


@pytest.mark.parametrize(("width", "stacked"), [(760, False), (500, True), (320, True)])
def test_panels_fit_the_width(show, width, stacked):
    page = show(ChangeOfVariables(target="Beta(12, 2)"))
    assert fits(page, width)
    line, unit = (part(page, name).bounding_box() for name in ("line", "unit"))
    assert (unit["y"] > line["y"] + line["height"]) == stacked
