"""What a checkpoint's pickle may call: the few functions that make tensors, arrays and modules, done over here.

Every size is checked against the bytes at hand before anything is allocated, and nothing that a pickle can build by
naming one part many times is ever walked through or turned into text.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from foodviz.errors import InputError
from foodviz.models.files.strangers import Global, StandIn, Stranger, inert_origin, refusal

STORAGE_TYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "UntypedStorage": torch.uint8,
}


@dataclass
class ArrayType:
    """A numpy dtype while the pickle is still building it."""

    code: str
    order: str = "="

    def resolved(self) -> np.dtype[Any]:
        """Numbers, truth values and Python objects; text, dates and records have no place in a checkpoint."""
        if not re.fullmatch(r"[fiu][1248]|b1|O8?|bool|(float|u?int)\d\d?", self.code):
            raise ValueError(f"numpy values of type {self.code}")
        dtype = np.dtype(self.code)
        return dtype.newbyteorder(">") if self.order == ">" else dtype


_BARE = nn.Module()


def stock_class(name: Global) -> type[nn.Module] | None:
    """The class of `torch.nn` that the name means, None for any other name."""
    if not name.module.startswith("torch.nn.modules."):
        return None
    stock = getattr(nn, name.name, None)
    return stock if isinstance(stock, type) and issubclass(stock, nn.Module) else None


def storage_type(name: Global) -> torch.dtype:
    if re.fullmatch(r"QU?Int\d+(x\d+)?Storage", name.name):
        raise InputError(
            "quantised weights (whole numbers in place of fractions): their answers have no gradients to explain them "
            "by; give the file from before quantisation"
        )
    return STORAGE_TYPES[name.name]


def is_module_state(state: Any) -> bool:
    return isinstance(state, dict) and isinstance(state.get("_modules"), dict) and "_parameters" in state


def fill_module(module: nn.Module, state: Any) -> None:
    """Children, weights and plain settings of a pickled module; hooks and all else stay behind."""
    if not is_module_state(state):
        raise ValueError("a module without a module's state")
    kept: dict[str, Any] = {"training": False}
    for group, kind in (("_parameters", Tensor), ("_buffers", Tensor), ("_modules", nn.Module)):
        members = state.get(group, {})
        needed = next(filter(None, map(inert_origin, members.values())), None)
        if needed is not None:
            raise refusal(needed)
        if any(not is_member(name) or not isinstance(each, kind | None) for name, each in members.items()):
            raise ValueError(f"a module's {group} hold something else")
        kept[group] = dict(members)
    hidden = state.get("_non_persistent_buffers_set", ())
    kept["_non_persistent_buffers_set"] = {name for name in hidden if isinstance(name, str)}
    for name, value in state.items():
        if name not in kept and name not in vars(module) and is_member(name) and is_setting(value):
            kept[name] = value
    if isinstance(module, Stranger):
        kept["inert"] = False
    vars(module).update(kept)  # what the class itself would make of a state is none of a file's business


def is_member(name: Any) -> bool:
    """Whether a module can have a child, a weight or a setting of that name, and still work."""
    return isinstance(name, str) and 0 < len(name) < 200 and "." not in name and not hasattr(_BARE, name)


def is_setting(value: Any) -> bool:
    """Plain, or a few plain ones."""
    if isinstance(value, tuple | list):
        return len(value) < 10 and all(isinstance(each, bool | int | float | str) for each in value)
    return value is None or isinstance(value, bool | int | float | str)


def fill_array(array: "np.ndarray[Any, Any]", state: Any) -> None:
    """numpy's own state: (version, shape, dtype, whether in Fortran order, bytes or list of objects)."""
    shape, kind, fortran, content = state[-4:]
    dtype = kind.resolved()
    if isinstance(content, str):
        content = content.encode("latin1")  # written by Python 2
    needed = prod(shape) * (1 if dtype.hasobject else dtype.itemsize)
    if min(shape, default=0) < 0 or len(content) != needed:
        raise ValueError("a numpy array of another size than its bytes")
    restore: Callable[[Any], None] = array.__setstate__
    restore((1, tuple(shape), dtype, bool(fortran), content))


def _tensor(storage: Tensor, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> Tensor:
    if min((offset, *size, *stride)) < 0 or prod(size) > max(len(storage), 1):
        raise ValueError("a tensor larger than its storage")
    if prod(size) and offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) >= len(storage):
        raise ValueError("a tensor that reaches beyond its storage")
    return storage.as_strided(tuple(size), tuple(stride), storage.storage_offset() + offset)


def _tensor_v3(storage: Tensor, offset: int, size: Any, stride: Any, _grad: Any, _hooks: Any, kind: Global) -> Tensor:
    return _tensor(storage.view(getattr(torch, kind.name)), offset, size, stride)


def _parameter(data: Any, *_: Any) -> Any:
    return nn.Parameter(data, requires_grad=False) if isinstance(data, Tensor) else data


def _empty_array(*_: Any) -> "np.ndarray[Any, Any]":
    return np.empty(0, np.uint8)


def _array(content: bytes, kind: ArrayType, shape: Any, order: str) -> "np.ndarray[Any, Any]":
    dtype = kind.resolved()
    if dtype.hasobject:
        raise ValueError("objects in a buffer of numbers")
    return np.frombuffer(content, dtype).reshape(tuple(shape), order="F" if order == "F" else "C")


def _scalar(kind: ArrayType, content: Any) -> Any:
    raw = content.encode("latin1") if isinstance(content, str) else content
    dtype = kind.resolved()
    if dtype.hasobject or len(raw) != dtype.itemsize:
        raise ValueError("a numpy number of another size than its bytes")
    return np.frombuffer(raw, dtype)[0]


def _mapping(*arguments: Any) -> dict[Any, Any]:
    pairs = arguments[-1] if arguments and isinstance(arguments[-1], list | tuple) else ()
    if any(not isinstance(pair, list | tuple) or len(pair) != 2 for pair in pairs):
        raise ValueError("items that are no pairs")
    return with_items({}, [part for pair in pairs for part in pair])


def _members(members: Any = ()) -> Any:
    if not isinstance(members, list | tuple):
        raise ValueError("a set of something that is not a list")
    return members


def _device(*where: Any) -> str:
    return ":".join(str(plain(part, str, int)) for part in where[:2])


def plain(value: Any, *kinds: type) -> Any:
    """The value, which must be of one of these types: a nested one could fill the memory as a text."""
    if not isinstance(value, kinds):
        raise ValueError(f"a {type(value).__name__} where {kinds[0].__name__} belongs")
    return value


def with_items(target: Any, flat: list[Any]) -> dict[Any, Any]:
    """Adds key, value, key, value ... Keys are plain or go by identity, so that hashing them is quick."""
    if not isinstance(target, dict) or len(flat) % 2:
        raise ValueError("items for something that is not a dictionary")
    for key, value in zip(flat[::2], flat[1::2], strict=True):
        if not (
            isinstance(key, str | int | float | bytes | Global | Tensor | nn.Module | StandIn | None) or _flat(key)
        ):
            raise ValueError(f"a dictionary key of type {type(key).__name__}")
        target[key] = value
    return target


def _flat(key: Any) -> bool:
    return isinstance(key, tuple) and len(key) < 10 and all(isinstance(each, str | int | float | None) for each in key)


RECONSTRUCTORS = ("copyreg._reconstructor", "copy_reg._reconstructor")  # an object of a class, in the oldest protocols
STORAGE_FROM_BYTES = "torch.storage._load_from_bytes"  # a storage pickled without torch.save
WITH_ATTRIBUTES = "torch._tensor._rebuild_from_type_v2"  # a tensor that carries attributes: (call, class, arguments, …)
CALLS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _mapping,
    "collections.defaultdict": _mapping,
    "builtins.dict": _mapping,
    "__builtin__.dict": _mapping,
    "builtins.set": _members,
    "__builtin__.set": _members,
    "builtins.frozenset": _members,
    "torch.Size": _members,
    "torch.device": _device,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "_codecs.encode": lambda text, *_: plain(text, str).encode("latin1"),
    "numpy.dtype": lambda code, *_: ArrayType(plain(code, str)),
    "numpy.core.multiarray._reconstruct": _empty_array,
    "numpy._core.multiarray._reconstruct": _empty_array,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _array,
    "numpy._core.numeric._frombuffer": _array,
}
