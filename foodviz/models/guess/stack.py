"""A stack of layers rebuilt from its weights and from a text that says what stands where no weights are.

The text is what the parameter `arch` takes, for example

    stack; ReLU: cnn.2 cnn.6 fc.1; MaxPool2d(2): cnn.3 cnn.7; input: 128

Every part that has weights is known by their shapes. A path that the text does not name passes its input on, as a
dropout does in evaluation. `join` is what stands between the last map and the first linear layer, where the maps are
then flattened. The grammar is closed, as the text may be a stranger's:

    text   = "stack" { ";" item }
    item   = kind ":" path { " " path } | "join" ":" kind | "input" ":" pixels [ "x" pixels ]
    kind   = name [ "(" number { "," number } ")" ]
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Never

from torch import Tensor, nn

from foodviz.errors import InputError, nearest
from foodviz.models.guess.modules import MOST_INDICES, Part, count_indices, indices_of, parts_of
from foodviz.models.preprocessing import LARGEST, SMALLEST, Size, size_of, size_text
from foodviz.printable import printable

PREFIX = "stack"


@dataclass(frozen=True)
class _Kind:
    """A layer without weights: its module, and how many numbers it takes, whole ones for a pool."""

    make: Callable[..., nn.Module]
    least: int = 0
    most: int = 0
    whole: bool = False


PARAMETERLESS = {
    "ReLU": _Kind(nn.ReLU),
    "LeakyReLU": _Kind(nn.LeakyReLU, 0, 1),
    "ReLU6": _Kind(nn.ReLU6),
    "RReLU": _Kind(nn.RReLU, 0, 2),
    "ELU": _Kind(nn.ELU, 0, 1),
    "SiLU": _Kind(nn.SiLU),
    "GELU": _Kind(nn.GELU),
    "Hardswish": _Kind(nn.Hardswish),
    "Tanh": _Kind(nn.Tanh),
    "Sigmoid": _Kind(nn.Sigmoid),
    "MaxPool2d": _Kind(nn.MaxPool2d, 1, 3, whole=True),
    "AvgPool2d": _Kind(nn.AvgPool2d, 1, 3, whole=True),
    "AdaptiveAvgPool2d": _Kind(nn.AdaptiveAvgPool2d, 1, 1, whole=True),
    "AdaptiveMaxPool2d": _Kind(nn.AdaptiveMaxPool2d, 1, 1, whole=True),
    "Flatten": _Kind(nn.Flatten),
}
_KIND = re.compile(r"(\w+)(?:\(([^()]*)\))?", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,9})?")
LARGEST_NUMBER = 64


class Stack(nn.Module):
    """The children one after the other; what reaches the first child with linear layers is joined and flattened."""

    def __init__(self, children: Sequence[tuple[str, nn.Module]], head: str | None, join: nn.Module | None) -> None:
        super().__init__()
        self._head = head
        taken = next((name for name, _ in children if hasattr(self, name)), None)
        if taken is not None:
            raise InputError(f"a layer cannot be called {printable(taken)}")
        for name, child in children:
            if name == head and "join" not in dict(children):
                self.add_module("join", join or nn.Identity())
            self.add_module(name, child)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) -> logits (N, C)."""
        values = images
        for name, child in self.named_children():
            values = child(values.flatten(1) if name == self._head else values)
        return values


def build_stack(weights: dict[str, Tensor], text: str) -> tuple[nn.Module, Size]:
    """The network that the text and the weights' shapes describe, without its weights, and its input's size.

    Raises:
        InputError: the text cannot be read, or the weights are no plain stack.
    """
    parts = parts_of(weights)
    if parts is None:
        _refuse("these weights are no plain stack of convolutions and linear layers")
    fillings, size = parse(text)
    join = fillings.pop("join", None)
    settings = {path: fillings.pop(path) for path in list(fillings) if path in parts}
    trees: dict[str, dict[tuple[int, ...], nn.Module]] = {}
    flattened = False
    for path, part in parts.items():
        top, indices = indices_of(path) or ("", ())
        trees.setdefault(top, {})[indices] = _module(part, settings.get(path, ""), flattened)
        flattened = flattened or part.kind == "Linear"
    if count_indices([*parts, *fillings]) > MOST_INDICES:
        _refuse(f"more than {MOST_INDICES} layers")
    after: dict[str, list[tuple[str, nn.Module]]] = {}
    for path, kind in sorted(fillings.items()):
        alone, plus, _ = path.partition("+")
        if plus and alone in parts and "." not in alone:
            after.setdefault(alone, []).append((path, parameterless(kind)))
            continue
        top, indices = indices_of(path) or ("", ())
        tree = trees.get(top, {(): nn.Identity()})
        if not indices or any(indices[:depth] in tree for depth in range(len(indices))):
            _refuse(f"{printable(path)} is no place in {', '.join(map(printable, trees)) or 'the model'}")
        if any(known[: len(indices)] == indices for known in tree):
            _refuse(f"at {printable(path)} stand layers with weights")
        tree[indices] = parameterless(kind)
    heads = [top for top, tree in trees.items() if top and _is_head(tree)]
    if join is not None and (not heads or "join" in trees):
        _refuse("there is no head to join the maps to")
    if "" in trees:
        return _nested(trees[""]), size
    children = [child for top, tree in trees.items() for child in ((top, _nested(tree)), *after.get(top, ()))]
    return Stack(children, heads[0] if heads else None, parameterless(join) if join else None), size


def _refuse(reason: str) -> Never:
    raise InputError(f"`arch` stack: {reason}")


def _is_head(tree: dict[tuple[int, ...], nn.Module]) -> bool:
    return any(isinstance(module, nn.Linear) for module in tree.values()) and not any(
        isinstance(module, nn.Conv2d) for module in tree.values()
    )


def _nested(tree: dict[tuple[int, ...], nn.Module]) -> nn.Module:
    if () in tree:
        return tree[()]
    inner: dict[int, dict[tuple[int, ...], nn.Module]] = {}
    for indices, module in tree.items():
        inner.setdefault(indices[0], {})[indices[1:]] = module
    return nn.Sequential(
        *(_nested(inner[index]) if index in inner else nn.Identity() for index in range(max(inner) + 1))
    )


def _module(part: Part, setting: str, flattened: bool) -> nn.Module:
    if part.kind == "Conv2d":
        stride, padding = convolution(part, setting)
        entering = part.entering * part.groups
        return nn.Conv2d(
            entering, part.leaving, part.kernel, stride, padding, groups=part.groups, bias=part.bias, device="meta"
        )
    if setting:
        _refuse(f"at {printable(part.path)} stands a layer with weights, no {printable(setting)}")
    if part.kind == "Linear":
        return nn.Linear(part.entering, part.leaving, bias=part.bias, device="meta")
    if part.kind == "PReLU":
        return nn.PReLU(part.entering, device="meta")
    norm = nn.BatchNorm1d if flattened else nn.BatchNorm2d
    return norm(part.entering, affine=part.bias, device="meta")


def convolution(part: Part, setting: str) -> tuple[int, tuple[int, int]]:
    """Stride and padding; `setting` is "" (stride 1, size kept) or "Conv2d(<stride>, <padding>)"."""
    if not setting:
        return 1, (part.kernel[0] // 2, part.kernel[1] // 2)
    name, numbers = _parsed(setting)
    if name != "Conv2d":
        _refuse(f"at {printable(part.path)} stands a convolution, no {printable(setting)}")
    stride, padding = (int(number) for number in (*numbers, 0.0, 0.0)[:2])
    whole = len(numbers) <= 2 and numbers == (stride, padding)[: len(numbers)]
    if not whole or not 0 < stride <= 8 or padding > max(part.kernel):
        _refuse(f"{printable(setting)} for a kernel of {part.kernel[0]}x{part.kernel[1]}")
    return stride, (padding, padding)


def is_stack(text: str) -> bool:
    """Whether the text is one that `parse` reads, and no name of another kind of architecture."""
    return text.partition(";")[0].strip() == PREFIX


def parse(text: str) -> tuple[dict[str, str], Size]:
    """What stands at which path, and height and width of the input in pixels.

    Raises:
        InputError: the text is not of the grammar, or names one path twice.
    """
    fillings: dict[str, str] = {}
    size = (128, 128)
    for item in filter(None, (piece.strip() for piece in text.split(";")[1:])):
        kind, colon, rest = (part.strip() for part in item.partition(":"))
        if not colon or not rest or ":" in rest:
            _refuse(f"{printable(item)!r} is not of the form 'ReLU: cnn.2 cnn.5'")
        if kind == "input":
            read = size_of(rest)
            if read is None:
                _refuse(f"an input of {printable(rest)} pixels; it takes {SMALLEST} to {LARGEST}, or HEIGHTxWIDTH")
            size = read
            continue
        added = {"join": rest} if kind == "join" else dict.fromkeys(rest.split(), kind)
        for path, layer in added.items():
            if path in fillings or (path == "join") != (kind == "join"):
                _refuse(f"{printable(path)} is named twice, or cannot be named")
            _parsed(layer)
        fillings |= added
    return fillings, size


def parameterless(kind: str) -> nn.Module:
    """`LeakyReLU(0.1)` -> the module."""
    name, numbers = _parsed(kind)
    if name not in PARAMETERLESS:
        _refuse(f"no layer {printable(name)!r}; {nearest(name, PARAMETERLESS)}")
    layer = PARAMETERLESS[name]
    if not layer.least <= len(numbers) <= layer.most:
        _refuse(f"{printable(kind)}: {name} takes {layer.least} to {layer.most} numbers")
    if any(number > LARGEST_NUMBER or (layer.whole and number != int(number)) for number in numbers):
        _refuse(f"{printable(kind)} is out of range")
    return layer.make(*(int(number) if layer.whole else number for number in numbers))


def _parsed(kind: str) -> tuple[str, tuple[float, ...]]:
    """`MaxPool2d(3, 2, 1)` -> its name and its numbers."""
    whole = _KIND.fullmatch(kind)
    numbers = [number.strip() for number in whole[2].split(",")] if whole and whole[2] is not None else []
    if not whole or not all(map(_NUMBER.fullmatch, numbers)):
        _refuse(f"{printable(kind)!r} is no layer, or a number in it is out of range")
    return whole[1], tuple(map(float, numbers))


def text_of(fillings: dict[str, str], size: Size) -> str:
    """The text that `parse` reads back."""
    by_kind: dict[str, list[str]] = {}
    for path, kind in fillings.items():
        if path != "join":
            by_kind.setdefault(kind, []).append(path)
    items = [PREFIX, *(f"{kind}: {' '.join(paths)}" for kind, paths in by_kind.items())]
    if "join" in fillings:
        items.append(f"join: {fillings['join']}")
    return "; ".join([*items, f"input: {size_text(size)}"])
