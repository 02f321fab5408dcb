"""Photographs, their maps, both laid over each other, and how far each map can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from foodviz.attribution import Attribution
from foodviz.render.style import INK, SMALL, colour_bar, heat, limits_of, new_figure, photograph, titled, trust_below

_PANEL = 2.05  # inches


@dataclass(frozen=True)
class Panel:
    """What is written at one map: above it, and below it how far it can be believed and why; empty for nothing."""

    caption: str
    verdict: str = ""
    reason: str = ""


def saliency_figure(
    images: np.ndarray,
    attributions: Sequence[Attribution],
    captions: Sequence[str],
    panels: Sequence[Sequence[Panel]],
    *,
    title: str,
    titles: Sequence[str] = ("",),
    agreement: np.ndarray | None = None,
    shared_scale: bool = False,
    clip: float = 100.0,
    notes: Sequence[str] = (),
    limits_of_all: Sequence[tuple[float, float]] = (),
    colours: str | None = None,
) -> Figure:
    """A column per image: photograph, map, map over the photograph; of several methods the last alone, a row each.

    A single image lies: what would be its column is a row.

    Args:
        images: (N, 3, H, W), RGB in [0, 1].
        attributions: of each method (N, H, W), signed ones are drawn symmetric about 0; or (N, 3, H, W) magnitudes,
            shown in colour.
        captions: above each photograph.
        panels: for each method what is written at each map.
        title: above the figure.
        titles: of the methods, beside their rows.
        agreement: (methods, methods) rank correlations above the diagonal and overlaps below it, drawn on the right.
        shared_scale: one colour scale for all maps of a method; else each map's largest value is the end of its own.
        clip: the percentile of the values that ends a scale, 100 for the largest: few pixels are far above all others.
        notes: lines at the foot.
        limits_of_all: of each method's maps, where there are others than these; theirs without any.
        colours: name of a colour map in the usual one's stead.
    """
    count, several = len(images), len(attributions) > 1
    rows = 1 + len(attributions) if several else 3
    lies = count == 1
    down, across = (1, rows) if lies else (rows, count)
    trusted = any(panel.verdict for row in panels for panel in row)
    height = down * (_PANEL + 0.3) + (0.95 * (1 if lies else len(attributions)) if trusted else 0) + 0.6
    matrix = 0.0 if agreement is None else 1.2 + 0.62 * len(attributions)
    bars = 0.6 * len(attributions) if lies else 1.1
    figure = new_figure(max(5.2, _PANEL * across + bars) + matrix, height)
    places = figure.subplots(
        down,
        across + (agreement is not None),
        squeeze=False,
        width_ratios=[*[_PANEL] * across, *([matrix] if agreement is not None else [])],
    )
    grid = places[:, :across].T if lies else places[:, :across]
    for axes, image, caption in zip(grid[0], images, captions, strict=False):
        photograph(axes, image, caption)
    for number, (attribution, row) in enumerate(zip(attributions, panels, strict=True)):
        shown = None
        whole = limits_of_all[number] if limits_of_all else limits_of(attribution.maps, clip)
        over = grid[1 + number if several else 2]
        for column in range(count):
            limits = whole if shared_scale else limits_of(attribution.maps[column], clip)
            alone = None if several else grid[1, column]
            values = attribution.maps[column]
            ends = whole if shared_scale else ((-1.0, 1.0) if whole[0] < 0 else (0.0, 1.0))
            # Scales of their own are drawn as shares of each one's end, so that one colour bar serves all.
            share = values if shared_scale or values.ndim == 3 else values / limits[1]
            coloured = limits if values.ndim == 3 else ends
            shown = _map(alone, over[column], images[column], share, coloured, row[column].caption, colours)
            trust_below(over[column], row[column].verdict, row[column].reason)
        if several:
            over[0].set_ylabel(titles[number], fontsize=SMALL + 1, color=INK)
        if shown is not None:
            own = "own maximum" if clip >= 100 else f"{clip:g} percentile"
            label = attribution.unit if shared_scale else f"share of the map's {own}"
            colour_bar(figure, shown, list(over) if several else list(grid.ravel()), label)
    if agreement is not None:
        _matrix(places[0, -1], agreement, titles)
        for axes in places[1:, -1]:
            axes.set_visible(False)
    titled(figure, title, notes)
    return figure


def _map(
    alone: Axes | None,
    over: Axes,
    image: np.ndarray,
    values: np.ndarray,
    limits: tuple[float, float],
    caption: str,
    colours: str | None,
) -> ScalarMappable | None:
    """One map by itself, where there is room, and over its photograph; what a colour bar needs, none where coloured."""
    if values.ndim == 3:
        coloured = (values / limits[1]).clip(0, 1)
        if alone is not None:
            photograph(alone, coloured, caption)
        photograph(over, 0.35 * image.mean(0, keepdims=True) + coloured, "" if alone is not None else caption)
        return None
    shown = heat(alone, values, limits, caption, colours=colours) if alone is not None else None
    over.imshow(0.45 + 0.55 * image.mean(0), cmap="gray", vmin=0, vmax=1, interpolation="bilinear")
    alpha = (0.15 + 1.6 * np.abs(values) / limits[1]).clip(0, 0.9)
    laid = heat(over, values, limits, "" if alone is not None else caption, alpha=alpha, colours=colours)
    return shown or ScalarMappable(laid.norm, laid.cmap)


def _matrix(axes: Axes, agreement: np.ndarray, titles: Sequence[str]) -> None:
    """How alike the methods' maps are."""
    axes.imshow(agreement, cmap="Blues", vmin=0, vmax=1.6)
    places = range(len(titles))
    axes.set_xticks([])  # the same titles in the same order; written here they would push the rows apart
    axes.set_yticks(list(places), titles, fontsize=SMALL - 0.5)
    for row in places:
        for column in places:
            if row != column:
                axes.text(column, row, f"{agreement[row, column]:.2f}", ha="center", va="center", fontsize=SMALL - 0.5)
    axes.tick_params(length=0, colors=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title("Agreement\nabove: rank correlation\nbelow: of the top tenth", fontsize=SMALL, color=INK)
