"""The way of one photograph uphill through one recipe, step by step."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.analysis.dream.objective import tensor
from foodviz.analysis.dream.photograph import check_memory
from foodviz.analysis.dream.snapshots import Snapshots
from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from foodviz.analysis.dream.objective import DreamObjective
    from foodviz.analysis.dream.settings import DreamSettings
    from foodviz.analysis.photographs import Photographs
    from foodviz.methods.deep_dream import Moment

LONG = 20_000_000  # pixels climbed in all from which on the cost is said before: about five seconds


class DreamAscent:
    """The way of one photograph uphill through one recipe.

    Args:
        photographs: the one that is dreamt of, for its digest and its subject.
        photograph: (H, W, 3) uint8, where it begins.
    """

    def __init__(
        self, photographs: Photographs, settings: DreamSettings, objective: DreamObjective, photograph: np.ndarray
    ) -> None:
        from foodviz.methods.octaves import octave_sizes

        self.photographs, self.settings, self.objective = photographs, settings, objective
        self.subject = photographs.subject
        classifier = self.subject.classifier
        self.start = tensor(photograph, self.subject.device)
        height, width = photograph.shape[:2]
        mean, std = classifier.mean, classifier.std
        self.mean, self.std = (mean.flip(1), std.flip(1)) if classifier.bgr else (mean, std)
        self.sizes = [(height, width)]
        if settings.recipe == "octaves":
            self.sizes = octave_sizes(height, width, settings.octaves, settings.octave_scale, objective.smallest)
        check_memory(settings, self.sizes[-1], self.last)

    @property
    def last(self) -> int:
        """The number of steps in all."""
        return self.settings.steps * len(self.sizes)

    @property
    def words(self) -> str:
        """How it climbs, for the caption."""
        settings, (height, width) = self.settings, self.sizes[-1]
        if settings.recipe == "octaves":
            sizes = ", ".join(f"{size[1]}x{size[0]}" for size in self.sizes)
            return f"Octaves of {settings.steps} steps at {sizes}, lr {settings.lr:g}, in [0, 1] pixels."
        space = "the model's normalised space" if settings.space == "model" else "[0, 1] pixels"
        if settings.space == "model" and self.subject.classifier.plain:
            space += ", which is [0, 1] pixels here"
        return (
            f"{self.last} steps of {settings.optimizer} at {width}x{height}, lr {settings.lr:g}, weight decay "
            f"{settings.weight_decay:g}, in {space}."
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says of it."""
        space = "model" if self.settings.space == "model" else "[0, 1] pixels"
        return {**self.settings.depended_on, "space": space, "steps": self.last, "sizes": self.sizes}

    def climb(self, state: Path | None) -> tuple[Snapshots, Moment]:
        """Every snapshot, and the last moment; `state` is written after each snapshot.

        Raises:
            InputError: nothing to go on from, or an objective that cannot be climbed.
        """
        settings, subject, size = self.settings, self.subject, self.sizes[-1]
        depends = {
            **settings.depended_on,
            "objective": self.objective.name,
            "guide": settings.guide,
            "size": list(size),
            "seed": subject.seed,
            "picture": self.photographs.batch.digests[0],
            "model": subject.classifier.sha256,
        }
        snapshots = Snapshots(depends, settings.every, self.last, settings.snapshots(self.last), size)
        begun = None
        if settings.resume and state is not None:
            begun = snapshots.load(state, self._size_at)
            memory = tuple(each.to(subject.device) for each in begun.memory)
            begun = dataclasses.replace(begun, canvas=begun.canvas.to(subject.device), memory=memory)
        total = self.last - (begun.step if begun else 0) + 1
        for moment in subject.progress(self._moments(begun), "dream", total=total):
            if snapshots.due(moment):
                self._keep(snapshots, moment)
                if state is not None:
                    snapshots.save(state, moment)
        return snapshots, moment

    def _keep(self, snapshots: Snapshots, moment: Moment) -> None:
        """Add the moment's picture, with its objective at the photograph's size: those of all octaves compare."""
        pixels = self.pixels(moment)
        octaves = self.settings.recipe == "octaves"
        value = float(self.objective.climb(pixels)[0]) if octaves else moment.objective
        snapshots.keep(moment, frame_of(pixels), value)

    def _moments(self, begun: Moment | None) -> Iterator[Moment]:
        """The moments of the recipe; what they cost is said once the first one tells how long a step takes."""
        moments = self._of_recipe(begun)
        began = time.monotonic()
        try:
            for number, moment in enumerate(moments):
                if number == 0:
                    self._say_cost(moment.step, time.monotonic() - began)
                yield moment
        except InputError as error:
            raise InputError(f"{self.objective.name}: {error}") from None

    def _of_recipe(self, begun: Moment | None) -> Iterator[Moment]:
        from foodviz.methods.deep_dream import Moment, dream, in_model_space
        from foodviz.methods.octaves import dream_octaves, resized

        settings, climb, canvas = self.settings, self.objective.climb, self.start
        if settings.recipe == "octaves":
            start = begun or Moment(0, resized(canvas, self.sizes[0]))
            lr, seed = settings.lr, self.subject.seed
            return dream_octaves(climb, canvas, start, sizes=self.sizes, steps=settings.steps, lr=lr, seed=seed)
        if settings.space == "model":
            climb, canvas = in_model_space(climb, self.mean, self.std), (canvas - self.mean) / self.std
        return dream(
            climb,
            begun or Moment(0, canvas),
            steps=self.last,
            lr=settings.lr,
            weight_decay=settings.weight_decay,
            optimizer=settings.optimizer,
        )

    def _size_at(self, step: int) -> tuple[int, int]:
        return self.sizes[min(step // self.settings.steps, len(self.sizes) - 1)]

    def _say_cost(self, step: int, seconds: float) -> None:
        """Say what is still to be done where that takes long, from the seconds of the step that was just taken."""
        settings = self.settings
        height, width = self.sizes[-1]
        work = sum(self._pixels_at(later) for later in range(step + 1, self.last + 1))
        pictures = settings.snapshots(self.last)
        if settings.recipe == "octaves":  # each snapshot is climbed once more, at the photograph's size
            work += pictures * height * width
        work += 3 * (settings.zoom or 0) * height * width
        if work < LONG:
            return
        sizes = f"{len(self.sizes)} sizes up to " if len(self.sizes) > 1 else ""
        left = _about(seconds * work / self._pixels_at(step))
        self.subject.say(
            f"{sizes}{width}x{height}, {self.last - step} steps, {pictures} snapshots: {work / 1e6:,.0f} million "
            f"pixels to climb, about {left} by the first step; a smaller `size` takes less"
        )

    def _pixels_at(self, step: int) -> int:
        height, width = self._size_at(step)
        return height * width

    def pixels(self, moment: Moment) -> Tensor:
        """The moment's picture (1, 3, H, W) at the photograph's size; a plain dream's is not clipped."""
        from foodviz.methods.octaves import carried

        if self.settings.recipe == "octaves":
            return carried(self.start, moment.canvas, self.sizes[-1])
        return moment.canvas * self.std + self.mean if self.settings.space == "model" else moment.canvas

    def zoom(self, final: Moment, frames: int) -> list[np.ndarray]:
        """The frames (H, W, 3) uint8 of a zoom that begins where the dream ended."""
        from foodviz.methods.octaves import zoom

        lr, seed = self.settings.lr, self.subject.seed
        pictures = zoom(self.objective.climb, final.canvas, frames=frames, lr=lr, seed=seed)
        return [frame_of(picture) for picture in self.subject.progress(pictures, "zoom", total=frames)]


def frame_of(pixels: Tensor) -> np.ndarray:
    """(1, 3, H, W) in [0, 1] -> (H, W, 3) uint8, clipped."""
    import torch

    frame = pixels[0].clamp(0, 1).mul_(255).round_().to(torch.uint8)
    values: np.ndarray = frame.permute(1, 2, 0).contiguous().cpu().numpy()
    return values


def _about(seconds: float) -> str:
    """A time in words that promise no more than they can."""
    if seconds < 100:
        return f"{seconds:.0f} seconds" if seconds > 1.5 else "a second"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
