"""What is measured of every map, which way is better, and the maps that know nothing of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foodviz.metrics.verdict import BELIEVABLE, JUDGED, Figures

if TYPE_CHECKING:
    from foodviz.analysis.photographs import Photographs
    from foodviz.analysis.trust import Trust
    from foodviz.attribution import Attribution


@dataclass(frozen=True)
class Measure:
    """One measure of a map.

    Attributes:
        name: in tables. title: in the figure, two lines.
        sign: 1 where more is better, -1 where less is.
        of: a map's trust -> the figure, None where it was not measured.
        masked: needs the food's outline.
    """

    name: str
    title: str
    sign: int
    of: Callable[[Trust], float | None]
    masked: bool = False


def _figure(name: str) -> Callable[[Trust], float | None]:
    def of(trust: Trust) -> float | None:
        value: float | None = getattr(trust.figures, name)
        return value

    return of


def _shuffled(trust: Trust) -> float | None:
    figures: Figures = trust.figures
    return abs(figures.shuffled[JUDGED]) if figures.shuffled else None  # the order turned round is the same map


LEAD, STABLE, SAME = "lead", "stable", "same after shuffling"
MEASURES = (
    Measure(LEAD, "lead", 1, _figure("lead")),
    Measure("deletion", "deletion", -1, _figure("deletion")),
    Measure("insertion", "insertion", 1, _figure("insertion")),
    Measure("pointing", "maximum\non the food", 1, _figure("pointing"), masked=True),
    Measure("on the food", "share\non the food", 1, _figure("on_object"), masked=True),
    Measure(STABLE, "the same\nunder noise", 1, _figure("noise")),
    Measure(SAME, "the same with\nshuffled weights", -1, _shuffled),
    Measure(BELIEVABLE, "believable", 1, lambda trust: float(trust.verdict == BELIEVABLE)),
)

CHANCE, CENTRE, EDGES, MASK = "chance", "centre", "edges", "mask"
BLIND = (CHANCE, CENTRE, EDGES)  # know nothing of the model; the mask knows what is on the picture
BASELINES = (*BLIND, MASK)


def baseline_maps(photographs: Photographs) -> list[Attribution]:
    """A map of each picture by each of BASELINES; that of a mask is empty where the picture has none."""
    import numpy as np
    import torch

    from foodviz.attribution import Attribution
    from foodviz.metrics.properties import edge_strength

    height, width = size = (photographs.images.shape[-2], photographs.images.shape[-1])
    chance = [torch.rand(size, generator=torch.Generator().manual_seed(seed)) for seed in photographs.seeds]
    y = (torch.arange(height) + 0.5).view(-1, 1) / height - 0.5
    x = (torch.arange(width) + 0.5) / width - 0.5
    centre = (0.5 - y.square() - x.square()).expand(len(photographs), -1, -1)
    masks = []
    for place in range(len(photographs)):
        where, region = photographs.region(place, size)
        masks.append(region if where == "the food" else np.zeros_like(region))
    maps = {
        CHANCE: torch.stack(chance),
        CENTRE: centre,
        EDGES: edge_strength(photographs.images.cpu()),
        MASK: torch.from_numpy(np.stack(masks)).float(),
    }
    return [Attribution(maps[name], "1") for name in BASELINES]
