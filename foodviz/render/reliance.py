"""What becomes of the answers when one thing is changed: a table of classes and changes, and examples of them."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foodviz.render.style import INK, NORMAL, SMALL, SOFT, WARNING, bare, new_figure, photograph, short, titled

_CELL = (0.54, 0.3)  # inches across and down
_OUTLINE = "#00e5ff"
_FAINT = "#f3b8ad"  # what may be chance, on dark red


def kept_figure(
    shares: np.ndarray,
    none: np.ndarray,
    groups: Sequence[str],
    counts: Sequence[int],
    labels: Sequence[str],
    kinds: Sequence[str],
    *,
    title: str,
    notes: Sequence[str] = (),
) -> Figure:
    """A row for all pictures and one for each class, a column for each change: the share that keeps its name.

    Args:
        shares: (G, I) in [0, 1]; NaN where there was no name to keep. The redder, the more names go.
        none: (G, I) bool, whether that may be chance: in grey.
        groups: G names. counts: G, of how many pictures.
        labels: I headings. kinds: I, of which neighbours that are alike stand under one heading.
    """
    rows, columns = shares.shape
    names = [short(name) for name in groups]
    reach = 0.085 * max(map(len, names))
    figure = new_figure(_CELL[0] * (columns + 1.0) + reach + 0.5, _CELL[1] * rows + 2.2)
    axes = bare(figure.subplots())
    colours = np.asarray(colormaps["Reds"](0.8 * (1 - np.nan_to_num(shares, nan=1.0))))
    axes.imshow(colours, interpolation="nearest", aspect=_CELL[1] / _CELL[0])
    for (row, column), share in np.ndenumerate(shares):
        dark = share < 0.3
        ink = (_FAINT if dark else SOFT) if none[row, column] else "white" if dark else INK
        text = "–" if np.isnan(share) else f"{100 * share:.0f}"
        weight = "bold" if row == 0 else "normal"
        axes.text(column, row, text, ha="center", va="center", fontsize=NORMAL, color=ink, fontweight=weight)
    axes.set_xlim(-0.5, columns + 0.4)
    for row, count in enumerate(counts):
        axes.text(columns + 0.35, row, f"{count:,}", ha="right", va="center", fontsize=SMALL, color=SOFT)
    axes.text(columns + 0.35, -0.75, "of", ha="right", va="bottom", fontsize=SMALL, color=SOFT)
    axes.set_yticks(range(rows), names, fontsize=NORMAL, color=INK)
    axes.tick_params(length=0)
    for column, label in enumerate(labels):
        axes.text(column - 0.1, -0.75, label, rotation=50, ha="left", va="bottom", fontsize=NORMAL, color=INK)
    _headings(axes, kinds, rows)
    if rows > 1:
        axes.axhline(0.5, color="white", linewidth=3)
    titled(figure, title, notes)
    return figure


def _headings(axes: Axes, kinds: Sequence[str], rows: int) -> None:
    """The kinds below the columns that they take together, with a gap between them."""
    start = 0
    for kind, same in groupby(kinds):
        count = len(list(same))
        if start:
            axes.axvline(start - 0.5, color="white", linewidth=4)
        axes.plot([start - 0.4, start + count - 0.6], [rows - 0.35] * 2, color=SOFT, linewidth=1, clip_on=False)
        axes.text(start + (count - 1) / 2, rows - 0.2, kind, ha="center", va="top", fontsize=SMALL, color=SOFT)
        start += count
    axes.set_ylim(rows + 0.4, -0.5)


def examples_figure(
    strips: Sequence[np.ndarray],
    outlines: Sequence[np.ndarray | None],
    captions: Sequence[Sequence[str]],
    lost: Sequence[Sequence[bool]],
    headings: Sequence[str],
    *,
    title: str,
    notes: Sequence[str] = (),
) -> Figure:
    """A row for each picture: as it is, then changed in each way, under each what the model says.

    Args:
        strips: for each picture (1 + I, 3, H, W), RGB in [0, 1].
        outlines: for each (H, W) bool, where its object is, drawn into the first; None where it is not known.
        captions: for each its 1 + I answers. lost: for each whether the answer is no longer its name, in red.
        headings: 1 + I, above the columns.
    """
    rows, columns = len(strips), len(headings)
    figure = new_figure(max(5.0, 1.32 * columns), 1.52 * rows + 1.0)
    grid = figure.subplots(rows, columns, squeeze=False)
    for row, (strip, outline) in enumerate(zip(strips, outlines, strict=True)):
        for column, axes in enumerate(grid[row]):
            photograph(axes, strip[column], headings[column] if row == 0 else "")
            colour = WARNING if lost[row][column] else INK
            axes.set_xlabel(captions[row][column], fontsize=SMALL, color=colour)
        if outline is not None:
            _outlined(grid[row, 0], outline)
    titled(figure, title, notes)
    return figure


def masks_figure(
    images: np.ndarray, masks: np.ndarray, captions: Sequence[str], *, title: str, notes: Sequence[str] = ()
) -> Figure:
    """Photographs (N, 3, H, W) with the outline of their masks (N, H, W), a caption above each."""
    columns = min(8, len(images))
    rows = -(-len(images) // columns)
    figure = new_figure(max(5.0, 1.4 * columns), 1.75 * rows + 0.9)
    places = figure.subplots(rows, columns, squeeze=False).ravel()
    for place, image, mask, caption in zip(places, images, masks, captions, strict=False):
        photograph(place, image, caption)
        _outlined(place, mask)
    for place in places[len(images) :]:
        bare(place)
    titled(figure, title, notes)
    return figure


def _outlined(axes: Axes, mask: np.ndarray) -> None:
    if 0 < mask.sum() < mask.size:
        axes.contour(mask, levels=[0.5], colors=["black"], linewidths=2.2)
        axes.contour(mask, levels=[0.5], colors=[_OUTLINE], linewidths=1.2)
