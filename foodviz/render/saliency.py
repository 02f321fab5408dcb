"""Photographs, their maps, and both laid over each other."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from foodviz.attribution import Attribution
from foodviz.render.style import colour_bar, heat, limits_of, new_figure, photograph, titled


def saliency_figure(
    images: np.ndarray,
    attribution: Attribution,
    captions: Sequence[str],
    map_captions: Sequence[str],
    *,
    title: str,
    shared_scale: bool = False,
    notes: Sequence[str] = (),
) -> Figure:
    """A column per image: photograph, map, map over the photograph.

    Args:
        images: (N, 3, H, W), RGB in [0, 1].
        attribution: (N, H, W), signed ones are drawn symmetric about 0; or (N, 3, H, W) magnitudes, shown in colour.
        captions: above each photograph.
        map_captions: above each map.
        title: above the figure.
        shared_scale: one colour scale for all maps; else each map's largest value is the end of its own.
        notes: lines at the foot.
    """
    maps, count = attribution.maps, len(images)
    figure = new_figure(max(5.2, 2.05 * count + 1.1), 7.6)
    grid = np.atleast_2d(figure.subplots(3, count, squeeze=False))
    whole = limits_of(maps)
    shown = None
    for column in range(count):
        photograph(grid[0, column], images[column], captions[column])
        limits = whole if shared_scale else limits_of(maps[column])
        if maps.ndim == 4:
            coloured = (maps[column] / limits[1]).clip(0, 1)
            photograph(grid[1, column], coloured, map_captions[column])
            photograph(grid[2, column], 0.35 * images[column].mean(0, keepdims=True) + coloured)
            continue
        # Per-image scales are drawn as shares of the image's own largest value, so that one colour bar serves all.
        share = maps[column] if shared_scale else maps[column] / limits[1]
        ends = whole if shared_scale else ((-1.0, 1.0) if whole[0] < 0 else (0.0, 1.0))
        shown = heat(grid[1, column], share, ends, map_captions[column])
        grey = images[column].mean(0)
        grid[2, column].imshow(0.45 + 0.55 * grey, cmap="gray", vmin=0, vmax=1, interpolation="bilinear")
        strength = np.abs(share) / ends[1]
        heat(grid[2, column], share, ends, alpha=(0.15 + 1.6 * strength).clip(0, 0.9))
    if shown is not None:
        label = attribution.unit if shared_scale else "share of the map's own maximum"
        colour_bar(figure, shown, list(grid.ravel()), label)
    titled(figure, title, notes)
    return figure
