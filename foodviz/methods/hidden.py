"""What stands in place of pixels that are hidden, and which of the ways takes the answer away.

Whatever hides part of a picture (LIME, occlusion, RISE, deletion and insertion) compares nothing with nothing where the
model still sees its class with everything hidden. So by default several ways are tried on the picture as a whole and
the one is taken that takes the answer away without putting another in its place.

`noise` follows the noisy interpolation of Rong et al. 2022, "A Consistent and Efficient Evaluation Strategy for
Attribution Methods" (ROAD), arXiv:2202.00449; deviation: a Gaussian mean of what surrounds a whole piece, as one
picture has to serve every choice of pieces, instead of a linear system for each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from foodviz.hooks import evaluating
from foodviz.methods.ways_to_hide import WAYS
from foodviz.probabilities import probabilities

GRID = 8  # cells of `grid` along each side
# Standard deviation of `blur` as a share of the shorter side: 8 pixels of 128, so that a piece loses its texture.
_BLUR = 1 / 16
_NOISE = 0.05  # standard deviation, of the pixel range


@dataclass(frozen=True)
class Cover:
    """What one picture shows where it is hidden, and what the model says where all of it is.

    Attributes:
        way: a name in WAYS, or empty for a colour.
        picture: (3, H, W), in the image's type and on its device.
        predicted: class index where everything is hidden. confidence: its probability.
        left: the probability of the target there.
    """

    way: str
    picture: Tensor
    predicted: int
    confidence: float
    left: float


def cover(
    model: nn.Module,
    image: Tensor,
    segments: Tensor,
    target: int,
    hide: str | Sequence[float] = "auto",
    seed: int = 0,
) -> Cover:
    """What a picture shows where it is hidden.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C).
        image: (3, H, W), RGB in [0, 1].
        segments: (H, W) int64, 0..S-1: the pieces that will be hidden.
        target: class index whose probability is to go.
        hide: a name in WAYS, an RGB colour in [0, 1], or `auto`: among the ways that leave the target no more
            probability than guessing gives it, the one whose answer is the least sure (of the largest entropy); where
            none does, the one that leaves the least.
        seed: of the noise.
    """
    names = list(WAYS) if hide == "auto" else [hide if isinstance(hide, str) else ""]
    pictures = torch.stack([painted_over(image, segments, name or hide, seed) for name in names])
    with evaluating(model), torch.inference_mode():
        answers = probabilities(model, model(pictures))
    left = answers[:, target]
    entropy = torch.special.entr(answers).sum(1)
    chance = 1 / answers.shape[1]
    best = int(torch.where(left <= chance, chance - entropy, chance + left).argmin())
    confidence, predicted = answers[best].max(0)
    return Cover(names[best], pictures[best], int(predicted), float(confidence), float(left[best]))


def grid(size: Sequence[int]) -> Tensor:
    """(H, W) int64: the cells of a picture of that height and width, 0..GRID^2-1, fewer on a side of fewer pixels."""
    rows, columns = (torch.arange(length) * min(GRID, length) // length for length in size)
    return rows[:, None] * int(columns[-1] + 1) + columns


def painted_over(image: Tensor, segments: Tensor, hide: str | Sequence[float] = "mean", seed: int = 0) -> Tensor:
    """What a piece shows when it is hidden, for all of them at once.

    Args:
        image: (3, H, W), RGB in [0, 1].
        segments: (H, W) int64, 0..S-1.
        hide: a name in WAYS, or one RGB colour in [0, 1].
        seed: of the noise.

    Returns:
        (3, H, W), in the image's type and on its device.
    """
    if hide == "mean":
        return superpixel_means(image, segments)[:, segments.to(image.device)].to(image.dtype)
    if hide == "blur":
        return _blurred(image[None])[0]
    if hide == "noise":
        return _noisy_surroundings(image, segments, seed)
    if hide == "picture":
        return image.mean((1, 2), keepdim=True).expand_as(image).contiguous()
    values = (0.5, 0.5, 0.5) if hide == "grey" else hide
    colour = torch.tensor([float(value) for value in values], dtype=image.dtype, device=image.device)
    return colour.view(3, 1, 1).expand_as(image).contiguous()


@torch.inference_mode()
def sample_logits(
    model: nn.Module, image: Tensor, hidden: Tensor, segments: Tensor, shown: Tensor, batch_size: int | None = None
) -> Tensor:
    """What the model says of one picture with some of its pieces hidden.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C). The samples take its weights' type and device.
        image: (3, H, W), RGB in [0, 1].
        hidden: (3, H, W), what hidden pieces show.
        segments: (H, W) int64, 0..S-1.
        shown: (R, S) bool, which pieces each sample shows.
        batch_size: samples a forward; chosen by the device if not given.

    Returns:
        (R, C) float64 logits, on the CPU.
    """
    weight = next(model.parameters(), image)
    segments = segments.to(weight.device)
    pixels, colours = (picture.to(weight).permute(1, 2, 0).contiguous() for picture in (image, hidden))
    parts = []
    with evaluating(model):
        for rows in torch.split(shown.to(weight.device), batch_size or _batch_size(image, weight.device)):
            visible = rows[:, segments][..., None]  # one gather makes all masks
            samples = torch.where(visible, pixels, colours).permute(0, 3, 1, 2)  # channels-last as it stands
            parts.append(model(samples).double().cpu())
    return torch.cat(parts)


def _batch_size(image: Tensor, device: torch.device) -> int:
    """Samples a forward: as many as half the accelerator's free memory takes; on the CPU few enough for its caches.

    Some 2 KB a pixel is what the first layers of the usual nets hold at once.
    """
    free = torch.cuda.mem_get_info(device)[0] // 2 if device.type == "cuda" else 512 << 20
    return int(min(max(free // (2048 * image[0].numel()), 1), 1000))


def superpixel_means(image: Tensor, segments: Tensor) -> Tensor:
    """Mean of each channel over each superpixel: (K, H, W) and (H, W) int64 -> (K, S) float64."""
    index = segments.to(image.device).flatten()
    sums = torch.zeros(len(image), int(index.max()) + 1, dtype=torch.float64, device=image.device)
    sums.index_add_(1, index, image.flatten(1).double())
    return sums / torch.bincount(index)


def _noisy_surroundings(image: Tensor, segments: Tensor, seed: int) -> Tensor:
    """At each pixel the Gaussian mean of what lies around its piece, with noise.

    The mean is taken of coarser pixels: under a Gaussian that wide they tell as much.
    """
    index = segments.to(image.device)
    size = image.shape[-2:]
    side = max(1, int(_BLUR * min(size) / 2))
    rows, columns = (torch.arange(length, device=image.device) // side for length in size)
    shape = (int(index.max()) + 1, int(rows[-1]) + 1, int(columns[-1]) + 1)
    place = (index * shape[1] + rows[:, None]) * shape[2] + columns
    weighed = torch.cat([image, torch.ones_like(image[:1])])  # colours, and their weight
    sums = weighed.new_zeros(4, shape[0] * shape[1] * shape[2]).index_add_(1, place.flatten(), weighed.flatten(1))
    of_pieces = _blurred(sums.view(4, *shape).movedim(0, 1))
    around = of_pieces.sum(0)
    found = torch.zeros_like(image)
    for piece, of_piece in enumerate(of_pieces):
        outside = functional.interpolate((around - of_piece)[None], size, mode="bilinear")[0]
        found = torch.where(index == piece, outside[:3] / outside[3:].clamp_min(1e-6), found)
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed)).to(image)
    return (found + _NOISE * noise).clamp(0, 1)


def _blurred(images: Tensor) -> Tensor:
    """(N, K, H, W) under a Gaussian, the border repeated outwards."""
    deviation = _BLUR * min(images.shape[-2:])
    reach = max(1, round(4 * deviation))
    steps = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    weights = (-0.5 * (steps / deviation).square()).exp()
    weights = weights / weights.sum()
    planes = functional.pad(images.flatten(0, 1)[:, None], (reach,) * 4, mode="replicate")
    planes = functional.conv2d(functional.conv2d(planes, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))
    return planes.view(images.shape)
