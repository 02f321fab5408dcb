"""What becomes of the answer while the cells that a map marks are hidden, or shown."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure

from foodviz.render.style import INK, SMALL, SOFT, new_figure, titled

_COLOURS = ("#b2182b", "#2166ac", "#1a7f37", "#9a6700", "#7b3294", "#008080", "#555555")
_PANEL = 2.3  # inches


class Lines(Protocol):
    """Curves as `metrics.faithfulness.Curves` has them, for one map: itself, the centre, edges, then chance."""

    @property
    def shares(self) -> object: ...
    @property
    def deletion(self) -> object: ...
    @property
    def insertion(self) -> object: ...


def curves_figure(captions: Sequence[str], curves: Sequence[Sequence[Lines]], titles: Sequence[str]) -> Figure:
    """A column per picture: above the answer while cells are hidden, below while they alone are shown.

    Args:
        captions: N, above the columns.
        curves: for each method those of its N maps.
        titles: of the methods.
    """
    figure = new_figure(max(5.2, _PANEL * len(captions) + 1.5), 2 * _PANEL + 1.2)
    grid = figure.subplots(2, len(captions), squeeze=False, sharex=True, sharey=True)
    for column, caption in enumerate(captions):
        for row, name in enumerate(("deletion", "insertion")):
            axes = grid[row, column]
            first = curves[0][column]
            shares, blind = np.asarray(first.shares), np.asarray(getattr(first, name))[1:]
            for place, (label, style) in enumerate((("centre", "dashed"), ("edges", "dotted"))):
                axes.plot(shares, blind[place], color=SOFT, linestyle=style, linewidth=1, label=label)
            axes.plot(shares, blind[2:].mean(0), color=SOFT, linewidth=0.8, label="chance")
            for place, (title, of_method) in enumerate(zip(titles, curves, strict=True)):
                own = np.asarray(getattr(of_method[column], name))[0]
                axes.plot(shares, own, color=_COLOURS[place % len(_COLOURS)], linewidth=1.8, label=title)
            axes.set_ylim(-0.02, 1.02)
            axes.tick_params(labelsize=SMALL, colors=INK)
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
        grid[0, column].set_title(caption, fontsize=SMALL, color=INK)
    grid[0, 0].set_ylabel("probability while cells are hidden", fontsize=SMALL, color=INK)
    grid[1, 0].set_ylabel("probability while they alone are shown", fontsize=SMALL, color=INK)
    figure.supxlabel("share of the cells, from the map's strongest on", fontsize=SMALL, color=INK)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", fontsize=SMALL, frameon=False)
    titled(figure, "Is the answer where the map says?")
    return figure
