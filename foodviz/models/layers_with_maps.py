"""Layers whose maps a method can look at: the one that was asked for, or the last that there is."""

import torch
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.models.classifier import Classifier
from foodviz.models.layers import Layer, convolution_before, layer_of, probe, resolve, survey
from foodviz.token_maps import as_maps

_MOST_OF = 0.5  # of a layer's cells: where fewer speak for any answer, a class token has gathered it


def last_maps(classifier: Classifier) -> Layer:
    """Where Grad-CAM looks unless a layer is requested: the last module whose maps are as large as the last
    convolution's.

    After a convolution's norm and activation, before the pool that shrinks its maps; for a residual net its last block.
    Of a transformer the last norm whose cells speak for the answer: behind it only the class token does.

    Raises:
        InputError: there is neither.
    """
    rows = survey(classifier)
    maps = [row for row in rows if len(row.shape) == 3]
    convolutions = [row.shape[1:] for row in maps if isinstance(row.module, nn.Conv2d)]
    last = next((row for row in maps[::-1] if row.runs == 1 and row.shape[1:] in convolutions[-1:]), None)
    behind = rows[rows.index(last) :] if last else rows
    norms = [row for row in behind if type(row.module) is nn.LayerNorm and len(row.shape) > 1]
    if last and not norms:
        return layer_of(classifier, "of the last maps", last, rows)
    speaking = _last_speaking(classifier, [row.module for row in norms])
    if speaking is None:
        raise InputError("the network has no convolution and no tokens to look at; `layer` names a layer with maps")
    return layer_of(classifier, "of the last maps", next(row for row in norms if row.module is speaking), rows)


def _last_speaking(classifier: Classifier, modules: list[nn.Module]) -> nn.Module | None:
    """The last of these that gives maps whose cells nearly all have a gradient of the logits."""
    size = classifier.input_size
    outputs: dict[nn.Module, Tensor] = {}
    handles = [
        module.register_forward_hook(lambda module, _inputs, output: outputs.update({module: output}))
        for module in modules
    ]
    image = torch.full((1, 3, *size), 0.5, device=classifier.mean.device, requires_grad=True)
    try:
        with torch.enable_grad():
            score = classifier(image).square().sum()
    finally:
        for handle in handles:
            handle.remove()
    gradients = torch.autograd.grad(score, list(outputs.values()), allow_unused=True) if outputs else ()
    for module, gradient in list(zip(outputs, gradients, strict=True))[::-1]:
        maps = as_maps(gradient, size) if gradient is not None and len(gradient) == 1 else None
        if maps is not None and float((maps != 0).any(1).float().mean()) > _MOST_OF:
            return module
    return None


def layer_with_maps(classifier: Classifier, requested: str) -> Layer:
    """The layer, which must output maps (N, K, h, w).

    Raises:
        InputError: no such layer, or one without maps; the line then names the convolution before it.
    """
    layer = resolve(classifier, requested)
    output = probe(classifier, layer.module)
    if as_maps(output, classifier.input_size) is output:
        return layer
    before = convolution_before(classifier, layer)
    nearby = f"; the nearest convolution is `layer` {before}" if before else ""
    raise InputError(f"`layer` {requested}: {layer.name} is a {layer.kind} without maps{nearby}")
