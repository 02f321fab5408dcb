"""Gradients of noisy copies of the picture, averaged before the magnitude is taken: less grain than one gradient.

Smilkov et al. 2017, "SmoothGrad", arXiv:1706.03825.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from foodviz.attribution import Attribution
from foodviz.methods.attribution.gradient import input_gradient
from foodviz.methods.attribution.score import Score, images_a_pass, logit, unit_of


def attribute(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    seeds: Sequence[int],
    samples: int = 25,
    noise: float = 0.15,
    score: Score = logit,
) -> Attribution:
    """The mean gradient over noisy copies of each image; further arguments as in `gradient.input_gradient`.

    Args:
        seeds: one per image, so that an image's noise does not depend on its company.
        samples: copies per image.
        noise: standard deviation of the noise, as a share of the pixel range. Copies may leave [0, 1].

    Returns:
        (N, 3, H, W), signed, in units of the score per unit of pixel intensity.
    """
    means, count = [], images_a_pass(images)
    for image, target, seed in zip(images, targets, seeds, strict=True):
        generator = torch.Generator().manual_seed(seed)
        total = torch.zeros_like(image)
        for done in range(0, samples, count):  # memory does not grow with the samples
            drawn = torch.randn(min(count, samples - done), *image.shape, generator=generator).to(image)
            gradients = input_gradient(
                model, image + noise * drawn, target.expand(len(drawn), *target.shape), score=score
            )
            total += gradients.sum(0)
        means.append(total / samples)
    return Attribution(torch.stack(means), f"{unit_of(score)} per unit of pixel intensity")
