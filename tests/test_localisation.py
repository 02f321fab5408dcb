"""How much of a map lies on a region, and whether it points there."""

import numpy as np
import pytest

from foodviz.metrics.localisation import pointing, share_on


def test_shares_of_a_map():
    values = np.array([[1.0, -3.0], [0.0, 0.0]])
    region = np.array([[False, True], [False, False]])
    assert share_on(values, region) == (0.75, 0.25)
    assert share_on(np.stack([values] * 3), region) == (0.75, 0.25)
    assert share_on(np.zeros((2, 2)), region) == (0.0, 0.25)


@pytest.mark.parametrize(
    ("values", "hit"),
    [
        ([[0.0, 2.0], [1.0, 1.0]], 1.0),
        ([[2.0, 1.0], [1.0, 1.0]], 0.0),
        ([[0.5, -9.0], [0.0, 0.0]], 0.0),  # a large negative value speaks against the class
        ([[2.0, 2.0], [1.0, 1.0]], 0.5),
        ([[0.0, 0.0], [0.0, 0.0]], 0.25),  # points nowhere: what guessing gets
    ],
)
def test_a_map_points_where_its_maximum_is(values, hit):
    region = np.array([[False, True], [False, False]])
    assert pointing(np.array(values), region) == hit


def test_pointing_is_the_loop_over_all_pixels():
    random = np.random.default_rng(0)
    for _ in range(20):
        values, region = random.normal(size=(7, 9)), random.random((7, 9)) < 0.4
        y, x = max(np.ndindex(7, 9), key=lambda place: values[place])
        assert pointing(values, region) == float(region[y, x])
