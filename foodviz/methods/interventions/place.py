"""Pictures whose things are elsewhere or of another size; beyond its edges a picture goes on as its mirror image."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from foodviz.methods.random_transforms import affine_maps, moved

_DIRECTIONS = 8


def shifted(images: Tensor, share: float, seeds: Sequence[int]) -> Tensor:
    """(N, 3, H, W) by that share of the sides, each picture in one of eight directions that its seed chooses."""
    size = torch.tensor([images.shape[3], images.shape[2]], dtype=images.dtype)
    directions = torch.tensor([seed % _DIRECTIONS for seed in seeds], dtype=images.dtype) * (2 * math.pi / _DIRECTIONS)
    ways = torch.stack([directions.cos(), directions.sin()], 1)
    still = torch.zeros(len(images), dtype=images.dtype)
    return moved(images, affine_maps(still, still + 1, (ways * share * size).round()), "reflection")


def scaled(images: Tensor, factor: float) -> Tensor:
    """(N, 3, H, W) `factor` times as large about the centre."""
    return _alike(images, 0.0, factor)


def turned(images: Tensor, degrees: float) -> Tensor:
    """(N, 3, H, W) turned about the centre, against the clock."""
    return _alike(images, math.radians(degrees), 1.0)


def mirrored(images: Tensor) -> Tensor:
    """(N, 3, H, W), left and right changed."""
    return images.flip(3)


def _alike(images: Tensor, turn: float, scale: float) -> Tensor:
    """All of them by one map."""
    one = affine_maps(torch.tensor([turn]), torch.tensor([scale]), torch.zeros(1, 2))
    return moved(images, one.to(images.dtype).expand(len(images), -1, -1), "reflection")
