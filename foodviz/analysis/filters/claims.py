"""What a filter answers to in words, each word put to the test: its matching change, on the photographs that excite it.

A word that only goes with a filter's map is no cause: brightness goes with whatever is bright. What the map correlates
with, and what sets the filter's crops apart from other places, are candidates; those are said whose change takes the
activation away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from foodviz.analysis.filters.places import READ, part

if TYPE_CHECKING:
    import numpy as np
    import torch

    from foodviz.analysis.filters.places import Places
    from foodviz.analysis.filters.scan import ScannedLayer
    from foodviz.metrics.falls import Fall

_STRONGEST = 4  # candidates of either kind
_COLOURFUL = 0.05  # range of a pixel's colours from which on it has a hue


class WordTest(NamedTuple):
    """The changes that take away what a word says, and how a sentence puts that: `under grain` it falls."""

    changes: tuple[str, ...]
    how: str


_BLURRED, _GRAINED, _TURNED = (
    WordTest(("blur",), "blurred"),
    WordTest(("grain",), "under grain"),
    WordTest(("turn",), "turned by 90°"),
)
_OTHER_HUES = ("hue120", "hue240")  # of the pixels alone that have the hue
# A property, or how little of it is called -> its test.
_TESTS = {
    "brightness": WordTest(("dark",), "half as bright"),
    "darkness": WordTest(("bright",), "half as bright again"),
    "saturation": WordTest(("grey",), "in grey"),
    "greyness": WordTest(("vivid",), "twice as colourful"),
    "edges": _BLURRED,
    "few edges": _GRAINED,
    "local contrast": _BLURRED,
    "smooth areas": _GRAINED,
    "curves": _BLURRED,
    "few curves": _GRAINED,
}


@dataclass(frozen=True)
class Claim:
    """A word for what a filter answers to.

    Attributes:
        word: a property, or how little of it is called.
        how: what was done to take it away, in words.
        fall: how far the strongest cells fall: 1 is to the filter's mean over all photographs.
    """

    word: str
    how: str
    fall: Fall

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says."""
        return {"word": self.word, "change": self.how, **self.fall.facts}


def tested_claims(scanned: ScannedLayer, number: int, places: Places) -> tuple[Claim, ...]:
    """The words for one filter with the effect of each, of the candidates that have a test.

    Args:
        places: T photographs that excite it most.
    """
    import numpy as np

    mean, spread = scanned.scan.properties()
    ahead = _properties_at(scanned, places).mean(0) - mean
    apart = np.divide(ahead, spread, out=np.zeros_like(spread), where=spread > 0)
    return claims_for(scanned, number, places, candidates(scanned.scan.correlations()[number], apart))


def candidates(correlations: np.ndarray, apart: np.ndarray) -> tuple[str, ...]:
    """Words for what a filter's map goes with most, and for what sets its crops apart from other places most.

    Of words that one change would test alike the first.

    Args:
        correlations: (P,) with PROPERTIES.
        apart: (P,) how far the crops' mean is from that of all places, in standard deviations of all places.
    """
    import numpy as np

    strongest = [(values, np.argsort(-np.abs(values), kind="stable")[:_STRONGEST]) for values in (correlations, apart)]
    words = [_word(int(index), values[index]) for values, order in strongest for index in order if values[index]]
    by_change: dict[str, str] = {}
    for word in words:
        if test := _test(word):
            by_change.setdefault(test.how, word)
    return tuple(by_change.values())


def claims_for(scanned: ScannedLayer, number: int, places: Places, words: Sequence[str]) -> tuple[Claim, ...]:
    """Take what each word says away from T photographs, and see how far the filter's strongest cells fall.

    Places to look at are the strongest cell and its neighbours, where the change puts them.
    """
    import numpy as np
    import torch

    from foodviz.metrics.falls import falls

    tests = [(word, test) for word in words if (test := _test(word))]
    if not tests:
        return ()
    images, cells = [], []
    for word, test in tests:
        for change in test.changes:
            images.append(_changed(places, word, change))
            cells.append(_quarter_turn(places.cells) if change == "turn" else places.cells)
    values = _strongest(scanned, number, torch.cat(images), np.concatenate(cells)).reshape(len(images), -1)
    counts = [len(test.changes) for _, test in tests]
    after = np.stack([part.mean(0) for part in np.split(values, np.cumsum(counts)[:-1])], 1)
    scan = scanned.scan
    fallen = falls(
        scan.maxima[scan.top(number, len(places.ids)), number],
        after,
        float(scan.means[:, number].mean()),
        scanned.subject.image_seed(f"{scanned.layer.name} {number}"),
    )
    return tuple(Claim(word, test.how, fall) for (word, test), fall in zip(tests, fallen, strict=True))


def _properties_at(scanned: ScannedLayer, places: Places) -> np.ndarray:
    """(N, P) means of the local properties of photographs, over what each place's cell depends on."""
    import numpy as np

    from foodviz.metrics.properties import local_properties

    values = local_properties(places.images).cpu().numpy()
    return np.stack(
        [part(each, cell, scanned.window).mean((1, 2)) for each, cell in zip(values, places.cells, strict=True)]
    )


def _word(index: int, sign: float) -> str:
    from foodviz.metrics.properties import OPPOSITES, PROPERTIES

    name = PROPERTIES[index]
    return name if sign > 0 else OPPOSITES.get(name, f"few {name}")


def _test(word: str) -> WordTest | None:
    """None where no change takes away what the word says."""
    from foodviz.metrics.properties import HUES, LINES

    if word in HUES:
        return WordTest(_OTHER_HUES, f"its {word} of another hue")
    return _TURNED if word in LINES else _TESTS.get(word)


def _changed(places: Places, word: str, change: str) -> torch.Tensor:
    """(T, 3, H, W): the photographs under a change; one of hue is for the pixels that have the hue alone."""
    from foodviz.methods.interventions.catalogue import Intervention
    from foodviz.methods.interventions.stage import Stage
    from foodviz.metrics.properties import HUES, PROPERTIES, local_properties

    masks, region = None, "picture"
    if word in HUES:
        masks, region = local_properties(places.images)[:, PROPERTIES.index(word)] > _COLOURFUL, "object"
    stage = Stage(places.images, masks, places.seeds)
    return stage.changed(Intervention(change, change, region)).images


def _quarter_turn(cells: np.ndarray) -> np.ndarray:
    """Where cells (N, 2) lie after `turn`, against the clock."""
    import numpy as np

    return np.column_stack([1 - cells[:, 1], cells[:, 0]])


def _strongest(scanned: ScannedLayer, number: int, images: torch.Tensor, cells: np.ndarray) -> np.ndarray:
    """(N,) the filter's largest value in each picture among a cell and its neighbours."""
    import numpy as np
    import torch

    from foodviz.methods.feature_maps import feature_maps

    channels = torch.tensor([number])
    parts = [feature_maps(scanned.model, scanned.module, some, channels)[:, 0] for some in torch.split(images, READ)]
    maps = torch.cat(parts).cpu().numpy()
    sides = np.array(maps.shape[1:])
    rows, columns = np.minimum((cells * sides).astype(int), sides - 1).T
    return np.array(
        [
            each[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].max()
            for each, row, column in zip(maps, rows, columns, strict=True)
        ]
    )
