"""The architecture that a checkpoint's weights most likely belong to, in words, and remembered."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from torch import Tensor

from foodviz.cache import cache_file, file_digest, load_json, save_json
from foodviz.errors import InputError
from foodviz.models.classifier import Classifier
from foodviz.models.files.weights import Checkpoint
from foodviz.models.guess.candidates import Candidate, candidates
from foodviz.models.guess.choice import as_good, choose, worth_trying
from foodviz.models.guess.rating import Rating
from foodviz.models.origin import MOST_LISTED, Tried
from foodviz.models.preprocessing import NORMALISATIONS, ORDERS, Preprocessing, Size, size_text
from foodviz.printable import printable
from foodviz.progress import Progress

_VERSION = "1"  # raised when the same weights would be read otherwise
_SHOWN = 3  # readings that lines are said of
_WORST = Rating(1, 0.0, -1e3, 1e6)  # of a reading that does not run


class _DoesNotRun(Exception):
    """A reading that the network's layers refuse."""


@dataclass(frozen=True)
class Score:
    """Rates classifiers on labelled pictures.

    Attributes:
        pictures: which, a text that no others have.
        rate: what a rating depends on, so that it can be remembered, and what makes the classifier -> the rating.
    """

    pictures: str
    rate: Callable[[str, Callable[[], Classifier]], Rating]


@dataclass(frozen=True)
class Guess:
    """What was guessed.

    Attributes:
        text: for `stack.build_stack`.
        tried: architectures that were tried on pictures, the best, best first; none without pictures.
        as_well: how many other readings fit as well.
    """

    text: str
    tried: tuple[Tried, ...]
    as_well: int

    @property
    def decided(self) -> bool:
        """Whether pictures speak for it at all."""
        return bool(self.tried) and self.tried[0][0].beats_guessing

    @property
    def source(self) -> str:
        """How it is known, in words."""
        if self.decided:
            return "guessed from the weights, decided by labelled pictures"
        if self.tried:
            return "guessed from the weights; labelled pictures do not decide"
        return "guessed from the weights: the likeliest of several readings"

    @property
    def doubts(self) -> tuple[str, ...]:
        """What every figure says; nothing where pictures decided."""
        if self.decided and not self.as_well:
            return ()
        reasons = []
        if self.tried and not self.decided:
            reasons.append("no reading names labelled pictures better than guessing does")
        if self.as_well:
            reasons.append(f"{self.as_well} other reading{'s fit' if self.as_well > 1 else ' fits'} as well")
        if not self.tried:
            reasons.append("no labelled picture told its activations")
        return (f"Architecture guessed; {', '.join(reasons)}.",)

    @property
    def lines(self) -> list[str]:
        """What is said when it is opened."""
        lines = [f"architecture {self.source}: {self.text}; `arch` {self.text!r} pins it"]
        lines += [
            f"  {'chosen' if arch == self.text else 'against'}: {rating}: {arch}"
            for rating, arch in self.tried[:_SHOWN]
        ]
        lines += [
            f"warning: {doubt} If it is known, write `arch` 'stack; ...' as above, `arch` path/to/net.py:Class or "
            "`input_size` HEIGHTxWIDTH"
            for doubt in self.doubts
        ]
        return lines


def guess(
    path: Path,
    checkpoint: Checkpoint,
    weights: dict[str, Tensor],
    pixels: Preprocessing,
    make: Callable[[str, Preprocessing], Classifier],
    score: Score | None,
    progress: Progress,
) -> Guess:
    """The likeliest architecture of the weights, decided by labelled pictures where there are some, and remembered.

    Args:
        path: of the checkpoint.
        weights: its own under the names that a stack has.
        pixels: what is known of how pictures are read.
        make: a stack's text and a way to read pictures -> the classifier.
        score: rates a classifier on labelled pictures, which may be none of its classes.

    Raises:
        InputError: no stack.
    """
    digest = f"{file_digest(path)} {checkpoint.form}"
    memory = cache_file("guesses", _VERSION, digest, repr(pixels), score.pictures if score else "", suffix=".json")
    known = load_json(memory)
    if known is not None:
        tried = tuple((Rating(**rating), text) for rating, text in known["tried"])
        return Guess(known["text"], tried, known["as_well"])
    possible = candidates(weights, pixels.input_size)
    if not possible:
        raise _unknown(checkpoint, weights, pixels.input_size)
    if score is None:
        return _remembered(memory, Guess(possible[0].text, (), len(worth_trying(possible)) - 1))
    rate_it = score.rate

    def rate(candidate: Candidate, way: Preprocessing) -> Rating:
        def made() -> Classifier:
            try:
                return make(candidate.text, way)
            except InputError as reason:
                raise _DoesNotRun from reason

        try:
            return rate_it(f"{digest} {candidate.text} {way!r}", made)
        except _DoesNotRun:
            return _WORST

    rated = choose(possible, rate, _ways(pixels), progress)
    tried = tuple((rating, candidate.text) for rating, candidate in rated[:MOST_LISTED])
    return _remembered(memory, Guess(tried[0][1], tried, as_good(rated)))


def _remembered(memory: Path, guessed: Guess) -> Guess:
    save_json(memory, {**vars(guessed), "tried": [(vars(rating), text) for rating, text in guessed.tried]})
    return guessed


def _ways(pixels: Preprocessing) -> list[Preprocessing]:
    """How pictures may be read, as far as it is not known; the usual way first."""
    orders = ORDERS if pixels.channel_order is None else (pixels.channel_order,)
    normalisations = tuple(NORMALISATIONS) if pixels.normalise is None else (pixels.normalise,)
    return [
        replace(pixels, channel_order=order, normalise=normalise)
        for order, normalise in product(orders, normalisations)
    ]


def _unknown(checkpoint: Checkpoint, weights: dict[str, Tensor], size: Size | None) -> InputError:
    others = candidates(weights) if size else []
    if size and others:
        return InputError(
            f"does not run on pictures of {size[0]}x{size[1]} as a plain stack; "
            f"`input_size` {size_text(others[0].size)} fits its weights"
        )
    tree = checkpoint.tree
    model = f" of class {printable(getattr(tree, 'origin', type(tree).__name__))}" if tree is not None else ""
    return InputError(
        f"holds weights{model} of no architecture that foodviz knows and no plain stack of convolutions; give "
        "`arch` path/to/net.py:Class"
    )
