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
from foodviz.models.files.containers import GROWTH, Contents, holds_pickle, open_container
from foodviz.models.files.strangers import inert_origin, refusal
from foodviz.models.files.wrappers import (
    chosen_way,
    is_eight_bit,
    is_weight,
    name_of,
    needed_origins,
    one_of_two,
    shape_of,
    ways_to_weights,
    without_prefixes,
    without_wrappers,
)
from foodviz.printable import printable

CODE_RUN = "PyTorch, its code run"
NAMES_OF_CLASSES = ("class_names", "classes")
# Numbers that a file may stand for: one for each of its bytes, as at 8 bits; more where its arrays are compressed or
# shared, and then no more than these.
MOST_NUMBERS = 2**27


@dataclass(frozen=True)
class Checkpoint:
    """What a file of weights holds.

    Attributes:
        form: in words, "PyTorch zip, 'model_state_dict', prefix 'module.' removed".
        weights: by dotted name; float32 where they are fractions, integers as they are.
        metadata: text beside the weights: safetensors metadata, epoch, accuracy, class names as JSON.
        tree: the module itself, where the file holds a pickled one. Its own class may be unknown (`Stranger`).
        own_code: whether the tree is of its own class, whose code runs.
        beside: modules that stand beside the weights, by name: a classifier that replaced the network's own, say.
        remarks: what was chosen and what would choose otherwise, one line each.
    """

    form: str
    weights: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)
    tree: nn.Module | None = None
    own_code: bool = False
    beside: dict[str, nn.Module] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """How many numbers were learnt: all but the norms' running statistics and the places of swin's windows."""
        fixed = ("running_mean", "running_var", "relative_coords_table")
        learnt = [
            tensor for name, tensor in self.weights.items() if tensor.is_floating_point() and not name.endswith(fixed)
        ]
        return sum(tensor.numel() for tensor in learnt)


def read_checkpoint(path: str | Path, *, allow_code: bool = False, weights: str | None = None) -> Checkpoint:
    """Weights from a file, whatever its name. Nothing in the file is run unless that is allowed.

    Args:
        weights: name of a set of weights, or a part of it, where the file holds several: `ema`, say.
        allow_code: let Python's own unpickler run the file, code and all, where it needs names refused otherwise.

    Raises:
        InputError: no such file, no checkpoint, damaged, or in need of code; one line, naming the file.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "no such file"
        raise InputError(f"`model` {path}: {what}")
    try:
        contents = _with_its_code(path) if allow_code and holds_pickle(path) else open_container(path)
        return _unwrapped(contents, path.stat().st_size, weights)
    except InputError as refused:
        raise InputError(f"`model` {path}: {refused}") from refused
    except Exception as fault:  # a damaged file can break anywhere in any of the formats
        reason = printable(" ".join(str(fault).split())) or type(fault).__name__
        raise InputError(f"`model` {path}: damaged or incomplete ({reason})") from fault


def broken(weights: dict[str, Tensor]) -> str:
    """What makes every answer of these weights meaningless, in words; empty where nothing does.

    Values that are not finite, as a diverged training leaves them, and variances below zero.
    """
    kinds = (
        ("values that are not finite numbers: a training that diverged, or a damaged file", _is_infinite),
        ("variances below zero: a damaged file", _is_below_zero),
    )
    for what, is_so in kinds:
        names = [name for name, tensor in weights.items() if is_so(name, tensor)]
        if names:
            return f"{len(names)} of {len(weights)} weights hold {what}; first {printable(names[0])}"
    return ""


def _is_infinite(_name: str, tensor: Tensor) -> bool:
    # the sum is several times faster than looking at each, and finite only if each is
    return tensor.is_floating_point() and not tensor.sum().isfinite() and not bool(tensor.isfinite().all())


def _is_below_zero(name: str, tensor: Tensor) -> bool:
    return name.endswith("running_var") and tensor.numel() > 0 and bool(tensor.min() < 0)


def _with_its_code(path: Path) -> Contents:
    """The whole file through torch's and Python's unpickler: runs whatever it says, because the user asked for it."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=False)
    except (AttributeError, ImportError) as missing:
        reason = printable(" ".join(str(missing).split()))
        raise InputError(
            f"its class cannot be found ({reason}); start where it can be imported (PYTHONPATH), or give `arch` "
            "path/to/net.py:Class"
        ) from missing
    return Contents(CODE_RUN, content, {})


def _unwrapped(contents: Contents, size: int, wanted: str | None) -> Checkpoint:
    form, content, metadata, mapped = contents
    metadata = dict(metadata)
    ways = ways_to_weights(content)
    beside = needed_origins(content)
    if not ways:
        raise refusal(beside[0]) if beside else InputError(f"holds no weights: {_described(content)}")
    modules: dict[str, nn.Module] = {}
    way, others = chosen_way(content, ways, wanted)
    for key in way:
        metadata.update(_notes(content))
        modules |= {name: each for name, each in content.items() if name != key and isinstance(each, nn.Module)}
        content = content[key]
        form += f", {printable(key)!r}"
    if beside:
        more = f" and {len(beside) - 1} more" if len(beside) > 1 else ""
        form += f", left alone beside them: {printable(beside[0])}{more}"
    tree: nn.Module | None = None
    taken = name_of(way)
    if isinstance(content, nn.Module):
        tree = without_wrappers(content).requires_grad_(False).eval()
        form += ", whole model"
        tensors: dict[str, Any] = tree.state_dict()
    else:
        metadata.update(_notes(content))
        tensors, pair, halves = one_of_two(_tensors(content), wanted)
        if pair:
            taken, others = pair, halves
            form += f", {printable(pair)!r}"
    if any(is_eight_bit(value) for value in tensors.values()):
        form += ", 8-bit"
    if wanted and not any(wanted.lower() in key.lower() for key in (*way, taken)):
        held = ", ".join(printable(".".join(each)) for each in ways if each) or "one set without a name"
        raise InputError(f"`weight_set` {printable(wanted)}: no set of weights of that name; the file holds {held}")
    renamed, removed = without_prefixes(tensors)
    form += "".join(f", prefix {prefix!r} removed" for prefix in removed)
    own_code = tree is not None and contents.form == CODE_RUN
    remarks = tuple(
        f"weights {printable(taken)!r} taken; the file holds {printable(other)!r} with the same names, too: "
        f"`weight_set` {printable(other)} takes those"
        for other in others[:3]
    )
    del contents, content, tensors
    return Checkpoint(form, _widened(renamed, size, copy=mapped), metadata, tree, own_code, modules, remarks)


def _tensors(content: dict[Any, Any]) -> dict[str, Any]:
    """The weights in a dictionary.

    Raises:
        InputError: what bears the name of a weight is an object that was not made.
    """
    for key, value in content.items():
        origin = inert_origin(value)
        if origin is not None and isinstance(key, str) and ("." in key or key in ("weight", "bias")):
            raise refusal(origin)
    return {key: value for key, value in content.items() if isinstance(key, str) and is_weight(value)}


def _widened(weights: dict[str, Any], size: int, *, copy: bool) -> dict[str, Tensor]:
    """Every weight as a tensor. Empties the dictionary on the way, so that no two copies stand side by side.

    Args:
        copy: the tensors are still the file's own bytes, and shall not be.
    """
    if sum(int(np.prod(shape_of(value), dtype=np.float64)) for value in weights.values()) > max(
        size, min(GROWTH * size, MOST_NUMBERS)
    ):
        raise ValueError("more weights than the file could hold")
    return {name: _as_tensor(weights.pop(name), copy=copy) for name in list(weights)}


def _as_tensor(value: Any, *, copy: bool) -> Tensor:
    if is_eight_bit(value):
        low, high = float(value[0]), float(value[1])
        return torch.from_numpy((value[2] / 255 * (high - low) + low).astype(np.float32))
    if isinstance(value, np.ndarray | np.number):
        kind = np.float32 if value.dtype.kind == "f" else value.dtype
        value = torch.from_numpy(np.array(value, dtype=kind, order="C"))
    tensor: Tensor = value.detach()
    return tensor.to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=copy)


def _notes(content: Any) -> dict[str, str]:
    """Numbers, words and class names that training left beside the weights."""
    return dict(_notes_of(content)) if isinstance(content, dict) else {}


def _notes_of(content: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        if not isinstance(key, str) or "." in key:
            continue
        if isinstance(value, float) or (isinstance(value, str | int) and len(str(value)) < 200):
            yield key, str(value)
        elif key in NAMES_OF_CLASSES and isinstance(value, list | tuple) and all(isinstance(n, str) for n in value):
            yield "class_names", json.dumps(list(value))
        elif key == "class_to_idx" and isinstance(value, dict) and all(isinstance(n, int) for n in value.values()):
            yield "class_names", json.dumps([str(name) for name, _ in sorted(value.items(), key=lambda item: item[1])])


def _described(content: Any) -> str:
    if isinstance(content, dict):
        keys = [printable(key) for key in list(content)[:5] if isinstance(key, str | int)]
        return f"a dictionary of {', '.join(keys) or 'nothing'}"
    return f"a {printable(type(content).__name__)}"
