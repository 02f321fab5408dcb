"""The look that all figures share: one ink, one face, colour maps that say magnitude or sign."""

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from foodviz.printable import printable
from foodviz.render.fonts import INSTALL, families_for, numbered

INK = "#22262b"
SOFT = "#6b7280"
WARNING = "#b42318"
MAGNITUDE = "magma"  # from nothing to much
SIGNED = "RdBu_r"  # against, nothing, for: symmetric about 0
SMALL, NORMAL, LARGE = 7.5, 9.0, 11.0  # points
_ASCII = 127  # the last letter that every font has
_LONGEST_LINE = 400  # letters, several times the widest figure
_VERDICTS = {"believable": "#1a7f37", "doubtful": "#9a6700", "do not read": WARNING}
_BELOW = 36  # letters in a line below a panel
_LETTERS = 17  # of the small face an inch, in a line of usual words
_LARGE_LETTERS = 10  # of a title


class LiteralFigure(Figure):
    """A figure that draws every text as it is written, whoever wrote it: `$x^2$` is no formula, and nothing is run.

    A letter that the font has not is drawn by another that has it, or where no font on the machine does, as its number;
    that is among `remarks`.
    """

    @property
    def remarks(self) -> list[str]:
        """What of it, as it was drawn, is other than was written, a line each."""
        if not self._missing:
            return []
        some = "".join(sorted(self._missing)[:8])
        return [f"no font here has the letters {some}: pictures show their numbers; {INSTALL}"]

    @property
    def _missing(self) -> set[str]:
        """Letters that were drawn as numbers."""
        missing: set[str] = vars(self).setdefault("_drawn_as_numbers", set())
        return missing

    def draw(self, renderer: RendererBase) -> None:
        """Draw it."""
        with self._literal():
            super().draw(renderer)

    def get_tightbbox(self, *arguments: Any, **settings: Any) -> Bbox:
        """What a notebook crops it to."""
        with self._literal():
            return super().get_tightbbox(*arguments, **settings)

    @contextmanager
    def _literal(self) -> Iterator[None]:
        for text in self.findobj(Text):
            assert isinstance(text, Text)
            text.set_parse_math(False)
            text.set_usetex(False)
            words = "\n".join(printable(line, _LONGEST_LINE) for line in text.get_text().split("\n"))
            if any(ord(sign) > _ASCII for sign in words):
                families, missing = families_for({sign for sign in words if ord(sign) > _ASCII})
                self._missing.update(missing)
                words = numbered(words, missing)
                if len(families) > 1:
                    text.set_fontfamily(families)
            text.set_text(words)
        with rc_context({"text.parse_math": False, "text.usetex": False}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from|Matplotlib currently does not support")
            yield


def new_figure(width: float, height: float, *, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """An empty figure of that size in inches, on white."""
    return LiteralFigure(figsize=(width, height), facecolor="white", layout=layout)


def short(name: str, most: int = 32) -> str:
    """A class's name where there is little room."""
    return printable(name, most)


def bare(axes: Axes) -> Axes:
    """Take ticks and frame away."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def photograph(axes: Axes, image: np.ndarray, caption: str = "") -> None:
    """Show (3, H, W) RGB in [0, 1], a caption above."""
    bare(axes).imshow(image.transpose(1, 2, 0).clip(0, 1), interpolation="bilinear")
    axes.set_title(caption, fontsize=SMALL, color=INK, linespacing=1.35)


def heat(axes: Axes, values: np.ndarray, limits: tuple[float, float], caption: str = "", **look: Any) -> ScalarMappable:
    """Show (H, W) values between limits; signed limits get the diverging map. Returns what a colour bar needs."""
    colours = colours_of(limits, look.pop("colours", None))
    picture = bare(axes).imshow(
        values, cmap=colours, norm=Normalize(*limits), interpolation=look.pop("interpolation", "bilinear"), **look
    )
    if caption:
        axes.set_title(caption, fontsize=SMALL, color=INK, linespacing=1.35)
    return picture


def colours_of(limits: tuple[float, float], wanted: str | None = None) -> str:
    """The colour map for values between limits: the wanted one, else the usual one for magnitudes or for signs."""
    return wanted or (SIGNED if limits[0] < 0 else MAGNITUDE)


def limits_of(values: np.ndarray, clip: float = 100.0) -> tuple[float, float]:
    """From 0 to the largest value, or symmetric about 0 where some are negative; never an empty range.

    Below 100, `clip` is the percentile of the magnitudes that takes the largest one's place, where it is not 0.
    """
    sizes = np.abs(values)
    top = float(np.nanmax(sizes)) if values.size else 0.0
    if clip < 100 and top > 0:
        top = float(np.nanpercentile(sizes, clip)) or top
    top = top if np.isfinite(top) and top > 0 else 1.0
    return (-top, top) if np.nanmin(values) < 0 else (0.0, top)


def colour_bar(figure: Figure, shown: ScalarMappable, axes: Axes | Sequence[Axes], label: str) -> None:
    """A colour bar beside axes, with its unit."""
    bar = figure.colorbar(
        shown, ax=list(axes) if isinstance(axes, Sequence) else axes, fraction=0.05, pad=0.015, aspect=30
    )
    bar.set_label(label, fontsize=SMALL, color=INK)
    bar.ax.tick_params(labelsize=SMALL, color=SOFT, labelcolor=INK)
    bar.outline.set_visible(False)  # type: ignore[operator]


def trust_below(axes: Axes, verdict: str, reason: str) -> None:
    """How far a map can be believed, below it; nothing where it was not measured."""
    if verdict:
        lines = textwrap.wrap(f"{verdict}: {reason}", _BELOW, break_long_words=False)
        axes.set_xlabel("\n".join(lines), fontsize=SMALL - 0.5, color=_VERDICTS.get(verdict, SOFT), linespacing=1.3)


def titled(figure: Figure, title: str, notes: Sequence[str] = ()) -> None:
    """A title at the top, in as many lines as it needs, and lines of notes at the foot."""
    title = textwrap.fill(title, int(_LARGE_LETTERS * figure.get_figwidth()), break_long_words=False)
    figure.suptitle(title, fontsize=LARGE, color=INK, x=0.01, ha="left", fontweight="bold")
    lines = wrapped(notes, figure.get_figwidth())
    if lines:
        figure.supxlabel("\n".join(lines), fontsize=SMALL, color=SOFT, x=0.01, ha="left")


def noted(figure: Figure, remarks: Sequence[str]) -> None:
    """Further lines at the foot, below those of `titled`, in the colour of warnings where there were none."""
    lines = wrapped(remarks, figure.get_figwidth())
    if lines:
        before = [figure.get_supxlabel()] if figure.get_supxlabel() else []
        colour = SOFT if before else WARNING
        figure.supxlabel("\n".join([*before, *lines]), fontsize=SMALL, color=colour, x=0.01, ha="left")


def wrapped(notes: Sequence[str], width: float) -> list[str]:
    """Notes as lines that fit a figure of `width` inches; empty ones left out."""
    return [line for note in notes for line in textwrap.wrap(note, int(_LETTERS * width), break_long_words=False)]
