"""The confusion matrix as a picture, from 2 to a hundred classes and more."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foodviz.render.style import INK, NORMAL, SMALL, SOFT, WARNING, bare, new_figure, short, titled

COLUMN = 0.62  # inches of a column of figures beside the matrix
_EMPTY = (0.9, 0.9, 0.9, 1.0)
_GRID = "#e3e6ea"


def matrix_figure(
    counts: np.ndarray,
    shares: np.ndarray,
    class_names: Sequence[str],
    columns: dict[str, np.ndarray],
    *,
    title: str,
    notes: Sequence[str] = (),
    warning: str = "",
) -> Figure:
    """True class down, predicted class across; right answers blue, wrong ones red, figures of each class beside it.

    Args:
        counts: (C, C) images.
        shares: (C, C) of the row's images, in [0, 1]; NaN for a class without images.
        class_names: C names.
        columns: heading -> (C,) shares in [0, 1], shown as percentages, NaN as a dash; integers as they are.
        notes: lines at the foot.
        warning: a line above the matrix, in red.
    """
    classes = len(class_names)
    class_names = [short(name) for name in class_names]
    cell = float(np.clip(6.6 / classes, 0.22, 1.1))  # inches
    longest = max(len(name) for name in class_names)
    slanted = classes <= 25
    beside = COLUMN / cell * len(columns)  # in cells
    reach = 0.085 * min(longest, 32)  # inches of the longest name
    width = cell * (classes + beside) + reach + 0.8
    below = reach * (0.65 if slanted else 1.0)
    figure = new_figure(max(width, 6.4), cell * classes + below + 1.5)
    axes = bare(figure.subplots())
    axes.imshow(_colours(shares), interpolation="nearest")
    axes.set_xlim(-0.5, classes - 0.5 + beside)
    _annotate(axes, counts, shares, cell)
    size = min(NORMAL, cell * 72 * 0.55)
    axes.set_xticks(range(classes), class_names, fontsize=size, color=INK)
    for label in axes.get_xticklabels():
        label.set(rotation=35 if slanted else 90, ha="right" if slanted else "center", rotation_mode="anchor")
        if not slanted:
            label.set(ha="right", va="center")
    axes.set_yticks(range(classes), class_names, fontsize=size, color=INK)
    axes.tick_params(length=0)
    axes.set_ylabel("true class", fontsize=NORMAL, color=SOFT)
    axes.set_xlabel("predicted class", fontsize=NORMAL, color=SOFT, x=classes / (classes + beside) / 2)
    _columns(axes, columns, classes, cell, size)
    edges = np.arange(-0.5, classes)
    axes.hlines(edges, -0.5, classes - 0.5, color=_GRID, linewidth=0.6)
    axes.vlines(edges, -0.5, classes - 0.5, color=_GRID, linewidth=0.6)
    if warning:
        wrapped = textwrap.fill(warning, int(13 * cell * (classes + beside)))
        axes.set_title(wrapped, fontsize=NORMAL, color=WARNING, loc="left", pad=22)
    titled(figure, title, notes)
    return figure


def _colours(shares: np.ndarray) -> np.ndarray:
    """(C, C, 4): on a square-root scale, on which an error of one in a hundred can be seen."""
    strength = np.sqrt(np.nan_to_num(shares))
    coloured = np.asarray(colormaps["Reds"](strength * 0.9))
    right = np.eye(len(shares), dtype=bool)
    coloured[right] = colormaps["Blues"](strength[right] * 0.85)
    coloured[strength == 0] = 1.0
    coloured[np.isnan(shares)] = _EMPTY
    return coloured


def _annotate(axes: Axes, counts: np.ndarray, shares: np.ndarray, cell: float) -> None:
    """The count in every cell that has one, its share too where there is room."""
    digits = len(str(counts.max()))
    roomy = cell >= 0.45
    size = min(NORMAL, cell * 72 * (0.85 / (0.62 * max(digits, 4)) if roomy else 0.9 / (0.62 * max(digits, 2))))
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = shares[row, column]
        text = f"{counts[row, column]}\n{percent(share)}" if roomy else str(counts[row, column])
        ink = "white" if np.sqrt(share) > 0.62 else INK
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=ink, linespacing=1.15)


def _columns(axes: Axes, columns: dict[str, np.ndarray], classes: int, cell: float, size: float) -> None:
    for number, (heading, values) in enumerate(columns.items()):
        right = classes - 0.5 + (number + 1) * COLUMN / cell
        axes.text(right, -0.6, heading, ha="right", va="bottom", fontsize=min(SMALL, size), color=SOFT)
        for row, value in enumerate(values):
            text = str(value) if values.dtype.kind == "i" else percent(float(value))
            axes.text(right, row, text, ha="right", va="center", fontsize=size, color=INK)


def percent(share: float) -> str:
    """A share in [0, 1] in few characters: `92%`, `0.3%`, `–` where undefined."""
    if np.isnan(share):
        return "–"
    return f"{100 * share:.1f}%" if 0 < share < 0.0995 else f"{100 * share:.0f}%"
