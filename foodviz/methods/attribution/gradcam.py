"""Which regions of a layer's maps speak for a class?

Selvaraju et al. 2017, "Grad-CAM", arXiv:1610.02391, section 3: channels weighted by their mean gradient, negative sums
cut off. The trunk runs without a graph; only the head behind the layer is differentiated.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from foodviz.attribution import Attribution
from foodviz.errors import InputError
from foodviz.hooks import detached, evaluating
from foodviz.methods.attribution.score import Score, images_a_pass, logit, unit_of
from foodviz.token_maps import as_maps


def attribute(
    model: nn.Module, images: Tensor, targets: Tensor, *, layer: nn.Module, score: Score = logit
) -> Attribution:
    """Class activation maps, enlarged to the images; arguments as in `class_activation`.

    Returns:
        (N, H, W) >= 0, in units of the score per cell.
    """
    maps = class_activation(model, layer, images, targets, score=score)
    return Attribution(enlarge(maps, (images.shape[-2], images.shape[-1])), f"{unit_of(score)} per cell")


def by_mean_gradient(maps: Tensor, gradients: Tensor) -> Tensor:
    """(N, K, h, w) maps and their gradients -> (N, h, w) >= 0, the channels weighted by their mean gradient."""
    return (gradients.mean((2, 3), keepdim=True) * maps).sum(1).relu()


def class_activation(
    model: nn.Module,
    layer: nn.Module,
    images: Tensor,
    targets: Tensor,
    combine: Callable[[Tensor, Tensor], Tensor] = by_mean_gradient,
    *,
    score: Score = logit,
) -> Tensor:
    """Class activation maps at a layer, not yet enlarged to the image.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C), parameters frozen; run in evaluation mode.
        layer: a module inside that answers maps (N, K, h, w), (N, h, w, K), or a row of tokens (N, T, K).
        images: (N, 3, H, W), RGB in [0, 1].
        targets: (N,) class index to explain in each image.
        combine: the layer's maps and the score's gradients at them, both (N, K, h, w) -> (N, h, w).
        score: logits and targets -> (N,), what is differentiated.

    Returns:
        (N, h, w), what `combine` makes of each pass, in units of the score per cell, not normalised.

    Raises:
        InputError: the layer has no maps, or the forward does not reach it.
    """
    combined, count = [], images_a_pass(images)
    with evaluating(model), torch.enable_grad(), detached(layer) as leaves:
        for some, their_targets in zip(torch.split(images, count), torch.split(targets, count), strict=True):
            leaves.clear()
            total = score(model(some.detach()), their_targets).sum()
            size = (images.shape[-2], images.shape[-1])
            maps = maps_of(leaves, layer, size)
            (gradients,) = torch.autograd.grad(total, leaves[-1])
            combined.append(combine(maps.detach(), maps_of([gradients], layer, size)))
    return torch.cat(combined)


def maps_of(outputs: Sequence[Tensor], layer: nn.Module, size: tuple[int, int]) -> Tensor:
    """The last of the layer's outputs as maps (N, K, h, w), whatever their order of axes.

    Raises:
        InputError: it has none: the layer gives something else, or the forward does not reach it.
    """
    maps = as_maps(outputs[-1], size) if outputs else None
    if maps is None:
        raise InputError(f"`layer`: one with maps is needed; this {type(layer).__name__} has none")
    return maps


def enlarge(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, h, w) -> (N, *size), bilinear."""
    return functional.interpolate(maps[:, None], size, mode="bilinear", align_corners=False)[:, 0]
