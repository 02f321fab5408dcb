"""A head that replaced a known net's own: linear layers and norms one after the other, from their weights."""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from foodviz.models.guess.pickled_modules import runnable


class ConcatPool(nn.Module):
    """The largest value and the mean of each map, side by side, as fastai's heads take them in."""

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (N, K, h, w) -> (N, 2K, 1, 1)."""
        pools = nn.functional.adaptive_max_pool2d, nn.functional.adaptive_avg_pool2d
        return torch.cat([pool(maps, 1) for pool in pools], 1)


def rebuilt(
    rest: Mapping[str, Tensor], beside: Mapping[str, nn.Module]
) -> tuple[nn.Module, dict[str, str], int] | None:
    """The head that these weights make, without memory for them.

    Args:
        beside: modules of the file; one with the same weights is the head itself, activations and all.

    Returns:
        The head, its names of the weights -> theirs in the file, and its width; None where they make no plain chain.
    """
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in rest.items():
        path, _, leaf = name.rpartition(".")
        parts.setdefault(path, {})[leaf] = tensor
    for paths in (list(parts), sorted(parts, key=_natural)):
        layers = [(path, layer) for path in paths if (layer := _layer(parts[path])) is not None]
        width = _consistent([layer for _, layer in layers])
        if len(layers) == len(paths) and width:
            break
    else:
        return None
    stem = _common(paths)
    short = {path: (path[len(stem) :] or path).strip(".") for path in paths}
    for module in beside.values():
        theirs = {name: tuple(each.shape) for name, each in module.state_dict().items()}
        ours = {name[len(stem) :].strip("."): tuple(each.shape) for name, each in rest.items()}
        made = runnable(module) if theirs == ours else None
        if made is not None:
            return made, {name[len(stem) :].strip("."): name for name in rest}, width
    with torch.device("meta"):
        head = _sequence([(short[path], layer) for path, layer in layers])
    names = {f"{short[path].replace('.', '_')}.{leaf}": f"{path}.{leaf}" for path in paths for leaf in parts[path]}
    return head, names, width


def _layer(shapes: Mapping[str, Tensor]) -> nn.Module | None:
    weight, bias = shapes.get("weight"), "bias" in shapes
    with torch.device("meta"):
        if "running_mean" in shapes and shapes["running_mean"].ndim == 1:
            return nn.BatchNorm1d(len(shapes["running_mean"]), affine=weight is not None)
        if weight is None or set(shapes) - {"weight", "bias"} or 0 in weight.shape:
            return None
        if weight.ndim == 2:
            return nn.Linear(weight.shape[1], weight.shape[0], bias=bias)
        if weight.ndim == 1:
            return nn.LayerNorm(len(weight)) if bias else nn.PReLU(len(weight))
    return None


def _consistent(layers: Sequence[nn.Module | None]) -> int:
    """The width that the first layer takes in, where each takes in what the one before gives; else 0."""
    width = first = 0
    for layer in layers:
        match layer:
            case nn.Linear():
                takes, gives = layer.in_features, layer.out_features
            case nn.BatchNorm1d():
                takes = gives = layer.num_features
            case nn.LayerNorm():
                takes = gives = layer.normalized_shape[0]
            case _:
                takes = gives = width
        if width and takes != width:
            return 0
        first, width = first or takes, gives
    return first if any(isinstance(layer, nn.Linear) for layer in layers) else 0


def _sequence(layers: Sequence[tuple[str, nn.Module]]) -> nn.Sequential:
    """The layers with an activation between every two linear ones, in the first place that the numbers leave."""
    held: list[tuple[str, nn.Module]] = [("flatten", nn.Flatten())]
    linear = [index for index, (_, layer) in enumerate(layers) if isinstance(layer, nn.Linear)]
    places: dict[int, str] = {}  # after which layer -> name of the activation
    for first, second in pairwise(linear):
        inner = layers[first : second + 1]
        numbers = [int(name) if name.isdecimal() else None for name, _ in inner]
        if any(isinstance(layer, nn.PReLU) for _, layer in inner):
            continue
        after = first
        if None not in numbers:
            free = [(a, b) for a, b in enumerate(numbers[:-1]) if b is not None and b + 1 != numbers[a + 1]]
            if not free:
                continue
            offset, number = free[0]
            places[first + offset] = str(number + 1)
            continue
        while isinstance(layers[after + 1][1], nn.BatchNorm1d | nn.LayerNorm):
            after += 1
        places[after] = f"activation{first}"
    for index, (name, layer) in enumerate(layers):
        held.append((name.replace(".", "_"), layer))
        if index in places:
            held.append((places[index], nn.ReLU()))
    return nn.Sequential(OrderedDict(held))


def _natural(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"\.", path)]


def _common(paths: Sequence[str]) -> str:
    """What all paths begin with, whole names; of one path all but its last."""
    split = [path.split(".")[:-1] for path in paths]
    common = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return ".".join(common)
