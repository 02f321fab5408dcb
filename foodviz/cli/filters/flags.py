"""The flags of `foodviz filters`, checked before anything slow is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click

from foodviz.cli.options import number_or
from foodviz.errors import InputError


@dataclass(frozen=True)
class Settings:
    """The command's own flags with the defaults that depend on other flags; `scan` is None for every picture."""

    layer: str
    filters: tuple[int, ...]
    classes: tuple[str, ...]
    all_: bool
    only: str | None
    similar: bool
    recipe: str
    objective: str
    pictures: int
    steps: int
    every: int
    lr: float
    statistics: str
    start: str
    optimizer: str
    weight_decay: float
    scan: int | None

    @classmethod
    def of(cls, flags: dict[str, Any]) -> Settings:
        """Settings from what click hands over.

        Raises:
            InputError, UsageError: flags that cannot be, or cannot be together.
        """
        if flags["classes"] and (flags["filters"] or flags["all_"] or flags["similar"]):
            raise click.UsageError("--class draws logits: it excludes --filters, --all and --similar")
        if flags["all_"] and flags["filters"]:
            raise click.UsageError("--all and --filters exclude each other")
        every = flags["every"] or 0
        if every > flags["steps"]:
            raise InputError(f"--every {every} is larger than --steps {flags['steps']}: there would be no snapshot")
        usual = {"pixel": 0.1 if flags["optimizer"] == "adam" else 12.0, "fourier": 0.5, "maco": 0.1}
        lr = flags["lr"] or usual[flags["recipe"]]
        pictures = flags["pictures"] if flags["objective"] == "diversity" else 1
        filters = tuple(dict.fromkeys(flags["filters"]))
        scan = number_or("all", flags["scan"], 2, "--scan {}: give a number of pictures from 2 on, or all")
        return cls(**{**flags, "every": every, "lr": lr, "pictures": pictures, "filters": filters, "scan": scan})


OWN = tuple(Settings.__dataclass_fields__)
