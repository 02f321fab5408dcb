"""Paired tests against scipy and against closed forms."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, permutation_test

from foodviz.metrics.comparison import holm, sign_flip_p


def test_random_signs_are_scipys_permutation_test():
    rng = np.random.default_rng(0)
    for shift in (0.0, 0.3, 0.6):
        differences = rng.normal(shift, 1, 10)  # few: scipy tries every choice of signs
        exact = permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
        assert sign_flip_p(differences, seed=1) == pytest.approx(exact.pvalue, abs=0.015)


def test_what_never_differs_is_no_difference_and_what_always_does_is_one():
    assert sign_flip_p(np.zeros(50), 0) == 1
    assert sign_flip_p(np.array([]), 0) == 1
    assert sign_flip_p(np.full(50, 0.1), 0) == pytest.approx(1 / 10_001)
    assert sign_flip_p(np.full(3, 0.1), 0) == pytest.approx(0.25, abs=0.02)  # two of the eight choices of signs


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []
    rng = np.random.default_rng(0)
    p_values = rng.uniform(size=9)
    assert (np.array(holm(p_values.tolist())) >= false_discovery_control(p_values)).all()  # the stricter of the two
