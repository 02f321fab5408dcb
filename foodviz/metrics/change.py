"""Where and when a dream changes its photograph.

Pictures are 8 bit here, as they are shown. Change is the mean over the colours of the absolute difference to the
photograph, in [0, 1] of the pixel range.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (H, W, 3)


def change(photograph: Picture, picture: Picture) -> NDArray[np.float32]:
    """Change of every pixel, (H, W)."""
    difference = np.abs(picture.astype(np.int16) - photograph)
    return np.asarray(difference.mean(2, dtype=np.float32) / np.float32(255))


def by_region(values: NDArray[np.float32], cells: int = 16) -> NDArray[np.float32]:
    """Mean of values (H, W) over square regions, `cells` of them along the longer side."""
    side = -(-max(values.shape) // cells)
    rows, columns = (np.arange(0, length, side) for length in values.shape)
    sums = np.add.reduceat(np.add.reduceat(values, rows, 0), columns, 1)
    areas = np.diff(np.append(rows, values.shape[0]))[:, None] * np.diff(np.append(columns, values.shape[1]))
    return np.asarray(sums / areas, dtype=np.float32)


def on_and_off(photograph: Picture, frames: Sequence[Picture], region: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Mean change on a region (H, W) and off it, (2, frames); NaN off a region that is the whole picture."""
    curve = np.full((2, len(frames)), np.nan, dtype=np.float32)
    for place, frame in enumerate(frames):
        values = change(photograph, frame)
        for row, part in enumerate((values[region], values[~region])):
            if part.size:
                curve[row, place] = part.mean()
    return curve


def half_way(steps: Sequence[int], curve: NDArray[np.float32]) -> int | None:
    """The first step by which half of the last change was reached; None where nothing changed."""
    reached = [step for step, value in zip(steps, curve, strict=True) if value >= curve[-1] / 2]
    return reached[0] if curve[-1] > 0 else None
