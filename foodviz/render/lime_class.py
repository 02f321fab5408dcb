"""One page about one class: the pieces that speak for it, their colours, their place, and how they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from foodviz.render.lime import AGAINST, FOR
from foodviz.render.style import INK, SMALL, SOFT, bare, colour_bar, heat, new_figure, photograph, titled

_COLUMNS = 10  # of the montage


@dataclass(frozen=True)
class MontagePiece:
    """One superpixel of the montage."""

    image: NDArray[np.float32]  # (3, H, W), the photograph
    inside: NDArray[np.bool_]  # (H, W), the superpixel
    caption: str


@dataclass(frozen=True)
class Difference:
    """One measure: pieces that speak for the class against the rest."""

    name: str
    supporting: float
    rest: float
    effect: float  # mean difference in units of its scatter over photographs
    agreeing: int  # photographs in which the difference has the same sign


def lime_class_figure(
    montage: Sequence[MontagePiece],
    colours: NDArray[np.float64],
    place: NDArray[np.float64],
    differences: Sequence[Difference],
    *,
    title: str,
    notes: Sequence[str] = (),
) -> Figure:
    """The strongest pieces above; below them colours, place and differences.

    Args:
        montage: one superpixel for each photograph, strongest first.
        colours: (N, 2, 3) mean RGB of what speaks for the class and of the rest, one pair for each photograph.
        place: (H, W) mean density of positive weight, 1 = spread evenly.
        differences: from top to bottom.
        title: above the figure.
        notes: lines at the foot.
    """
    rows = -(-len(montage) // _COLUMNS)
    figure = new_figure(10.6, 1.16 * rows + 4.6)
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.16 * rows, 3.6))[:, 0]
    cells = above.subplots(rows, _COLUMNS, squeeze=False).flat
    for piece, axes in zip(montage, cells, strict=False):  # in this order: else the first cell left over is lost
        _piece(axes, piece)
    for axes in list(cells):
        bare(axes)
    left, middle, right = below.subplots(1, 3, width_ratios=(1.15, 1, 1.25))
    _colours(left, colours)
    shown = heat(middle, place, (0.0, float(place.max()) or 1.0), "where positive weight lies", interpolation="nearest")
    colour_bar(figure, shown, middle, "density, 1 = even")
    _differences(right, differences, len(colours))
    titled(figure, title, notes)
    return figure


def _piece(axes: Axes, piece: MontagePiece) -> None:
    """The superpixel in the middle of a square, its surroundings pale."""
    y, x = np.nonzero(piece.inside)
    size = min(max(np.ptp(y), np.ptp(x), min(piece.inside.shape) // 6) * 5 // 4, *piece.inside.shape)
    rows, columns = (
        slice(start := int(np.clip((low + high - size) // 2, 0, length - size)), start + size)
        for low, high, length in ((y.min(), y.max(), len(piece.inside)), (x.min(), x.max(), piece.inside.shape[1]))
    )
    inside, image = piece.inside[rows, columns], piece.image[:, rows, columns]
    photograph(axes, np.where(inside, image, 0.3 * image + 0.7), piece.caption)
    axes.contour(inside, [0.5], colors=INK, linewidths=0.7)


def _colours(axes: Axes, colours: NDArray[np.float64]) -> None:
    """A bar code from light to dark: above what speaks for the class, below the rest; the means at the side."""
    order = np.argsort(-colours[:, 0].mean(1), kind="stable")
    count = len(colours)
    bare(axes).imshow(
        colours[order].transpose(1, 0, 2), aspect="auto", interpolation="nearest", extent=(0.0, count, 0.0, 2.0)
    )
    for side in range(2):
        red, green, blue = (float(value) for value in colours[:, side].mean(0))
        axes.add_patch(Rectangle((1.04 * count, 1 - side), 0.3 * count, 1, facecolor=(red, green, blue)))
    axes.axhline(1, color="white", linewidth=2)
    axes.set_xlim(0, 1.34 * count)
    axes.set_ylim(0, 2)
    axes.set_yticks([1.5, 0.5], ["speaks for it", "rest"], fontsize=SMALL, color=INK, rotation=90, va="center")
    axes.set_xticks([count / 2, 1.19 * count], ["each photograph", "mean"], fontsize=SMALL, color=INK)
    axes.tick_params(length=0)
    axes.set_title("mean colour", fontsize=SMALL, color=INK)


def _differences(axes: Axes, differences: Sequence[Difference], count: int) -> None:
    heights = np.arange(len(differences))[::-1]
    effects = [difference.effect for difference in differences]
    axes.barh(heights - 0.12, effects, color=[FOR if effect > 0 else AGAINST for effect in effects], height=0.4)
    axes.axvline(0, color=SOFT, linewidth=0.8)
    reach = 1.1 * max(1.0, *(abs(effect) for effect in effects))
    for height, difference in zip(heights, differences, strict=True):
        line = f"{difference.supporting:.2f} against {difference.rest:.2f}, in {difference.agreeing} of {count}"
        axes.text(-reach, height + 0.12, line, fontsize=SMALL - 1.5, color=SOFT, va="bottom")
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-0.5, len(differences) - 0.3)
    axes.set_yticks(heights, [difference.name for difference in differences], fontsize=SMALL, color=INK)
    axes.tick_params(labelsize=SMALL, color=SOFT)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("mean difference / its scatter over photographs", fontsize=SMALL, color=INK)
    axes.set_title("what speaks for it, against the rest", fontsize=SMALL, color=INK)
