"""Whether two methods differ on the same pictures, or only these pictures make it seem so.

Fisher 1935, "The Design of Experiments", section 21 (the test by random signs). Phipson, Smyth 2010, "Permutation
p-values should never be zero", equation 2. Holm 1979, "A simple sequentially rejective multiple test procedure".
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DRAWS, _AT_ONCE = 10_000, 500


def sign_flip_p(differences: NDArray[np.float64], seed: int) -> float:
    """How often a mean as far from 0 as this one comes about where the sign of each difference is a coin's, in (0, 1].

    Args:
        differences: (N,), one for each picture; 1 where there is none.
        seed: of the coins.
    """
    if not len(differences):
        return 1.0
    rng = np.random.default_rng(seed)
    observed = abs(float(differences.sum()))
    least = observed * (1 - 1e-9)  # as far, in spite of the order in which it was summed
    far = 0
    for _ in range(_DRAWS // _AT_ONCE):  # memory stays flat, however many pictures there are
        signs = rng.integers(0, 2, (_AT_ONCE, len(differences)), np.int8) * 2 - 1
        far += int((np.abs(signs @ differences) >= least).sum())
    return (far + 1) / (_DRAWS + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p value as it is to be read where so many questions are asked at once, in [0, 1]."""
    order = np.argsort(p_values, kind="stable")
    scaled = np.array(p_values)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    found: list[float] = adjusted.tolist()
    return found
