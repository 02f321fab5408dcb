"""A whole pickled model of a class nobody here knows, made to run where it is a stack and a head."""

from math import prod

import torch
from torch import nn

from foodviz.models.files.pickle_calls import Stranger
from foodviz.models.guess.candidates import SIZES
from foodviz.models.guess.stack import Stack

_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_JOINTS = (*_POOLS, nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d)
# Larger strides, paddings and output maps than these have no place in a classifier and could fill the memory.
MOST = 64


def runnable(tree: nn.Module) -> nn.Module | None:
    """The network that the tree's children make in the order they were made; None where that is not certain.

    Certain is: stock modules alone, or children that hold convolutions, then at most pools, then one head.
    """
    if not all(_is_plain(module) for module in tree.modules() if module is not tree):
        return None
    if not isinstance(tree, Stranger):
        return tree if _is_plain(tree) else None
    children = list(tree.named_children())
    kinds = [_kind(child) for _, child in children]
    if "other" in kinds or kinds.count("head") != 1 or kinds[-1] != "head" or kinds[0] != "convolutions":
        return None
    last = max(place for place, kind in enumerate(kinds) if kind == "convolutions")
    if "joint" in kinds[:last]:
        return None
    return Stack(children, children[-1][0], None).eval()


def _kind(child: nn.Module) -> str:
    if any(isinstance(module, nn.Conv2d) for module in child.modules()):
        return "convolutions"
    if any(isinstance(module, nn.Linear) for module in child.modules()):
        return "head"
    return "joint" if isinstance(child, _JOINTS) else "other"


def _is_plain(module: nn.Module) -> bool:
    """Whether the module is of a usual kind and its settings are of a usual size."""
    usual = (nn.Sequential, nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d, *_JOINTS)
    if not isinstance(module, usual) and type(module).__module__ != nn.ReLU.__module__:
        return False
    settings = [getattr(module, name, 0) for name in ("kernel_size", "stride", "padding", "dilation", "output_size")]
    flat = [each for value in settings for each in (value if isinstance(value, tuple | list) else (value,))]
    return all(each is None or isinstance(each, str) or 0 <= each <= MOST for each in flat)


def input_size(network: nn.Module) -> int | None:
    """The first usual size of picture that the network takes; None where it takes none of them."""
    device = next(network.parameters()).device
    for size in SIZES:
        try:
            with torch.inference_mode():
                answer = network(torch.zeros(1, 3, size, size, device=device))
        except RuntimeError:
            continue
        if answer.ndim == 2 and prod(answer.shape) < 100_000:
            return size
    return None
