"""How alike two maps of one picture are, by the order into which they bring its pixels.

Krishna et al. 2022, "The Disagreement Problem in Explainable Machine Learning", arXiv:2202.01602, section 3 (rank
correlation, and the features that both have among their strongest).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TOP = 0.1  # the strongest share of the pixels


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation, -1 to 1, of values of one shape; equal values share their ranks.

    0 where either is the same everywhere: it brings nothing into any order.
    """
    left, right = (each - each.mean() for each in (ranks(one), ranks(other)))
    scale = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / scale if scale else 0.0


def top_overlap(one: np.ndarray, other: np.ndarray) -> float:
    """The share of the strongest tenth that both have in common, 0 to 1; a tenth is what chance gives.

    Equal values count from the first pixel on.
    """
    count = max(1, round(TOP * one.size))
    left, right = (np.argsort(-values.ravel(), kind="stable")[:count] for values in (one, other))
    return len(np.intersect1d(left, right)) / count


def agreement(maps: Sequence[np.ndarray]) -> NDArray[np.float64]:
    """(M, M) of M methods' maps of the same N pictures, each (N, H, W) or (N, 3, H, W), means over the pictures.

    Above the diagonal the rank correlation of each two, below it the overlap of their strongest tenth; 1 on it.
    """
    flat = [values.sum(1) if values.ndim == 4 else values for values in maps]
    table = np.eye(len(maps))
    for row, column in zip(*np.triu_indices(len(maps), 1), strict=True):
        pairs = list(zip(flat[row], flat[column], strict=True))
        table[row, column] = np.mean([rank_correlation(*pair) for pair in pairs])
        table[column, row] = np.mean([top_overlap(*pair) for pair in pairs])
    return table


def ranks(values: np.ndarray) -> NDArray[np.float64]:
    """The rank of each value, (D,) whatever their shape, the smallest 0; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranked: NDArray[np.float64] = (np.cumsum(counts) - (counts + 1) / 2)[place.ravel()]
    return ranked
