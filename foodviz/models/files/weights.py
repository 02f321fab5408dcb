"""A checkpoint as people save it -> weights by name: wrappers and prefixes undone, numbers widened to float32."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.models.files.containers import Contents, open_container

# Where training scripts put the weights, the likeliest first.
WRAPPERS = (
    "model_state_dict", "state_dict", "model_state", "net_state_dict", "net", "model", "network", "weights", "params",
)  # fmt: skip
PREFIXES = ("module.", "_orig_mod.")
NAMES_OF_CLASSES = ("class_names", "classes")
# Numbers a file may stand for, in its own bytes: one byte holds a number at 8 bits, and compressed arrays shrink.
GROWTH = 64


@dataclass(frozen=True)
class Checkpoint:
    """What a file of weights holds.

    Attributes:
        form: in words, "PyTorch zip, 'model_state_dict', prefix 'module.' removed".
        weights: by dotted name; float32 where they are fractions, integers as they are.
        metadata: text beside the weights: safetensors metadata, epoch, accuracy, class names as JSON.
        tree: the module itself, where the file holds a pickled one. Its own class may be unknown (`Stranger`).
    """

    form: str
    weights: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)
    tree: nn.Module | None = None

    @property
    def parameters(self) -> int:
        """How many numbers were learnt: all but the norms' running statistics."""
        running = ("running_mean", "running_var", "num_batches_tracked")
        return sum(tensor.numel() for name, tensor in self.weights.items() if not name.endswith(running))


def read_checkpoint(path: str | Path, *, allow_code: bool = False) -> Checkpoint:
    """Weights from a file, whatever its name. Nothing in the file is run unless that is allowed.

    Args:
        allow_code: let Python's own unpickler run the file, code and all, where it needs names refused otherwise.

    Raises:
        InputError: no such file, no checkpoint, damaged, or in need of code; one line, naming the file.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "no such file"
        raise InputError(f"`model` {path}: {what}")
    try:
        return _unwrapped(_with_its_code(path) if allow_code else open_container(path), path.stat().st_size)
    except InputError as refused:
        raise InputError(f"`model` {path}: {refused}") from refused
    except Exception as fault:  # a damaged file can break anywhere in any of the formats
        reason = " ".join(str(fault).split())[:160] or type(fault).__name__
        raise InputError(f"`model` {path}: damaged or incomplete ({reason})") from fault


def _with_its_code(path: Path) -> Contents:
    """The whole file through torch's and Python's unpickler: runs whatever it says, because the user asked for it."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=False)
    except AttributeError as missing:
        raise InputError(f"its class cannot be found ({missing}); `arch` path/to/net.py:Class names it") from missing
    return Contents("PyTorch, its code run", found, {})


def _unwrapped(contents: Contents, size: int) -> Checkpoint:
    form, found, metadata = contents
    metadata = dict(metadata)
    path = _way_to_weights(found)
    if path is None:
        raise InputError(f"holds no weights: {_described(found)}")
    for key in path:
        metadata.update(_notes(found))
        found = found[key]
        form += f", {key!r}"
    if isinstance(found, nn.Module):
        tree: nn.Module = found.get_submodule("module") if _is_parallel(found) else found
        tree = tree.requires_grad_(False).eval().float()
        weights, removed = _without_prefixes(tree.state_dict())
        form += ", whole model" + "".join(f", prefix {prefix!r} removed" for prefix in removed)
        return Checkpoint(form, _widened(weights, size), metadata, tree)
    tensors = {key: value for key, value in found.items() if isinstance(key, str) and _is_weight(value)}
    metadata.update(_notes(found))
    if any(_is_eight_bit(value) for value in tensors.values()):
        form += ", 8-bit"
    renamed, removed = _without_prefixes(tensors)
    form += "".join(f", prefix {prefix!r} removed" for prefix in removed)
    del contents, found, tensors
    return Checkpoint(form, _widened(renamed, size), metadata)


def _way_to_weights(found: Any) -> tuple[str, ...] | None:
    """Keys that lead from the object to a state dict or a module: at most two wrappers deep; None: there is none."""
    if isinstance(found, nn.Module):
        return () if found.state_dict() else None
    if not isinstance(found, dict):
        return None
    named = [key for key in WRAPPERS if isinstance(found.get(key), dict | nn.Module)]
    for key in named:
        deeper = _way_to_weights(found[key])
        if deeper is not None and len(deeper) < 2:
            return (key, *deeper)
    if any(isinstance(key, str) and _is_weight(value) for key, value in found.items()):
        return ()
    others = [
        key
        for key, value in found.items()
        if isinstance(key, str) and "optim" not in key.lower() and isinstance(value, nn.Module | dict) and _holds(value)
    ]
    if len(others) > 1:
        raise InputError(f"holds several sets of weights ({', '.join(others[:5])}); save the one you mean alone")
    return (others[0],) if others else None


def _holds(value: Any) -> bool:
    return isinstance(value, nn.Module) or any(isinstance(key, str) and _is_weight(each) for key, each in value.items())


def _is_parallel(module: nn.Module) -> bool:
    origin = getattr(module, "origin", type(module).__name__)
    return origin.endswith("DataParallel") and isinstance(getattr(module, "module", None), nn.Module)


def _is_weight(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray | np.number) or _is_eight_bit(value)


def _is_eight_bit(value: Any) -> bool:
    """The compression homework's (min, max, uint8 array)."""
    return (
        isinstance(value, tuple | list)
        and len(value) == 3
        and isinstance(value[2], np.ndarray)
        and value[2].dtype == np.uint8
        and all(isinstance(bound, float | int | np.number) for bound in value[:2])
    )


def _without_prefixes(weights: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
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


def _widened(weights: dict[str, Any], size: int) -> dict[str, Tensor]:
    """Every weight as a tensor. Empties the dictionary on the way, so that no two copies stand side by side."""
    shapes = (np.shape(value[2]) if _is_eight_bit(value) else tuple(value.shape) for value in weights.values())
    if sum(int(np.prod(shape, dtype=np.float64)) for shape in shapes) > GROWTH * size:
        raise ValueError("more weights than the file could hold")
    return {name: _as_tensor(weights.pop(name)) for name in list(weights)}


def _as_tensor(value: Any) -> Tensor:
    if _is_eight_bit(value):
        low, high = float(value[0]), float(value[1])
        return torch.from_numpy((value[2] / 255 * (high - low) + low).astype(np.float32))
    if isinstance(value, np.ndarray | np.number):
        kind = np.float32 if value.dtype.kind == "f" else value.dtype
        value = torch.from_numpy(np.array(value, dtype=kind, order="C"))
    tensor: Tensor = value.detach()
    return tensor.float() if tensor.is_floating_point() else tensor


def _notes(found: Any) -> dict[str, str]:
    """Numbers, words and class names that training left beside the weights."""
    return dict(_notes_of(found)) if isinstance(found, dict) else {}


def _notes_of(found: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    for key, value in found.items():
        if not isinstance(key, str) or "." in key:
            continue
        if isinstance(value, str | int | float) and len(str(value)) < 200:
            yield key, str(value)
        elif key in NAMES_OF_CLASSES and isinstance(value, list | tuple) and all(isinstance(n, str) for n in value):
            yield "class_names", json.dumps(list(value))
        elif key == "class_to_idx" and isinstance(value, dict) and all(isinstance(n, int) for n in value.values()):
            yield "class_names", json.dumps([str(name) for name, _ in sorted(value.items(), key=lambda item: item[1])])


def _described(found: Any) -> str:
    if isinstance(found, dict):
        return f"a dictionary of {', '.join(str(key) for key in list(found)[:5]) or 'nothing'}"
    return f"a {type(found).__name__}"
