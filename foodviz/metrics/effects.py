"""How far something falls when one thing in pictures is changed, and whether that is enough to speak of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foodviz.metrics.paired import mean_intervals

LEAST = 0.1  # of what can fall: below, a change of anything makes as much of a difference


@dataclass(frozen=True)
class Effect:
    """The mean fall over N pictures, as a share of what can fall, and its 95 % interval by bootstrap over them.

    1 is all of it, 0 nothing; below 0 it rises.
    """

    mean: float
    low: float
    high: float
    pictures: int

    @property
    def clear(self) -> bool:
        """Whether the whole interval lies above LEAST.

        Above 0 would not be enough: pictures chosen for a maximum fall a little whatever is changed.
        """
        return self.low > LEAST

    @property
    def facts(self) -> dict[str, float | int | bool]:
        """What a manifest says."""
        return {
            "mean": round(self.mean, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "pictures": self.pictures,
            "clear": self.clear,
        }


def effects(before: np.ndarray, after: np.ndarray, floor: Sequence[float] | float, seed: int) -> list[Effect]:
    """The effect of each of C changes.

    Args:
        before: (N,) values of the pictures as they are. after: (N, C), of the same pictures under each change.
        floor: what they can fall to: one value, or (N,).
        seed: of the bootstrap.
    """
    room = np.asarray(before - np.asarray(floor), np.float64)
    falls = np.divide(before[:, None] - after, room[:, None], out=np.zeros(after.shape), where=room[:, None] > 0)
    return [
        Effect(float(mean), float(low), float(high), len(before))
        for mean, (low, high) in zip(falls.mean(0), mean_intervals(falls, seed), strict=True)
    ]
