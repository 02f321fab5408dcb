"""Photographs in the first row, below them what each filter answers to them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from foodviz.render.style import INK, NORMAL, SMALL, SOFT, heat, limits_of, new_figure, photograph, titled


def activations_figure(
    images: np.ndarray,
    maps: np.ndarray,
    captions: Sequence[str],
    filters: Sequence[int],
    *,
    title: str,
    overlay: bool = False,
    notes: Sequence[str] = (),
    limits: Sequence[tuple[float, float]] = (),
) -> Figure:
    """A column per photograph, a row per filter, one colour scale and bar per row.

    Args:
        images: (N, 3, H, W), RGB in [0, 1].
        maps: (N, K, h, w), raw values; a filter with negative ones gets the diverging map about 0.
        captions: above each photograph.
        filters: the number of each of the K rows.
        title: above the figure.
        overlay: lay the maps over the photographs instead of beside them.
        notes: lines at the foot.
        limits: ends of each row's scale, where there are other photographs than these; theirs without any.
    """
    count, rows = len(images), len(filters)
    figure = new_figure(max(6.6, 1.95 * count + 1.0), 1.95 * (rows + 1) + 0.9)
    grid = figure.subplots(rows + 1, count + 1, squeeze=False, width_ratios=[*[1.0] * count, 0.05])
    grid[0, -1].set_visible(False)
    height, width = images.shape[2:]
    for column in range(count):
        photograph(grid[0, column], images[column], captions[column])
    for row, number in enumerate(filters):
        ends = limits[row] if limits else limits_of(maps[:, row])
        for column in range(count):
            axes, values = grid[row + 1, column], maps[column, row]
            look = {}
            if overlay:
                grey = images[column].mean(0)
                axes.imshow(0.45 + 0.55 * grey, cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
                # transparency is drawn for each cell, so the cells stay visible under it
                strength = (0.12 + 1.4 * np.abs(values) / ends[1]).clip(0, 0.85)
                look = {"alpha": strength, "extent": (0, width, height, 0), "interpolation": "nearest"}
            shown = heat(axes, values, ends, f"max {values.max():.2g}", **look)
        grid[row + 1, 0].set_ylabel(f"filter {number}", fontsize=NORMAL, color=INK)
        bar = figure.colorbar(shown, cax=grid[row + 1, -1])
        bar.ax.tick_params(labelsize=SMALL, color=SOFT, labelcolor=INK)
        bar.outline.set_visible(False)
    titled(figure, title, notes)
    return figure
