"""The widget of the shards: its closed forms against the posterior of all rows, its JavaScript, and its hands-on side."""

from dataclasses import asdict
from itertools import product as every

import numpy as np
import pytest

from helpers.truth import best_gaussian_2d
from helpers.truth.shards import sds
from helpers.widgets import shard_product
from helpers.widgets.shard_product import (
    COUNTS,
    DATA_SEED,
    FAMILIES,
    ORDERS,
    PRIOR_SD,
    PRIORS,
    ROWS,
    ShardProduct,
    State,
    against_exact,
    describe,
    ellipse,
    exact,
    table,
)
from tests.support.widgets import part, stored_picture, stored_size

STATES = [State(*choices) for choices in every(COUNTS, PRIORS, FAMILIES, ORDERS)]


def counted(state: State) -> str:
    """How often the product holds the prior, and how many rows a shard has."""
    times = state.power * state.shards
    often = {0: "not at all", 1: "once"}.get(times, f"{times:.0f} times")
    return f"The prior is in the product {often}. Rows in each shard: {ROWS // state.shards}"


@pytest.mark.parametrize(
    ("argument", "value"), [("shards", 3), ("shards", "8"), ("prior", "half"), ("family", "flow"), ("order", None)]
)
def test_bad_argument_is_named(argument, value):
    with pytest.raises(ValueError, match=f"^{argument} must be one of"):
        ShardProduct(**{argument: value})


def test_numpys_numbers_become_plain():
    assert type(ShardProduct(np.int64(4)).start["shards"]) is int


def test_both_orders_hold_the_same_rows():
    rows = [sorted(zip(*map(np.ndarray.tolist, table(order)), strict=True)) for order in ORDERS]
    assert rows[0] == rows[1] and len(rows[0]) == ROWS and len(set(rows[0])) == ROWS
    assert np.all(np.diff(table("sorted by time")[0]) > 0)


def test_exact_is_the_posterior_of_all_rows():
    t, y = table("shuffled")
    design, precision = np.column_stack([np.ones(ROWS), t]), np.eye(2) / PRIOR_SD**2
    assert exact()[1] == pytest.approx(design.T @ design + precision)
    assert exact()[1] @ exact()[0] == pytest.approx(design.T @ y)


@pytest.mark.parametrize("shards", COUNTS)
@pytest.mark.parametrize("order", ORDERS)
def test_full_rank_with_shares_is_exact_and_the_whole_prior_counts_once_a_shard(shards, order):
    errors, ratios = against_exact(State(shards, "its share", "full-rank", order))
    assert errors == pytest.approx(0, abs=1e-9) and ratios == pytest.approx(1)
    (mean, precision), extra = exact(), (shards - 1) / PRIOR_SD**2 * np.eye(2)
    errors, ratios = against_exact(State(shards, "the whole", "full-rank", order))
    narrow = np.linalg.inv(precision + extra)
    assert ratios == pytest.approx(np.sqrt(np.diag(narrow)) / sds(precision))
    assert errors == pytest.approx((narrow @ precision @ mean - mean) / sds(precision))


def test_a_fit_is_the_best_gaussian_of_its_family():
    state = State(4, "its share", "mean-field", "sorted by time")
    mean, precision = (part[1] for part in shard_product.fits(state))
    t, y = (column.reshape(4, -1)[1] for column in table(state.order))

    def log_density(w):
        prior = -0.5 * (w**2).sum(-1) / PRIOR_SD**2 / 4
        return prior - 0.5 * ((y - w[..., :1] - w[..., 1:] * t) ** 2).sum(-1)

    found = best_gaussian_2d(log_density, np.zeros(2), np.eye(2), full_rank=False)
    assert found[0] == pytest.approx(mean, abs=1e-3)
    assert np.sqrt(np.diag(found[1])) == pytest.approx(sds(precision), rel=1e-4)


def test_the_table_is_a_typical_one(monkeypatch):
    """Its error of mean-field's product of eight sorted shards is in the middle of those of other tables."""
    off = {}
    for seed in (DATA_SEED, *range(100, 140)):
        monkeypatch.setattr(shard_product, "DATA_SEED", seed)
        table.cache_clear()
        off[seed] = np.abs(against_exact(State(8, family="mean-field"))[0]).max()
    table.cache_clear()
    assert np.quantile([*off.values()], 0.2) < off[DATA_SEED] < np.quantile([*off.values()], 0.8)


def test_words():
    assert describe(State()) == "Product: means 0.00 and 0.00 exact sds off, sds 1.00 and 1.00 of the exact ones"
    assert "means −4.88 and −2.17" in describe(State(16, "the whole"))
    assert [counted(State(8, prior)) for prior in PRIORS] == [
        f"The prior is in the product {often}. Rows in each shard: 8" for often in ("once", "8 times", "not at all")
    ]


def test_ellipse_is_at_two_sds():
    mean, precision = exact()
    off = ellipse(mean, precision).T - mean
    assert np.einsum("ki,ij,kj->k", off, precision, off) == pytest.approx(np.full(len(off), 4))


@pytest.mark.parametrize("state", [State(), State(16, "the whole", "mean-field", "shuffled")])
def test_display_carries_a_small_static_picture(state):
    size, said = stored_picture(ShardProduct(**asdict(state)))
    assert size < 60_000
    start = ", ".join(f"{name}={value!r}" for name, value in asdict(state).items())
    assert said == f"ShardProduct({start})"


def test_stored_state_is_small_and_plain_json():
    assert stored_size(ShardProduct()) < 30_000


def test_javascript_says_what_python_says(show):
    widget = ShardProduct()
    page = show(widget)
    ask = """([states, options]) => states.map((state) => {
        const { errors, ratios } = module.againstExact(state, options);
        return [[...errors, ...ratios], module.describe(state, options), module.counted(state, options)];
    })"""
    found = page.evaluate(ask, [[asdict(state) for state in STATES], widget.options])
    for state, (numbers, said, prior) in zip(STATES, found, strict=True):
        assert numbers == pytest.approx(np.concatenate(against_exact(state)), abs=1e-9)
        assert (said, prior) == (describe(state), counted(state))


def test_by_keyboard(show):
    page = show(ShardProduct())
    part(page, "shards").focus()
    page.keyboard.press("ArrowRight")
    assert part(page, "shards-value").inner_text() == "16"
    assert page.locator("[data-id=parts] .sh-shard").count() == 16
    page.keyboard.press("Home")
    assert page.evaluate("model.get('state').shards") == 1
    page.keyboard.press("End")
    for name, choice in (("prior", "the whole"), ("family", "mean-field"), ("order", "shuffled")):
        before = page.locator("[data-id=whole] .sh-product").get_attribute("d")
        part(page, name).focus()
        page.keyboard.press("ArrowDown")
        assert part(page, name).input_value() == choice
        assert page.locator("[data-id=whole] .sh-product").get_attribute("d") != before
    now = State(16, "the whole", "mean-field", "shuffled")
    assert part(page, "reading").inner_text() == describe(now)
    assert part(page, "counted").inner_text() == counted(now)
    words = page.locator("[data-id=parts] svg").first.get_attribute("aria-label")
    assert words.startswith("16 mean-field fits, each to a shard of the table, shuffled")
    part(page, "reset").click()
    assert page.evaluate("model.get('state')") == asdict(State())


def test_the_product_lies_on_the_exact_posterior(show):
    page = show(ShardProduct())
    boxes = [
        page.locator(f"[data-id=whole] .sh-{name}").evaluate(
            "(path) => (({x, y, width, height}) => [x, y, width, height])(path.getBBox())"
        )
        for name in ("exact", "product")
    ]
    assert boxes[0] == pytest.approx(boxes[1], abs=0.2)
