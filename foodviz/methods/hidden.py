"""What stands in place of pixels that are hidden."""

from collections.abc import Sequence

import torch
from torch import Tensor

# Standard deviation of `blur` as a share of the shorter side: 8 pixels of 128, so that a piece loses its texture.
_BLUR = 1 / 16


def painted_over(image: Tensor, segments: Tensor, hide: str | Sequence[float] = "mean") -> Tensor:
    """What a superpixel shows when it is hidden, for all of them at once.

    Args:
        image: (3, H, W), RGB in [0, 1].
        segments: (H, W) int64, 0..S-1.
        hide: `mean` (each superpixel's own mean colour, as lime), `blur`, or one RGB colour in [0, 1].

    Returns:
        (3, H, W), in the image's type and on its device.
    """
    if hide == "mean":
        return superpixel_means(image, segments)[:, segments.to(image.device)].to(image.dtype)
    if hide == "blur":
        from skimage.filters import gaussian

        pixels = image.detach().cpu().numpy()
        blurred = gaussian(pixels, sigma=_BLUR * min(pixels.shape[1:]), channel_axis=0)  # type: ignore[no-untyped-call]
        return torch.from_numpy(blurred).to(image)
    colour = torch.tensor([float(value) for value in hide], dtype=image.dtype, device=image.device)
    return colour.view(3, 1, 1).expand_as(image).contiguous()


def superpixel_means(image: Tensor, segments: Tensor) -> Tensor:
    """Mean of each channel over each superpixel: (K, H, W) and (H, W) int64 -> (K, S) float64."""
    index = segments.to(image.device).flatten()
    sums = torch.zeros(len(image), int(index.max()) + 1, dtype=torch.float64, device=image.device)
    sums.index_add_(1, index, image.flatten(1).double())
    return sums / torch.bincount(index)
