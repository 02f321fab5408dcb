"""The dream's figure: the photograph and its snapshots in order, and beside them what grew, where and when."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from foodviz.render.style import INK, SMALL, SOFT, bare, colour_bar, heat, limits_of, new_figure, short, titled

Floats = NDArray[np.floating]
_TALL, _BESIDE = 7.6, 4.9  # inches: the height of grid and panels, the panels' width
_HEAD, _WIDEST = 0.3, 4.5  # inches of a snapshot: its two lines, its width
_LARGEST = 640  # pixels of a snapshot's longer side; it is drawn smaller than that
_LINES = ("#4477aa", "#ee6677", "#228833", "#aa7f00")


def dream_figure(
    frames: Sequence[NDArray[np.uint8]],
    steps: Sequence[int],
    objectives: Sequence[float],
    *,
    curve: Floats,
    octave_steps: int | None,
    region_change: Floats,
    on_and_off: Floats,
    region: str,
    probabilities: Floats,
    class_names: Sequence[str],
    unit: str,
    title: str,
    notes: Sequence[str],
) -> Figure:
    """Grid of frames, change map, and three curves over the steps.

    Args:
        frames: F pictures (H, W, 3) of one size, the photograph first.
        steps: of each frame. objectives: of each frame.
        curve: (steps + 1,), the objective at every step from 0, in octaves at the octave's size.
        octave_steps: steps per octave, where the curve is broken; None without octaves.
        region_change: (rows, columns), mean change of each region in [0, 1].
        on_and_off: (2, F), mean change on `region` and off it.
        region: what it is, for the legend.
        probabilities: (F, C). class_names: C.
        unit: what the objective is, for its axis.
        title: above everything. notes: lines at the foot.
    """
    height, width = frames[0].shape[:2]
    columns = _columns(len(frames), width / height)
    rows = -(-len(frames) // columns)
    wide = columns * (min((_TALL / rows - _HEAD) * width / height, _WIDEST) + 0.05)
    figure = new_figure(wide + _BESIDE, _TALL + 1.0)
    left, right = figure.subfigures(1, 2, width_ratios=(wide, _BESIDE))  # type: ignore[misc]
    thin = -(-max(height, width) // _LARGEST)
    for place, axes in enumerate(left.subplots(rows, columns, squeeze=False).flat):
        bare(axes)
        if place < len(frames):
            axes.imshow(frames[place][::thin, ::thin], interpolation="lanczos" if height > 200 else "nearest")
            head = "photograph" if steps[place] == 0 else f"step {steps[place]}"
            axes.set_title(f"{head}\n{objectives[place]:.4g}", fontsize=SMALL, color=INK, pad=2)
    panels = right.subplots(4, 1, height_ratios=(1.5, 1, 1, 1))
    _change_map(figure, panels[0], region_change, steps[-1])
    _objective(panels[1], curve, steps, objectives, octave_steps, unit)
    _lines(panels[2], steps, on_and_off, [f"on {region}", "elsewhere"], "mean change")
    strongest = np.argsort(-probabilities.max(0), kind="stable")[: len(_LINES)]
    names = [short(class_names[index], 20) for index in strongest]
    _lines(panels[3], steps, probabilities.T[strongest], names, "probability")
    panels[3].set_ylim(-0.02, 1.02)
    panels[3].set_xlabel("step", fontsize=SMALL, color=INK)
    titled(figure, title, notes)
    return figure


def _columns(count: int, aspect: float) -> int:
    """As many columns as make the grid about half as wide again as tall, none of them empty."""
    columns = max(1, min(count, round(math.sqrt(1.5 * count / aspect))))
    return -(-count // -(-count // columns))


def _change_map(figure: Figure, axes: Axes, change: Floats, step: int) -> None:
    shown = heat(axes, change, limits_of(change), f"change by region after {step} steps", interpolation="nearest")
    colour_bar(figure, shown, axes, "mean difference, of the pixel range")


def _objective(
    axes: Axes, curve: Floats, steps: Sequence[int], objectives: Sequence[float], octave: int | None, unit: str
) -> None:
    last = len(curve) - 1
    for first in range(0, last, octave or last):
        end = min(first + (octave or last), last)
        axes.plot(
            range(first, end + 1), curve[first : end + 1], color=_LINES[0] if octave is None else "0.7", linewidth=1
        )
    axes.plot(steps, objectives, color=_LINES[0], marker=".", markersize=4, linewidth=1 if octave else 0)
    axes.set_title(
        "objective" + (", at the picture's size (grey: at the size climbed)" if octave else ""), fontsize=SMALL
    )
    axes.set_ylabel(unit, fontsize=SMALL, color=INK)
    _plain(axes)


def _lines(axes: Axes, steps: Sequence[int], rows: Floats, names: Sequence[str], unit: str) -> None:
    for row, name, colour in zip(rows, names, _LINES, strict=False):
        axes.plot(steps, row, color=colour, linewidth=1.2, marker=".", markersize=3, label=name)
    axes.legend(
        fontsize=SMALL,
        frameon=False,
        ncols=4,
        loc="lower left",
        bbox_to_anchor=(0, 0.97),
        borderpad=0,
        handlelength=1.2,
    )
    axes.set_ylabel(unit, fontsize=SMALL, color=INK)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.tick_params(labelsize=SMALL, color=SOFT, labelcolor=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.01)
