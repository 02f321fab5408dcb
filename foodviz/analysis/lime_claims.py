"""What a class is recognised by in words, each put to the test by a change of the pieces that speak for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from foodviz.analysis.filters.claims import Claim, WordTest

if TYPE_CHECKING:
    import numpy as np
    import torch

    from foodviz.analysis.photographs import Photographs

_OTHER_HUES = WordTest(("hue120", "hue240"), "of another hue")
# What the pieces that speak for a class are, more than the rest -> the change that takes that away. Colours are changed
# in those pieces alone, size and place of the whole picture.
_TESTS = {
    "lighter": WordTest(("dark",), "half as bright"),
    "darker": WordTest(("bright",), "half as bright again"),
    "more colourful": WordTest(("grey",), "in grey"),
    "paler": WordTest(("vivid",), "twice as colourful"),
    "redder": WordTest(("red",), "without red of their own"),
    "greener": WordTest(("green",), "without green of their own"),
    "bluer": WordTest(("blue",), "without blue of their own"),
    "less red": _OTHER_HUES,
    "less green": _OTHER_HUES,
    "less blue": _OTHER_HUES,
    "larger": WordTest(("small",), "with the picture at 70 %"),
    "smaller": WordTest(("large",), "with the picture at 140 %"),
    "nearer the centre": WordTest(("shift",), "with the picture shifted"),
    "farther out": WordTest(("shift",), "with the picture shifted"),
}


def class_claims(
    photographs: Photographs, speaking: torch.Tensor, target: int, words: Sequence[str]
) -> tuple[Claim, ...]:
    """Take what each word says away, and see how far a class's probability falls: 0.1 is ten points.

    Args:
        photographs: N of the class. speaking: (N, H, W) bool, the pieces that speak for it.
        target: the class's index in the model.
        words: of `class_summary`.
    """
    import numpy as np

    from foodviz.methods.interventions.catalogue import CHANGES, Intervention
    from foodviz.methods.interventions.stage import Stage
    from foodviz.metrics.falls import falls

    if not words:
        return ()
    stage = Stage(photographs.images, speaking.to(photographs.images.device), photographs.seeds)

    def probability(change: str) -> np.ndarray:
        region = "object" if "object" in CHANGES[change].regions else "picture"
        return _probability(photographs, stage.changed(Intervention(change, change, region)).images, target)

    tests = [_TESTS[word] for word in words]
    after = np.stack([np.mean([probability(change) for change in test.changes], 0) for test in tests], 1)
    before = photographs.probabilities[:, target].double().cpu().numpy()
    seed = photographs.subject.image_seed(f"class {target}")
    fallen = falls(before, after, before - 1, seed, least=0.0)
    return tuple(Claim(word, test.how, fall) for word, test, fall in zip(words, tests, fallen, strict=True))


def _probability(photographs: Photographs, images: torch.Tensor, target: int) -> np.ndarray:
    """(N,) of the class for changed pictures, by the untouched model."""
    import torch

    from foodviz.analysis.photographs import BATCH
    from foodviz.probabilities import probabilities

    classifier = photographs.subject.classifier
    with torch.inference_mode():
        logits = torch.cat([classifier(some) for some in torch.split(images, BATCH)])
    values: np.ndarray = probabilities(classifier, logits)[:, target].double().cpu().numpy()
    return values


def in_words(claims: Sequence[Claim]) -> dict[str, str]:
    """By word, the effect of those that had one."""
    return {
        claim.word: f"{claim.how} its probability falls by {100 * claim.fall.mean:.0f} points, "
        f"{100 * claim.fall.low:.0f} to {100 * claim.fall.high:.0f}"
        for claim in claims
        if claim.fall.clear
    }
