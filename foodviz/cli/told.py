"""What a run tells of itself: captions, the table on stdout, and the common part of every manifest."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from foodviz.cli.run import Run


@dataclass(frozen=True)
class Picture:
    """What is known of one picture: its place, class and prediction; `label` is None where unlabelled."""

    id: int
    file: str
    label: str | None
    predicted: str
    probability: float
    sha256: str

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of the table on stdout."""
        number = str(self.id) if self.id >= 0 else ""
        return number, self.file, self.label or "unlabelled", "->", f"{self.predicted} {self.probability:.1%}"

    @property
    def caption(self) -> str:
        """Two lines for above a photograph."""
        name = Path(self.file).name
        title = f"{self.id}  {name}" if self.id >= 0 else name
        said = f"{self.label} → {self.predicted}" if self.label else self.predicted
        return f"{title}\n{said} {self.probability:.0%}"


def settings_of_command() -> dict[str, Any]:
    """Every flag's value of the running command, defaults and config included."""
    context = click.get_current_context()
    return {key: list(value) if isinstance(value, tuple) else value for key, value in context.params.items()}


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of cells as lines, columns aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def common_facts(run: Run) -> dict[str, Any]:
    """What every manifest says: settings, seed, device, versions, model, pictures, data."""
    from importlib import metadata

    import torch

    from foodviz import __version__

    names = ("torch", "numpy", "pillow", "matplotlib")
    versions = {name: metadata.version(name) for name in names}
    model = run.classifier.facts()
    facts: dict[str, Any] = {
        "settings": run.settings,
        "seed": run.seed,
        "device": str(run.device),
        "threads": torch.get_num_threads(),
        "versions": {"foodviz": __version__, "python": sys.version.split()[0], **versions},
        "model": {"file": run.flags["model"], "sha256": run.classifier.sha256, **model},
    }
    if "ids" in run.flags:
        facts["pictures"] = [vars(picture) for picture in run.pictures]
        facts["trained_on"] = run.trained_on or None
    if not run.flags.get("image"):
        facts["data"] = {"data": run.listing.data, "split": run.listing.name, "listing": run.listing.digest}
    return facts
