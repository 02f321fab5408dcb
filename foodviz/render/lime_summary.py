"""LIME's class figure: the pieces that speak for a class, their colours, their place, and how they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

Floats = NDArray[np.floating]
_COLUMNS = 10  # of the montage


@dataclass(frozen=True)
class Piece:
    """One superpixel of the montage."""

    picture: Floats  # (h, w, 3) in [0, 1], square, the superpixel in its middle
    inside: NDArray[np.bool_]  # (h, w)
    caption: str


@dataclass(frozen=True)
class Difference:
    """One measure: pieces that speak for the class against the rest."""

    name: str
    supporting: float
    rest: float
    effect: float  # mean difference in units of its scatter over photographs
    agreeing: int  # photographs in which the difference has the same sign


def lime_summary_figure(
    caption: str, montage: Sequence[Piece], colours: Floats, place: Floats, differences: Sequence[Difference]
) -> Figure:
    """One page about one class.

    Args:
        caption: some lines above everything.
        montage: the strongest superpixels, strongest first.
        colours: (N, 2, 3) mean RGB of what speaks for the class and of the rest, one pair for each photograph.
        place: (H, W) mean density of positive weight, 1 = spread evenly.
        differences: in the order of the axis.
    """
    rows = -(-len(montage) // _COLUMNS)
    tall = 1.0 * rows + 0.3
    figure = Figure(figsize=(10.4, 4.2 + tall), layout="constrained")
    figure.suptitle(caption, fontsize=9, x=0.01, ha="left")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(tall, 3.4))[:, 0]
    above.suptitle("the strongest superpixel of each photograph, strongest first", fontsize=8, x=0.01, ha="left")
    for place_, axes in enumerate(above.subplots(rows, _COLUMNS, squeeze=False).flat):
        axes.set_axis_off()
        if place_ < len(montage):
            _piece(axes, montage[place_])
    left, middle, right = below.subplots(1, 3, width_ratios=(1.1, 1, 1.25))
    _colours(left, colours)
    _place(middle, place)
    _differences(right, differences, len(colours))
    return figure


def _piece(axes: Axes, piece: Piece) -> None:
    shown = np.where(piece.inside[..., None], piece.picture, 0.25 * piece.picture + 0.75)
    axes.imshow(shown, interpolation="nearest")
    axes.contour(piece.inside, [0.5], colors="black", linewidths=0.6)
    axes.set_title(piece.caption, fontsize=6, pad=1.5)


def _colours(axes: Axes, colours: Floats) -> None:
    """A bar code: over the line what speaks for the class, under it the rest, from light to dark; means at the side."""
    order = np.argsort(-colours[:, 0].mean(1), kind="stable")
    count = len(colours)
    axes.imshow(colours[order].transpose(1, 0, 2), aspect="auto", interpolation="nearest", extent=(0, count, 0, 2))
    for side in range(2):
        mean = tuple(float(value) for value in colours[:, side].mean(0))
        axes.add_patch(Rectangle((1.04 * count, 1 - side), 0.3 * count, 1, facecolor=mean, clip_on=False))
    axes.axhline(1, color="white", linewidth=2)
    axes.set_xlim(0, 1.36 * count)
    axes.set_ylim(0, 2)
    axes.set_yticks([1.5, 0.5], ["speaks for it", "rest"], fontsize=7, rotation=90, va="center")
    axes.set_xticks([count / 2, 1.19 * count], ["each photograph", "mean"], fontsize=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title("mean colour", fontsize=8, loc="left")


def _place(axes: Axes, place: Floats) -> None:
    drawn = axes.imshow(place, cmap="magma", vmin=0, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title("where positive weight lies", fontsize=8, loc="left")
    bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("density, 1 = even", fontsize=7)
    bar.ax.tick_params(labelsize=6)


def _differences(axes: Axes, differences: Sequence[Difference], count: int) -> None:
    places = np.arange(len(differences))[::-1]
    effects = np.array([difference.effect for difference in differences])
    axes.barh(places, effects, color=["#b2182b" if effect > 0 else "#2166ac" for effect in effects], height=0.45)
    axes.axvline(0, color="0.3", linewidth=0.8)
    reach = max(1.0, float(np.abs(effects).max())) * 1.15
    axes.set_xlim(-reach, reach)
    axes.set_yticks(places, [difference.name for difference in differences], fontsize=7)
    for place, difference in zip(places, differences, strict=True):
        line = f"{difference.supporting:.2f} against {difference.rest:.2f}, in {difference.agreeing} of {count}"
        axes.text(-reach, place + 0.27, line, fontsize=5.8, color="0.3", va="bottom")
    axes.set_ylim(-0.5, len(differences) - 0.2)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("mean difference / its scatter over photographs", fontsize=7)
    axes.set_title("what speaks for it, against the rest", fontsize=8, loc="left")
