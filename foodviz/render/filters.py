"""What is known of filters: a card each, contact sheets of their pictures, the climb in steps, who is like whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from foodviz.render.style import (
    INK,
    LARGE,
    NORMAL,
    SMALL,
    SOFT,
    WARNING,
    bare,
    colour_bar,
    heat,
    limits_of,
    new_figure,
    photograph,
    short,
    titled,
    wrapped,
)

TINY = 5.5  # points
# Inches: the margin, a drawn picture, the crops together, the gap between both, a map, a row of the figure.
_LEFT, _DRAWING, _CROPS, _GAP, _MAP, _ROW = 0.12, 1.6, 2.35, 0.2, 1.5, 3.5
_REMARKS = 3  # lines below a filter's sentence
BLUE, RED = "#3b6ea8", "#b2443c"


@dataclass(frozen=True)
class Drawing:
    """Pictures drawn for one filter."""

    pictures: np.ndarray  # (V, 3, h, w)
    title: str
    caption: str  # below
    doubtful: bool  # whether they say less than the photographs


@dataclass(frozen=True)
class Card:
    """What a card says of one filter."""

    number: int
    sentence: str
    remarks: Sequence[str]  # a line each
    warning: str  # why the drawn pictures say little; else empty
    advice: str  # where the filter is dead, instead of drawn pictures; else empty
    drawings: Sequence[Drawing]
    maps: np.ndarray  # (N, h, w), of the photographs asked for
    crops: np.ndarray  # (T, 3, s, s), best first
    crop_captions: Sequence[str]
    peaks: Sequence[float]  # the filter's largest value in each crop, in the layer's units
    class_means: np.ndarray  # (C,), NaN for a class without photographs


def cards_figure(
    cards: Sequence[Card],
    images: np.ndarray,
    captions: Sequence[str],
    class_names: Sequence[str],
    *,
    title: str,
    notes: Sequence[str] = (),
) -> Figure:
    """A row per filter: drawn pictures and crops of the photographs that excite it most, its maps, its class means.

    The crops come first where a drawn picture is doubtful.

    Args:
        cards: one for each filter.
        images: (N, 3, H, W), RGB in [0, 1]: those photographs, above their maps.
        captions: above each photograph.
        class_names: C names.
        title: above the figure.
        notes: lines at the foot.
    """
    count = len(images)
    drawn = max((len(card.drawings) for card in cards), default=0)
    left_maps = _LEFT + _CROPS + _GAP + drawn * (_DRAWING + 0.1) + 0.15
    left_bars = left_maps + count * _MAP + 1.15
    width = left_bars + 1.6
    lines = wrapped(notes, width)
    top, foot = 2.35, 0.22 + 0.15 * len(lines)
    height = top + _ROW * len(cards) + foot
    figure = new_figure(width, height, layout=None)

    def axes_at(x: float, y: float, w: float, h: float) -> Axes:
        """Axes at inches from the top left."""
        return figure.add_axes((x / width, 1 - (y + h) / height, w / width, h / height))

    def write(x: float, y: float, text: str, size: float = SMALL, **look: Any) -> None:
        figure.text(x / width, 1 - y / height, text, fontsize=size, va="top", **({"color": INK} | look))

    write(_LEFT, 0.1, title, LARGE, fontweight="bold")
    write(left_bars - 1.05, top - 0.22, "mean activation by class", color=SOFT)
    for column in range(count):
        photograph(axes_at(left_maps + column * _MAP, 0.85, 1.3, 1.3), images[column], captions[column])
    for number, card in enumerate(cards):
        y = top + number * _ROW
        figure.add_artist(Line2D([0.01, 0.99], [1 - y / height] * 2, color="#e5e7eb", linewidth=0.8))
        write(_LEFT, y + 0.07, f"filter {card.number}", NORMAL + 1, fontweight="bold")
        write(1.0, y + 0.09, card.sentence, NORMAL)
        texts = [*[(remark, SOFT) for remark in card.remarks], (card.warning, WARNING)]
        for place, (text, colour) in enumerate(texts):
            write(1.0, y + 0.29 + 0.16 * place, text, color=colour)
        y += 0.4 + 0.16 * _REMARKS
        crops_first = any(drawing.doubtful for drawing in card.drawings)
        left_crops = _LEFT if crops_first else _LEFT + drawn * (_DRAWING + 0.1) + _GAP
        left_drawn = _LEFT + _CROPS + _GAP if crops_first else _LEFT
        write(left_crops, y, "photographs that excite it most", color=SOFT)
        _crops(axes_at(left_crops, y + 0.2, _CROPS, _CROPS), card)
        if card.advice:
            write(left_drawn, y + 0.2, card.advice, color=WARNING)
        for place, drawing in enumerate(() if card.advice else card.drawings):
            x = left_drawn + place * (_DRAWING + 0.1)
            write(x, y, drawing.title, color=SOFT)
            bare(axes_at(x, y + 0.2, _DRAWING, _DRAWING)).imshow(_tiled(drawing.pictures), interpolation="bilinear")
            colour = WARNING if drawing.doubtful else INK
            write(x, y + _DRAWING + 0.26, drawing.caption, color=colour, linespacing=1.35)
        limits = limits_of(card.maps)
        for column in range(count):
            axes = axes_at(left_maps + column * _MAP, y + 0.35, 1.3, 1.3)
            heat(axes, card.maps[column], limits, f"max {card.maps[column].max():.2g}")
        ends = f"±{limits[1]:.2g}, blue below 0" if limits[0] < 0 else f"0 to {limits[1]:.2g}"
        write(left_maps, y + 1.72, f"maps from {ends}", color=SOFT)
        _bars(axes_at(left_bars, y + 0.1, 1.45, 1.98), card.class_means, [short(name, 20) for name in class_names])
    for number, line in enumerate(lines):
        write(_LEFT, height - foot + 0.08 + 0.15 * number, line, color=SOFT)
    return figure


def pictures_figure(
    pictures: np.ndarray, titles: Sequence[str], dead: Sequence[bool], *, title: str, notes: Sequence[str] = ()
) -> Figure:
    """A contact sheet: (K, V, 3, H, W) pictures, a caption above each; what is dead is named instead."""
    count = len(pictures)
    columns = count if count <= 6 else min(10, int(np.ceil(np.sqrt(count * 1.6))))
    rows = -(-count // columns)
    side = 2.3 if count <= 6 else 1.35
    figure = new_figure(max(6.6, side * columns), (side + 0.25) * rows + 0.8)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[count:]:
        axes.set_visible(False)
    for axes, versions, caption, is_dead in zip(grid[:count], pictures, titles, dead, strict=True):
        if is_dead:
            bare(axes).set_facecolor("#f3f4f6")
            axes.set_box_aspect(1)
            axes.text(0.5, 0.5, "dead", ha="center", va="center", color=WARNING, transform=axes.transAxes)
        else:
            bare(axes).imshow(_tiled(versions), interpolation="bilinear")
        axes.set_title(caption, fontsize=SMALL, color=INK)
    titled(figure, title, notes)
    return figure


def steps_figure(
    frames: np.ndarray, steps: Sequence[int], curves: np.ndarray, titles: Sequence[str], *, title: str, unit: str
) -> Figure:
    """A row per filter: snapshots (F, K, 3, H, W) and the objective (S, K) along the climb."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(8, len(frames))).round().astype(int))
    rows = frames.shape[1]
    figure = new_figure(1.35 * len(chosen) + 3.2, 1.6 * rows + 0.6)
    grid = figure.subplots(rows, len(chosen) + 1, squeeze=False, width_ratios=[*[1.0] * len(chosen), 1.8])
    for row in range(rows):
        for column, frame in enumerate(chosen):
            photograph(grid[row, column], frames[frame, row], f"step {steps[frame]}" if not row else "")
        grid[row, 0].set_ylabel(titles[row], fontsize=NORMAL, color=INK)
        axes = grid[row, -1]
        axes.plot(curves[:, row], color=BLUE, linewidth=1)
        axes.set_ylabel(unit, fontsize=TINY, color=SOFT)
        axes.tick_params(labelsize=TINY, color=SOFT)
        axes.spines[["top", "right"]].set_visible(False)
    titled(figure, title)
    return figure


def similarity_figure(similarity: np.ndarray, numbers: Sequence[int], *, title: str, notes: Sequence[str]) -> Figure:
    """The matrix (K, K) in [-1, 1] in the order given, with the filters' numbers."""
    side = float(np.clip(0.16 * len(numbers) + 2.2, 5.2, 14.0))
    figure = new_figure(side + 0.9, side + 0.7)
    axes = figure.subplots()
    image = heat(axes, similarity, (-1.0, 1.0), interpolation="nearest")
    size = NORMAL if len(numbers) <= 16 else TINY if len(numbers) <= 80 else 3.5
    axes.set_xticks(range(len(numbers)), [str(number) for number in numbers], fontsize=size, rotation=90)
    axes.set_yticks(range(len(numbers)), [str(number) for number in numbers], fontsize=size)
    axes.tick_params(length=0)
    if len(numbers) <= 16:
        for row, values in enumerate(similarity):
            for column, value in enumerate(values):
                ink = "white" if abs(value) > 0.6 else INK
                axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=SMALL, color=ink)
    colour_bar(figure, image, axes, "cosine of the maps about their means")
    titled(figure, title, notes)
    return figure


def _crops(axes: Axes, card: Card) -> None:
    bare(axes)
    for number, (crop, caption, peak) in enumerate(zip(card.crops, card.crop_captions, card.peaks, strict=True)):
        y, x = divmod(number, 3)
        axes.imshow(crop.transpose(1, 2, 0), extent=(x + 0.11, x + 0.89, y + 0.78, y), interpolation="bilinear")
        axes.text(x + 0.5, y + 0.795, f"{peak:.3g}\n{caption}", ha="center", va="top", fontsize=TINY - 1, color=INK)
    axes.set_xlim(0, 3)
    axes.set_ylim(3, 0)


def _bars(axes: Axes, means: np.ndarray, names: Sequence[str]) -> None:
    values = np.nan_to_num(means)
    axes.barh(range(len(values)), values, color=[RED if value >= 0 else BLUE for value in values], height=0.7)
    axes.axvline(0, color=SOFT, linewidth=0.6)
    labels = [name if np.isfinite(mean) else f"{name} (none)" for name, mean in zip(names, means, strict=True)]
    axes.set_yticks(range(len(values)), labels, fontsize=TINY + 0.5 if len(labels) <= 16 else 3)
    axes.invert_yaxis()
    axes.locator_params(axis="x", nbins=3)
    axes.tick_params(axis="x", labelsize=TINY, color=SOFT, labelcolor=SOFT)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _tiled(pictures: np.ndarray) -> np.ndarray:
    """(V, 3, H, W) side by side in a square of white, (H', W', 3)."""
    side = int(np.ceil(np.sqrt(len(pictures))))
    height, width = pictures.shape[2:]
    rows = -(-len(pictures) // side)
    sheet = np.ones((rows * (height + 4) - 4, side * (width + 4) - 4, 3), np.float32)
    for number, picture in enumerate(pictures):
        y, x = number // side * (height + 4), number % side * (width + 4)
        sheet[y : y + height, x : x + width] = picture.transpose(1, 2, 0)
    return sheet
