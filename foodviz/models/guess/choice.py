"""Which of the candidates for an architecture pictures speak for, and how many of them fit as well."""

import math
from collections.abc import Callable, Sequence

from foodviz.models.guess.candidates import Candidate, variants
from foodviz.models.guess.rating import Rating, ranked
from foodviz.models.preprocessing import Preprocessing
from foodviz.progress import Progress, silent

# Candidates that are tried on pictures: those at least this share as likely as the likeliest, and no more than this.
WORTH_TRYING, MOST_TRIED = 0.01, 16
MOST_ROUNDS = 4
_AS_WELL = 1.3  # how much worse the norms of a reading may fit that cannot be told from the best
Reading = tuple[Candidate, Preprocessing]
Rate = Callable[[Candidate, Preprocessing], Rating]


def worth_trying(possible: Sequence[Candidate]) -> list[Candidate]:
    """Those not much less likely than the first."""
    likely = [candidate for candidate in possible if candidate.plausibility >= WORTH_TRYING * possible[0].plausibility]
    return likely[:MOST_TRIED]


def choose(
    possible: Sequence[Candidate],
    rate: Rate,
    pixels: Sequence[Preprocessing] = (Preprocessing(),),
    progress: Progress = silent,
) -> list[tuple[Rating, Candidate]]:
    """Every candidate that was tried, best first, as `rating.ranked` has it, all under the pixels that fit the best.

    Architecture, pixels and size are rated together, one after the other until nothing changes: where the pools and
    activations stand, with the usual activation; for the best two of these, which activation, which kind of pool and
    which size it is; for the best of all, which pixels; and where these are others, all that once more.

    Args:
        possible: the likeliest first.
        rate: how a candidate does on pictures read as it is told.
        pixels: ways to read them, the usual one first.
        progress: shows how far it is.
    """
    rated: dict[tuple[str, Preprocessing], tuple[Rating, Reading]] = {}

    def order(under: Preprocessing | None = None) -> list[tuple[Rating, Reading]]:
        some = [pair for pair in rated.values() if under in (None, pair[1][1])]
        return ranked(some, lambda reading: reading[0].plausibility * reading[1].plausibility)

    def best(some: Sequence[Reading], what: str) -> Candidate:
        new = [reading for reading in some if (reading[0].text, reading[1]) not in rated]
        for candidate, way in progress(new, what, total=len(new)) if new else ():
            rated[candidate.text, way] = rate(candidate, way), (candidate, way)
        return order(some[0][1])[0][1][0]

    way = pixels[0]
    found: Candidate | None = None
    for _ in range(MOST_ROUNDS):
        first = [(candidate, way) for candidate in worth_trying(possible)]
        best(first if found is None else [*first, (found, way)], "where pools and activations stand")
        for structure in [candidate for _, (candidate, _) in order(way)[:2]]:
            best([(each, way) for each in variants(structure)], "which activations, pools and size")
        found = order(way)[0][1][0]
        for _ in range(MOST_ROUNDS):
            again = best([(each, way) for each in variants(found)], "which activations, pools and size")
            if again.text == found.text:
                break
            found = again
        best([(found, each) for each in pixels], "how pixels are read")
        fitting = next(pair[1][1] for pair in order() if pair[1][0].text == found.text)
        if fitting == way:
            break
        way = fitting
    return [(rating, candidate) for rating, (candidate, _) in order(way)]


def as_good(tried: Sequence[tuple[Rating, Candidate]]) -> int:
    """How many readings besides the best the pictures cannot tell from it."""
    best = tried[0][0]
    limit = best.accuracy - 2 * best.error
    return sum(rating.accuracy >= limit and _fits(rating, best) for rating, _ in tried[1:])


def _fits(rating: Rating, best: Rating) -> bool:
    if rating.misfit is None or best.misfit is None:
        return rating.log_likelihood >= best.log_likelihood - 2 / math.sqrt(best.pictures)
    return rating.misfit <= best.misfit * _AS_WELL
