"""The flags of `foodviz dream`, checked before anything slow is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from foodviz.errors import InputError


@dataclass(frozen=True)
class Settings:
    """The command's own flags with the defaults that depend on other flags; `steps` is per octave where there are any.

    `filters` is empty for the whole layer, a class or a guide.
    """

    recipe: str
    layer: str
    filters: tuple[int, ...]
    weights: tuple[float, ...]
    class_name: str | None
    guide: str | None
    steps: int
    every: int
    lr: float
    weight_decay: float
    optimizer: Any
    space: str
    size: int | None
    octaves: int
    octave_scale: float
    animate: Any
    zoom: int | None
    resume: bool

    @classmethod
    def of(cls, flags: dict[str, Any]) -> Settings:
        """Settings from what click hands over.

        Raises:
            InputError, UsageError: flags that cannot be, or cannot be together.
        """
        octaves = flags["recipe"] == "octaves"
        if sum(map(bool, (flags["filters"], flags["class_name"], flags["guide"]))) > 1:
            raise click.UsageError("--filter, --class and --guide exclude each other")
        if flags["zoom"] and not octaves:
            raise click.UsageError("--zoom goes on from octaves: give --recipe octaves")
        if flags["space"] == "model" and octaves:
            raise click.UsageError("--space model belongs to --recipe plain; octaves climb pixels")
        of_filters = not (flags["class_name"] or flags["guide"])
        filters = _numbers(flags["filters"] or ("94",)) if of_filters else ()
        weights = flags["weights"] or (1.0,) * len(filters)
        if len(weights) != len(filters):
            raise InputError(f"--weights: {len(weights)} weights for {len(filters)} filters")
        lr = flags["lr"] or (0.02 if octaves else 0.01 if flags["optimizer"] == "adam" else 12.0)
        steps = flags["steps"] or (25 if octaves else 250)
        if flags["every"] > steps:
            raise InputError(f"--every {flags['every']} is larger than --steps {steps}: there would be no snapshot")
        if flags["guide"] and not Path(flags["guide"]).expanduser().is_file():
            raise InputError(f"--guide {flags['guide']}: no such file")
        return cls(**{**flags, "filters": filters, "weights": tuple(weights), "lr": lr, "steps": steps})

    @property
    def tuned(self) -> dict[str, Any]:
        """The flags of this recipe that its pictures depend on. More `--steps` continue a plain dream, so not those."""
        if self.recipe == "octaves":
            names = ("recipe", "every", "lr", "steps", "octaves", "octave_scale")
        else:
            names = ("recipe", "every", "lr", "weight_decay", "optimizer", "space")
        return {name: getattr(self, name) for name in names}


OWN = tuple(Settings.__dataclass_fields__)


def _numbers(filters: tuple[str, ...]) -> tuple[int, ...]:
    if filters == ("all",):
        return ()
    wrong = next((each for each in filters if not each.isdecimal()), None)
    if wrong is not None:
        raise InputError(f"--filter {wrong}: give channel numbers, or all for the whole layer")
    return tuple(int(each) for each in filters)
