"""What a classifier takes for what, how often it is right, and how sure that figure is.

Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference" (interval of a share).
Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10.
Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv:1706.04599, section 2 (calibration error).
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


class Scores(NamedTuple):
    """Of each class (C,): shares in [0, 1], NaN where undefined, and the number of its images."""

    precision: Real
    recall: Real
    f1: Real
    support: Whole


def confusion_counts(labels: Whole, predicted: Whole, classes: int) -> Whole:
    """How often each class is taken for each.

    Args:
        labels, predicted: (N,) class index of each image.
        classes: C.

    Returns:
        (C, C), true class down, predicted class across.
    """
    from sklearn.metrics import confusion_matrix

    return np.asarray(confusion_matrix(labels, predicted, labels=np.arange(classes)), np.int64)


def class_scores(labels: Whole, predicted: Whole, classes: int) -> Scores:
    """Precision, recall and F1 of every class; NaN: precision of one never predicted, recall of one not seen."""
    from sklearn.metrics import precision_recall_fscore_support

    found = precision_recall_fscore_support(labels, predicted, labels=np.arange(classes), zero_division=np.nan)
    precision, recall, f1 = (np.asarray(each, np.float64) for each in found[:3])
    return Scores(precision, recall, f1, np.asarray(found[3], np.int64))


def row_shares(counts: Whole) -> Real:
    """Each row of (C, C) counts as shares of the row's sum, in [0, 1]; NaN where a class has no image."""
    support = counts.sum(1, keepdims=True)
    return np.asarray(np.divide(counts, support, out=np.full(counts.shape, np.nan), where=support > 0))


def wilson_interval(right: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Between which shares the true one lies, `right` of `total` having been seen; (0, 1) where nothing was."""
    if not total:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, weight = right / total, z * z / total
    middle = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)


def difference_interval(first: tuple[int, int], second: tuple[int, int], level: float = 0.95) -> tuple[float, float]:
    """Between which values the first share minus the second lies; each is (right, total), of other images."""
    shares = [right / total for right, total in (first, second)]
    (low, high), (other_low, other_high) = (wilson_interval(*each, level) for each in (first, second))
    gap = shares[0] - shares[1]
    return (
        gap - math.hypot(shares[0] - low, other_high - shares[1]),
        gap + math.hypot(high - shares[0], shares[1] - other_low),
    )


def calibration(confidences: Real, right: NDArray[np.bool_], bins: int = 15) -> tuple[float, float]:
    """How far the probability of the answer is from the share of right answers.

    Args:
        confidences: (N,) probability of the predicted class, in [0, 1].
        right: (N,) whether it was the true one.
        bins: of equal width over [0, 1].

    Returns:
        The expected calibration error in [0, 1]; mean confidence minus accuracy, positive for a model surer than right.
    """
    places = np.minimum((confidences * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(places, confidences - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(right)), float((confidences - right).mean())


def confused_pairs(counts: Whole) -> list[tuple[int, int]]:
    """(true, predicted) of every kind of error: the most images first, then the largest share of the class."""
    shares = row_shares(counts)
    wrong = [(int(a), int(b)) for a, b in zip(*np.nonzero(counts), strict=True) if a != b]
    return sorted(wrong, key=lambda pair: (-counts[pair], -shares[pair], pair))
