"""The widget of groups and centring: q's density of a level against draws, its JavaScript against Python, its hands-on side."""

from dataclasses import asdict

import numpy as np
import pytest

from helpers.models.one_way_study import LEVEL, LOG_TAU
from helpers.widgets.groups_and_centring import (
    CENTRING,
    GroupsAndCentring,
    State,
    densities_of_q,
    describe,
    moments_of_q,
    tables,
)
from tests.support.widgets import part, refused, stored_picture, stored_size

STATES = [State(), State(4, 2, 0.0), State(64, 200, 0.5), State(16, 80, 0.3), State(8, 5, 0.7)]


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("groups", 5, "one of 4, 8"),
        ("readings", "2", "one of 2, 5"),
        ("centring", 0.55, "one of 0.0, 0.1"),
        ("centring", None, "one of"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with refused(argument, says):
        GroupsAndCentring(**{argument: value})


@pytest.mark.parametrize("state", STATES)
def test_qs_level_is_that_of_draws(state):
    mu, mu_sd, log_tau, log_tau_sd, x, x_sd = tables()["q"][state.place][CENTRING.index(state.centring)]
    rng, c = np.random.default_rng(1), state.centring
    m, t, own = rng.normal(mu, mu_sd, 100_000), rng.normal(log_tau, log_tau_sd, 100_000), rng.normal(x, x_sd, 100_000)
    theta = m + np.exp((1 - c) * t) * (own - c * m)
    mean, sd = moments_of_q(state)[1]
    assert mean == pytest.approx(theta.mean(), abs=0.02 * sd) and sd == pytest.approx(theta.std(), rel=0.03)
    density = densities_of_q(state)[1]
    assert density.sum() * (LEVEL[1] - LEVEL[0]) == pytest.approx(1, abs=0.01)
    found = np.interp(np.quantile(theta, [0.1, 0.5, 0.9]), LEVEL, np.cumsum(density) * (LEVEL[1] - LEVEL[0]))
    assert found == pytest.approx([0.1, 0.5, 0.9], abs=0.1)


def test_the_axes_hold_what_is_drawn():
    exact = tables()["exact"]
    assert (exact[:, :, 1].sum(axis=-1) * (LEVEL[1] - LEVEL[0]) > 0.97).all()
    assert (exact[:, :, 0].sum(axis=-1) * (LOG_TAU[1] - LOG_TAU[0]) > 0.9).all()


@pytest.mark.parametrize("state", STATES[:3])
def test_display_carries_a_small_static_picture(state):
    size, said = stored_picture(GroupsAndCentring(**asdict(state)))
    assert size < 60_000
    assert said == f"GroupsAndCentring(groups={state.groups}, readings={state.readings}, centring={state.centring})"


def test_stored_state_is_small_and_plain_json():
    assert stored_size(GroupsAndCentring()) < 75_000


def test_javascript_says_what_python_says(show):
    page = show(GroupsAndCentring())
    for state in STATES:
        ask = "(s) => [module.momentsOfQ(s, model.get('options')), module.densitiesOfQ(s, model.get('options'))]"
        moments, densities = page.evaluate(ask, asdict(state))
        assert np.array(moments) == pytest.approx(moments_of_q(state), rel=1e-9)
        assert np.array(densities) == pytest.approx(densities_of_q(state), abs=1e-9)
        assert page.evaluate("(s) => module.describe(s, model.get('options'))", asdict(state)) == describe(state)


def test_by_keyboard(show):
    page = show(GroupsAndCentring())
    for name, shown in (("groups", "4"), ("readings", "2"), ("centring", "0.9")):
        before = page.locator("[data-id=log-tau] .gc-q").get_attribute("d")
        part(page, name).focus()
        page.keyboard.press("ArrowLeft")
        assert part(page, f"{name}-value").inner_text() == shown
        assert page.locator("[data-id=log-tau] .gc-q").get_attribute("d") != before
    assert part(page, "about-log-tau").inner_text() == describe(State(4, 2, 0.9))[0]
    assert describe(State(4, 2, 0.9))[1] in page.locator("[data-id=level] svg").first.get_attribute("aria-label")
    part(page, "reset").click()
    assert page.evaluate("model.get('state')") == asdict(State())
