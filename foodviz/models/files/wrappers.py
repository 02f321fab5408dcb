"""Where in what a file holds the weights are: training scripts wrap them in dictionaries, modules and prefixes."""

from typing import Any

import numpy as np
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.printable import printable

# Where training scripts put the weights, the likeliest first.
WRAPPERS = (
    "model_state_dict", "state_dict", "model_state", "net_state_dict", "net", "model", "network", "weights", "params",
)  # fmt: skip
PREFIXES = ("module.", "_orig_mod.")
MOST_MODULES = 10_000


def way_to_weights(content: Any, depth: int = 0) -> tuple[str, ...] | None:
    """Keys that lead from the object to a state dict or a module: at most two wrappers deep; None: there is none."""
    if isinstance(content, nn.Module):
        _check_modules(content)
        return () if content.state_dict() else None
    if not isinstance(content, dict):
        return None
    named = [key for key in WRAPPERS if isinstance(content.get(key), dict | nn.Module)] if depth < 2 else []
    for key in named:
        deeper = way_to_weights(content[key], depth + 1)
        if deeper is not None:
            return (key, *deeper)
    if any(isinstance(key, str) and is_weight(value) for key, value in content.items()):
        return ()
    others = [
        key
        for key, value in content.items()
        if isinstance(key, str) and "optim" not in key.lower() and isinstance(value, nn.Module | dict) and _holds(value)
    ]
    if len(others) > 1:
        several = ", ".join(printable(key) for key in others[:5])
        raise InputError(f"holds several sets of weights ({several}); save the one you mean alone")
    return (others[0],) if others else None


def _holds(value: Any) -> bool:
    if isinstance(value, nn.Module):
        _check_modules(value)
        return True
    return any(isinstance(key, str) and is_weight(each) for key, each in value.items())


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
