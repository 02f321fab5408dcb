"""The photograph that a dream begins with, at the size that it is dreamt at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foodviz import homework
from foodviz.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from foodviz.analysis.dream.settings import DreamSettings
    from foodviz.analysis.photographs import Photographs
    from foodviz.analysis.subject import Subject
    from foodviz.data import Split

SMALLEST = 512  # pixels of the longer side that octaves end at, however small the picture
PIXELS = 12_500_000  # of a dream at most, a phone's photograph: about ten such pictures are in memory as numbers
KEPT = 450_000_000  # bytes of all snapshots at most


def choose_one(subject: Subject, ids: Sequence[int | str], image: Sequence[str]) -> tuple[Split, int]:
    """The picture asked for, else the report's, else the first.

    Raises:
        InputError: not there, or several.
    """
    if max(len(ids), len(image)) > 1:
        raise InputError("dream takes one picture at a time")
    if ids or image:
        split, chosen = subject.choose(ids, image)
        if len(chosen) > 1:  # a folder of them
            raise InputError("dream takes one picture at a time")
        return split, chosen[0]
    split = subject.split()
    stem = f"{homework.DREAM_PICTURE}."
    return split, next((index for index, name in enumerate(split.names) if name.startswith(stem)), 0)


def photograph_at(photographs: Photographs, index: int, settings: DreamSettings, smallest: int) -> np.ndarray:
    """(H, W, 3) uint8: stretched to the model's input size for a plain dream, else at its own aspect ratio.

    A photograph of more than `PIXELS` is dreamt at a smaller size, which is said, unless a size was asked for.

    Args:
        index: of the picture in its split.
        smallest: pixels that its shorter side must have.

    Raises:
        InputError: it would have too many pixels.
    """
    import numpy as np

    from foodviz.data.pictures import decode, pixels

    split = photographs.split
    if settings.size is None and settings.recipe == "plain":
        values: np.ndarray = photographs.pixels[0].transpose(1, 2, 0)
        return (values * np.float32(255)).round().astype(np.uint8)
    source = decode(split.read_bytes(index), split.title(index))
    longer = settings.size or max(*source.size, SMALLEST)
    scale = max(longer / max(source.size), smallest / min(source.size))
    if settings.size is None and _pixels(source.size, scale) > PIXELS:
        scale = max((PIXELS / (source.width * source.height)) ** 0.5, smallest / min(source.size))
        photographs.subject.say(
            f"the photograph has {source.width}x{source.height} pixels, too many to dream at: reduced to "
            f"{round(source.width * scale)}x{round(source.height * scale)}, {PIXELS / 1e6:g} million"
        )
    # rounding may add a row; a hundredth is no matter
    if _pixels(source.size, scale) > 1.01 * PIXELS:
        width, height = (round(length * scale) for length in source.size)
        fits = int(max(source.size) * (PIXELS / (source.width * source.height)) ** 0.5)
        what = f"`size` {settings.size}" if settings.size else split.title(index)
        raise InputError(
            f"{what}: {width}x{height} pixels are more than the {PIXELS / 1e6:g} million that a dream may have"
            + (f"; give `size` {fits} or less" if fits * min(source.size) >= smallest * max(source.size) else "")
        )
    return pixels(source, (round(source.height * scale), round(source.width * scale)))


def check_memory(settings: DreamSettings, size: tuple[int, int], last: int) -> None:
    """Look whether all snapshots, and all frames of a zoom, can be kept.

    Args:
        size: (height, width) of each. last: the dream's last step.

    Raises:
        InputError: they cannot; the line says what would do.
    """
    height, width = size
    most = KEPT // (3 * height * width)
    for name, given, count in (
        ("every", settings.every, settings.snapshots(last)),
        ("zoom", settings.zoom, settings.zoom),
    ):
        if count and count > most:
            instead = f"`every` {-(-last // (most - 1))} or more" if name == "every" else f"`zoom` {most} or less"
            raise InputError(
                f"`{name}` {given}: {count} pictures of {width}x{height} take {3 * count * height * width / 1e9:.1f} "
                f"GB, at most {KEPT / 1e9:g}; give {instead}, or a smaller `size`"
            )


def _pixels(size: tuple[int, int], scale: float) -> int:
    return round(size[0] * scale) * round(size[1] * scale)
