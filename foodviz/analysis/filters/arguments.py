"""How the pictures that excite channels most are climbed: the arguments of `filters`, checked."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import SupportsIndex

from foodviz.errors import InputError, nearest, require

NOTES = {
    "fourier": "the spectrum climbs, in the colours of photographs, under random shifts, scales, turns and blurs",
    "maco": "the phases climb, the magnitudes stay those of photographs, under random shifts, scales, turns and blurs",
    "pixel": "plain ascent on the pixels",
}
UNITS = {"channel": "mean of the map", "neuron": "middle cell", "diversity": "mean of the map less likeness"}
_CHOICES = {
    "recipe": tuple(NOTES),
    "objective": tuple(UNITS),
    "statistics": ("data", "imagenet"),
    "start": ("noise", "image", "grey"),
    "optimizer": ("adam", "sgd"),
}
MOST_STEPS = 100_000
MOST_LR = 1e6
_DIGITS = 9  # of a number of pictures


def is_whole(value: object, least: int, most: float = float("inf")) -> bool:
    """Whether a value is a whole number within bounds, of Python or of NumPy."""
    return isinstance(value, SupportsIndex) and not isinstance(value, bool) and least <= index(value) <= most


@dataclass(frozen=True)
class AscentArguments:
    """Arguments of `filters` of the same names; properties have what depends on others.

    Raises:
        InputError: a value out of its range.
    """

    recipe: str
    objective: str
    pictures: int
    steps: int
    every: int | None
    lr: float | None
    statistics: str
    start: str
    optimizer: str
    weight_decay: float

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            require(value in choices, name, value, nearest(str(value), choices))
        require(is_whole(self.pictures, 2, 9), "pictures", self.pictures, "a filter has from 2 to 9")
        require(is_whole(self.steps, 1, MOST_STEPS), "steps", self.steps, f"give from 1 to {MOST_STEPS}")
        if self.every is not None:
            require(is_whole(self.every, 1), "every", self.every, "give a number of steps from 1 on")
            if self.every > self.steps:
                raise InputError(
                    f"`every` {self.every} is larger than `steps` {self.steps}: there would be no snapshot"
                )
        if self.lr is not None:
            require(0 < self.lr <= MOST_LR, "lr", self.lr, f"give a number above 0, at most {MOST_LR:g}")
        require(0 <= self.weight_decay <= 1, "weight_decay", self.weight_decay, "is a share, from 0 to 1")

    @property
    def rate(self) -> float:
        """The step size, by recipe where none was given."""
        usual = {"pixel": 0.1 if self.optimizer == "adam" else 12.0, "fourier": 0.5, "maco": 0.1}
        return usual[self.recipe] if self.lr is None else self.lr

    @property
    def versions(self) -> int:
        """Pictures of each channel."""
        return self.pictures if self.objective == "diversity" else 1

    def note(self, seed: int) -> str:
        """What was done, for the foot of a figure."""
        return f"{self.recipe}: {NOTES[self.recipe]}; {self.steps} steps, seed {seed}."


def scanned_count(scan: int | str) -> int | None:
    """How many pictures to scan; None for all."""
    if scan == "all":
        return None
    text = str(scan)
    if not text.isdecimal() or len(text) > _DIGITS or int(text) < 2:
        raise InputError(f"`scan` {text}: give a number of pictures from 2 on, or all")
    return int(text)
