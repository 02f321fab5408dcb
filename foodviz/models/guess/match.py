"""Weights into an architecture: exactly, or not at all."""

import re
from collections.abc import Callable, Iterator, Mapping
from math import isqrt
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from foodviz.errors import InputError
from foodviz.models.architectures import NAMES, build, from_zoo
from foodviz.models.guess.align import OPTIONAL, Alignment, align, plain_names
from foodviz.models.guess.heads import ConcatPool, rebuilt
from foodviz.printable import printable

# Keys that give a family of torchvision's classifiers away, whatever stands before them, and the names in it.
_TORCHVISION = (
    (r"(^|\.)(layer1|4)\.0\.conv1\.weight$", r"(wide_)?resne(x)?t\d+"),
    (r"denselayer1\.norm1\.weight$", r"densenet\d+"),
    (r"(^|\.)(features|0)\.0\.0\.weight$", r"efficientnet|mobilenet|convnext|swin"),
    (r"(^|\.)(features|0)\.0\.weight$", r"vgg\d+|alexnet"),
    (r"(^|\.)3\.squeeze\.weight$", r"squeezenet"),
    (r"branch1\.conv\.weight$", r"googlenet"),
    (r"branch1x1\.conv\.weight$", r"inception_v3"),
    (r"\.0\.branch2\.0\.weight$", r"shufflenet"),
    (r"(^|\.)layers\.0\.weight$", r"mnasnet"),
    (r"block1\.block1-0\.", r"regnet"),
    (r"encoder_layer_0\.", r"vit_"),
    (r"blocks\.0\.layers\.0\.layers\.", r"maxvit"),
)
# A number of classes that no layer's width is: the weights whose shapes it is in are those that answer the classes.
_UNUSUAL = 1009


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


def known_architecture(weights: dict[str, Tensor], beside: Mapping[str, nn.Module] | None = None) -> str | None:
    """The name of an architecture whose names and shapes are the weights', None where there is none.

    Whatever stands before the names, and with a head of one's own as `heads.rebuilt` reads it.
    """
    plain = plain_names(weights)
    return next((name for name in _candidates(plain) if _aligned(name, plain, beside or {})), None)


def _aligned(
    name: str, weights: dict[str, Tensor], beside: Mapping[str, nn.Module]
) -> tuple[Alignment, tuple[nn.Module, dict[str, str], int] | None] | None:
    """Where the architecture's weights stand among these, and the head that replaced its own, if one did."""
    network = hollow(name, _UNUSUAL)
    keys = [key for key, tensor in network.state_dict().items() if tensor.ndim and tensor.shape[0] == _UNUSUAL]
    found = align(network, keys, weights) if keys else None
    if found is None:
        return None
    if found.own_head:
        return found, None
    head = rebuilt(found.rest, beside) if from_zoo(name) else None
    fits = head and _join(network, found, head[2]) is not None
    return (found, head) if fits else None


def _join(network: nn.Module, found: Alignment, width: int) -> nn.Module | None:
    """What brings the trunk's maps to the width of a new head; Identity where nothing has to."""
    old = network.get_submodule(found.head)
    layers = [each for each in old.modules() if isinstance(each, nn.Linear | nn.Conv2d)]
    own = layers[0].in_features if isinstance(layers[0], nn.Linear) else layers[0].in_channels
    if width == own and not found.children:
        return nn.Identity()
    pool = getattr(network, "avgpool", None)
    side = pool.output_size if isinstance(pool, nn.AdaptiveAvgPool2d) else 1
    height, wide = side if isinstance(side, tuple) else (side, side)
    channels = own // (int(height or 1) * int(wide or 1))
    if "." in found.head or not (found.children or isinstance(pool, nn.AdaptiveAvgPool2d)):
        return None
    if width == 2 * channels:
        return ConcatPool()
    new = isqrt(width // channels)
    return nn.AdaptiveAvgPool2d(new) if new and channels * new * new == width else None


class _Children(nn.Module):
    """A net's children one after the other, as `nn.Sequential(*net.children())` runs them, a pool and a head."""

    def __init__(self, children: list[tuple[str, nn.Module]]) -> None:
        super().__init__()
        for name, child in children:
            self.add_module(name, child)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) -> logits (N, C)."""
        values = images
        for child in self.children():
            values = child(values)
        return values


def known_network(
    name: str, weights: dict[str, Tensor], beside: Mapping[str, nn.Module], say: Callable[[str], None]
) -> nn.Module | None:
    """An architecture of foodviz's or torchvision's with weights that stand under other names; None where they do not.

    Args:
        say: takes a line on what was taken off, left out or assumed.
    """
    plain = plain_names(weights)
    aligned = _aligned(name, plain, beside)
    if aligned is None:
        return None
    found, head = aligned
    classes = len(next(reversed([each for each in found.rest.values() if each.ndim > 1])))
    network = hollow(name, classes)
    if any(each.is_meta and key not in network.state_dict() for key, each in network.named_buffers()):
        network = build(name, classes)  # what no checkpoint holds has no memory
    names = dict(found.names)
    if head is not None:
        made, inner, width = head
        join = _join(network, found, width)
        if found.children or not isinstance(join, nn.Identity):
            network.add_module("avgpool", join)
        parent, _, slot = found.head.rpartition(".")
        network.get_submodule(parent).add_module(slot, made)
        names |= {f"{found.head}.{ours}": theirs for ours, theirs in inner.items()}
        listed = ", ".join(type(each).__name__ for each in made.modules() if not list(each.children()))
        say(f"head {found.head} is the file's own: {listed}; if a step is wrong, give `arch` path/to/net.py:Class")
    if found.children and head is not None:
        before = [each for each in network.named_children() if each[0] not in ("avgpool", "dropout", found.head)]
        rest = [("avgpool", network.get_submodule("avgpool")), (found.head, network.get_submodule(found.head))]
        network = _Children([*before, *rest])
    if found.prefix or found.children:
        begin = f" behind {printable(found.prefix)!r}" if found.prefix else ""
        say(f"the weights of {printable(name)} stand{begin} in the file" + (" by number" if found.children else ""))
    if found.left:
        say(f"left out, as training alone needs it: {_first_three(list(found.left))}")
    return _loaded(network, {ours: plain[theirs] for ours, theirs in names.items() if theirs in plain})


def _candidates(weights: dict[str, Tensor]) -> Iterator[str]:
    if any(re.search(r"(^|\.)cnn\.0\.weight$", name) for name in weights):
        yield from NAMES
    families = [names for key, names in _TORCHVISION if any(re.search(key, name) for name in weights)]
    if families:
        from torchvision import models  # 2 s: only where the keys look like one of its nets

        for name in models.list_models(module=models):
            if any(re.match(family, name) for family in families):
                yield f"torchvision:{name}"


def hollow(name: str, classes: int) -> nn.Module:
    """The architecture without memory for weights, where it can be built so."""
    if ":" in name and not from_zoo(name):
        return build(name, classes)  # the user's own code may count on real numbers
    with _Weightless():
        return build(name, classes)


class _Weightless(TorchFunctionMode):
    """Weights are made without memory inside the block; what a net computes of its own shape (regnet's widths, the
    places of swin's windows) is real, other than under `torch.device("meta")`."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        hollow = {"device": "meta"} if func in (torch.empty, torch.zeros, torch.ones) else {}
        return func(*args, **{**(kwargs or {}), **hollow})


def misfits(network: nn.Module, weights: dict[str, Tensor]) -> str:
    """What does not fit, in words, the first three of each kind; empty where everything fits."""
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    missing = [name for name in expected if name not in weights and not name.endswith(OPTIONAL)]
    unexpected = [name for name in weights if name not in expected and not name.endswith(OPTIONAL)]
    wrong = [
        f"{printable(name)} is {_shape(tuple(weights[name].shape))} and should be {_shape(shape)}"
        for name, shape in expected.items()
        if name in weights and tuple(weights[name].shape) != shape and not name.endswith(OPTIONAL)
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
    return _loaded(network, weights)


def _loaded(network: nn.Module, weights: dict[str, Tensor]) -> nn.Module:
    given = network.state_dict()  # whose metadata some nets ask for
    for key, expected in given.items():
        given[key] = weights[key].to(expected.dtype) if key in weights else torch.zeros((), dtype=torch.long)
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
