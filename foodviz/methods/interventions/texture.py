"""Pictures without their texture, or with nothing else: (N, 3, H, W), RGB in [0, 1] -> the same shape, not yet cut.

Each keeps the mean colour, so that it tests texture and not colour. Geirhos et al. 2019, "ImageNet-trained CNNs are
biased towards texture", arXiv:1811.12231 (silhouettes; deviation: of the mean colour, where theirs are black); Yin et
al. 2019, "A Fourier Perspective on Model Robustness in Computer Vision", arXiv:1906.08988 (low and high frequencies;
deviation: Gaussians, where theirs are cut off sharply and ring).
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

_PATCHES = 16  # along the shorter side


def low_pass(images: Tensor, share: float) -> Tensor:
    """Under a Gaussian whose standard deviation is that share of the shorter side; the border is repeated outwards."""
    deviation = share * min(images.shape[-2:])
    down, across = (_gaussian(length, deviation).to(images) for length in images.shape[-2:])
    return down.T @ images @ across  # ten times as fast on a processor as convolutions of single planes


def high_pass(images: Tensor, share: float, mean: Tensor) -> Tensor:
    """What `low_pass` takes away, about a mean colour (N, 3, 1, 1)."""
    return images - low_pass(images, share) + mean


def shuffled(images: Tensor, region: Tensor, seeds: Sequence[int]) -> Tensor:
    """Squares that lie on a region, wholly or in part, change places among themselves.

    Args:
        region: (N, H, W) bool.
        seeds: of each picture's own order.
    """
    height, width = images.shape[-2:]
    side = max(1, min(height, width) // _PATCHES)
    inside = (slice(None), slice(None), slice(0, height // side * side), slice(0, width // side * side))
    squares = functional.unfold(images[inside], side, stride=side)  # (N, 3 * side^2, squares)
    touched = functional.max_pool2d(region[:, None].to(images.dtype), side).flatten(1) > 0
    orders = torch.arange(touched.shape[1], device=images.device).repeat(len(images), 1)
    for order, own, seed in zip(orders, touched, seeds, strict=True):
        places = own.nonzero().flatten()
        order[places] = places[torch.randperm(len(places), generator=torch.Generator().manual_seed(seed))]
    moved = squares.gather(2, orders[:, None].expand_as(squares))
    changed = images.clone()
    changed[inside] = functional.fold(moved, images[inside].shape[-2:], side, stride=side)
    return changed


def grain(images: Tensor, deviation: float, seeds: Sequence[int]) -> Tensor:
    """With Gaussian noise of that standard deviation added; what was smooth has edges, and its mean colour."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    noise = torch.stack([torch.randn(images.shape[1:], generator=generator) for generator in generators])
    return images + deviation * noise.to(images)


def _gaussian(length: int, deviation: float) -> Tensor:
    """(length, length): what each pixel of a line, down, gives to each, across."""
    reach = max(1, round(4 * deviation))
    weights = (-0.5 * (torch.arange(-reach, reach + 1) / deviation).square()).exp()
    line = functional.pad(torch.eye(length)[:, None], (reach, reach), mode="replicate")
    return functional.conv1d(line, (weights / weights.sum()).view(1, 1, -1))[:, 0]
