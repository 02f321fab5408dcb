"""Methods against measures, a row and a column each, with what knows nothing of the model as the scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foodviz.render.style import INK, NORMAL, SMALL, SOFT, bare, new_figure, titled

_BEST, _OTHER, _BASELINE = "#1a7f37", "#3b5b92", "#9aa1ab"
_COLUMN, _ROW = 1.35, 0.3  # inches


@dataclass(frozen=True)
class MeasureColumn:
    """One measure of all methods, then of all baselines.

    Attributes:
        title: above. rising: whether more is better.
        means: (R,) NaN where not measured. intervals: (R, 2).
        best: rows that are best, or cannot be told apart from that.
        scale: the best that knows nothing of the model; NaN where there is none.
    """

    title: str
    rising: bool
    means: np.ndarray
    intervals: np.ndarray
    best: Sequence[int]
    scale: float


def standings_figure(
    names: Sequence[str], methods: int, columns: Sequence[MeasureColumn], *, title: str, notes: Sequence[str] = ()
) -> Figure:
    """Means as dots with their intervals; green is best by the measure, or not to be told apart from the best.

    Args:
        names: of R rows, the first `methods` of them methods, the others baselines, drawn grey.
        columns: at least one.
    """
    figure = new_figure(1.9 + _COLUMN * len(columns), _ROW * len(names) + 1.6 + 0.2 * len(notes))
    grid = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, column in zip(grid, columns, strict=True):
        _column(axes, column, methods)
    ticks = grid[0].set_yticks(range(len(names)), names, fontsize=NORMAL, color=INK)
    for tick in ticks[methods:]:
        tick.label1.set_color(SOFT)
    grid[0].set_ylim(len(names) - 0.4, -0.75)
    titled(figure, title, notes)
    return figure


def _column(axes: Axes, column: MeasureColumn, methods: int) -> None:
    bare(axes)
    axes.tick_params(length=0)
    axes.set_title(f"{column.title}\n{'more' if column.rising else 'less'} is better", fontsize=SMALL, color=INK)
    known = np.isfinite(column.means)
    low = min(0.0, float(column.intervals[known, 0].min()))
    high = float(column.intervals[known, 1].max())
    room = (high - low) or 1.0
    axes.set_xlim(low - 0.08 * room, high + 0.62 * room)  # the figures stand behind the dots
    if np.isfinite(column.scale):
        axes.axvline(column.scale, color=_BASELINE, linewidth=0.9, linestyle="dashed", zorder=0)
    axes.axhline(methods - 0.5, color=_BASELINE, linewidth=0.6)
    for row in np.flatnonzero(known).tolist():
        best = row in column.best
        colour = _BASELINE if row >= methods else _BEST if best else _OTHER
        axes.axhline(row, color="#eef0f3", linewidth=0.8, zorder=0)
        axes.plot(column.intervals[row], [row, row], color=colour, linewidth=1.6, solid_capstyle="butt")
        axes.plot(column.means[row], row, "o", color=colour, markersize=6 if best else 4.5)
        axes.annotate(
            f"{column.means[row]:.2f}",
            (max(float(column.intervals[row, 1]), float(column.means[row])), row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},  # no line runs through it
            fontsize=SMALL,
            color=SOFT if row >= methods else colour,
            fontweight="bold" if best else "normal",
        )
