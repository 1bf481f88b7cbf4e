"""Every optimum against a formula, or against the figure measured by others."""

import numpy as np
import pytest
from scipy import stats

from helpers.truth import best_gaussian, best_gaussian_2d, descend, kl, loss_2d, targets
from helpers.truth.closest import CRITERIA
from helpers.truth.divergences import squared_log_difference


def test_student_t_four_answers():
    sds = {criterion: best_gaussian(targets.student_t(3), criterion).sd for criterion in CRITERIA}
    assert sds["squared log difference"] == pytest.approx(1.1496, abs=1e-4)
    assert sds["KL(q‖p)"] == pytest.approx(1.2602, abs=1e-4)
    assert sds["KL(p‖q)"] == pytest.approx(np.sqrt(3), abs=1e-9)
    assert sds["Laplace"] == pytest.approx(np.sqrt(0.75), abs=1e-5)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_normal_is_its_own_best(criterion):
    q = best_gaussian(targets.normal(3.0, 0.02), criterion)
    assert (q.mean, q.sd) == pytest.approx((3.0, 0.02), rel=1e-5)


def test_gumbel_and_laplace_have_formulas():
    gumbel = best_gaussian(targets.gumbel(), "KL(q‖p)")  # σ² = 1 and exp(−μ + σ²/2) = 1
    assert (gumbel.mean, gumbel.sd) == pytest.approx((0.5, 1.0), abs=1e-5)
    assert best_gaussian(targets.laplace(), "KL(q‖p)").sd == pytest.approx(np.sqrt(np.pi / 2), abs=1e-5)


def test_logit_beta():
    best = best_gaussian(targets.logit_beta(1001, 2), "KL(q‖p)")
    assert (best.mean, best.sd) == pytest.approx((6.465, 0.708), abs=5e-4)
    assert kl(best, targets.logit_beta(1001, 2)) == pytest.approx(0.0410, abs=5e-5)
    forgot_jacobian = best_gaussian(targets.logit_beta(1000, 1), "KL(q‖p)")
    assert (forgot_jacobian.mean, forgot_jacobian.sd) == pytest.approx((7.407, 1.001), abs=1e-3)
    mode = best_gaussian(targets.logit_beta(3, 4), "Laplace")  # ζ = log(a/b), curvature −ab/(a + b)
    assert (mode.mean, mode.sd) == pytest.approx((np.log(3 / 4), np.sqrt(7 / 12)), abs=1e-5)


def test_deep_valley_seeks_a_mode_and_costs_the_log_of_its_weight():
    bumps = targets.normal_mixture((0.35, 0.65), (-3, 3), (0.5, 0.75))
    left, right = descend(kl, bumps, -3, 1), descend(kl, bumps, 3, 1)
    assert (left.mean, left.sd, kl(left, bumps)) == pytest.approx((-3, 0.5, -np.log(0.35)), abs=2e-3)
    assert (right.mean, right.sd, kl(right, bumps)) == pytest.approx((3, 0.75, -np.log(0.65)), abs=2e-3)
    assert best_gaussian(bumps, "KL(q‖p)").mean == pytest.approx(3, abs=2e-3)


def test_shallow_valley_is_covered():
    best = best_gaussian(targets.normal_mixture(), "KL(q‖p)")
    assert (best.mean, best.sd) == pytest.approx((0.712, 2.873), abs=1e-3)
    assert kl(best, targets.normal_mixture()) == pytest.approx(0.4465, abs=5e-5)


@pytest.mark.parametrize(
    ("weights", "means", "sds"),
    [((0.65, 0.35), (-3, 3), (0.75, 0.5)), ((0.35, 0.65), (-3, 3), (0.5, 0.75)), ((0.5, 0.5), (-1, 1), (1, 1))],
)
def test_the_best_is_at_least_as_good_as_every_descent(weights, means, sds):
    target = targets.normal_mixture(weights, means, sds)
    best = kl(best_gaussian(target, "KL(q‖p)"), target)
    starts = [*target.anchors, (target.mean, target.sd), (means[0], 0.1), (means[1], 5.0)]
    assert best <= min(kl(descend(kl, target, *start), target) for start in starts) + 1e-9


def test_a_search_that_stops_early_is_finished():
    target = targets.logit_beta(0.01, 0.01)
    best = best_gaussian(target, "squared log difference")
    assert squared_log_difference(best, target) <= squared_log_difference(targets.normal(0, 112), target)


def test_laplace_finds_a_mode_far_narrower_than_the_whole():
    target = targets.normal_mixture((0.5, 0.5), (0, 1), (1e-2, 10))
    best = best_gaussian(target, "Laplace")
    assert (best.mean, best.sd) == pytest.approx((0, 1e-2), abs=1e-4)


def test_what_does_not_exist_is_refused_by_name():
    with pytest.raises(ValueError, match="criterion must be one of 'squared log difference'.*got 'KL'"):
        best_gaussian(targets.normal(), "KL")
    with pytest.raises(ValueError, match="target must have a finite mean and sd"):
        best_gaussian(targets.student_t(2), "KL(p‖q)")
    with pytest.raises(ValueError, match="kink"):
        best_gaussian(targets.laplace(), "Laplace")
    with pytest.raises(ValueError, match="whole real line"):
        best_gaussian(targets.beta(3, 2), "KL(q‖p)")


MEAN, COVARIANCE = np.array([1.0, -2.0]), np.array([[4.0, 0.9], [0.9, 0.25]])
LOG_EVIDENCE = 1.5


def correlated(theta):
    return stats.multivariate_normal(MEAN, COVARIANCE).logpdf(theta) + LOG_EVIDENCE


@pytest.mark.parametrize("start", [(MEAN, COVARIANCE), ([0.0, 0.0], np.eye(2))])
def test_two_correlated_normals(start):
    mean, covariance = best_gaussian_2d(correlated, *start)
    assert mean == pytest.approx(MEAN, abs=1e-5) and covariance == pytest.approx(COVARIANCE, rel=1e-4)
    assert loss_2d(correlated, mean, covariance) == pytest.approx(-LOG_EVIDENCE, abs=1e-8)
    mean, covariance = best_gaussian_2d(correlated, *start, full_rank=False)
    precision = np.linalg.inv(COVARIANCE)
    assert mean == pytest.approx(MEAN, abs=1e-5) and covariance[0, 1] == covariance[1, 0] == 0
    assert np.diag(covariance) == pytest.approx(1 / np.diag(precision), rel=1e-4)
    gap = 0.5 * np.log(np.diag(precision)).sum() - 0.5 * np.linalg.slogdet(precision)[1]
    assert loss_2d(correlated, mean, covariance) == pytest.approx(gap - LOG_EVIDENCE, abs=1e-8)


def test_loss_of_any_normal_is_its_divergence():
    mean, covariance = np.array([0.0, 1.0]), np.array([[1.0, -0.3], [-0.3, 0.5]])
    precision, apart = np.linalg.inv(COVARIANCE), MEAN - mean
    log_ratio = np.linalg.slogdet(COVARIANCE)[1] - np.linalg.slogdet(covariance)[1]
    divergence = 0.5 * (np.trace(precision @ covariance) + apart @ precision @ apart - 2 + log_ratio)
    assert loss_2d(correlated, mean, covariance) == pytest.approx(divergence - LOG_EVIDENCE, abs=1e-9)


def test_two_gumbels_turned_have_a_formula():
    # Independent Gumbels have μ = 1/2, σ = 1 each; turned by A, the best q turns with them.
    turn = np.array([[2.0, 0.0], [1.0, 0.5]])

    def log_density(theta):
        return targets.gumbel().log_density(np.linalg.solve(turn, theta.T)).sum(axis=0)

    mean, covariance = best_gaussian_2d(log_density, [1.0, 1.0], turn @ turn.T * 1.6)
    assert mean == pytest.approx(turn @ [0.5, 0.5], abs=1e-4) and covariance == pytest.approx(turn @ turn.T, abs=1e-3)
    one = kl(targets.normal(0.5, 1), targets.gumbel())  # the determinant of A is 1
    assert loss_2d(log_density, mean, covariance) == pytest.approx(2 * one, abs=1e-6)
