"""How much of the score goes where a patch of the picture is covered?

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", arXiv:1311.2901, section 4.2. A patch
slides over the picture; each pixel gets the mean fall of the score over the patches that cover it, as captum has it.

Deviation: the patch shows what hides best on the picture (see `methods.hidden`), not grey.
"""

import math

import torch
from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.errors import InputError
from foodviz.hooks import evaluating
from foodviz.methods.attribution.score import Score, images_a_pass, logit, unit_of


def attribute(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    hidden: Tensor,
    patch: float = 0.2,
    stride: float = 0.05,
    score: Score = logit,
) -> Attribution:
    """The mean fall of the score over the patches that cover each pixel.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C); run in evaluation mode, without gradients.
        images: (N, 3, H, W), RGB in [0, 1].
        targets: (N,) class index to explain in each image.
        hidden: (N, 3, H, W), what the patch shows of each.
        patch: side of the patch, as a share of the picture's sides.
        stride: from one patch to the next, as a share of the picture's sides; at most `patch`.
        score: logits and targets -> (N,), what falls.

    Returns:
        (N, H, W), signed: above 0 where covering takes from the score; in units of the score.

    Raises:
        InputError: a stride larger than the patch, which would leave pixels uncovered.
    """
    if stride > patch:
        raise InputError(f"`stride` {stride:g}: larger than `patch` {patch:g}, it would leave gaps")
    height, width = images.shape[-2:]
    windows = [(rows, columns) for rows in _spans(height, patch, stride) for columns in _spans(width, patch, stride)]
    count = images_a_pass(images)
    maps = []
    with evaluating(model), torch.inference_mode():
        for image, cover, target in zip(images, hidden, targets, strict=True):
            before = score(model(image[None]), target[None])
            fall = torch.zeros(height, width, dtype=torch.float64, device=image.device)
            covered = torch.zeros_like(fall)
            for first in range(0, len(windows), count):
                some = windows[first : first + count]
                copies = image.repeat(len(some), 1, 1, 1)
                for copy, (rows, columns) in zip(copies, some, strict=True):
                    copy[:, rows, columns] = cover[:, rows, columns]
                falls = (before - score(model(copies), target.expand(len(some), *target.shape))).double()
                for each, (rows, columns) in zip(falls, some, strict=True):
                    fall[rows, columns] += each
                    covered[rows, columns] += 1
            maps.append((fall / covered).to(image.dtype))
    return Attribution(torch.stack(maps).clone(), unit_of(score))


def _spans(length: int, patch: float, stride: float) -> list[slice]:
    """Where patches begin and end along a side; the last one is cut off at the picture's edge."""
    side, step = max(1, round(patch * length)), max(1, round(stride * length))
    return [slice(part * step, part * step + side) for part in range(1 + math.ceil((length - side) / step))]
