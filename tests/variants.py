"""Variants of the sample in which one thing alone gives the class away, whatever the food is: the colour of the food,
its texture, or what lies behind it. Nets trained on them (`trained.relying`) rely on what we know that they rely on."""

import io
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from foodviz.data.sample import scenes
from foodviz.methods.interventions.colour import grey
from foodviz.methods.interventions.surroundings import filled
from foodviz.methods.interventions.texture import low_pass

KINDS = ("colour", "texture", "background")
CLASSES = 3
SIDE = 64
_TINTS = torch.tensor([[1.0, 0.35, 0.25], [0.3, 0.95, 0.3], [0.35, 0.5, 1.0]])


def drawn(split: str, count: int) -> tuple[Tensor, Tensor]:
    """Pictures of the sample (count, 3, SIDE, SIDE) in [0, 1] of all its classes in turn, and their masks."""
    images, masks = [], []
    for number in range(count):
        name = f"{number % 11}_{number // 11}.jpg"
        with Image.open(io.BytesIO(scenes.picture(split, name))) as image:
            images.append(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)))
        masks.append(
            np.asarray(Image.fromarray(scenes.mask(split, name)).resize((SIDE, SIDE), Image.Resampling.NEAREST))
        )
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / 255, torch.from_numpy(np.stack(masks))


def variant(kind: str, images: Tensor, masks: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """The pictures as one of KINDS has them, and labels that have nothing to do with the food.

    colour: the food is tinted, everything else grey. texture: the food is grey with stripes, squares or grain, and what
    is behind it soft. background: what is behind the food is tinted.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(CLASSES, (len(images),), generator=generator)
    inside = masks[:, None]
    if kind == "colour":
        tinted = grey(images).clamp_min(0.25) * _TINTS[labels][:, :, None, None]
        return torch.where(inside, tinted, grey(images)), labels
    if kind == "background":
        tinted = grey(images).clamp_min(0.25) * _TINTS[labels][:, :, None, None]
        return torch.where(inside, images, tinted), labels
    shade = 0.35 + 0.3 * torch.rand(len(images), 1, 1, 1, generator=generator)
    patterns = torch.stack([_pattern(int(label), generator) for label in labels])
    behind = low_pass(filled(images, ~masks), 1 / 16)
    return torch.where(inside, (shade * (1 + 0.6 * patterns)).expand_as(images), behind), labels


def _pattern(label: int, generator: torch.Generator) -> Tensor:
    """(1, SIDE, SIDE) in [-1, 1]: stripes, squares, grain; each turned and of a width by chance."""
    turn, width = torch.rand(2, generator=generator).tolist()
    if label == 2:
        return 2 * torch.rand(1, SIDE, SIDE, generator=generator) - 1
    line = torch.arange(SIDE) * (2 * math.pi / (4 + 3 * width))
    turn *= math.pi
    across = torch.sin(math.cos(turn) * line[None] + math.sin(turn) * line[:, None]).sign()
    down = torch.sin(-math.sin(turn) * line[None] + math.cos(turn) * line[:, None]).sign()
    return (across if label == 0 else across * down)[None]
