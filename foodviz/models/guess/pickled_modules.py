"""A whole pickled model of a class nobody here knows, made to run where it is a stack and a head.

What the file says of a stock module is not believed: each is made anew by its own class, from those settings alone
that the class takes and only where they are of the right type and of a usual size. Its weights are filled in later, as
those of any other architecture.
"""

import inspect
from collections import OrderedDict
from math import isfinite
from typing import Any

import torch
from torch import nn

from foodviz.errors import InputError
from foodviz.models.files.strangers import Stranger
from foodviz.models.guess.stack import Stack

_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_JOINTS = (*_POOLS, nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d)
_PLAIN = (nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d, *_JOINTS)
# Kernels, strides, paddings and output maps larger than these have no place in a classifier and could fill the memory.
MOST = 64
_WIDTHS = ("in_channels", "out_channels", "in_features", "out_features", "num_features", "num_parameters", "groups")
_RANGES = {
    **dict.fromkeys(("kernel_size", "stride", "dilation", "output_size"), (1, MOST)),
    **dict.fromkeys(("start_dim", "end_dim", "dim"), (-4, 4)),
    **dict.fromkeys(_WIDTHS, (1, 10**8)),
    "padding": (0, MOST),
}
_MAY_BE_NONE = ("stride", "output_size", "dim", "momentum", "divisor_override")
_WORDS = {"padding": ("same", "valid"), "padding_mode": ("zeros", "reflect", "replicate", "circular")}
_WORDS["approximate"] = ("none", "tanh")


def runnable(tree: nn.Module) -> nn.Module | None:
    """The network that the tree's children make in the order they were made, without weights; None where that is not
    certain.

    Certain is: stock modules alone, or children that hold convolutions, then at most pools, then one head.
    """
    try:
        with torch.device("meta"):
            if not isinstance(tree, Stranger):
                return _again(tree).eval()
            children = [(name, _again(child)) for name, child in tree._modules.items() if child is not None]
    except (ValueError, TypeError, ArithmeticError, RuntimeError):  # what a class says to settings it cannot work with
        return None
    kinds = [_kind(child) for _, child in children]
    if "other" in kinds or kinds.count("head") != 1 or kinds[-1] != "head" or kinds[0] != "convolutions":
        return None
    last = max(index for index, kind in enumerate(kinds) if kind == "convolutions")
    if "joint" in kinds[:last]:
        return None
    try:
        return Stack(children, children[-1][0], None).eval()
    except InputError:  # a child with a name that a module needs for itself
        return None


def _kind(child: nn.Module) -> str:
    if any(isinstance(module, nn.Conv2d) for module in child.modules()):
        return "convolutions"
    if any(isinstance(module, nn.Linear) for module in child.modules()):
        return "head"
    return "joint" if isinstance(child, _JOINTS) else "other"


def _again(module: nn.Module) -> nn.Module:
    """The module as its class makes it from its settings.

    Raises:
        ValueError: of another kind than a plain classifier holds, or with a setting of an unusual type or size.
        Exception: what its class says to them.
    """
    kind = type(module)
    if kind is nn.Sequential:
        children = ((name, child) for name, child in module._modules.items() if child is not None)
        return nn.Sequential(OrderedDict((name, _again(child)) for name, child in children))
    activation = kind.__module__ == nn.ReLU.__module__ and kind is not nn.MultiheadAttention
    if not (kind in _PLAIN or activation) or module._modules:
        raise ValueError(f"a {kind.__name__}")
    settings: dict[str, Any] = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        if name == "bias":
            settings[name] = module._parameters.get("bias") is not None
        elif name in vars(module) and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            settings[name] = _checked(name, vars(module)[name])
    return kind(**settings)


def _checked(name: str, value: Any) -> Any:
    """The setting, which must be plain and of a usual size.

    Raises:
        ValueError: it is not.
    """
    if isinstance(value, tuple | list):
        if not 0 < len(value) <= 4:
            raise ValueError(f"{name} of {len(value)} numbers")
        return tuple(_checked(name, each) for each in value)
    if isinstance(value, str):
        sound = value in _WORDS.get(name, ())
    elif value is None:
        sound = name in _MAY_BE_NONE
    elif name in _RANGES:
        low, high = _RANGES[name]
        sound = isinstance(value, int) and low <= value <= high
    else:
        sound = isinstance(value, bool) or (isinstance(value, int | float) and isfinite(value))
    if not sound:
        raise ValueError(f"{name} of {type(value).__name__}")
    return value
