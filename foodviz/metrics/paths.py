"""Does a drawn picture excite a filter by the way through the net that photographs take?

Geirhos, Zimmermann, Bilodeau, Brendel, Kim 2023, "Don't trust your eyes: on the (un)reliability of feature
visualizations", arXiv:2306.04719, the sanity check of figure 5: Spearman's rank correlation of the activations of an
earlier layer for a drawn picture and for photographs of its class, on a scale on which photographs of one class have 1
among themselves and 0 with those of other classes.

Deviations: a filter's strongest photographs stand for the class, places chosen by chance in others for other classes;
of each layer that part is compared which the filter's cell depends on, so that what excites it lies on each other; the
layers are averaged; and there is a verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foodviz.metrics.agreement import ranks

Floats = NDArray[np.float64]
_CLEAR = 0.8  # how often a strong photograph must be more like the strong ones than another place is
_NEARER = 0.5  # on the scale: below it the drawn picture is nearer to other places
VERDICTS = ("same", "another", "unclear")


@dataclass(frozen=True, eq=False)
class PathCheck:
    """How like the strongest photographs a drawn picture is in the L layers before a filter, -1 to 1 each.

    Attributes:
        drawn: (L,) mean rank correlation with T strongest photographs.
        among: (L, T) of each of these with the others of them.
        others: (L, M) of each of M other places with them.
    """

    drawn: Floats
    among: Floats
    others: Floats

    @property
    def by_layer(self) -> Floats:
        """(L, 3) means: drawn, among the photographs, other places."""
        return np.column_stack([self.drawn, self.among.mean(1), self.others.mean(1)])

    @property
    def means(self) -> tuple[float, float, float]:
        """`by_layer`, averaged over the layers."""
        drawn, among, others = (float(value) for value in self.by_layer.mean(0))
        return drawn, among, others

    @property
    def scaled(self) -> float:
        """1 as like as the photographs are among themselves, 0 as like as other places; NaN where those are equal."""
        drawn, among, others = self.means
        return (drawn - others) / (among - others) if among != others else float("nan")

    @property
    def verdict(self) -> str:
        """One of VERDICTS.

        `another` way: no photograph is as unlike the others as the drawn picture is, and it is nearer to other places.
        `unclear`: the photographs themselves are hardly more alike than other places are.
        """
        among, others = self.among.mean(0), self.others.mean(0)
        if (among[:, None] > others).mean() < _CLEAR:
            return "unclear"
        return "another" if self.means[0] < among.min() and self.scaled < _NEARER else "same"


def path_checks(photographs: Sequence[Floats], drawn: Sequence[Floats], others: Sequence[Floats]) -> list[PathCheck]:
    """The check of each of V drawn pictures, from the values of L layers as `ranked` has them.

    Args:
        photographs: (T, D) of each layer for the strongest photographs, T >= 2.
        drawn: (V, D) the same for drawn pictures. others: (M, D) for other places.
    """
    count = len(photographs[0])
    layers = list(zip(photographs, drawn, others, strict=True))
    among = np.stack([(strong @ strong.T).sum(1) - (strong * strong).sum(1) for strong, _, _ in layers]) / (count - 1)
    other = np.stack([(each @ strong.T).mean(1) for strong, _, each in layers])
    own = np.stack([(each @ strong.T).mean(1) for strong, each, _ in layers])  # (L, V)
    return [PathCheck(own[:, row], among, other) for row in range(own.shape[1])]


def ranked(values: np.ndarray) -> Floats:
    """(N, D) rows as their ranks about the mean, scaled to length 1: the product of two is Spearman's correlation.

    0 everywhere for a row that is the same everywhere.
    """
    centred = np.stack([ranks(row) for row in values]) - (values.shape[1] - 1) / 2
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    scaled: Floats = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    return scaled
