"""Intervals of paired differences."""

import numpy as np
import pytest

from foodviz.metrics.paired import mean_intervals, share_interval


def test_the_interval_of_a_share_is_bonetts_and_prices():
    """Written out once more; 28 of 100 pictures gained and 7 lost."""
    up, down, n = 29 / 102, 8 / 102, 102
    half = 1.959964 * np.sqrt((up + down - (up - down) ** 2) / n)
    assert share_interval(28, 7, 100) == pytest.approx((up - down - half, up - down + half), abs=1e-6)
    low, high = share_interval(7, 28, 100)
    assert (-high, -low) == pytest.approx(share_interval(28, 7, 100))


def test_what_did_not_change_may_be_nothing_and_is_surer_with_more_pictures():
    for total in (1, 10, 1000):
        low, high = share_interval(0, 0, total)
        assert -high == pytest.approx(low)
        assert low < 0 < high
    assert share_interval(0, 0, 1000)[1] < share_interval(0, 0, 10)[1]
    assert -1 <= share_interval(0, 1, 1)[0] <= share_interval(1, 0, 1)[1] <= 1


def test_the_interval_of_a_share_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(40, [0.3, 0.1, 0.6], size=2000)
    held = [low <= -0.2 <= high for low, high in (share_interval(int(up), int(down), 40) for down, up, _ in counts)]
    assert 0.93 <= np.mean(held) <= 0.98


def test_the_bootstrap_is_near_the_normal_interval_and_repeats():
    differences = np.random.default_rng(1).normal([0.0, 2.0], [1.0, 0.1], (400, 2))
    intervals = mean_intervals(differences, seed=5)
    assert np.array_equal(intervals, mean_intervals(differences, seed=5))
    half = 1.96 * differences.std(0) / 20
    np.testing.assert_allclose(intervals[:, 0], differences.mean(0) - half, atol=0.01)
    np.testing.assert_allclose(intervals[:, 1], differences.mean(0) + half, atol=0.01)
    assert not mean_intervals(np.zeros((3, 2)), seed=0).any()
