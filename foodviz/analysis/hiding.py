"""What pictures show where they are hidden: as asked for, or the way that takes the answer away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foodviz.errors import InputError
from foodviz.methods.ways_to_hide import WAYS

if TYPE_CHECKING:
    import torch

    from foodviz.analysis.photographs import Photographs
    from foodviz.methods.hidden import Cover
    from foodviz.models import Classifier

Hide = str | tuple[float, ...]
_NAMES = ("auto", *WAYS)


def hide_of(hide: str) -> Hide:
    """The way to hide that a person wrote: a name, or a colour as RGB in [0, 1].

    Raises:
        InputError: neither.
    """
    if hide in _NAMES:
        return hide
    from foodviz.data.colours import colour

    values = colour(hide)
    if values is None:
        raise InputError(f"`hide` {hide}: must be {', '.join(_NAMES)}, or a colour such as white or #808080")
    return values


def covers(photographs: Photographs, model: Classifier, targets: torch.Tensor, hide: Hide) -> list[Cover]:
    """What each picture shows where cells of a grid are hidden.

    Args:
        model: the classifier or a fast one.
        targets: (N,) or (N, 2) class index in each picture, of which the first is to be taken away.
    """
    from foodviz.methods.hidden import cover, grid

    segments = grid(photographs.images.shape[-2:])
    first = targets.reshape(len(targets), -1)[:, 0].tolist()
    return [
        cover(model, image, segments, target, hide, seed)
        for image, target, seed in zip(photographs.images, first, photographs.seeds, strict=True)
    ]


def shown(cover: Cover) -> str:
    """What stands in place of what is hidden, in words."""
    return WAYS.get(cover.way, "one colour")
