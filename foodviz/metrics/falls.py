"""How far something falls when one thing in pictures is changed, and whether that is enough to speak of it."""

from dataclasses import dataclass

import numpy as np

from foodviz.metrics.paired import mean_intervals

LEAST = 0.1  # of what can fall, where pictures were chosen for a maximum: it falls a little whatever is changed


@dataclass(frozen=True)
class Fall:
    """The mean fall over N pictures, as a share of what can fall, and its 95 % interval by bootstrap over them.

    1 is all of it, 0 nothing; below 0 it rises.
    """

    mean: float
    low: float
    high: float
    pictures: int
    least: float = LEAST

    @property
    def clear(self) -> bool:
        """Whether the whole interval lies above `least`."""
        return self.low > self.least

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


def falls(
    before: np.ndarray, after: np.ndarray, floor: np.ndarray | float, seed: int, least: float = LEAST
) -> list[Fall]:
    """The fall under each of C changes.

    Args:
        before: (N,) values of the pictures as they are. after: (N, C), of the same pictures under each change.
        floor: what they can fall to: one value, or (N,).
        seed: of the bootstrap.
        least: what an interval must lie above to be clear.
    """
    room = np.asarray(before - floor, np.float64)
    shares = np.divide(before[:, None] - after, room[:, None], out=np.zeros(after.shape), where=room[:, None] > 0)
    return [
        Fall(float(mean), float(low), float(high), len(before), least)
        for mean, (low, high) in zip(shares.mean(0), mean_intervals(shares, seed), strict=True)
    ]
