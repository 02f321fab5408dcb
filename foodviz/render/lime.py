"""Photographs, their superpixels, the weight of each, and the strongest cut out."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from foodviz.attribution import Attribution
from foodviz.render.style import INK, bare, colour_bar, heat, limits_of, new_figure, photograph, titled, trust_below

FOR, AGAINST = "#b2182b", "#2166ac"  # the ends of the signed colour map
_PANEL = 2.35  # inches


def lime_figure(
    images: NDArray[np.float32],
    segments: NDArray[np.int64],
    captions: Sequence[str],
    attribution: Attribution,
    photographs: Sequence[int],
    map_captions: Sequence[str],
    cut_outs: Sequence[Sequence[int]],
    *,
    trusts: Sequence[tuple[str, str]] = (),
    title: str,
    shared_scale: bool = False,
    notes: Sequence[str] = (),
) -> Figure:
    """A row per photograph: itself, its superpixels, and for each of its targets the weights and the cut-out.

    Args:
        images: (N, 3, H, W), RGB in [0, 1].
        segments: (N, H, W), 0..S-1.
        captions: above each photograph.
        attribution: M maps (H, W) of weights painted on their superpixels, hatched where they are not stable.
        photographs: M, which one each map is of; some may have fewer maps than others.
        map_captions: M, above the maps.
        cut_outs: M, the superpixels that are cut out.
        trusts: M, how far each map can be believed and why, below it; or none.
        title: above the figure.
        shared_scale: one colour scale for all maps; else each is symmetric about 0 up to its own largest weight.
        notes: lines at the foot.
    """
    columns = 2 + 2 * max(list(photographs).count(number) for number in range(len(images)))
    figure = new_figure(
        columns * _PANEL + 0.5 * (columns // 2 - 1), len(images) * (_PANEL + (1.15 if trusts else 0.55)) + 0.9
    )
    grid = figure.subplots(len(images), columns, squeeze=False)
    free = [list(row[2:]) for row in grid]  # panels that are not drawn on yet
    for row, image, cut, caption in zip(grid, images, segments, captions, strict=True):
        photograph(row[0], image, caption)
        photograph(row[1], image, f"{int(cut.max()) + 1} superpixels")
        _outline(row[1], cut, "white", 0.5)
    stable = np.ones(attribution.maps.shape, bool) if attribution.stable is None else attribution.stable.cpu().numpy()
    for index, (number, values) in enumerate(zip(photographs, attribution.maps, strict=True)):
        weights, cut_out = free[number].pop(0), free[number].pop(0)
        top = limits_of(attribution.maps if shared_scale else values)[1]
        shown = heat(weights, values, (-top, top), map_captions[index], interpolation="nearest")
        colour_bar(figure, shown, weights, attribution.unit)
        _hatch(weights, ~stable[index])
        if trusts:
            trust_below(weights, *trusts[index])
        _cut_out(cut_out, images[number], segments[number], values, cut_outs[index])
    for axes in (axes for row in free for axes in row):
        bare(axes)
    titled(figure, title, notes)
    return figure


def _cut_out(
    axes: Axes,
    image: NDArray[np.float32],
    segments: NDArray[np.int64],
    values: NDArray[np.float64],
    superpixels: Sequence[int],
) -> None:
    kept = np.isin(segments, superpixels)
    positive, negative = (len(np.unique(segments[kept & (sign * values > 0)])) for sign in (1, -1))
    first = "the strongest" if positive == 1 else f"the {positive} strongest"
    counts = f"{first} for it" + (f" (red),\n{negative} against (blue)" if negative else "")
    photograph(axes, np.where(kept, image, 0.84 + 0.12 * image.mean(0)), counts)
    for sign, colour in ((-1, AGAINST), (1, FOR)):
        _outline(axes, kept & (sign * values > 0), colour, 1.3)


def _outline(axes: Axes, regions: NDArray[np.generic], colour: str, width: float) -> None:
    """Lines along the borders between regions; beside the colour runs its opposite, so that they show on any food."""
    upright = [[(x + 0.5, y - 0.5), (x + 0.5, y + 0.5)] for y, x in np.argwhere(regions[:, 1:] != regions[:, :-1])]
    level = [[(x - 0.5, y + 0.5), (x + 0.5, y + 0.5)] for y, x in np.argwhere(regions[1:] != regions[:-1])]
    for shade, wide in ((INK if colour == "white" else "white", 2.4 * width), (colour, width)):
        axes.add_collection(LineCollection(upright + level, colors=shade, linewidths=wide, capstyle="projecting"))


def _hatch(axes: Axes, where: NDArray[np.bool_]) -> None:
    """Thin slanted lines over the pixels of `where`."""
    height, width = where.shape
    step = max(height, width) / 26
    lines = []
    for offset in np.arange(step / 2, height + width, step):
        x = np.arange(max(0.0, offset - height), min(float(width), offset), 0.25)
        inside = where[np.clip((offset - x).astype(int), 0, height - 1), np.clip(x.astype(int), 0, width - 1)]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
        for start, stop in edges.reshape(-1, 2):
            ends = x[[start, stop - 1]]
            lines.append(list(zip(ends - 0.5, offset - ends - 0.5, strict=True)))
    axes.add_collection(LineCollection(lines, colors=INK, linewidths=0.35, alpha=0.6))
