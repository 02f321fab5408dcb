"""The cards of filters: what is known of each, ready to be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np

    from foodviz.analysis.filters.evidence import DrawnPictures, FilterFacts
    from foodviz.analysis.filters.scan import ScannedLayer
    from foodviz.data import Split
    from foodviz.metrics.filters import Scan
    from foodviz.models import Classifier, Layer
    from foodviz.render.filters import Card, Drawing


def cards(
    scanned: ScannedLayer,
    known: Sequence[FilterFacts],
    maps: np.ndarray,
    facts: Mapping[str, Mapping[str, Any]],
    dead: Sequence[bool],
    advice: str,
) -> list[Card]:
    """The cards of K filters.

    Args:
        known: of each. facts: what the manifest says of each, by its number.
        maps: (N, K, h, w), of the photographs asked for.
        dead: which of them have nothing drawn. advice: for those.
    """
    from foodviz.render import sentences
    from foodviz.render.filters import Card

    selectivity, similarity = scanned.scan.selectivity(), scanned.scan.similarity()
    made = []
    for row, each in enumerate(known):
        own = facts[str(each.number)]
        remarks = f"selectivity {selectivity[each.number]:.2f}{_likeness(similarity[each.number], each.number)}"
        made.append(
            Card(
                each.number,
                "dead" if dead[row] else own["says"],
                (sentences.strongest_photographs(own), remarks),
                "" if dead[row] else sentences.drawn_ways(own),
                advice.replace("`", "").replace("; ", ";\n") if dead[row] else "",
                [_drawing(drawn) for drawn in each.drawn],
                maps[:, row],
                each.crops,
                [_caption(scanned.split, index) for index in each.ids.tolist()],
                each.peaks.tolist(),
                each.class_means,
            )
        )
    return made


def dead_advice(classifier: Classifier, layer: Layer, scan: Scan | None) -> str:
    """What follows from a dead filter: where to look instead."""
    from foodviz.models import convolution_before

    before = convolution_before(classifier, layer)
    advice = "nothing that it is shown changes it; pruning it loses nothing"
    if before and layer.kind not in ("Conv2d", "BatchNorm2d"):
        advice += f"; before its activation it may speak: `layer` {before}"
    if scan is not None:
        alive = [str(number) for number in (~scan.dead()).nonzero()[0]]
        advice += f"; {len(alive)} of {layer.channels} filters are alive"
        advice += f", such as {' '.join(alive[:5])}" if alive else ""
    return advice


def _likeness(similarity: np.ndarray, number: int) -> str:
    """Who is like a filter, from its cosines (K,) with all of its layer."""
    import numpy as np

    others = similarity.copy()
    others[number] = np.nan
    if len(others) < 2:
        return ""
    near, far = int(np.nanargmax(others)), int(np.nanargmin(others))
    return f"; most like {near} ({others[near]:.2f}), least like {far} ({others[far]:.2f})"


def _drawing(drawn: DrawnPictures) -> Drawing:
    """What is drawn, with its activation in the unit that the crops have."""
    from foodviz.render import sentences
    from foodviz.render.filters import Drawing

    low, high = (sentences.short(value) for value in (drawn.peaks.min(), drawn.peaks.max()))
    cells = f"largest cell {high}" if low == high else f"largest cells {low} to {high}"
    scaled = ", ".join("unclear" if path.verdict == "unclear" else f"{path.scaled:.2f}" for path in drawn.paths)
    caption = f"{cells}\nmean {sentences.short(drawn.means.mean())}" + (f"\nway {scaled}" if scaled else "")
    return Drawing(drawn.pictures, f"drawn for {drawn.climbed}", caption, drawn.goes_another_way)


def _caption(split: Split, index: int) -> str:
    label = split.labels[index]
    return f"{index} {printable(split.class_names[label], 24)}" if label >= 0 else str(index)
