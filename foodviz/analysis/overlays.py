"""Maps as files of their own, each in its picture's own size; made one at a time, when they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from foodviz.errors import InputError, nearest, require

if TYPE_CHECKING:
    from foodviz.analysis.photographs import Photographs
    from foodviz.attribution import Attribution

_STRANGE = re.compile(r"[^\w.-]+")
_LONGEST = 60  # letters of a picture's name in a file's


def check(colours: str | None, strength: float) -> None:
    """Look whether there is such a colour map, and such an opacity.

    Raises:
        InputError: there is not.
    """
    require(0 < strength <= 1, "strength", strength, "must be above 0, up to 1")
    if colours is not None:
        from matplotlib import colormaps

        if colours not in colormaps:
            raise InputError(f"`colours` {colours}: matplotlib has no such colour map; {nearest(colours, colormaps)}")


def overlays(
    photographs: Photographs,
    names: Sequence[str],
    methods: Sequence[str],
    attributions: Sequence[Attribution],
    limits: Callable[[int, int], tuple[float, float]],
    colours: str | None,
    strength: float,
) -> Mapping[str, Callable[[Path], object]]:
    """Two files for each map, by name: `overlays/57-0_15-gradient-Bread.png`, transparent, and `…-laid.png`, over the
    picture.

    Args:
        photographs: M, of each map its picture. names: M, of the targets.
        limits: number of the method and of the map -> ends of its colours.
    """
    files: dict[str, Callable[[Path], object]] = {}
    for number, (method, attribution) in enumerate(zip(methods, attributions, strict=True)):
        for place, (picture, target) in enumerate(zip(photographs.pictures, names, strict=True)):
            stem = PurePosixPath(picture.file.replace("\\", "/")).stem
            words = [str(picture.id) if picture.id >= 0 else str(place), stem[:_LONGEST], method, target[:_LONGEST]]
            name = _STRANGE.sub("_", "-".join(words))
            make = partial(_write, photographs, place, attribution, limits(number, place), colours, strength)
            files[f"overlays/{name}.png"] = partial(make, False)
            files[f"overlays/{name}-laid.png"] = partial(make, True)
    return files


def _write(
    photographs: Photographs,
    place: int,
    attribution: Attribution,
    limits: tuple[float, float],
    colours: str | None,
    strength: float,
    over: bool,
    path: Path,
) -> None:
    import numpy as np
    from PIL import Image

    from foodviz.data.pictures import decode, in_own_frame
    from foodviz.render.overlay import laid_over, overlay

    split = photographs.split
    index = photographs.batch.ids[place] if not split.loose else split.names.index(photographs.batch.names[place])
    picture = np.asarray(decode(split.read_bytes(index), split.title(index)))
    values, own = attribution.maps[place], (picture.shape[0], picture.shape[1])
    layers = values if values.ndim == 3 else values[None]
    framed = np.stack([in_own_frame(each, own, split.fit) for each in layers])
    laid = overlay(framed if values.ndim == 3 else framed[0], limits, colours, strength)
    Image.fromarray(laid_over(picture, laid) if over else laid).save(path, "png")
