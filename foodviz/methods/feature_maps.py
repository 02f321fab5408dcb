"""What does a filter answer to a photograph? Its feature map: one channel's output, cell by cell."""

import torch
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.hooks import device_of, evaluating, run_to


def feature_maps(model: nn.Module, layer: nn.Module, images: Tensor, channels: Tensor | None = None) -> Tensor:
    """Raw outputs of a layer's channels.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits; runs in evaluation mode, its flags are given back.
        layer: the module inside it whose output is looked at.
        images: (N, 3, H, W), RGB in [0, 1].
        channels: (K,) int64, which ones and in which order; all where None.

    Returns:
        (N, K, h, w), in the layer's units, not normalised.

    Raises:
        InputError: the layer's output has no spatial maps.
    """
    with evaluating(model), torch.inference_mode():
        maps = run_to(model, layer, images)
        if maps.ndim != 4:
            shape = "x".join(str(length) for length in maps.shape[1:])
            raise InputError(
                f"this {type(layer).__name__} outputs {shape} values a picture, not maps; choose a convolution"
            )
        return maps.clone() if channels is None else maps[:, channels]


def effective_field(model: nn.Module, layer: nn.Module, size: tuple[int, int]) -> tuple[float, float]:
    """Height and width in pixels of the part of the picture that one cell of the layer really depends on.

    The box that carries 99 % of the gradient of the middle cell, over eight pictures of noise and all channels: the
    receptive field in shallow layers, well inside it in deep ones, where the whole field is larger than the picture
    (Luo et al. 2016, "Understanding the Effective Receptive Field in Deep CNNs", arXiv:1701.04128).

    Args:
        model, layer: as in `feature_maps`.
        size: (H, W) in pixels of the model's input.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(8, 3, *size, generator=generator).to(device_of(model)).requires_grad_()
    with evaluating(model):
        maps = run_to(model, layer, images)
        signs = torch.randn(maps.shape[:2], generator=generator).to(maps.device)
        middle = maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2]
        (gradient,) = torch.autograd.grad((middle * signs).sum(), images)
    strength = gradient.abs().sum((0, 1))
    return _extent(strength.sum(1)), _extent(strength.sum(0))


def _extent(profile: Tensor) -> float:
    """Length that holds 99 % of a profile, from its 0.5 % to its 99.5 % quantile."""
    share = profile.cumsum(0) / profile.sum().clamp_min(1e-30)
    return float((share >= 0.995).int().argmax() - (share > 0.005).int().argmax() + 1)
