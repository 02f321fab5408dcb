"""Which of the candidates for an architecture labelled pictures speak for."""

from collections.abc import Callable, Sequence

from foodviz.models.guess.candidates import Candidate, variants
from foodviz.models.guess.rating import Rating, ranked

# Candidates that are tried on pictures: those at least this share as likely as the likeliest, and no more than this.
WORTH_TRYING, MOST_TRIED = 0.01, 16


def choose(possible: Sequence[Candidate], rate: Callable[[Candidate], Rating]) -> list[tuple[Rating, str]]:
    """Every candidate worth a try, best first, as `rating.ranked` has it, and its text.

    First where the pools and activations stand, with the usual activation; then, for the best two of these, which
    activation and which kind of pool it is; then once more for the best of all.
    """
    rated: dict[str, tuple[Rating, Candidate]] = {}

    def order() -> list[tuple[Rating, Candidate]]:
        return ranked(rated.values(), lambda candidate: candidate.plausibility)

    def best(some: Sequence[Candidate], count: int) -> list[Candidate]:
        for candidate in some:
            if candidate.text not in rated:
                rated[candidate.text] = rate(candidate), candidate
        return [candidate for _, candidate in order()[:count]]

    likely = [candidate for candidate in possible if candidate.plausibility >= WORTH_TRYING * possible[0].plausibility]
    for structure in best(likely[:MOST_TRIED], 2):
        best(variants(structure), 1)
    best(variants(best([], 1)[0]), 1)
    return [(rating, candidate.text) for rating, candidate in order()]
