"""Photographs, their superpixels, the weight of each, and the strongest cut out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from foodviz.render.style import INK, bare, colour_bar, heat, limits_of, new_figure, photograph, titled

FOR, AGAINST = "#b2182b", "#2166ac"  # the ends of the signed colour map
_PANEL = 2.35  # inches


@dataclass(frozen=True)
class Told:
    """What is drawn of one target: S superpixels."""

    caption: str
    weights: NDArray[np.float64]  # (S,)
    stable: NDArray[np.bool_]  # (S,) whether the sign can be relied on; the others are hatched
    chosen: Sequence[int]  # superpixels of the cut-out


@dataclass(frozen=True)
class Explained:
    """What is drawn of one photograph."""

    caption: str
    image: NDArray[np.float32]  # (3, H, W), RGB in [0, 1]
    segments: NDArray[np.int64]  # (H, W), 0..S-1
    targets: Sequence[Told]


def lime_figure(
    pictures: Sequence[Explained], *, title: str, unit: str, shared_scale: bool = False, notes: Sequence[str] = ()
) -> Figure:
    """A row per photograph: itself, its superpixels, and for each target the weights and the cut-out.

    Args:
        pictures: some may have fewer targets than others.
        title: above the figure.
        unit: of the weights, beside each colour bar.
        shared_scale: one colour scale for all maps; else each is symmetric about 0 up to its own largest weight.
        notes: lines at the foot.
    """
    columns = 2 + 2 * max(len(picture.targets) for picture in pictures)
    figure = new_figure(columns * _PANEL + 0.5 * (columns // 2 - 1), len(pictures) * (_PANEL + 0.42) + 0.9)
    grid = figure.subplots(len(pictures), columns, squeeze=False)
    largest = max(float(np.abs(told.weights).max()) for picture in pictures for told in picture.targets)
    for row, picture in zip(grid, pictures, strict=True):
        photograph(row[0], picture.image, picture.caption)
        photograph(row[1], picture.image, f"{int(picture.segments.max()) + 1} superpixels")
        _outline(row[1], picture.segments, "white", 0.5)
        for place, told in enumerate(picture.targets):
            weights, cut = row[2 + 2 * place : 4 + 2 * place]
            top = limits_of(told.weights)[1]
            top = (largest or 1.0) if shared_scale else top
            shown = heat(weights, told.weights[picture.segments], (-top, top), told.caption, interpolation="nearest")
            colour_bar(figure, shown, weights, unit)
            _hatch(weights, ~told.stable[picture.segments])
            _cut_out(cut, picture, told)
        for axes in row[2 + 2 * len(picture.targets) :]:
            bare(axes)
    titled(figure, title, notes)
    return figure


def _cut_out(axes: Axes, picture: Explained, told: Told) -> None:
    positive = [index for index in told.chosen if told.weights[index] > 0]
    negative = [index for index in told.chosen if told.weights[index] < 0]
    kept = np.isin(picture.segments, told.chosen)
    first = "the strongest" if len(positive) == 1 else f"the {len(positive)} strongest"
    counts = f"{first} for it" + (f" (red),\n{len(negative)} against (blue)" if negative else "")
    photograph(axes, np.where(kept, picture.image, 0.84 + 0.12 * picture.image.mean(0)), counts)
    for chosen, colour in ((negative, AGAINST), (positive, FOR)):
        _outline(axes, np.isin(picture.segments, chosen), colour, 1.3)


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
