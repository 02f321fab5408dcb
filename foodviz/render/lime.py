"""LIME's figures: what speaks for a class and against it in each photograph, and what a class is recognised by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

Floats = NDArray[np.floating]
_PANEL = 2.5  # inches
_AGAINST = "#2166ac"  # the blue end of RdBu_r
_FOR = "#b2182b"


@dataclass(frozen=True)
class Told:
    """What is drawn of one target: S superpixels."""

    title: str
    weights: Floats  # (S,)
    stable: NDArray[np.bool_]  # (S,) whether the sign can be relied on; the others are hatched
    chosen: Sequence[int]  # superpixels of the cut-out


@dataclass(frozen=True)
class Explained:
    """What is drawn of one photograph."""

    caption: str
    photograph: Floats  # (H, W, 3) in [0, 1]
    segments: NDArray[np.int64]  # (H, W), 0..S-1
    targets: Sequence[Told]


def lime_figure(pictures: Sequence[Explained], *, unit: str, shared_scale: bool = False) -> Figure:
    """A row per photograph: itself, its superpixels, and for each target the weights and the cut-out.

    Args:
        pictures: as many targets for each.
        unit: what a weight is measured in.
        shared_scale: one colour scale for all maps instead of one for each.
    """
    columns = 2 + 2 * max(len(picture.targets) for picture in pictures)
    figure = Figure(figsize=(columns * _PANEL, len(pictures) * (_PANEL + 0.55)), layout="constrained")
    rows = figure.subfigures(len(pictures), 1, squeeze=False)[:, 0]
    largest = max(np.abs(told.weights).max() for picture in pictures for told in picture.targets)
    for row, picture in zip(rows, pictures, strict=True):
        row.suptitle(picture.caption, fontsize=9, x=0.01, ha="left", fontweight="bold")
        axes = row.subplots(1, columns, squeeze=False)[0]
        for ax in axes:
            ax.set_axis_off()
        _show(axes[0], picture.photograph, "photograph")
        count = int(picture.segments.max()) + 1
        _show(axes[1], picture.photograph, f"{count} superpixels")
        _outline(axes[1], picture.segments, "white", 0.6)
        for place, told in enumerate(picture.targets):
            heat, cut = axes[2 + 2 * place : 4 + 2 * place]
            _weights(heat, picture.segments, told, largest if shared_scale else None, unit)
            _cut_out(cut, picture, told)
    return figure


def _show(ax: Axes, picture: Floats, title: str) -> None:
    ax.imshow(picture, interpolation="nearest")
    ax.set_title(title, fontsize=7.5, loc="left")


def _weights(ax: Axes, segments: NDArray[np.int64], told: Told, limit: float | None, unit: str) -> None:
    limit = float(limit or np.abs(told.weights).max()) or 1.0
    drawn = ax.imshow(told.weights[segments], cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set_title(told.title, fontsize=7.5, loc="left")
    assert ax.figure is not None
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.85, pad=0.02, aspect=18)
    bar.ax.tick_params(labelsize=6)
    bar.set_label(unit, fontsize=6)
    doubtful = ~told.stable[segments]
    if doubtful.any():
        _hatch(ax, doubtful)


def _hatch(ax: Axes, where: NDArray[np.bool_]) -> None:
    """Thin slanted lines over the pixels of `where`."""
    height, width = where.shape
    step = max(height, width) / 26
    lines = []
    for offset in np.arange(step / 2, height + width, step):
        x = np.arange(max(0.0, offset - height), min(float(width), offset), 0.25)
        y = offset - x
        inside = where[np.clip(y.astype(int), 0, height - 1), np.clip(x.astype(int), 0, width - 1)]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
        for start, stop in edges.reshape(-1, 2):
            if stop - start > 1:
                lines.append([(x[start] - 0.5, y[start] - 0.5), (x[stop - 1] - 0.5, y[stop - 1] - 0.5)])
    ax.add_collection(LineCollection(lines, colors="#404040", linewidths=0.4, alpha=0.7))


def _cut_out(ax: Axes, picture: Explained, told: Told) -> None:
    kept = np.isin(picture.segments, told.chosen)
    grey = picture.photograph.mean(2, keepdims=True).repeat(3, 2)
    _show(ax, np.where(kept[..., None], picture.photograph, 0.82 + 0.12 * grey), _counted(told))
    positive = np.isin(picture.segments, [index for index in told.chosen if told.weights[index] > 0])
    for region, colour in ((kept & ~positive, _AGAINST), (positive, _FOR)):
        _outline(ax, region.astype(np.int64), colour, 1.4)


def _counted(told: Told) -> str:
    positive = sum(told.weights[index] > 0 for index in told.chosen)
    negative = len(told.chosen) - positive
    return f"strongest: {positive} for (red)" + (f", {negative} against (blue)" if negative else "")


def _outline(ax: Axes, regions: NDArray[np.int64], colour: str, width: float) -> None:
    """Lines along the borders between regions, dark beside the colour so that they show on any food."""
    lines = []
    for y, x in np.argwhere(regions[:, 1:] != regions[:, :-1]):
        lines.append([(x + 0.5, y - 0.5), (x + 0.5, y + 0.5)])
    for y, x in np.argwhere(regions[1:] != regions[:-1]):
        lines.append([(x - 0.5, y + 0.5), (x + 0.5, y + 0.5)])
    beside = "white" if colour != "white" else "black"
    for shade, wide in ((beside, 2.2 * width), (colour, width)):
        ax.add_collection(LineCollection(lines, colors=shade, linewidths=wide, capstyle="projecting"))
