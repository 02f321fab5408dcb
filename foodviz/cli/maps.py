"""The layer and the channels that a user means, for commands that look into feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from foodviz.errors import InputError

if TYPE_CHECKING:
    from foodviz.models import Classifier, Layer


def layer_with_maps(classifier: Classifier, asked: str) -> Layer:
    """The layer, which must output maps (N, K, h, w).

    Raises:
        InputError: no such layer, or one without maps; the line then names the convolution before it.
    """
    from foodviz.models.layers import probe, resolve

    layer = resolve(classifier, asked)
    if probe(classifier, classifier.network.get_submodule(layer.name)).ndim == 4:
        return layer
    before = convolution_before(classifier, layer)
    nearby = f"; the nearest convolution is --layer {before}" if before else ""
    raise InputError(f"--layer {asked}: {layer.name} is a {layer.kind} without maps{nearby}")


def convolution_before(classifier: Classifier, layer: Layer) -> str:
    """Dotted name of the last convolution that stands before the layer; empty where none does."""
    from torch import nn

    before = ""
    for name, module in classifier.network.named_modules():
        if name == layer.name:
            break
        before = name if isinstance(module, nn.Conv2d) else before
    return before


def check_channels(layer: Layer, asked: Sequence[int], flag: str) -> None:
    """Look whether the layer has these channels.

    Raises:
        InputError: one is out of range.
    """
    for channel in asked:
        if not 0 <= channel < layer.channels:
            raise InputError(f"{flag} {channel}: {layer} has the channels 0 to {layer.channels - 1}")
