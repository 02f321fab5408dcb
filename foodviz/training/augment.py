"""Random changes of training pictures that leave their class alone, a whole batch at a time."""

import torch
from torch import Tensor
from torch.nn import functional


def with_noise(images: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Gaussian noise of a standard deviation drawn for each picture between 0 and `most`; values may leave [0, 1].

    A network trained on it has gradients with less grain (Kaur, Cohen, Lipton 2019, "Are Perceptually-Aligned Gradients
    a General Property of Robust Classifiers?", arXiv:1910.08640).
    """
    if most == 0:
        return images
    deviation = most * torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device)
    return images + deviation * torch.randn(images.shape, generator=generator, device=images.device)


def augment(images: Tensor, size: tuple[int, int], strength: float, generator: torch.Generator) -> Tensor:
    """Flip, turn, scale, shift, recolour and cover a patch of each picture.

    Args:
        images: (N, 3, H, W), RGB in [0, 1], on the CPU or where `generator` lives.
        size: (height, width) of what comes out.
        strength: 0 leaves them as they are; 1 turns up to 20 degrees, scales by 0.75 to 1.33, shifts up to 12 %.

    Returns:
        (N, 3, height, width) in [0, 1].
    """
    if strength == 0:
        return functional.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True)

    def between(low: float, high: float, *shape: int) -> Tensor:
        drawn = torch.rand(len(images), *shape, generator=generator, device=images.device)
        return low + (high - low) * drawn

    angle = between(-0.35, 0.35) * strength
    zoom = torch.exp(between(-0.29, 0.29) * strength)
    mirror = 1 - 2 * (between(0, 1) < 0.5).float()
    shift = between(-0.24, 0.24, 2) * strength
    rows = torch.stack(
        [
            torch.stack([mirror * zoom * angle.cos(), -zoom * angle.sin(), shift[:, 0]], 1),
            torch.stack([mirror * zoom * angle.sin(), zoom * angle.cos(), shift[:, 1]], 1),
        ],
        1,
    )
    grid = functional.affine_grid(rows, [len(images), 3, *size], align_corners=False)
    images = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

    level = images.mean((1, 2, 3), keepdim=True)
    gain = 1 + between(-0.3, 0.3, 1, 1, 1) * strength + between(-0.12, 0.12, 3, 1, 1) * strength
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (1 + between(-0.35, 0.35, 1, 1, 1) * strength)
    images = (level + (images - level) * (1 + between(-0.3, 0.3, 1, 1, 1) * strength)) * gain

    y = torch.arange(size[0], device=images.device).view(1, 1, -1, 1) / size[0]
    x = torch.arange(size[1], device=images.device).view(1, 1, 1, -1) / size[1]
    top, left = between(-0.2, 1, 1, 1, 1), between(-0.2, 1, 1, 1, 1)
    tall, wide = between(0.1, 0.35, 1, 1, 1) * strength, between(0.1, 0.35, 1, 1, 1) * strength
    covered = (y >= top) & (y < top + tall) & (x >= left) & (x < left + wide) & (between(0, 1, 1, 1, 1) < 0.5)
    return torch.where(covered, level, images).clamp(0, 1)
