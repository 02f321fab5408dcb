"""What is known of filters, many at once: what is drawn, what photographs show, whether the two tell one story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foodviz.analysis.filters.claims import Claim, tested_claims
from foodviz.analysis.filters.places import CROPS, Places, crops, middles, other_places, part, strongest_places

if TYPE_CHECKING:
    import numpy as np
    import torch

    from foodviz.analysis.filters.scan import ScannedLayer
    from foodviz.metrics.paths import PathCheck

WHOLE, CELL = "the whole map", "one cell"
_TOGETHER = 16  # filters whose photographs are in memory at a time
_LEAST = 3  # strongest photographs with which a way through the net can be compared


@dataclass(frozen=True, eq=False)
class DrawnPictures:
    """V pictures drawn for a filter.

    Attributes:
        climbed: what they excite, WHOLE or CELL.
        pictures: (V, 3, h, w) in [0, 1]; for one cell the part that the cell depends on.
        means, peaks: (V,) of the filter's map, in the layer's units, as the whole picture gives it.
        paths: of each; none where no convolution stands before the layer.
    """

    climbed: str
    pictures: np.ndarray
    means: np.ndarray
    peaks: np.ndarray
    paths: tuple[PathCheck, ...]

    @property
    def goes_another_way(self) -> bool:
        """Whether one of them excites the filter by another way than its strongest photographs."""
        return any(path.verdict == "another" for path in self.paths)


@dataclass(frozen=True, eq=False)
class FilterFacts:
    """One filter.

    Attributes:
        drawn: pictures, by what they excite.
        ids: (T,) of the scanned photographs that excite it most, best first.
        crops: (T, 3, h, w) of each the part that the strongest cell depends on.
        peaks: (T,) value of that cell, in the layer's units.
        classes: (T,) of each photograph as the model numbers them, -1 where unknown.
        on_food: (T,) bool, whether the middle of that cell lies on the food; None where the data has no masks.
        food: share of those photographs that the food covers.
        class_means: (C,) mean of the map by class, NaN where no scanned photograph is of it.
        claims: words for what it answers to, each with the effect of taking that away; () for a dead filter.
    """

    number: int
    dead: bool
    drawn: tuple[DrawnPictures, ...]
    ids: np.ndarray
    crops: np.ndarray
    peaks: np.ndarray
    classes: np.ndarray
    on_food: np.ndarray | None
    food: float
    class_means: np.ndarray
    claims: tuple[Claim, ...]

    @property
    def photographs_first(self) -> bool:
        """Whether a drawn picture says less than the photographs, which are the better witness then."""
        return any(drawn.goes_another_way for drawn in self.drawn)

    def facts(self, class_names: Sequence[str]) -> dict[str, Any]:
        """What the manifest says; of a filter that is alive `says` is what it answers to."""
        from foodviz.render import sentences

        claims = [claim.facts for claim in self.claims]
        drawn = [
            {
                "climbed": each.climbed,
                "mean": each.means.round(4).tolist(),
                "largest_cell": each.peaks.round(4).tolist(),
                "way": [path.verdict for path in each.paths],
                "way_scaled": [round(path.scaled, 4) for path in each.paths],
                "likeness": [[round(value, 4) for value in path.means] for path in each.paths],
            }
            for each in self.drawn
        ]
        counts = Counter(class_names[label] for label in self.classes.tolist() if label >= 0)
        return {
            **({} if self.dead else {"says": sentences.answers(claims)}),
            "claims": claims,
            "drawn": drawn,
            "largest_cells": self.peaks.round(4).tolist(),
            "classes": dict(counts.most_common()),
            "on_food": None if self.on_food is None else int(self.on_food.sum()),
            "food_covers": None if self.on_food is None else round(self.food, 4),
        }


def filter_facts(scanned: ScannedLayer, numbers: Sequence[int], drawn: Mapping[str, torch.Tensor]) -> list[FilterFacts]:
    """Everything about K filters of a layer.

    Args:
        drawn: (K, V, 3, H, W) pictures in [0, 1] by what they excite, WHOLE or CELL; none for none.
    """
    elsewhere = other_places(scanned)
    others = _ways(scanned, elsewhere.images, elsewhere.cells)
    facts: list[FilterFacts] = []
    for first in range(0, len(numbers), _TOGETHER):
        some = slice(first, first + _TOGETHER)
        facts += _of_some(scanned, numbers[some], {name: pictures[some] for name, pictures in drawn.items()}, others)
    return facts


def evidence_arrays(known: Sequence[FilterFacts]) -> dict[str, np.ndarray]:
    """Of K filters.

    Returns:
        crops (K, T, 3, h, w) of the photographs that excite each most, best first, crop_ids (K, T) and crop_peaks
        (K, T) in the layer's units; cells (K, V, 3, h, w) drawn for one cell; drawn_means and drawn_peaks (K, V) of all
        drawn pictures, those of the whole map first; class_means (K, C), NaN where no photograph is of the class.
    """
    import numpy as np

    drawn = [each.drawn for each in known]
    return {
        "crops": np.stack([each.crops for each in known]),
        "crop_ids": np.stack([each.ids for each in known]),
        "crop_peaks": np.stack([each.peaks for each in known]),
        "cells": np.stack([of_one[-1].pictures for of_one in drawn]),
        "drawn_means": np.stack([np.concatenate([each.means for each in of_one]) for of_one in drawn]),
        "drawn_peaks": np.stack([np.concatenate([each.peaks for each in of_one]) for of_one in drawn]),
        "class_means": np.stack([each.class_means for each in known]),
    }


def _of_some(
    scanned: ScannedLayer,
    numbers: Sequence[int],
    drawn: Mapping[str, torch.Tensor],
    others: list[np.ndarray],
) -> list[FilterFacts]:
    import numpy as np

    places = strongest_places(scanned, numbers)
    count = len(places.ids) // len(numbers)  # CROPS, or all photographs where there are fewer
    cut, ways = crops(scanned, places), _ways(scanned, places.images, places.cells)
    on_food, food = _on_food(scanned, places)
    label_of = dict(zip(scanned.scan.ids.tolist(), scanned.labels.tolist(), strict=True))
    dead = scanned.scan.dead()
    facts = []
    for row, number in enumerate(numbers):
        own = slice(row * count, (row + 1) * count)
        strong = [layer[own] for layer in ways] if count >= _LEAST and not dead[number] else []
        ids = places.ids[own]
        facts.append(
            FilterFacts(
                number,
                bool(dead[number]),
                tuple(_drawn(scanned, number, name, each[row], strong, others) for name, each in drawn.items()),
                ids,
                cut[own],
                scanned.scan.maxima[scanned.scan.top(number, CROPS), number],
                np.array([label_of[index] for index in ids.tolist()]),
                None if on_food is None else on_food[own],
                0.0 if food is None else float(food[own].mean()),
                scanned.class_means[number],
                () if dead[number] else tested_claims(scanned, number, places.take(own)),
            )
        )
    return facts


def _drawn(
    scanned: ScannedLayer,
    number: int,
    climbed: str,
    pictures: torch.Tensor,
    strong: list[np.ndarray],
    others: list[np.ndarray],
) -> DrawnPictures:
    """Of one filter's V pictures the activations and the way, each at the strongest cell."""
    import numpy as np
    import torch

    from foodviz.methods.ascent import middle_half
    from foodviz.methods.feature_maps import feature_maps
    from foodviz.metrics.paths import path_checks

    images = pictures.to(scanned.subject.device)
    maps = feature_maps(scanned.model, scanned.module, images, torch.tensor([number]))[:, 0].cpu().numpy()
    height, width = maps.shape[1:]
    looked = maps
    if climbed == CELL:  # climbed in the middle half alone: see `channel_peak`
        looked = np.full_like(maps, -np.inf)
        middle = np.s_[:, middle_half(height), middle_half(width)]
        looked[middle] = maps[middle]
    peaks = looked.reshape(len(maps), -1).argmax(1)
    cells = middles(peaks, height, width)
    ways = _ways(scanned, images, cells) if strong else []
    shown = pictures.numpy()
    if climbed == CELL:
        shown = np.stack([part(image, cell, scanned.window) for image, cell in zip(shown, cells, strict=True)])
    return DrawnPictures(
        climbed,
        shown,
        maps.mean((1, 2)),
        looked.max((1, 2)),
        tuple(path_checks(strong, ways, others)) if ways else (),
    )


def _ways(scanned: ScannedLayer, images: torch.Tensor, cells: np.ndarray) -> list[np.ndarray]:
    """(N, D) of each convolution before the layer, as `path_checks` takes them, for a cell (N, 2) in each picture."""
    from foodviz.methods.earlier_layers import earlier_values
    from foodviz.metrics.paths import ranked

    values = earlier_values(scanned.model, scanned.module, images, cells.tolist(), scanned.window)
    return [ranked(layer.numpy()) for layer in values]


def _on_food(scanned: ScannedLayer, places: Places) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """(N,) bool whether a cell's middle lies on the food and (N,) what it covers; None where a picture has no mask."""
    import numpy as np

    height, width = places.images.shape[-2:]
    masks = {index: scanned.split.framed_mask(index, (height, width)) for index in set(places.ids.tolist())}
    inside, covered = [], []
    for index, cell in zip(places.ids.tolist(), places.cells, strict=True):
        mask = masks[index]
        if mask is None:
            return None, None
        inside.append(mask[tuple((cell * mask.shape).astype(int))])
        covered.append(mask.mean())
    return np.array(inside), np.array(covered)
