"""What an analysis gives back: values, facts and sentences; its pictures are drawn when somebody asks for them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.errors import require
from foodviz.results import FORMATS, ResultFolder

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure


PAGE = 8  # things beside one another in a figure
DPI = (30, 600)  # a picture of more could be too large for memory


@dataclass(frozen=True, eq=False)
class Result:
    """The answer of one analysis.

    Attributes:
        command: the analysis's name, the stem of the files that it is saved as.
        settings: every argument that it was called with, and how its subject was opened; they repeat it.
        arrays: raw values by name, in the units that `facts` says.
        facts: what the manifest says beside the settings, plain JSON.
        lines: what the terminal shows.
        sentences: what was measured, in words for the page.
        draw: makes the figures by name; "" is the analysis's own.
        views: makes what the page's interactive parts need, as `foodviz.render.views` has it.
        files: writers of further files by name.
        pictures: (H, W, 3) uint8 by file name, written as PNG with the command line.
        findings: what it all comes to, a sentence or two with their figures, for the head of the report.
    """

    command: str
    settings: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]
    lines: Sequence[str] = ()
    sentences: Sequence[str] = ()
    draw: Callable[[], Mapping[str, Figure]] = dict
    views: Callable[[], Mapping[str, Any]] = dict
    files: Mapping[str, Callable[[Path], object]] = field(default_factory=dict)
    pictures: Mapping[str, np.ndarray] = field(default_factory=dict)
    findings: Sequence[str] = ()

    def figures(self) -> dict[str, Figure]:
        """The figures by name, drawn anew at each call; "" is the analysis's own picture.

        At the foot of each stands what is doubtful about how the model was read.
        """
        return dict(self._figures())

    def _figures(self) -> Iterator[tuple[str, Figure]]:
        """One after the other: pages of hundreds are never there together."""
        remarks = self.facts.get("model", {}).get("remarks", ())
        for name, figure in self.draw().items():
            if remarks:
                from foodviz.render.style import noted

                noted(figure, remarks)
            yield name, figure

    def save(
        self,
        out: str | Path = "results",
        *,
        dpi: int = 150,
        formats: Sequence[str] = ("png",),
        command_line: str = "",
    ) -> ResultFolder:
        """Write pictures, arrays, further files and last the manifest, each file whole or not at all.

        Args:
            out: the folder, made where it is missing.
            dpi: resolution of the pictures.
            formats: of the figures, some of `results.FORMATS`.
            command_line: what redraws them; goes into every picture and the manifest.

        Raises:
            InputError: the folder cannot be written to, or no such resolution or format.
        """
        for each in formats:
            require(each in FORMATS, "format", each, f"must be of {', '.join(FORMATS)}")
        require(DPI[0] <= dpi <= DPI[1], "dpi", dpi, f"must be from {DPI[0]} to {DPI[1]}")
        folder = ResultFolder(out, self.command, command_line)
        for name, pixels in self.pictures.items():
            folder.picture(name, pixels)
        for name, write in self.files.items():
            folder.file(name, write)
        for name, figure in self._figures():
            folder.figure(figure, dpi=dpi, name=name, formats=formats)
        if self.arrays:
            folder.arrays(self.arrays)
        folder.manifest({"settings": {**self.settings, "dpi": dpi}, **self.facts})
        return folder


class OnDemand(Mapping[str, "Figure"]):
    """Figures by name, each drawn when it is looked up and not kept: hundreds need no more memory than one."""

    def __init__(self, makers: Mapping[str, Callable[[], Figure]]) -> None:
        self._makers = makers

    def __getitem__(self, name: str) -> Figure:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def pages(
    count: int, draw: Callable[[slice], Figure], besides: Mapping[str, Callable[[], Figure]] | None = None
) -> OnDemand:
    """Figures of at most PAGE of `count` things beside one another, the first one the analysis's own, and others."""
    starts = range(0, count, PAGE)
    width = len(str(len(starts)))
    names = [f"page-{number:0{width}}" if number > 1 else "" for number in range(1, len(starts) + 1)]
    parts = [slice(start, start + PAGE) for start in starts]
    drawn = {name: partial(draw, part) for name, part in zip(names, parts, strict=True)}
    return OnDemand({**drawn, **(besides or {})})


def settings_of(analysis: Callable[..., object], values: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of an analysis among its local variables, as JSON has them."""
    names = [name for name, each in inspect.signature(analysis).parameters.items() if each.kind is each.KEYWORD_ONLY]
    return {name: list(values[name]) if isinstance(values[name], tuple) else values[name] for name in names}


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of cells as lines, columns aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
