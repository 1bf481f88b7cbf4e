"""Chains with a slider for their step: what it shows at each, and the picture without a slider."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.pictures.chains import chains_picture, chains_slider, limits


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(0)
    traces = {step: rng.normal(size=(50, 4)).cumsum(axis=0) for step in (0.01, 0.1, 1.0)}
    return (
        traces,
        {step: f"step {step:g}: half accepted, R-hat 1.50, 2 effective draws a second" for step in traces},
        rng.normal(size=500),
    )


def test_each_stop_shows_its_own_chains_and_the_answer(given):
    traces, notes, _ = given
    figure = chains_slider(*given, first=0.1)
    (slider,) = figure.layout.sliders
    assert [step.label for step in slider.steps] == ["0.01", "0.1", "1"] and slider.active == 1
    assert figure.layout.title.text == notes[0.1]
    assert [trace.visible for trace in figure.data[1:]] == [False] * 4 + [True] * 4 + [False] * 4
    for step, stop in zip(traces, slider.steps, strict=True):
        data, layout = stop.args
        shown = [trace for trace, visible in zip(figure.data, data["visible"], strict=True) if visible]
        assert layout == {"title.text": notes[step]} and shown[0].type == "bar" and len(shown) == 5
        for trace, values in zip(shown[1:], traces[step].T, strict=True):
            assert np.asarray(trace.y) == pytest.approx(values, rel=1e-6)
    assert np.sum(figure.data[0].x * figure.data[0].width) == pytest.approx(1)


def test_the_axis_holds_all_chains_and_the_answer(given):
    traces, _, exact = given
    low, high = limits(traces, exact)
    assert all((low < values).all() and (values < high).all() for values in traces.values())
    assert np.mean((low < exact) & (exact < high)) > 0.99


def test_a_picture_has_a_panel_for_each_step_and_one_for_the_answer(given):
    figure = chains_picture(*given)
    titles = [axes.get_title(loc=plt.rcParams["axes.titlelocation"]) for axes in figure.axes]
    assert titles == [
        f"step {step}\nhalf accepted\nR-hat 1.50\n2 effective\ndraws a second" for step in ("0.01", "0.1", "1")
    ] + ["exact\nposterior"]
    assert {axes.get_ylim() for axes in figure.axes} == {limits(given[0], given[2])}
    plt.close(figure)
