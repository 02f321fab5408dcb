"""How much of a map lies on a part of the picture.

Zhang et al. 2016, "Top-down Neural Attention by Excitation Backprop", arXiv:1608.00507, section 4.1 (pointing game).

Deviations of `pointing`: no margin of 15 pixels around the region; several equal maxima count by their share.
"""

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


def pointing(values: np.ndarray, region: np.ndarray) -> float:
    """Whether a map's maximum lies on a region: 1 or 0.

    Of several equal maxima it is the share that does, so that a map which is the same everywhere gets what guessing
    would: the region's share of the picture.

    Args:
        values: (H, W); signs matter, what speaks against the class is no maximum.
        region: (H, W) bool.
    """
    return float(region[values == values.max()].mean())
