"""What a picture goes through before the network sees it, so that it must excite however it lies: blur, shift, turn.

Each picture has random numbers of its own, so what happens to it does not depend on its company.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from foodviz.methods.spectrum import blurred

# Pictures, step, which of all that climb they are -> pictures as the network sees them at that step.
Transform = Callable[[Tensor, int, Tensor], Tensor]


def random_transforms(generators: Sequence[torch.Generator], steps: int, fill: Tensor) -> Transform:
    """Blur by up to 2 pixels, shift by up to 12, scale by 0.9 to 1.1, turn by up to 10 degrees; a new draw a step.

    Each generator draws for its own picture. One affine map and one interpolation. Beyond its edges a picture goes on
    in the colour `fill` (3,).
    """
    draws = torch.stack([torch.rand(steps, 5, generator=generator) for generator in generators], 1) * 2 - 1
    shift = draws[..., :2] * 8 + draws[..., 2:4] * 4  # jitter 8, later jitter 4
    scale = 1 + 0.1 * draws[..., 4]
    turns, blurs = torch.stack([torch.rand(2, steps, generator=generator) for generator in generators], -1)
    maps = affine_maps((turns * 2 - 1) * math.radians(10), scale, shift)
    colour = fill.view(3, 1, 1)

    def transform(pictures: Tensor, step: int, rows: Tensor) -> Tensor:
        return colour + moved(blurred(pictures, 2 * blurs[step, rows]) - colour, maps[step, rows])

    return transform


def affine_maps(turn: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Maps for `moved`, (..., 2, 3): turn in radians (...), scale (...), then shift in pixels (..., 2)."""
    cosine, sine = turn.cos() / scale, turn.sin() / scale
    rows = [torch.stack([cosine, -sine, shift[..., 0]], -1), torch.stack([sine, cosine, shift[..., 1]], -1)]
    return torch.stack(rows, -2)


def moved(pictures: Tensor, maps: Tensor, beyond: str = "zeros") -> Tensor:
    """Pictures (N, 3, H, W) under the affine maps (N, 2, 3) of `affine_maps`.

    `beyond` the edges is what `grid_sample` has there: zeros, or the picture's `reflection`.
    """
    pixels = torch.tensor([pictures.shape[3] / 2, pictures.shape[2] / 2], device=pictures.device)
    maps = maps.to(pictures.device, copy=True)
    maps[..., 2] /= pixels
    grid = functional.affine_grid(maps, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode=beyond, align_corners=False)
