"""What the cards of filters show, gathered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from foodviz.analysis.photographs import Photographs
    from foodviz.data import Split
    from foodviz.metrics.filters import Scan
    from foodviz.models import Classifier, Layer
    from foodviz.render.filters import Card

CROPS = 9
SHARPER = 2  # crops are cut from photographs this much larger than the model's input
READ = 16  # of those at a time


def card_arrays(
    photographs: Photographs,
    split: Split,
    scan: Scan,
    layer: Layer,
    model: nn.Module,
    module: nn.Module,
    numbers: Sequence[int],
) -> dict[str, np.ndarray]:
    """Of K filters.

    Args:
        photographs: N, whose maps are shown. split: the one that was scanned.
        model: images (N, 3, H, W) in [0, 1] -> logits. module: the layer inside it.

    Returns:
        maps (N, K, h, w) in the layer's units; crops (K, T, 3, h', w') of the scanned photographs that excite each
        most, best first, with their crop_ids (K, T); class_means (K, C), NaN where no photograph is of the class.
    """
    import numpy as np
    import torch

    from foodviz.analysis.photographs import BATCH
    from foodviz.methods.feature_maps import effective_field, feature_maps

    subject = photographs.subject
    classifier = subject.classifier
    channels = torch.tensor(numbers)
    maps = torch.cat([feature_maps(model, module, some, channels) for some in torch.split(photographs.images, BATCH)])
    labels = scan.labels
    if (labels >= 0).any():
        labels = np.where(labels >= 0, np.array(subject.class_order(split))[labels.clip(0)], -1)
    means = scan.class_means(len(classifier.class_names), labels)
    rows = np.stack([scan.top(number, CROPS) for number in numbers])  # (K, T) indices into the scan
    field = effective_field(model, module, classifier.input_size)
    return {
        "maps": maps.cpu().numpy(),
        "crops": _crops(split, scan, layer, numbers, rows, field, classifier.input_size),
        "crop_ids": scan.ids[rows],
        "class_means": means[list(numbers)],
    }


def cards(
    arrays: dict[str, np.ndarray],
    split: Split,
    scan: Scan,
    numbers: Sequence[int],
    pictures: np.ndarray,
    dead: np.ndarray,
    advice: str,
) -> list[Card]:
    """The cards of K filters, ready to be drawn.

    Args:
        arrays: as `card_arrays` has them.
        pictures: (K, V, 3, H, W), drawn. dead: (K,). advice: for those.
    """
    import numpy as np

    from foodviz.metrics.filters import sentence
    from foodviz.render.filters import Card

    correlations, similarity, selectivity = scan.correlations(), scan.similarity(), scan.selectivity()
    made = []
    for row, number in enumerate(numbers):
        others = similarity[number].copy()
        others[number] = np.nan
        remarks = f"selectivity {selectivity[number]:.2f}"
        if len(others) > 1:
            near, far = int(np.nanargmax(others)), int(np.nanargmin(others))
            remarks += f"   most like {near} ({others[near]:.2f}), least like {far} ({others[far]:.2f})"
        made.append(
            Card(
                number,
                "dead" if dead[row] else sentence(correlations[number]),
                remarks,
                advice.replace("`", "").replace("; ", ";\n") if dead[row] else "",
                pictures[row],
                arrays["maps"][:, row],
                arrays["crops"][row],
                [_caption(split, index) for index in arrays["crop_ids"][row].tolist()],
                arrays["class_means"][row],
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


def _crops(
    split: Split,
    scan: Scan,
    layer: Layer,
    numbers: Sequence[int],
    rows: np.ndarray,
    field: tuple[float, float],
    size: tuple[int, int],
) -> np.ndarray:
    """(K, T, 3, h, w): of each photograph the part around the maximum that the cell depends on."""
    import numpy as np

    from foodviz.data.batch import read

    large = (size[0] * SHARPER, size[1] * SHARPER)
    height, width = (min(SHARPER * max(round(length), 8), whole) for length, whole in zip(field, large, strict=True))
    crops = np.empty((*rows.shape, 3, height, width), np.float32)
    wanted = np.unique(rows)
    for first in range(0, len(wanted), READ):
        some = wanted[first : first + READ]
        images = read(split, scan.ids[some].tolist(), large).images.numpy()
        for row, image in zip(some, images, strict=True):
            for filter_row, column in np.argwhere(rows == row):
                y, x = divmod(int(scan.peaks[row, numbers[filter_row]]), layer.width)
                top = _begin((y + 0.5) / layer.height * large[0], height, large[0])
                left = _begin((x + 0.5) / layer.width * large[1], width, large[1])
                crops[filter_row, column] = image[:, top : top + height, left : left + width]
    return crops


def _begin(middle: float, length: int, whole: int) -> int:
    """Where a piece around `middle` begins that stays inside."""
    return int(min(max(middle - length / 2, 0), whole - length))


def _caption(split: Split, index: int) -> str:
    label = split.labels[index]
    return f"{index} {printable(split.class_names[label], 24)}" if label >= 0 else str(index)
