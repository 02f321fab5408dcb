"""What a whole layer answers to many photographs: one pass, kept in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from foodviz.analysis.sweep import gather
from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from foodviz.analysis.subject import Subject
    from foodviz.analysis.sweep import Arrays
    from foodviz.data import Split
    from foodviz.data.batch import Batch
    from foodviz.metrics.filters import Scan
    from foodviz.models import Layer

BATCH = 16  # pictures a forward pass: maps of early layers are large
BATCHES = 16  # a part of the pass
_LEAST = 8  # pixels of a crop's side


@dataclass(frozen=True, eq=False)
class ScannedLayer:
    """A layer and what it answered to photographs of a split: where every fact about a filter comes from.

    Attributes:
        split: that was scanned.
        layer: as it was resolved. model: images (N, 3, H, W) in [0, 1] -> logits. module: the layer inside it.
    """

    subject: Subject
    split: Split
    layer: Layer
    model: nn.Module
    module: nn.Module
    scan: Scan

    @cached_property
    def window(self) -> tuple[int, int]:
        """Height and width in pixels of the part of a picture that one cell depends on; at least _LEAST each."""
        from foodviz.methods.feature_maps import effective_field

        size = self.subject.classifier.input_size
        height, width = effective_field(self.model, self.module, size)
        return min(max(round(height), _LEAST), size[0]), min(max(round(width), _LEAST), size[1])

    @cached_property
    def labels(self) -> np.ndarray:
        """(n,) of the photographs, as the model numbers its classes; -1 where unknown."""
        from foodviz.data.class_names import renumbered

        labels = self.scan.labels
        return renumbered(labels, self.subject.class_order(self.split)) if (labels >= 0).any() else labels

    @cached_property
    def class_means(self) -> np.ndarray:
        """(K, C) of all filters of the layer; NaN where no photograph is of the class."""
        return self.scan.class_means(len(self.subject.classifier.class_names), self.labels)


def scan_layer(
    subject: Subject, split: Split, layer: Layer, model: nn.Module, module: nn.Module, count: int | None
) -> Scan:
    """What the layer answers to `count` pictures, evenly spread over the split; labels as the data numbers them.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits. module: the layer inside it.
        count: None for all.

    Raises:
        InputError: no picture can be read.
    """
    from foodviz.metrics.filters import Scan

    class ScanTally:
        """The scan of one part."""

        def __init__(self) -> None:
            self.scan = Scan()

        def add(self, batch: Batch) -> None:
            from foodviz.methods.feature_maps import feature_maps

            images = batch.images.to(subject.device)
            self.scan.add(images, feature_maps(model, module, images), batch.labels.tolist(), batch.ids)

        def arrays(self) -> Arrays:
            return self.scan.arrays()

    parts, _ = gather(
        subject,
        split,
        split.spread(count or len(split)),
        subject.classifier.input_size,
        ScanTally,
        kind="filters",
        key=[subject.classifier.identity, subject.device.type, layer.name],
        batch=BATCH,
        batches=BATCHES,
    )
    return Scan.joined(parts)


def facts_of(scan: Scan, split: Split, numbers: Sequence[int]) -> dict[str, Any]:
    """What the manifest says of each filter."""
    import numpy as np

    from foodviz.metrics.filters import sentence
    from foodviz.metrics.properties import PROPERTIES

    correlations, selectivity, dead = scan.correlations(), scan.selectivity(), scan.dead()
    return {
        str(number): {
            "says": "dead: the same for every photograph" if dead[number] else sentence(correlations[number]),
            "correlations": dict(zip(PROPERTIES, np.round(correlations[number], 4).tolist(), strict=True)),
            "selectivity": round(float(selectivity[number]), 4),
            "dead": bool(dead[number]),
            "top": [split.describe(int(scan.ids[row])) for row in scan.top(number)],
        }
        for number in numbers
    }


def scan_arrays(scan: Scan) -> dict[str, np.ndarray]:
    """Of all filters of the layer: correlations (K, P) with local properties, similarity (K, K), scanned_ids (n,)."""
    return {"correlations": scan.correlations(), "similarity": scan.similarity(), "scanned_ids": scan.ids}


def compared(scan: Scan, numbers: Sequence[int]) -> np.ndarray:
    """The filters whose likeness is drawn: those asked for, else the layer's that are alive.

    Raises:
        InputError: fewer than two.
    """
    import numpy as np

    chosen = np.array(numbers) if numbers else np.flatnonzero(~scan.dead())
    if len(chosen) < 2:
        raise InputError("`similar`: give at least two filters")
    return chosen


def alike(scan: Scan, numbers: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """The cosines (K, K) of the filters in an order in which like stands beside like, and what the manifest says.

    Facts: `nearest` and `most opposite` as two filters and their cosine, `order` as the filters down the matrix.
    """
    import numpy as np

    from foodviz.metrics.filters import extremes, similar_first

    part = scan.similarity()[np.ix_(numbers, numbers)]
    facts: dict[str, Any] = {}
    for name, (a, b) in zip(("nearest", "most opposite"), extremes(part), strict=True):
        facts[name] = [int(numbers[a]), int(numbers[b]), round(float(part[a, b]), 4)]
    order = similar_first(part)
    return part[np.ix_(order, order)], {**facts, "order": numbers[order].tolist()}
