"""Pictures in other colours, pixel by pixel: (N, 3, H, W), RGB in [0, 1] -> the same shape, not yet cut to [0, 1]."""

import math

import torch
from torch import Tensor

_LUMA = (0.299, 0.587, 0.114)  # Rec. ITU-R BT.601


def grey(images: Tensor) -> Tensor:
    """Each pixel its luma."""
    luma = sum(weight * images[:, colour] for colour, weight in enumerate(_LUMA))
    return torch.stack([luma] * 3, 1)  # type: ignore[list-item]  # sum begins with 0


def saturation(images: Tensor, factor: float) -> Tensor:
    """Colours `factor` times as far from their luma; 0 is grey, 1 leaves them."""
    luma = grey(images)
    return luma + factor * (images - luma)


def brightness(images: Tensor, factor: float) -> Tensor:
    """Every value times `factor`."""
    return factor * images


def hue(images: Tensor, degrees: float) -> Tensor:
    """Colours turned about the grey axis: the mean of a pixel's three values and its distance from grey stay.

    120 degrees turn red into green, green into blue, blue into red. Grey stays as it is.
    """
    turn = math.radians(degrees)
    # Rodrigues' rotation about (1, 1, 1): of each colour's own value, of that before it and of that after it
    own, before, after = ((1 + 2 * math.cos(turn - third * 2 * math.pi / 3)) / 3 for third in (0, 1, 2))
    return own * images + before * images.roll(1, 1) + after * images.roll(-1, 1)


def equalised(images: Tensor, colour: int) -> Tensor:
    """One of the colours, 0 red, 1 green, 2 blue, says nothing of its own: it is the mean of the other two."""
    others = [other for other in range(3) if other != colour]
    changed = images.clone()
    changed[:, colour] = images[:, others].mean(1)
    return changed
