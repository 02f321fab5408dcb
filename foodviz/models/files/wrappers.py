"""Where in what a file holds the weights are: training scripts wrap them in dictionaries, modules and prefixes."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.models.files.strangers import inert_origin
from foodviz.printable import printable

# Where training scripts put the weights, the likeliest first.
WRAPPERS = (
    "model_state_dict", "state_dict", "model_state", "net_state_dict", "net", "model", "network", "weights", "params",
)  # fmt: skip
PREFIXES = ("module.", "_orig_mod.")
MOST_MODULES = 10_000
_OF_THE_OPTIMISER = re.compile("optim|sched|^opt$", re.IGNORECASE)
_AVERAGED = re.compile("ema|avg|averag|shadow|teacher|swa|momentum", re.IGNORECASE)
_COUNTERS = ("num_batches_tracked", "n_averaged")

Way = tuple[str, ...]  # keys that lead from the whole object to a set of weights


def ways_to_weights(content: Any) -> list[Way]:
    """The ways to every state dict and module in the object, the likeliest first: at most two wrappers deep."""
    return _ways(content, 0, set())


def _ways(content: Any, depth: int, seen: set[int]) -> list[Way]:
    if id(content) in seen:  # named twice, as many times over as a file likes
        return []
    seen.add(id(content))
    if isinstance(content, nn.Module):
        _check_modules(content)
        return [()] if content.state_dict() and type(content).__module__ != "torch.nn.modules.loss" else []
    if not isinstance(content, dict):
        return []
    own: list[Way] = [()] if any(isinstance(key, str) and is_weight(value) for key, value in content.items()) else []
    if depth == 2:
        return own
    keys = [key for key, value in content.items() if isinstance(key, str) and isinstance(value, dict | nn.Module)]
    named = [key for key in WRAPPERS if key in keys]
    others = [key for key in keys if key not in named and not _OF_THE_OPTIMISER.search(key)]
    inner = {key: [(key, *way) for way in _ways(content[key], depth + 1, seen)] for key in (*named, *others)}
    return [way for key in named for way in inner[key]] + own + [way for key in others for way in inner[key]]


def chosen_way(content: Any, ways: Sequence[Way], wanted: str | None) -> tuple[Way, list[str]]:
    """The way to the set of weights that is meant, and the names of the others that hold the same keys.

    Args:
        wanted: a name of one of them, or a part of it; the usual one where there is none of that name.

    Raises:
        InputError: several, of which none is usual.
    """
    way = _named(ways, wanted) if wanted else None
    if way is None:
        usual = [way for way in ways if not way or way[0] in WRAPPERS]
        full = [way for way in ways if any(len(shape_of(value)) > 1 for value in weights_at(content, way).values())]
        if not usual and len(full or ways) > 1:
            several = ", ".join(printable(name_of(way)) for way in (full or ways)[:5])
            first = printable(name_of((full or ways)[0]))
            raise InputError(f"holds several sets of weights ({several}); `weight_set` {first} takes that one")
        way = (usual or full or ways)[0]
    keys = _plain_keys(weights_at(content, way))
    return way, [name_of(each) for each in ways if each != way and _plain_keys(weights_at(content, each)) == keys]


def name_of(way: Way) -> str:
    """What a person calls the set of weights at the end of the way."""
    return next((key for key in way if key not in WRAPPERS), way[-1]) if way else ""


def _named(ways: Sequence[Way], wanted: str) -> Way | None:
    names = {way: [key.lower() for key in way] for way in sorted(ways, key=len)}
    exact = [way for way, keys in names.items() if wanted.lower() in keys]
    part = [way for way, keys in names.items() if any(wanted.lower() in key for key in keys)]
    return next(iter(exact + part), None)


def weights_at(content: Any, way: Way) -> Mapping[str, Any]:
    """The weights at the end of a way, by name."""
    for key in way:
        content = content[key]
    if isinstance(content, nn.Module):
        return content.state_dict()
    return {key: value for key, value in content.items() if isinstance(key, str) and is_weight(value)}


def _plain_keys(weights: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(plain_name(name) for name in weights if not name.endswith(_COUNTERS))


def plain_name(name: str) -> str:
    """A weight's name without what training wrappers put into it, at the front or inside."""
    return ".".join(part for part in name.split(".") if f"{part}." not in PREFIXES)


def one_of_two(weights: dict[str, Any], wanted: str | None) -> tuple[dict[str, Any], str, list[str]]:
    """The weights without a second set of them that stands beside the first, `ema_model.` beside `model.`.

    Returns:
        The weights, the name of the set that was taken and the names of the others; "" and none where there is one set.
    """
    groups: dict[str, dict[str, Any]] = {}
    for name, value in weights.items():
        top, dot, rest = name.partition(".")
        if dot:
            groups.setdefault(top, {})[rest] = shape_of(value)
    same = [
        [top for top, group in groups.items() if group == inner]
        for inner in groups.values()
        if any(len(shape) > 1 for shape in inner.values())
    ]
    tops = next((each for each in same if len(each) > 1 and any(map(_AVERAGED.search, each))), [])
    if not tops:
        return weights, "", []
    usual = next((top for top in tops if not _AVERAGED.search(top)), tops[0])
    taken = next((top for top in tops if wanted and wanted.lower() in top.lower()), usual)
    others = [top for top in tops if top != taken]
    return {name: each for name, each in weights.items() if name.partition(".")[0] not in others}, taken, others


def needed_origins(content: Any) -> list[str]:
    """Names of the objects in it that were not made, itself or two dictionaries deep; each once."""
    found = [inert_origin(content)]
    if isinstance(content, dict):
        for value in islice(content.values(), 1000):
            found.append(inert_origin(value))
            if isinstance(value, dict):
                found += map(inert_origin, islice(value.values(), 1000))
    return list(dict.fromkeys(filter(None, found)))


def _check_modules(tree: nn.Module) -> None:
    """Refuse what could be walked through without end: a module inside itself, or inside two others many times over."""
    sizes: dict[nn.Module, int] = {}
    for module in reversed(list(tree.modules())):
        sizes[module] = 1 + sum(sizes.get(child, 0) for child in module._modules.values() if child is not None)
    # children come behind their parents but where one is shared: so once more, until nothing grows
    for _ in range(64):
        grown = {
            module: 1 + sum(sizes[child] for child in module._modules.values() if child is not None) for module in sizes
        }
        if max(grown.values()) > MOST_MODULES:
            raise ValueError(f"a model of more than {MOST_MODULES} modules, or one inside itself")
        if grown == sizes:
            return
        sizes = grown
    raise ValueError("modules nested too deeply")


def without_wrappers(tree: nn.Module) -> nn.Module:
    """The model that a training wrapper (DataParallel, a compiled module) holds as its one child."""
    while True:
        name, inner = next(iter(tree.named_children()), ("", tree))
        alone = len(list(tree.children())) == 1 and not list(tree.parameters(recurse=False))
        if not alone or f"{name}." not in PREFIXES or isinstance(tree, nn.Sequential):
            return tree
        tree = inner


def is_weight(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray | np.number) or is_eight_bit(value)


def is_eight_bit(value: Any) -> bool:
    """The compression homework's (min, max, uint8 array)."""
    return (
        isinstance(value, tuple | list)
        and len(value) == 3
        and isinstance(value[2], np.ndarray)
        and value[2].dtype == np.uint8
        and all(isinstance(bound, float | int | np.number) for bound in value[:2])
    )


def shape_of(weight: Any) -> tuple[int, ...]:
    return np.shape(weight[2]) if is_eight_bit(weight) else tuple(weight.shape)


def without_prefixes(weights: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Names as the model itself has them: what training wrappers put before every key is taken off."""
    removed: list[str] = []
    while weights:
        prefix = next((each for each in PREFIXES if all(name.startswith(each) for name in weights)), None)
        if prefix is None:
            break
        weights = {name.removeprefix(prefix): value for name, value in weights.items()}
        removed.append(prefix)
    inner = "._orig_mod."  # a part compiled by itself
    if any(inner in name for name in weights):
        weights = {name.replace(inner, "."): value for name, value in weights.items()}
        removed.append("_orig_mod.")
    return weights, removed
