"""Pictures as points, coloured by class, the classes' names where their points are."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from foodviz.render.style import INK, NORMAL, SMALL, SOFT, bare, new_figure, short, titled

# Of different hue and of different lightness, so that neighbours are told apart in grey, too.
_COLOURS = (
    "#1f4e9c", "#e07b00", "#2a8a3e", "#c62828", "#7b3fa0", "#8c564b", "#e377c2", "#5f6b76", "#a3a000", "#17a2b8",
    "#f2b5a0",
)  # fmt: skip
_MOST_NAMED = 40  # classes whose names fit beside one another
_NEAR = (0.16, 0.034)  # how near two names may be, as shares of the figure
_ROUNDS = 60


def embedding_figure(
    places: np.ndarray,
    classes: np.ndarray,
    class_names: Sequence[str],
    wrong: np.ndarray | None,
    *,
    title: str,
    notes: Sequence[str] = (),
) -> Figure:
    """The points, a ring around those that are named wrongly, and each class's name at the middle of its points.

    Args:
        places: (N, 2).
        classes: (N,) class index, the colour.
        wrong: (N,) bool, those that the model names otherwise; None where that is not known.
    """
    figure = new_figure(9.5, 8.2)
    axes = bare(figure.subplots())
    axes.set_aspect("equal", "datalim")
    present = [index for index in range(len(class_names)) if (classes == index).any()]
    size = float(np.clip(9000 / len(places), 5, 60))
    for index in present:
        x, y = places[classes == index].T
        axes.scatter(x, y, s=size, color=colour_of(index, len(class_names)), alpha=0.75, linewidths=0, rasterized=True)
    if wrong is not None and wrong.any():
        x, y = places[wrong].T
        axes.scatter(
            x, y, s=2.2 * size + 12, facecolors="none", edgecolors=INK, linewidths=0.9,
            label=f"ringed: named wrongly, {int(wrong.sum()):,} of {len(wrong):,}",
        )  # fmt: skip
        legend = axes.legend(loc="upper right", fontsize=SMALL, frameon=False, borderaxespad=0)
        legend.get_texts()[0].set_color(SOFT)
    if len(present) <= _MOST_NAMED:
        _name(axes, places, classes, present, class_names)
    titled(figure, title, notes)
    return figure


def colour_of(index: int, classes: int) -> tuple[float, ...] | str:
    """The colour of a class: one of eleven, or of more classes as many hues."""
    return _COLOURS[index] if classes <= len(_COLOURS) else tuple(colormaps["hsv"](index / classes))


def _name(
    axes: Axes, places: np.ndarray, classes: np.ndarray, present: Sequence[int], class_names: Sequence[str]
) -> None:
    """Names at the medians of the classes' points, moved up and down until none lies on another."""
    low, span = places.min(0), np.ptp(places, 0) + 1e-12
    middles = np.array([(np.median(places[classes == index], 0) - low) / span for index in present])
    for _ in range(_ROUNDS):
        for one in range(len(middles)):
            for other in range(one):
                apart = middles[one] - middles[other]
                if abs(apart[0]) < _NEAR[0] and abs(apart[1]) < _NEAR[1]:
                    push = (_NEAR[1] - abs(apart[1])) / 2 * (1 if apart[1] >= 0 else -1)
                    middles[one, 1] += push
                    middles[other, 1] -= push
    for index, middle in zip(present, middles, strict=True):
        x, y = low + middle * span
        axes.text(
            x, y, short(class_names[index]), ha="center", va="center", fontsize=NORMAL, fontweight="bold", color=INK,
            path_effects=[withStroke(linewidth=3.5, foreground="white")],
        )  # fmt: skip
