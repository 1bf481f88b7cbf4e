"""The widget for variational inference by hand, without a browser: what the kernel's side says."""

import base64
import io
import json
import math

import pytest
from PIL import Image

from helpers.truth import best_gaussian, beta, kl, normal, student_t
from helpers.truth.targets import TARGETS, laplace
from helpers.widgets.manual_vi import (
    MU_RANGE,
    OBJECTIVES,
    PICTURE,
    SIGMA_RANGE,
    ManualVI,
    State,
    curve,
    describe,
    distance,
    measure,
    number,
    on_the_real_line,
    optimum,
    static_picture,
)
from tests.support.widgets import stored_size


def send(widget: ManualVI, content: dict) -> None:
    """Hand `widget` a message as the browser does."""
    widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def message(optimum: bool = False, **changes) -> dict:
    """A message of the browser about the default state, with `changes`."""
    state = {"target": "Student-t", "objective": "KL(q‖p)", "mu": 3.0, "sigma": 1.0} | changes
    return {"state": state, "token": "here-1", "optimum": optimum}


@pytest.mark.parametrize("target", on_the_real_line())
@pytest.mark.parametrize(("mu", "sigma"), [(0.5, 1.2), (-3.0, 0.4), (6.46, 0.71)])
def test_reading_is_the_divergence(target, mu, sigma):
    p, q = TARGETS[target](), normal(mu, sigma)
    forward, backward = kl(q, p), kl(p, q)
    for objective, expected in {
        "KL(q‖p)": f"KL(q‖p) = {number(forward)} nats",
        "KL(p‖q)": f"KL(p‖q) = {number(backward)} nats",
        "ELBO": f"ELBO = {number(math.log(5) - forward)}, log evidence = log 5 = 1.6094, "
        f"gap = KL(q‖p) = {number(forward)}",
    }.items():
        assert ManualVI(target, objective, mu, sigma).reading["text"] == expected


def test_same_state_gives_the_same_reading():
    assert ManualVI("Gumbel", "ELBO", 0.3, 0.7).reading == ManualVI("Gumbel", "ELBO", 0.3, 0.7).reading


def test_menu_holds_every_target_on_the_real_line():
    assert list(on_the_real_line()) == [
        "Student-t",
        "Gumbel",
        "two-normal mixture",
        "skew-normal",
        "Laplace",
        "logit-Beta",
    ]


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("target", "Beta", "'Student-t', 'Gumbel'"),
        ("target", ["Gumbel"], "'Student-t', 'Gumbel'"),
        ("objective", "KL", "'KL(q‖p)', 'KL(p‖q)', 'ELBO'"),
        ("mu", 10.01, "between -10 and 10"),
        ("mu", float("nan"), "finite"),
        ("mu", "0", "finite"),
        ("mu", None, "finite"),
        ("sigma", 0.0999, "between 0.1 and 10"),
        ("sigma", 10.1, "between 0.1 and 10"),
        ("sigma", float("inf"), "finite"),
    ],
)
def test_bad_argument_is_named(argument, value, says):
    with pytest.raises(ValueError, match=f"^{argument} must be") as error:
        ManualVI(**{argument: value})
    assert says in str(error.value)


@pytest.mark.parametrize("mu", MU_RANGE)
@pytest.mark.parametrize("sigma", SIGMA_RANGE)
def test_bounds_are_allowed(mu, sigma):
    assert ManualVI(mu=mu, sigma=sigma).state == State(mu=mu, sigma=sigma)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("target", on_the_real_line())
def test_optimum(target, objective):
    p = TARGETS[target]()
    found = optimum(target, objective)
    q = best_gaussian(p, "KL(p‖q)" if objective == "KL(p‖q)" else "KL(q‖p)")
    assert (found["mu"], found["sigma"]) == (q.mean, q.sd)
    assert State(target, objective, found["mu"], found["sigma"]).q.sd == q.sd, "the sliders can reach it"
    assert q.density(q.mean) < curve(p)["top"], "it fits in the picture"
    sign = -1 if objective == "ELBO" else 1
    for dmu, factor in [(0.1, 1), (-0.1, 1), (0, 1.1), (0, 0.9)]:
        beside = normal(q.mean + dmu, q.sd * factor)
        assert sign * measure(objective, beside, p) > sign * found["value"]


def test_optimum_of_the_student_t_in_numbers():
    assert number(optimum("Student-t", "KL(q‖p)")["value"]) == "0.0407"
    assert number(optimum("Student-t", "ELBO")["value"]) == number(math.log(5) - 0.0406955)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04069, "0.0407"),
        (-1.03, "−1.0300"),
        (-1e-9, "0.0000"),
        (9999.99994, "9999.9999"),
        (1.142e26, "1.14 × 10²⁶"),
        (-22127.7, "−2.21 × 10⁴"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_number(value, text):
    assert number(value) == text


def test_infinite_values_have_a_reason():
    heavy = student_t(df=2)
    assert describe("KL(p‖q)", measure("KL(p‖q)", normal(), heavy)) == (
        "KL(p‖q) = ∞ (p's tails are too heavy for a normal q)"
    )
    forward = describe("KL(q‖p)", measure("KL(q‖p)", normal(), beta()))
    assert forward == "KL(q‖p) = ∞ (q has mass where p has none)"
    assert describe("ELBO", measure("ELBO", normal(), beta())) == (
        "ELBO = −∞, log evidence = log 5 = 1.6094, gap = KL(q‖p) = ∞ (q has mass where p has none)"
    )


def test_distance():
    assert distance("KL(q‖p)", 0.14, 0.04) == {
        "nats": pytest.approx(0.1),
        "share": pytest.approx(0.4),
        "words": "0.1000 nats above the best, 0.0400",
    }
    assert distance("ELBO", 0.5, 1.5)["words"] == "1.0000 nats below the best, 1.5000"
    at_the_best = {"nats": 0.0, "share": 0.0, "words": "at the best, 0.0407, to within 0.001 nats"}
    assert distance("KL(q‖p)", 0.0407 - 1e-12, 0.0407) == at_the_best
    infinite = distance("KL(p‖q)", math.inf, 0.2)
    json.dumps(infinite, allow_nan=False)
    assert infinite["share"] == 1


def test_answer_to_the_browser():
    widget = ManualVI()
    send(widget, message(mu=1, sigma=2.5, target="Laplace", objective="KL(p‖q)"))
    assert widget.state == State("Laplace", "KL(p‖q)", 1.0, 2.5)
    assert widget.reading["state"] == {"target": "Laplace", "objective": "KL(p‖q)", "mu": 1.0, "sigma": 2.5}
    assert widget.reading["token"] == "here-1"
    assert widget.reading["text"] == f"KL(p‖q) = {number(kl(laplace(), normal(1, 2.5)))} nats"


def test_optimum_is_computed_only_when_asked_for(monkeypatch):
    monkeypatch.setattr("helpers.widgets.manual_vi.OPTIMA", {})
    widget = ManualVI()
    send(widget, message())
    assert widget.reading["best"] is None
    assert widget.reading["distance"] is None
    send(widget, message(optimum=True))
    assert number(widget.reading["best"]["value"]) == "0.0407"
    assert widget.reading["distance"]["words"].endswith("above the best, 0.0407")


@pytest.mark.parametrize(
    "odd",
    [
        message(mu=float("nan")),
        message(mu=None),
        message(sigma="wide"),
        message(sigma=-1),
        message(sigma=[1]),
        message(target="Cauchy"),
        message(objective={}),
        {},
        {"state": {"token": "here-2"}},
        {"state": None},
        {"token": "here-2"},
        None,
        "hello",
    ],
)
def test_odd_traffic_changes_nothing(odd, caplog):
    widget = ManualVI()
    before = widget.reading
    send(widget, odd)
    assert widget.reading == before
    assert not caplog.records, "ipywidgets logs what a handler raises"


def test_display_carries_a_small_static_picture():
    widget = ManualVI("logit-Beta", "ELBO", mu=5, sigma=1)
    data, metadata = widget._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert data["text/plain"] == "ManualVI(target='logit-Beta', objective='ELBO', mu=5.0, sigma=1.0)"
    png = base64.b64decode(data["image/png"])
    assert Image.open(io.BytesIO(png)).format == "PNG"
    assert metadata["image/png"]["width"] == 760
    assert widget.reading["best"], "the stored reading knows how far the best is"


@pytest.mark.parametrize("target", on_the_real_line())
def test_static_picture_is_small(target):
    assert len(static_picture(State(target, "ELBO", -7.5, 0.15))) < 30_000


def test_stored_state_is_small_and_plain_json():
    assert stored_size(ManualVI()) < 60_000


def test_picture_shows_every_centre():
    assert PICTURE[0] < MU_RANGE[0] < MU_RANGE[1] < PICTURE[1]
