"""What lies beyond a region, guessed from its colours: food that is gone shows the table around it."""

import torch
from torch import Tensor
from torch.nn import functional


def filled(images: Tensor, known: Tensor) -> Tensor:
    """Pictures whose unknown pixels go on in the colours of the nearest known ones, the coarser the farther.

    Pull and push: averages of the known pixels at half the size again and again, brought back where nothing finer is
    known (Gortler et al. 1996, "The Lumigraph", section 3.5; deviation: means of 2x2 pixels and bilinear steps back).

    Args:
        images: (N, 3, H, W).
        known: (N, H, W) bool. Where nothing of a picture is known, it becomes grey (0.5).

    Returns:
        (N, 3, H, W), the known pixels as they were.
    """
    return _filled(images, known[:, None].to(images.dtype))


def _filled(colours: Tensor, weights: Tensor) -> Tensor:
    """`weights` (N, 1, H, W): the share of each pixel that is known; colours are of what is known."""
    if weights.shape[-2:] == (1, 1):
        return torch.where(weights > 0, colours, 0.5)
    halves, share = (functional.avg_pool2d(each, 2, ceil_mode=True) for each in (colours * weights, weights))
    coarse = _filled(halves / share.clamp_min(1e-12), share)
    behind = functional.interpolate(coarse, colours.shape[-2:], mode="bilinear")
    return torch.where(weights >= 1, colours, weights * colours + (1 - weights) * behind)


def mean_colour(images: Tensor, region: Tensor) -> Tensor:
    """(N, 3, 1, 1): of the pixels of a region (N, H, W) bool; black where it has none."""
    inside = region[:, None].to(images.dtype)
    return (images * inside).sum((2, 3), keepdim=True) / inside.sum((2, 3), keepdim=True).clamp_min(1)


def grown(region: Tensor, share: float) -> Tensor:
    """A region (N, H, W) bool with all that is nearer to it than that share of the shorter side."""
    reach = max(1, round(share * min(region.shape[-2:])))
    return functional.max_pool2d(region[:, None].float(), 2 * reach + 1, 1, reach)[:, 0] > 0
