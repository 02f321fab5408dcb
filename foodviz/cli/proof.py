"""Which reading of its pixels a model is right with most often."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foodviz.cli.trust import Labelled
    from foodviz.models import Classifier, Pixels

FINALISTS = 3
SIZES = (96, 128, 160, 192, 224, 256)


@dataclass(frozen=True)
class Rated:
    """One reading, how many pictures it was tried on, and how it did."""

    pixels: Pixels
    pictures: int
    accuracy: float
    log_likelihood: float

    @property
    def rank(self) -> tuple[int, float, float]:
        return self.pictures, self.accuracy, self.log_likelihood


def rate_readings(classifier: Classifier, pictures: Labelled, few: int) -> list[Rated]:
    """Every usual reading on a few labelled pictures, then the best of them on all; best first.

    Readings are compared by how often they are right, and of equals by how likely they find the labels.
    """
    from foodviz.models import Pixels, reread
    from foodviz.models.pixels import NORMALISATIONS, ORDERS, RESIZES

    size = classifier.input_size[0]
    candidates = [Pixels(*choice, size) for choice in product(ORDERS, NORMALISATIONS, RESIZES)]
    first = [_rated(reread(classifier, each), each, pictures, few) for each in candidates]
    first.sort(key=lambda rated: rated.rank, reverse=True)
    return _with_finals(classifier, first, pictures)


def rate_sizes(classifier: Classifier, best: Rated, pictures: Labelled, few: int) -> list[Rated]:
    """The best reading at other usual input sizes that the network takes, on a few pictures; best first."""
    from foodviz.models import reread

    rated = []
    for size in SIZES:
        pixels = replace(best.pixels, input_size=size)
        try:
            rated.append(_rated(reread(classifier, pixels), pixels, pictures, few))
        except RuntimeError:  # its head is as wide as its maps at one size only
            continue
    return sorted(rated, key=lambda each: each.rank, reverse=True)


def _with_finals(classifier: Classifier, first: list[Rated], pictures: Labelled) -> list[Rated]:
    from foodviz.models import reread

    count = len(pictures.ids)
    finals = [_rated(reread(classifier, each.pixels), each.pixels, pictures, count) for each in first[:FINALISTS]]
    return sorted(finals, key=lambda rated: rated.rank, reverse=True) + first[FINALISTS:]


def _rated(classifier: Classifier, pixels: Pixels, pictures: Labelled, count: int) -> Rated:
    count = min(count, len(pictures.ids))
    return Rated(pixels, count, *pictures.rate(classifier, count))
