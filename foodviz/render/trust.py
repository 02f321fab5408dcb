"""What becomes of the answer while the cells that a map marks are hidden, or shown."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from foodviz.render.style import INK, SMALL, SOFT, new_figure, titled

_COLOURS = ("#b2182b", "#2166ac", "#1a7f37", "#9a6700", "#7b3294", "#008080", "#555555")
_PANEL = 2.3  # inches


def curves_figure(
    captions: Sequence[str],
    shares: np.ndarray,
    deletions: Sequence[np.ndarray],
    insertions: Sequence[np.ndarray],
    titles: Sequence[str],
) -> Figure:
    """A column per picture: above the answer while cells are hidden, below while they alone are shown.

    Args:
        captions: N, above the columns.
        shares: (K,) of the cells.
        deletions: of each method (N, O, K) probabilities: by the map, by the centre, by edges, and by chance.
        insertions: the same, of the cells alone.
        titles: of the methods.
    """
    figure = new_figure(max(5.2, _PANEL * len(captions) + 1.5), 2 * _PANEL + 1.2)
    grid = figure.subplots(2, len(captions), squeeze=False, sharex=True, sharey=True)
    for row, of_methods in zip(grid, (deletions, insertions), strict=True):
        for column, axes in enumerate(row):
            _, centre, edges, *chance = of_methods[0][column]
            blind = {"centre": (centre, "dashed"), "edges": (edges, "dotted"), "chance": (np.mean(chance, 0), "solid")}
            for label, (values, style) in blind.items():
                axes.plot(shares, values, color=SOFT, linestyle=style, linewidth=1, label=label)
            for place, (title, curves) in enumerate(zip(titles, of_methods, strict=True)):
                colour = _COLOURS[place % len(_COLOURS)]
                axes.plot(shares, curves[column, 0], color=colour, linewidth=1.8, label=title)
            axes.set_ylim(-0.02, 1.02)
            axes.tick_params(labelsize=SMALL, colors=INK)
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
    for axes, caption in zip(grid[0], captions, strict=True):
        axes.set_title(caption, fontsize=SMALL, color=INK)
    grid[0, 0].set_ylabel("probability while cells are hidden", fontsize=SMALL, color=INK)
    grid[1, 0].set_ylabel("probability while they alone are shown", fontsize=SMALL, color=INK)
    figure.supxlabel("share of the cells, from the map's strongest on", fontsize=SMALL, color=INK)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", fontsize=SMALL, frameon=False)
    titled(figure, "Is the answer where the map says?")
    return figure
