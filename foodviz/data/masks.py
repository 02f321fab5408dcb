"""Where the object of a picture is: masks in a folder, or a guess from the colours."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from foodviz.data.files import read_file, reason
from foodviz.data.pictures import decode
from foodviz.data.split import Split
from foodviz.errors import InputError
from foodviz.paths import is_folder, path_of
from foodviz.printable import printable

_EDGE = 6 / 128  # of the sides: how far in from the border all is taken for background
_NEAR = 0.7  # of half the sides: the deviation of where objects are about the centre
_BLUR = 2 / 128  # of the shorter side


def with_masks(split: Split, folder: str | Path) -> Split:
    """The split with the masks that lie in a folder, `<stem>.png` for each picture, white where the object is.

    Raises:
        InputError: there is no such folder.
    """
    masks = path_of(str(folder))
    if not is_folder(masks):
        raise InputError(f"`masks` {printable(str(folder))}: no such folder")
    files = {name: f"{PurePath(name).stem}.png" for name in split.names}
    return dataclasses.replace(
        split,
        draw_mask=lambda name: _read(masks / files[name]),
        mask_stamp=lambda: f"{masks}\n{stamp(masks, tuple(files.values()))}",
    )


def estimated(pixels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the object of a picture may be: the largest piece near the centre whose colours the border has not.

    Each pixel's distance from the colours along the border (Mahalanobis, in CIE Lab), less the farther it is from the
    centre, cut where Otsu's threshold divides the two kinds best. A guess: it takes a plate for its food.

    Args:
        pixels: (H, W, 3), RGB in [0, 1].

    Returns:
        (H, W), never empty.
    """
    from skimage import color, filters, measure

    height, width = pixels.shape[:2]
    blur = _BLUR * min(height, width)
    colours = filters.gaussian(color.rgb2lab(pixels), blur, channel_axis=2)  # type: ignore[no-untyped-call]
    rows, columns = (np.abs(np.linspace(-1, 1, length)) for length in (height, width))
    edge = (rows[:, None] > 1 - 2 * _EDGE) | (columns > 1 - 2 * _EDGE)
    off = colours - colours[edge].mean(0)
    scatter = off[edge].T @ off[edge] / edge.sum() + 100 * np.eye(3)  # ten units of Lab are nothing yet
    distance = np.sqrt(np.einsum("hwi,ij,hwj->hw", off, np.linalg.inv(scatter), off))
    odd = distance * np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * _NEAR**2))
    threshold = filters.threshold_otsu(odd)  # type: ignore[no-untyped-call]
    pieces = measure.label(odd >= threshold)  # type: ignore[no-untyped-call]
    sums = np.bincount(pieces.ravel(), odd.ravel())
    sums[0] = -1  # what lies below the threshold
    return _without_holes(pieces == sums.argmax())


def _without_holes(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy.ndimage import binary_fill_holes

    return np.asarray(binary_fill_holes(region))


def _read(path: Path) -> NDArray[np.bool_] | None:
    try:
        path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{printable(path)}: {reason(error)}") from None
    return np.asarray(np.asarray(decode(read_file(path, str(path)), str(path)))[..., 0] > 127)


def stamp(folder: Path, names: Sequence[str]) -> str:
    """Size and time of change of every file."""
    prefix = f"{folder}{os.sep}"  # 10,000 Paths cost more than the look
    return "\n".join(_state(prefix + name) for name in names)


def _state(path: str) -> str:
    try:
        state = os.stat(path)  # noqa: PTH116
    except OSError as error:  # it is named when it is to be read
        return type(error).__name__
    return f"{state.st_size} {state.st_mtime_ns}"
