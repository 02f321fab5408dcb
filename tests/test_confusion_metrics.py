import numpy as np
import pytest

from foodviz.metrics import confusion as metrics


def test_counts_are_a_double_loop():
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 4, 200), rng.integers(0, 5, 200)
    expected = [[int(((labels == a) & (predicted == b)).sum()) for b in range(6)] for a in range(6)]
    counts = metrics.confusion_counts(labels, predicted, 6)
    np.testing.assert_array_equal(counts, expected)
    shares = metrics.row_shares(counts)
    np.testing.assert_allclose(shares[:4].sum(1), 1)
    assert np.isnan(shares[4:]).all()  # classes without images


def test_scores_are_their_definitions():
    labels, predicted = np.array([0, 0, 0, 1, 1, 3]), np.array([0, 0, 1, 1, 0, 2])
    precision, recall, f1, support = metrics.class_scores(labels, predicted, 5)
    np.testing.assert_allclose(precision, [2 / 3, 1 / 2, 0, np.nan, np.nan])
    np.testing.assert_allclose(recall, [2 / 3, 1 / 2, np.nan, 0, np.nan])
    np.testing.assert_allclose(f1[:2], [2 / 3, 1 / 2])
    np.testing.assert_array_equal(support, [3, 2, 0, 1, 0])


@pytest.mark.parametrize(("right", "total"), [(7, 10), (3000, 3430), (1, 400)])
def test_wilson_bounds_are_the_shares_that_the_data_only_just_contradicts(right, total):
    for bound in metrics.wilson_interval(right, total):
        deviation = abs(right / total - bound) / np.sqrt(bound * (1 - bound) / total)
        assert deviation == pytest.approx(1.959964, abs=1e-5)


def test_wilson_at_the_ends():
    assert metrics.wilson_interval(0, 10)[0] == pytest.approx(0, abs=1e-12)
    assert metrics.wilson_interval(10, 10)[1] == pytest.approx(1)
    assert metrics.wilson_interval(0, 0) == (0, 1)
    assert metrics.wilson_interval(10, 10)[0] == pytest.approx(1 / (1 + 1.959964**2 / 10), abs=1e-6)


def test_difference_is_newcombes_worked_example():
    # Newcombe 1998, table II, contrast (a), method 10: 56/70 against 48/80
    assert metrics.difference_interval((56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_calibration_of_known_models():
    confidences = np.full(100, 0.8)
    assert metrics.calibration(confidences, np.arange(100) < 80) == pytest.approx((0, 0), abs=1e-12)
    assert metrics.calibration(confidences, np.arange(100) < 50) == pytest.approx((0.3, 0.3))
    # too sure in one half, too careful in the other: the mean hides what the bins show
    mixed = np.r_[np.full(50, 0.9), np.full(50, 0.5)]
    right = np.r_[np.arange(50) < 35, np.arange(50) < 35]
    assert metrics.calibration(mixed, right) == pytest.approx((0.2, 0), abs=1e-12)
    assert metrics.calibration(np.ones(3), np.ones(3, bool)) == (0, 0)


def test_pairs_come_by_count_then_share():
    counts = np.array([[90, 5, 0], [5, 20, 1], [0, 9, 0]])
    assert metrics.confused_pairs(counts) == [(2, 1), (1, 0), (0, 1), (1, 2)]
    assert metrics.confused_pairs(np.diag([3, 4])) == []
