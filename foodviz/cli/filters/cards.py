"""What the cards of `foodviz filters` show, gathered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from foodviz.cli.run import Run
    from foodviz.metrics.filters import Scan
    from foodviz.models import Layer
    from foodviz.render.filters import Card

CROPS = 9
SHARPER = 2  # crops are cut from photographs this much larger than the model's input


def cards(
    run: Run, layer: Layer, module: nn.Module, scan: Scan, chosen: Sequence[int], pictures: Tensor, dead: np.ndarray
) -> tuple[list[Card], dict[str, np.ndarray]]:
    """A card for each chosen filter, and their arrays: maps, crops with ids, means of the classes."""
    import numpy as np
    import torch

    from foodviz.methods.feature_maps import effective_field, feature_maps
    from foodviz.metrics.filters import sentence
    from foodviz.render.filters import Card

    channels = torch.tensor(chosen)
    maps = torch.cat(
        [feature_maps(run.classifier, module, some, channels) for some in torch.split(run.batch.images, 16)]
    )
    values = maps.cpu().numpy()
    classes = len(run.classifier.class_names)
    order = np.array(run.class_order) if (scan.labels >= 0).any() else np.zeros(1, np.int64)
    means = scan.class_means(classes, np.where(scan.labels >= 0, order[scan.labels.clip(0)], -1))
    rows = np.stack([scan.top(number, CROPS) for number in chosen])  # (K, T) places in the scan
    crops = _crops(run, layer, scan, chosen, rows, effective_field(run.classifier, module, run.classifier.input_size))
    correlations, similarity, selectivity = scan.correlations(), scan.similarity(), scan.selectivity()
    versions = pictures.view(len(chosen), -1, *pictures.shape[1:]).numpy()
    shown = []
    for place, number in enumerate(chosen):
        others = similarity[number].copy()
        others[number] = np.nan
        remarks = f"selectivity {selectivity[number]:.2f}"
        if len(others) > 1:
            near, far = int(np.nanargmax(others)), int(np.nanargmin(others))
            remarks += f"   most like {near} ({others[near]:.2f}), least like {far} ({others[far]:.2f})"
        captions = [_caption(run, int(scan.ids[row])) for row in rows[place]]
        shown.append(
            Card(
                number,
                "dead" if dead[place] else sentence(correlations[number]),
                remarks,
                dead_advice(run, layer, scan).replace("; ", ";\n") if dead[place] else "",
                versions[place],
                values[:, place],
                crops[place],
                captions,
                means[number],
            )
        )
    arrays = {"maps": values, "crops": crops, "crop_ids": scan.ids[rows], "class_means": means[list(chosen)]}
    return shown, arrays


def dead_advice(run: Run, layer: Layer, scan: Scan | None) -> str:
    """What follows from a dead filter: where to look instead."""
    from foodviz.models import convolution_before

    before = convolution_before(run.classifier, layer)
    advice = "nothing that it is shown changes it; pruning it loses nothing"
    if before and layer.kind not in ("Conv2d", "BatchNorm2d"):
        advice += f"; before its activation it may speak: --layer {before}"
    if scan is not None:
        alive = [str(number) for number in (~scan.dead()).nonzero()[0]]
        advice += f"; {len(alive)} of {layer.channels} filters are alive"
        advice += f", such as {' '.join(alive[:5])}" if alive else ""
    return advice


def _crops(
    run: Run, layer: Layer, scan: Scan, chosen: Sequence[int], rows: np.ndarray, field: tuple[float, float]
) -> np.ndarray:
    """(K, T, 3, h, w): of each photograph the part around the maximum that the cell depends on."""
    import numpy as np

    from foodviz.data.batch import read

    size = run.classifier.input_size
    large = (size[0] * SHARPER, size[1] * SHARPER)
    ids = [int(each) for each in scan.ids[np.unique(rows)]]
    batch = read(run.listing, ids, large)
    photographs = dict(zip(ids, batch.images.numpy(), strict=True))
    height, width = (min(SHARPER * max(round(length), 8), whole) for length, whole in zip(field, large, strict=True))
    cut = []
    for number, tops in zip(chosen, rows, strict=True):
        for row in tops:
            y, x = divmod(int(scan.peaks[row, number]), layer.width)
            top = _begin((y + 0.5) / layer.height * large[0], height, large[0])
            left = _begin((x + 0.5) / layer.width * large[1], width, large[1])
            cut.append(photographs[int(scan.ids[row])][:, top : top + height, left : left + width])
    return np.stack(cut).reshape(*rows.shape, *cut[0].shape)


def _begin(middle: float, length: int, whole: int) -> int:
    """Where a piece around `middle` begins that stays inside."""
    return int(min(max(middle - length / 2, 0), whole - length))


def _caption(run: Run, index: int) -> str:
    label = run.listing.labels[index]
    return f"{index} {run.listing.class_names[label]}" if label >= 0 else str(index)
