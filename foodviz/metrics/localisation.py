"""How much of a map lies on a part of the picture."""

import numpy as np


def share_on(values: np.ndarray, region: np.ndarray) -> tuple[float, float]:
    """The share of a map's magnitude on a region, and the region's share of the picture, both in [0, 1].

    Args:
        values: (H, W), or (3, H, W) whose colours are added up; signs do not matter.
        region: (H, W) bool.
    """
    strength = np.abs(values)
    strength = strength.sum(0) if strength.ndim == 3 else strength
    total = float(strength.sum())
    return (float(strength[region].sum()) / total if total else 0.0), float(region.mean())
