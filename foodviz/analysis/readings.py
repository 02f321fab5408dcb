"""Which reading of its pixels fits a model best."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foodviz.analysis.accuracy_check import LabelledPictures
    from foodviz.models import Classifier, Preprocessing
    from foodviz.models.guess.rating import Rating

    Rated = tuple[Rating, Preprocessing]

LEAST = 11  # pictures that a rating says something on
SIZES = (96, 128, 160, 192, 224, 256)


def rate_readings(classifier: Classifier, pictures: LabelledPictures, few: int, finalists: int = 3) -> list[Rated]:
    """Every usual reading on the fewest pictures, the likelier ones on a few more, the best on all; best first.

    A reading is out of the race where it names markedly fewer pictures rightly than the best: by more than two standard
    errors of both. Readings of the same number of pictures stand together, as each was left for the others.
    """
    from foodviz.models import Preprocessing
    from foodviz.models.guess.rating import ranked
    from foodviz.models.preprocessing import NORMALISATIONS, ORDERS, OWN, RESIZES

    size = classifier.input_size
    declared, figures = classifier.origin.declared, classifier.preprocessing.figures
    own = [OWN] if figures or declared.mean else []
    figures = None if figures == (declared.mean, declared.std) else figures
    candidates = [
        Preprocessing(order, normalise, resize, size, figures if normalise == OWN else None)
        for order, normalise, resize in product(ORDERS, [*own, *NORMALISATIONS], RESIZES)
    ]
    ratings: list[Rated] = [_rated(classifier, each, pictures, LEAST) for each in candidates]
    out: list[Rated] = []
    for count, most in ((few, len(ratings)), (len(pictures.ids), finalists)):
        ratings = ranked(ratings, likely)
        best = ratings[0][0]
        near = [each for each in ratings[:most] if each[0].accuracy >= best.accuracy - 2 * (best.error + each[0].error)]
        out = [each for each in ratings if each not in near] + out
        ratings = [_rated(classifier, reading, pictures, count) for _, reading in near]
    return ranked(ratings, likely) + out


def rate_sizes(classifier: Classifier, best: Preprocessing, pictures: LabelledPictures, few: int) -> list[Rated]:
    """The best reading at usual input sizes, those that the network takes, on a few pictures; best first."""
    from foodviz.models.guess.rating import ranked

    rated = []
    for size in SIZES:
        try:
            rated.append(_rated(classifier, replace(best, input_size=(size, size)), pictures, few))
        except RuntimeError:  # its head is as wide as its maps at one size only
            continue
    return ranked(rated, lambda each: float(each.input_size == classifier.input_size))


def likely(preprocessing: Preprocessing) -> float:
    """How often people train like this."""
    return preprocessing.plausibility


def _rated(classifier: Classifier, reading: Preprocessing, pictures: LabelledPictures, count: int) -> Rated:
    from foodviz.models import reread

    return pictures.rate(reread(classifier, reading), min(count, len(pictures.ids))), reading
