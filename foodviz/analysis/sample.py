"""The embedded sample data set as files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from foodviz.errors import InputError, require
from foodviz.progress import Progress, silent
from foodviz.results import write_bytes

if TYPE_CHECKING:
    import numpy as np


def sample(
    progress: Progress = silent,
    /,
    *,
    out: str,
    split: Sequence[str] = (),
    limit: int | None = None,
    masks: bool = False,
) -> dict[Path, int]:
    """Write the embedded sample data set as a Food-11 folder.

    Drawn pictures under Food-11's own names and counts: read from there they have the same ids as the sample. With a
    limit the folder is smaller and its ids are its own.

    Args:
        progress: shows how far it is.
        out: folder for the data set.
        split: splits to write; all three without any.
        limit: only the first so many pictures of each class and split.
        masks: also write each picture's object mask to <split>_masks/<name>.png.

    Returns:
        Folder of each split -> how many pictures it holds.

    Raises:
        InputError: no such split, or a folder that holds other files.
    """
    from foodviz.data import open_dataset
    from foodviz.data.folders import SPLITS, masks_folder

    require(bool(out), "out", repr(out), "give a folder")
    dataset, written = open_dataset(), {}
    for each in [dataset.split(name) for name in split or SPLITS]:
        folder = Path(out) / each.name
        if folder.is_dir() and any(folder.iterdir()) and not (folder / each.names[0]).exists():
            raise InputError(f"`out` {out}: {folder} holds other files; choose an empty folder")
        wanted = [index for index, name in enumerate(each.names) if limit is None or _number(name) < limit]
        for index in progress(wanted, f"writing {each.name}"):
            name = each.names[index]
            write_bytes(folder / name, each.read_bytes(index))
            if masks:
                write_bytes(masks_folder(folder) / f"{Path(name).stem}.png", _png(each.mask(index)))
        written[folder] = len(wanted)
    return written


def _number(name: str) -> int:
    return int(Path(name).stem.partition("_")[2])


def _png(mask: np.ndarray | None) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    assert mask is not None  # every picture of the sample has one
    Image.fromarray(mask).save(stream, format="PNG")
    return stream.getvalue()
