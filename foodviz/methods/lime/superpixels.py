"""The superpixels that LIME shows and hides: cutting a photograph up, painting over it, describing the pieces."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from foodviz.errors import InputError
from foodviz.methods.hidden import superpixel_means
from foodviz.methods.lime import segmenters


def segment(image: Tensor, segmenter: str = "slic", **settings: float) -> Tensor:
    """Cut a photograph into superpixels.

    Args:
        image: (3, H, W), RGB in [0, 1].
        segmenter: one of `segmenters.SEGMENTERS`.
        settings: that segmenter's own, by the names there.

    Returns:
        (H, W) int64, 0..S-1 without holes. (scikit-image's slic counts from 1: taken as it is, lime would never hide
        the last superpixel.)

    Raises:
        InputError: a setting that the segmenter does not have or cannot use, or far too many superpixels.
    """
    arguments = segmenters.arguments(segmenter, settings)

    from skimage import segmentation

    pixels = image.detach().cpu().double().permute(1, 2, 0).numpy()
    try:
        labels = getattr(segmentation, segmenter)(pixels, **arguments)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"`segmenter` {segmenter} refuses these settings: {error}") from error
    _, segments = np.unique(labels, return_inverse=True)
    count, most = int(segments.max()) + 1, segmenters.MOST_SUPERPIXELS
    if count > most:
        raise InputError(f"`segmenter` {segmenter}: makes {count} superpixels, at most {most}; ask for larger ones")
    return torch.from_numpy(segments.reshape(labels.shape).astype(np.int64))


@dataclass(frozen=True)
class Pieces:
    """What the superpixels of one photograph look like; S of them."""

    colours: np.ndarray  # (S, 3) mean RGB in [0, 1]
    areas: np.ndarray  # (S,) share of the picture, sums to 1
    centres: np.ndarray  # (S, 2) x and y as shares of width and height
    on_mask: np.ndarray | None  # (S,) share of the superpixel's area on the object; None where the data has no masks


def describe(image: Tensor, segments: Tensor, mask: np.ndarray | None = None) -> Pieces:
    """Colour, size, place and share on the object of every superpixel.

    Args:
        image: (3, H, W), RGB in [0, 1].
        segments: (H, W) int64, 0..S-1.
        mask: bool, the object; (H, W) or larger, as the picture was before it was resized.
    """
    height, width = segments.shape
    y = ((torch.arange(height) + 0.5) / height).view(-1, 1).expand(height, width)
    x = ((torch.arange(width) + 0.5) / width).expand(height, width)
    centres = superpixel_means(torch.stack([x, y]), segments)
    on_mask = None
    if mask is not None:
        share = functional.interpolate(torch.from_numpy(mask)[None, None].float(), (height, width), mode="area")[0]
        on_mask = superpixel_means(share, segments)[0].numpy()
    areas = torch.bincount(segments.flatten()).double() / segments.numel()
    return Pieces(superpixel_means(image.cpu(), segments).T.numpy(), areas.numpy(), centres.T.numpy(), on_mask)


def density_ratio(weights: np.ndarray, pieces: Pieces) -> float:
    """How many times as densely the positive weight lies on the object as elsewhere.

    Each superpixel's positive weight is spread evenly over its pixels; 1 is what a map that knows nothing gets.

    Args:
        weights: (S,) signed.
        pieces: with on_mask.

    Returns:
        >= 0; infinite where nothing positive lies elsewhere; NaN-free: 1 where no weight is positive, or where the
        object fills the picture or none of it.
    """
    assert pieces.on_mask is not None
    positive = weights.clip(min=0)
    object_area = float(pieces.areas @ pieces.on_mask)
    on, off = float(positive @ pieces.on_mask), float(positive @ (1 - pieces.on_mask))
    if on + off == 0 or not 0 < object_area < 1:
        return 1.0
    return float("inf") if off == 0 else (on / object_area) / (off / (1 - object_area))
