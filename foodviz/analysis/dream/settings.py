"""The arguments of a dream, checked before anything slow is imported."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from foodviz import homework
from foodviz.errors import InputError, UsageError, require
from foodviz.paths import exists, is_file, path_of

STEPS, SNAPSHOTS, ZOOM = 100_000, 500, 1_000  # at most
LR, WEIGHT = 1e6, 1e6  # at most
LARGEST = 8192  # pixels of the longer side that may be asked for
CHOICES = {
    "recipe": ("plain", "octaves"),
    "optimizer": ("sgd", "adam"),
    "space": ("pixels", "model"),
    "animate": (None, "gif", "webp", "mp4"),
}


@dataclass(frozen=True)
class DreamSettings:
    """A dream's own arguments, with the defaults that depend on others; `steps` is per octave where there are any.

    `filters` is empty for the whole layer, a class or a guide.
    """

    recipe: Literal["plain", "octaves"]
    layer: str | None
    filters: tuple[int, ...]
    weights: tuple[float, ...]
    class_name: str | None
    guide: str | None
    steps: int
    every: int
    lr: float
    weight_decay: float
    optimizer: Literal["sgd", "adam"]
    space: Literal["pixels", "model"]
    size: int | None
    octaves: int
    octave_scale: float
    animate: Literal["gif", "webp", "mp4"] | None
    zoom: int | None
    resume: bool

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> DreamSettings:
        """Settings from the arguments of `foodviz.analysis.dream`; others among them are passed over.

        Raises:
            InputError, UsageError: arguments that cannot be, or cannot be together.
        """
        own = {name: given[name] for name in cls.__dataclass_fields__}
        octaves = own["recipe"] == "octaves"
        _exclude(own)
        of_filters = not (own["class_name"] is not None or own["guide"])
        filters = _numbers(own["filters"] or (homework.DREAM_FILTER,)) if of_filters else ()
        own["filters"], own["weights"] = filters, tuple(own["weights"]) or (1.0,) * len(filters)
        if own["lr"] is None:
            own["lr"] = 0.02 if octaves else 0.01 if own["optimizer"] == "adam" else 12.0
        if own["steps"] is None:
            own["steps"] = 25 if octaves else 250
        settings = cls(**own)
        settings.check()
        return settings

    def check(self) -> None:
        """Look whether every value is one that a dream can have, NaN and infinity among them.

        Raises:
            InputError: one is not.
        """
        for name, choices in CHOICES.items():
            words = ", ".join(str(each) for each in choices if each)
            require(getattr(self, name) in choices, name, getattr(self, name), f"there are {words}")
        if len(self.weights) != len(self.filters):
            raise InputError(f"`weights`: {len(self.weights)} weights for {len(self.filters)} filters")
        for weight in self.weights:
            require(abs(weight) <= WEIGHT, "weights", weight, f"must lie between {-WEIGHT:g} and {WEIGHT:g}")
        require(1 <= self.steps <= STEPS, "steps", self.steps, f"must be 1 to {STEPS:,}")
        require(self.every >= 1, "every", self.every, "must be at least 1")
        if self.every > self.steps:
            raise InputError(f"`every` {self.every} is larger than `steps` {self.steps}: there would be no snapshot")
        require(0 < self.lr <= LR, "lr", self.lr, f"must be above 0 and at most {LR:,.0f}")
        require(0 <= self.weight_decay <= 1, "weight_decay", self.weight_decay, "must lie between 0 and 1")
        require(self.size is None or 32 <= self.size <= LARGEST, "size", self.size, f"must be 32 to {LARGEST} pixels")
        require(1 <= self.octaves <= 12, "octaves", self.octaves, "must be 1 to 12")
        require(1.05 <= self.octave_scale <= 4, "octave_scale", self.octave_scale, "must lie between 1.05 and 4")
        require(self.zoom is None or 1 <= self.zoom <= ZOOM, "zoom", self.zoom, f"must be 1 to {ZOOM:,} frames")
        if self.guide:
            file = path_of(self.guide)
            require(exists(file), "guide", self.guide, "no such file")
            require(is_file(file), "guide", self.guide, "not a regular file")

    def snapshots(self, last: int) -> int:
        """How many pictures a dream of `last` steps keeps, the photograph among them.

        Raises:
            InputError: more than anybody looks at.
        """
        count = 1 + math.ceil(last / self.every)
        if count > SNAPSHOTS:
            enough = math.ceil(last / (SNAPSHOTS - 1))
            raise InputError(
                f"`every` {self.every}: {count:,} snapshots of {last:,} steps, at most {SNAPSHOTS}; "
                f"give `every` {enough} or more"
            )
        return count

    @property
    def depended_on(self) -> dict[str, Any]:
        """What this recipe's pictures depend on. More `steps` continue a plain dream, so those are not among it."""
        if self.recipe == "octaves":
            names = ("recipe", "every", "lr", "steps", "octaves", "octave_scale")
        else:
            names = ("recipe", "every", "lr", "weight_decay", "optimizer", "space")
        return {name: getattr(self, name) for name in names}


def _exclude(own: Mapping[str, Any]) -> None:
    if sum((bool(own["filters"]), own["class_name"] is not None, bool(own["guide"]))) > 1:
        raise UsageError("`filters`, `class_name` and `guide` exclude each other")
    if own["recipe"] != "octaves" and own["zoom"]:
        raise UsageError("`zoom` goes on from octaves: give `recipe` octaves")
    if own["recipe"] == "octaves" and own["space"] == "model":
        raise UsageError("`space` model belongs to `recipe` plain; octaves climb pixels")


def _numbers(filters: Sequence[int | str]) -> tuple[int, ...]:
    if tuple(filters) == ("all",):
        return ()
    for each in filters:
        # a longer number is no channel, and Python refuses to read one of thousands of digits
        if not str(each).isdecimal() or len(str(each)) > 9:
            raise InputError(f"`filters` {str(each)[:40]}: give channel numbers, or all for the whole layer")
    return tuple(int(each) for each in filters)
