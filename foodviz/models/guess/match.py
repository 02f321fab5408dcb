"""Weights into an architecture: exactly, or not at all."""

import re
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.models.architectures import NAMES, build
from foodviz.printable import printable

# Keys that give a family of torchvision's classifiers away, and the names in it.
_TORCHVISION = (
    (r"layer1\.0\.conv1\.weight", r"(wide_)?resne(x)?t\d+"),
    (r"features\.denseblock1\.", r"densenet\d+"),
    (r"features\.0\.0\.weight", r"efficientnet|mobilenet|convnext|swin"),
    (r"classifier\.6\.weight", r"vgg\d+|alexnet"),
    (r"features\.3\.squeeze\.weight", r"squeezenet"),
    (r"inception3a\.", r"googlenet"),
    (r"Mixed_5b\.", r"inception_v3"),
    (r"stage2\.0\.branch", r"shufflenet"),
    (r"layers\.0\.weight", r"mnasnet"),
    (r"trunk_output\.", r"regnet"),
    (r"encoder\.layers\.encoder_layer_0\.", r"vit_"),
    (r"stem\.0\.0\.weight", r"maxvit"),
)
# Counts batches during training and is never read in evaluation: half of all files leave it out.
_OPTIONAL = "num_batches_tracked"


def class_count(weights: dict[str, Tensor]) -> int:
    """Classes of the classifier the weights belong to: rows of the last linear layer, or of the last 1x1 convolution.

    Files may list weights in any order, so the last is the one that no other takes in.
    """
    matrices = [tensor for name, tensor in weights.items() if name.endswith("weight") and tensor.ndim in (2, 4)]
    linear = [tensor for tensor in matrices if tensor.ndim == 2] or [
        tensor for tensor in matrices if tensor.shape[2:] == (1, 1)
    ]
    taken_in = {tensor.shape[1] for tensor in linear}
    ends = [tensor.shape[0] for tensor in linear if tensor.shape[0] not in taken_in]
    return min(ends or [tensor.shape[0] for tensor in linear], default=0)


def known_architecture(weights: dict[str, Tensor]) -> str | None:
    """The name of an architecture whose names and shapes are the weights', None where there is none."""
    classes = class_count(weights)
    if not classes:
        return None
    return next((name for name in _candidates(weights) if not misfits(hollow(name, classes), weights)), None)


def _candidates(weights: dict[str, Tensor]) -> Iterator[str]:
    tops = {name.partition(".")[0] for name in weights}
    if tops <= {"cnn", "fc"}:
        yield from NAMES
    families = [names for key, names in _TORCHVISION if any(re.match(key, name) for name in weights)]
    if families:
        from torchvision import models  # 2 s: only where the keys look like one of its nets

        for name in models.list_models(module=models):
            if any(re.match(family, name) for family in families):
                yield f"torchvision:{name}"


def hollow(name: str, classes: int) -> nn.Module:
    """The architecture without memory for weights, where it can be built so."""
    if ":" in name and not name.startswith("torchvision:"):
        return build(name, classes)  # the user's own code may count on real numbers
    with torch.device("meta"):
        return build(name, classes)


def misfits(network: nn.Module, weights: dict[str, Tensor]) -> str:
    """What does not fit, in words, the first three of each kind; empty where everything fits."""
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    missing = [name for name in expected if name not in weights and not name.endswith(_OPTIONAL)]
    unexpected = [name for name in weights if name not in expected and not name.endswith(_OPTIONAL)]
    wrong = [
        f"{printable(name)} is {_shape(tuple(weights[name].shape))} and should be {_shape(shape)}"
        for name, shape in expected.items()
        if name in weights and tuple(weights[name].shape) != shape and not name.endswith(_OPTIONAL)
    ]
    kinds = (("missing", missing), ("unexpected", unexpected), ("wrongly shaped", wrong))
    return "; ".join(f"{kind}: {_first_three(names)}" for kind, names in kinds if names)


def _first_three(names: list[str]) -> str:
    return ", ".join(map(printable, names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in shape) or "a single number"


def fill(make: Callable[[], nn.Module], weights: dict[str, Tensor], name: str) -> nn.Module:
    """The network that `make` builds with these weights as its own tensors, no copy made.

    Raises:
        InputError: the weights do not fit it exactly; lists what is missing, unexpected and wrongly shaped.
    """
    network = make()
    _materialise(network, weights)
    wrong = misfits(network, weights)
    if wrong:
        known = known_architecture(weights)
        advice = f"; the weights fit `arch` {known}" if known else ""
        raise InputError(f"nothing was loaded: the weights do not fit {printable(name)}: {wrong}{advice}")
    expected = network.state_dict()
    given = {key: value.to(expected[key].dtype) for key, value in weights.items() if key in expected}
    for key in expected.keys() - given.keys():
        given[key] = torch.zeros((), dtype=torch.long)
    network.load_state_dict(given, assign=True)
    return network


def _materialise(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Give lazy layers, which learn their shape from the first picture, that of their weights."""
    for name, parameter in network.named_parameters():
        if nn.parameter.is_lazy(parameter) and name in weights:
            parameter.materialize(weights[name].shape)  # type: ignore[attr-defined]


def is_hollow(network: nn.Module) -> bool:
    """Whether something that no checkpoint holds (a buffer outside the state dict) still has no memory."""
    return any(tensor.is_meta for tensor in (*network.parameters(), *network.buffers()))
