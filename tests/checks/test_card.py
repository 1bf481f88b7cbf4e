"""The scorecard against fits whose error is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.checks import scorecard, show_table, show_words, wasserstein
from helpers.fits import pareto_khat
from helpers.truth import Draws, best_gaussian, normal, student_t


def test_normal_against_normal():
    table = scorecard(
        normal(1, 2), {"off": normal(2, 1), "exact": normal(1, 2)}, best=normal(1, 2), seconds={"off": 3.0}
    )
    assert table.loc["off", "mean error"] == pytest.approx(0.5)
    assert table.loc["off", "sd ratio"] == pytest.approx(0.5)
    assert table.loc["off", "−ELBO"] == pytest.approx(np.log(2) + (1 + 1) / 8 - 0.5)
    assert table.loc["off", "seconds"] == 3
    assert table.loc["exact", ["mean error", "W1", "W1 to best", "−ELBO"]].abs().max() < 1e-9
    assert table.loc["exact", "k-hat"] == -np.inf  # all ratios alike: no tail


def test_wasserstein_in_closed_form():
    assert wasserstein(normal(0, 1), normal(1.5, 1)) == pytest.approx(1.5, abs=1e-6)
    assert wasserstein(normal(0, 1), normal(0, 2)) == pytest.approx(np.sqrt(2 / np.pi), abs=1e-4)


def test_draws_agree_with_the_density_they_come_from():
    values = np.random.default_rng(0).normal(2, 1, size=200_000)
    log_ratio = normal(1, 2).log_density(values) - normal(2, 1).log_density(values)
    table = scorecard(
        normal(1, 2), {"density": normal(2, 1), "draws": Draws(values, log_ratio), "plain": Draws(values)}
    )
    close = table.loc[["density", "draws"], ["mean error", "sd ratio", "W1", "−ELBO"]].diff().iloc[1].abs()
    assert close.max() < 0.01
    assert np.isnan(table.loc["plain", ["k-hat", "−ELBO"]].astype(float)).all()
    assert "n/a" in show_table(table).to_html()


def test_several_parameters_show_the_worst():
    rng = np.random.default_rng(1)
    gold = Draws(rng.normal([0, 10, -3], [1, 2, 3], size=(100_000, 3)))
    fit = Draws(rng.normal([0, 10, -6], [1, 0.5, 3], size=(100_000, 3)))
    row = scorecard(gold, {"fit": fit}).loc["fit"]
    assert row["mean error"] == pytest.approx(-1, abs=0.03)
    assert row["sd ratio"] == pytest.approx(0.25, abs=0.01)
    assert row["W1"] == pytest.approx(1, abs=0.03)


def test_khat_knows_a_known_tail():
    # q exponential with rate 1, p with rate r: ratios ∝ exp((1 − r) x) have a Pareto tail of shape 1 − r
    x = np.random.default_rng(2).exponential(size=200_000)
    for rate in (0.7, 0.4):
        assert pareto_khat((1 - rate) * x) == pytest.approx(1 - rate, abs=0.06)
    assert pareto_khat(-0.5 * x) < 0.1


def test_family_and_optimiser_are_told_apart():
    target = student_t()
    best = best_gaussian(target, "KL(q‖p)")
    table = scorecard(target, {"best": best, "poor": normal(1, 1)}, best=best)
    assert table.loc["best", "W1 to best"] < 1e-9 < table.loc["best", "W1"]
    assert table.loc["poor", "W1 to best"] > 0.3


def test_distance_to_the_best_is_in_posterior_sds():
    assert scorecard(normal(1, 2), {"q": normal(4, 2)}, best=normal(2, 2)).loc["q", "W1 to best"] == pytest.approx(
        1, abs=1e-4
    )


def test_khat_of_a_density_agrees_with_that_of_its_draws():
    target, q = student_t(3), normal(0, 3**0.5)
    values = np.random.default_rng(5).normal(0, 3**0.5, size=20_000)
    draws = Draws(values, target.log_density(values) - q.log_density(values))
    card = scorecard(target, {"density": q, "draws": draws})
    assert abs(card["k-hat"].diff().iloc[1]) < 0.8 and card["k-hat"].min() > 0.9


def grid(mean, covariance, points=161):
    """A correlated normal on the points of a grid, with weights."""
    axes = [m + 6 * np.sqrt(v) * np.linspace(-1, 1, points) for m, v in zip(mean, np.diag(covariance), strict=True)]
    values = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    weights = stats.multivariate_normal(mean, covariance).pdf(values)
    return Draws(values, weights=weights / weights.sum())


def test_a_grid_with_weights_is_the_density_that_it_stands_for():
    mean, covariance = np.array([1.0, -2.0]), np.array([[4.0, 0.9], [0.9, 0.25]])
    exact = grid(mean, covariance)
    assert exact.mean == pytest.approx(mean) and exact.sd == pytest.approx([2, 0.5])
    assert exact.covariance == pytest.approx(covariance)
    probability = np.array([0.01, 0.2, 0.5, 0.9])
    expected = mean + np.array([2, 0.5]) * stats.norm.ppf(probability)[:, None]
    assert exact.quantile(probability) == pytest.approx(expected, abs=5e-3)
    shifted = grid(mean + [1.0, 0.0], covariance)
    assert wasserstein(shifted, exact) == pytest.approx([1, 0], abs=1e-3)
    assert wasserstein(Draws(exact.values[:, :1], weights=exact.weights), normal(1, 2)) == pytest.approx(0, abs=2e-3)
    row = scorecard(exact, {"shifted": shifted}).loc["shifted"]
    assert [row["mean error"], row["sd ratio"], row["W1"]] == pytest.approx([0.5, 1, 0.5], abs=1e-3)


def test_equal_weights_change_nothing_but_the_edges():
    values = np.random.default_rng(6).normal(size=(5000, 2))
    plain, weighted = Draws(values), Draws(values, weights=np.full(5000, 1 / 5000))
    assert weighted.mean == pytest.approx(plain.mean) and weighted.covariance == pytest.approx(plain.covariance)
    assert wasserstein(plain, weighted) == pytest.approx([0, 0], abs=1e-3)


def test_a_point_counts_by_its_weight_and_in_whatever_order():
    points = Draws(np.array([3.0, 1.0, 2.0, 1.0]), weights=np.array([0.5, 0.2, 0.2, 0.1]))
    assert points.mean == pytest.approx([2.2]) and points.sd == pytest.approx([np.sqrt(0.76)])
    # a point stands in the middle of its weight: 1 at 0.15, 2 at 0.4, 3 at 0.75
    assert points.quantile(np.array([0.0, 0.15, 0.275, 0.4, 0.75, 1.0])).ravel() == pytest.approx([1, 1, 1.5, 2, 3, 3])


def test_every_fit_may_have_its_own_best():
    fits = {name: normal(4, 2) for name in ("near", "far", "without")}
    table = scorecard(normal(1, 2), fits, best={"near": normal(4, 2), "far": normal(2, 2)})
    assert table["W1 to best"].tolist() == pytest.approx([0, 1, np.nan], abs=1e-4, nan_ok=True)
    assert "W1 to best" not in scorecard(normal(1, 2), fits, best={"near": None})
    assert scorecard(normal(1, 2), fits, best=normal(2, 2))["W1 to best"].tolist() == pytest.approx([1] * 3, abs=1e-4)
    with pytest.raises(ValueError, match="best has 2 parameters, truth has 1"):
        scorecard(normal(), {"q": normal()}, best={"q": Draws(np.zeros((10, 2)))})


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="sd > 0"):
        scorecard(Draws(np.zeros(10)), {"q": normal()})
    with pytest.raises(ValueError, match="best has 2 parameters"):
        scorecard(normal(), {"q": normal()}, best=Draws(np.zeros((10, 2))))
    with pytest.raises(ValueError, match="truth must have a finite mean and sd"):
        scorecard(student_t(2), {"q": normal()})
    with pytest.raises(ValueError, match=r"fits\['two'\] has 2 parameters, truth has 1"):
        scorecard(normal(), {"two": Draws(np.zeros((10, 2)))})


def test_a_table_of_words_is_markdown():
    table = pd.DataFrame({"a": ["x | y", "z"], "b": ["", "1"]}, index=["first", "second"]).rename_axis("name")
    lines = show_words(table).data.splitlines()
    assert lines[:2] == ["| name | a | b |", "| --- | --- | --- |"]
    assert lines[2:] == ["| first | x \\| y |  |", "| second | z | 1 |"]
