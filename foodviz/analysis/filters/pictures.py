"""The pictures that were climbed, as arrays, facts and figures; the same for filters and for classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from foodviz.analysis.filters.arguments import AscentArguments
    from foodviz.methods.activation_maximization import Ascent


@dataclass(frozen=True, eq=False)
class ClimbedPictures:
    """What an ascent gave for K channels with V pictures each.

    Attributes:
        channels: K. titles: of each, for above its pictures.
        where: what the channels are of, in words. unit: what climbed.
        dead: (K,) bool, what has no picture because nothing changes it.
    """

    climb: AscentArguments
    seed: int
    ascent: Ascent
    channels: Sequence[int]
    titles: Sequence[str]
    where: str
    unit: str
    dead: np.ndarray

    @property
    def pictures(self) -> np.ndarray:
        """(K, V, 3, H, W), RGB in [0, 1]."""
        pictures = self.ascent.pictures
        values: np.ndarray = pictures.view(len(self.channels), -1, *pictures.shape[1:]).numpy()
        return values

    def arrays(self) -> dict[str, np.ndarray]:
        """Pictures; curve (steps, K * V) of the objective; frames (F, K * V, 3, H, W) where snapshots were kept."""
        arrays: dict[str, np.ndarray] = {"pictures": self.pictures, "curve": self.ascent.curve.numpy()}
        return arrays | ({"frames": self.ascent.frames.numpy()} if self.climb.every else {})

    def facts(self) -> dict[str, Any]:
        """What the manifest says of the climb."""
        return {
            "filters": list(self.channels),
            "dead": [channel for channel, gone in zip(self.channels, self.dead, strict=True) if gone],
            "recipe": self.climb.recipe,
            "lr": self.climb.rate,
            "climbed": self.unit,
            "objective_first": self.ascent.curve[0].tolist(),
            "objective_last": self.ascent.curve[-1].tolist(),
        }

    def sheet(self) -> Figure:
        """All pictures on one sheet."""
        from foodviz.render.filters import pictures_figure

        title = f"what excites {self.where} most"
        notes = [self.climb.note(self.seed)]
        return pictures_figure(self.pictures, self.titles, self.dead.tolist(), title=title, notes=notes)

    def steps(self) -> Mapping[str, Figure]:
        """The snapshots and the curve of each channel's first picture, where snapshots were kept."""
        from foodviz.render.filters import steps_figure

        if not self.climb.every:
            return {}
        firsts = range(0, len(self.channels) * self.climb.versions, self.climb.versions)
        figure = steps_figure(
            self.ascent.frames[:, firsts].numpy(),
            range(0, self.climb.steps, self.climb.every),
            self.ascent.curve[:, firsts].numpy(),
            self.titles,
            title=f"{self.climb.recipe} on {self.where}",
            unit=self.unit,
        )
        return {"steps": figure}
