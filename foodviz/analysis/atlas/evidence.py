"""What photographs show of a layer's filters: crops, and whether drawn pictures go the way that photographs go."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foodviz.cache import cache_file, load_arrays, save_arrays

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from foodviz.analysis.atlas.crops import Photographed
    from foodviz.analysis.filters.scan import ScannedLayer

CROPS = 8  # photographs of each filter
_LEAST = 3  # with which a way through the net can be compared


@dataclass(frozen=True, eq=False)
class Evidence:
    """Of K filters.

    Attributes:
        crops: (K, T, s, s', 3) uint8 of the photographs that excite each most, best first.
        ways: (K,) verdict of the path check, one of `paths.VERDICTS`; empty where there is nothing to compare.
        scaled: (K,) its figure, 1 as like as the photographs are among themselves, 0 as other places; NaN without one.
    """

    crops: np.ndarray
    ways: np.ndarray
    scaled: np.ndarray


def evidence_of(
    scanned: ScannedLayer, photographed: Photographed, chosen: Sequence[int], pictures: Sequence[np.ndarray | None]
) -> Evidence:
    """Of the filters `chosen`, whose drawn pictures are (h, w, 3) uint8 or None; from the cache where it is there."""
    import numpy as np

    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(b"none" if picture is None else picture.tobytes())
    subject, split = scanned.subject, scanned.split
    ids, numbers = (",".join(map(str, each)) for each in (scanned.scan.ids.tolist(), chosen))
    key = subject.classifier.identity, scanned.layer.name, split.fingerprint, ids, numbers, digest.hexdigest()
    file = cache_file("atlas-evidence", "1", subject.device.type, str(subject.seed), *key, suffix=".npz")
    kept = load_arrays(file)
    if kept is None:
        rows = np.stack([scanned.scan.top(number, CROPS) for number in chosen])
        crops = photographed.crops(scanned.scan, scanned.layer, chosen, rows, scanned.window)
        ways, scaled = _ways(scanned, photographed, chosen, rows, pictures)
        kept = {"crops": crops, "ways": ways, "scaled": scaled}
        save_arrays(file, kept)
    return Evidence(**kept)


def _ways(
    scanned: ScannedLayer,
    photographed: Photographed,
    chosen: Sequence[int],
    rows: np.ndarray,
    pictures: Sequence[np.ndarray | None],
) -> tuple[np.ndarray, np.ndarray]:
    """Verdict and figure of the path check for each filter."""
    import numpy as np
    import torch

    from foodviz.analysis.filters.places import middles, other_places
    from foodviz.methods.earlier_layers import earlier_values
    from foodviz.metrics.paths import path_checks, ranked

    scan, layer = scanned.scan, scanned.layer

    def values(images: Tensor, cells: np.ndarray) -> list[np.ndarray]:
        images = images.to(scanned.subject.device)
        earlier = earlier_values(scanned.model, scanned.module, images, cells.tolist(), scanned.window)
        return [ranked(each.numpy()) for each in earlier]

    verdicts, scaled = np.full(len(chosen), "", "U8"), np.full(len(chosen), np.nan)
    places = other_places(scanned)
    others = values(places.images, places.cells)
    dead = scan.dead()
    if rows.shape[1] < _LEAST or not others:
        return verdicts, scaled
    turns = list(enumerate(chosen))
    for place, number in scanned.subject.progress(turns, f"ways to {layer.name}", total=len(turns)):
        picture = pictures[place]
        if picture is None or dead[number]:
            continue
        peaks = scan.peaks[rows[place], number]
        strong = values(photographed.inputs(scan.ids[rows[place]].tolist()), middles(peaks, layer.height, layer.width))
        drawn = torch.from_numpy(picture).movedim(2, 0)[None].float() / 255
        height, width, peak = _peak(scanned, drawn, number)
        (check,) = path_checks(strong, values(drawn, middles(np.array([peak]), height, width)), others)
        verdicts[place], scaled[place] = check.verdict, check.scaled
    return verdicts, scaled


def _peak(scanned: ScannedLayer, picture: Tensor, number: int) -> tuple[int, int, int]:
    """Height and width of a filter's map of one picture, and the flat index of its largest cell."""
    import torch

    from foodviz.methods.feature_maps import feature_maps

    device = scanned.subject.device
    (maps,) = feature_maps(scanned.model, scanned.module, picture.to(device), torch.tensor([number]))[:, 0].cpu()
    return maps.shape[0], maps.shape[1], int(maps.argmax())
