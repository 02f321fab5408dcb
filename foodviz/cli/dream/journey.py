"""The way of one photograph through one recipe, step by step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.cli.dream.objective import Climbed, tensor
from foodviz.cli.dream.state import Diary
from foodviz.cli.progress import progress
from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from foodviz.cli.dream.flags import Settings
    from foodviz.cli.run import Run
    from foodviz.methods.deep_dream import Moment


class Journey:
    """The way of one photograph through one recipe."""

    def __init__(self, run: Run, settings: Settings, climb: Climbed, photograph: np.ndarray) -> None:
        from foodviz.methods.octaves import octave_sizes

        self.run, self.settings, self.what = run, settings, climb.what
        self.climb = climb.climb
        self.photograph = photograph
        self.start = tensor(photograph, run.device)
        height, width = photograph.shape[:2]
        mean, std = run.classifier.mean, run.classifier.std
        self.mean, self.std = (mean.flip(1), std.flip(1)) if run.classifier.bgr else (mean, std)
        self.sizes = [(height, width)]
        if settings.recipe == "octaves":
            self.sizes = octave_sizes(height, width, settings.octaves, settings.octave_scale, climb.smallest)

    @property
    def last(self) -> int:
        """The number of steps in all."""
        return self.settings.steps * len(self.sizes)

    @property
    def recipe(self) -> str:
        """How it climbs, for the caption."""
        settings, (height, width) = self.settings, self.sizes[-1]
        if settings.recipe == "octaves":
            sizes = ", ".join(f"{size[1]}x{size[0]}" for size in self.sizes)
            return f"Octaves of {settings.steps} steps at {sizes}, lr {settings.lr:g}, in [0, 1] pixels."
        space = "the model's normalised space" if settings.space == "model" else "[0, 1] pixels"
        if settings.space == "model" and self.run.classifier.plain:
            space += ", which is [0, 1] pixels here"
        return (
            f"{self.last} steps of {settings.optimizer} at {width}x{height}, lr {settings.lr:g}, weight decay "
            f"{settings.weight_decay:g}, in {space}."
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest says of it beside the flags."""
        space = "model" if self.settings.space == "model" else "[0, 1] pixels"
        return {**self.settings.tuned, "space": space, "steps": self.last, "sizes": self.sizes}

    def dream(self) -> tuple[Diary, Moment]:
        """Every snapshot, and the last moment; the state is on disk after each snapshot."""
        run, settings = self.run, self.settings
        path = Path(run.flags["out"]) / f"{run.command}-state.npz"
        depends = {
            **settings.tuned,
            "objective": self.what,
            "guide": settings.guide,
            "size": list(self.photograph.shape[:2]),
            "seed": run.seed,
            "picture": run.batch.digests[0],
            "model": run.classifier.sha256,
        }
        diary = Diary(depends, settings.every, self.last)
        begun = diary.load(path) if settings.resume else None
        if begun:
            memory = tuple(each.to(run.device) for each in begun.memory)
            begun = dataclasses.replace(begun, canvas=begun.canvas.to(run.device), memory=memory)
        total = self.last - (begun.step if begun else 0) + 1
        try:
            for moment in progress(self._moments(begun), "dream", quiet=run.quiet, total=total):
                if diary.due(moment):
                    pixels = self.pixels(moment)
                    diary.keep(moment, self.frame(pixels), self._objective(moment, pixels))
                    diary.save(path, moment)
        except InputError as error:
            raise InputError(f"{self.what}: {error}") from None
        run.results.paths.append(path)
        return diary, moment

    def _moments(self, begun: Moment | None) -> Iterator[Moment]:
        from foodviz.methods.deep_dream import Moment, dream, in_model_space
        from foodviz.methods.octaves import dream_octaves, resized

        settings = self.settings
        if settings.recipe == "octaves":
            start = begun or Moment(0, resized(self.start, self.sizes[0]))
            return dream_octaves(
                self.climb,
                self.start,
                start,
                sizes=self.sizes,
                steps=settings.steps,
                lr=settings.lr,
                seed=self.run.seed,
            )
        climb, canvas = self.climb, self.start
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

    def pixels(self, moment: Moment) -> Tensor:
        """The moment's picture (1, 3, H, W) at the photograph's size; a plain dream's is not clipped."""
        from foodviz.methods.octaves import carried

        if self.settings.recipe == "octaves":
            return carried(self.start, moment.canvas, self.sizes[-1])
        return moment.canvas * self.std + self.mean if self.settings.space == "model" else moment.canvas

    def _objective(self, moment: Moment, pixels: Tensor) -> float:
        """Of a snapshot at the photograph's size, so that snapshots of different octaves compare."""
        return moment.objective if self.settings.recipe == "plain" else float(self.climb(pixels)[0])

    def frame(self, pixels: Tensor) -> np.ndarray:
        """(H, W, 3) uint8, clipped."""
        import numpy as np

        return pixels[0].clamp(0, 1).mul(255).round().permute(1, 2, 0).cpu().numpy().astype(np.uint8)

    def zoom(self, final: Moment, frames: int) -> Iterator[np.ndarray]:
        """The frames of a zoom that begins where the dream ended."""
        from foodviz.methods.octaves import zoom

        pictures = zoom(self.climb, final.canvas, frames=frames, lr=self.settings.lr, seed=self.run.seed)
        for picture in progress(pictures, "zoom", quiet=self.run.quiet, total=frames):
            yield self.frame(picture)
