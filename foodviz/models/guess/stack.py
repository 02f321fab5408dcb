"""A stack of layers rebuilt from its weights and from a text that says what stands where no weights are.

The text is what `arch` takes, for example

    stack; ReLU: cnn.2 cnn.6 fc.1; MaxPool2d(2): cnn.3 cnn.7; input: 128

Every part that has weights is known by their shapes. A place that the text does not name passes its input on, as a
dropout does in evaluation. `join` is what stands between the last map and the first linear layer, where the maps are
then flattened.
"""

import re
from collections.abc import Callable, Sequence

from torch import Tensor, nn

from foodviz.errors import InputError, nearest
from foodviz.models.guess.modules import Part, parts_of, places_of

PREFIX = "stack"

PARAMETERLESS: dict[str, Callable[..., nn.Module]] = {
    "ReLU": nn.ReLU,
    "LeakyReLU": nn.LeakyReLU,
    "ReLU6": nn.ReLU6,
    "RReLU": nn.RReLU,
    "ELU": nn.ELU,
    "SiLU": nn.SiLU,
    "GELU": nn.GELU,
    "Hardswish": nn.Hardswish,
    "Tanh": nn.Tanh,
    "Sigmoid": nn.Sigmoid,
    "MaxPool2d": nn.MaxPool2d,
    "AvgPool2d": nn.AvgPool2d,
    "AdaptiveAvgPool2d": nn.AdaptiveAvgPool2d,
    "AdaptiveMaxPool2d": nn.AdaptiveMaxPool2d,
    "Flatten": nn.Flatten,
}


class Stack(nn.Module):
    """The children one after the other; what reaches the first child with linear layers is joined and flattened."""

    def __init__(self, children: Sequence[tuple[str, nn.Module]], head: str | None, join: nn.Module | None) -> None:
        super().__init__()
        self.head = head
        for name, child in children:
            if name == head:
                self.add_module("join", join or nn.Identity())
            self.add_module(name, child)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) -> logits (N, C)."""
        values = images
        for name, child in self.named_children():
            values = child(values.flatten(1) if name == self.head else values)
        return values


def build_stack(weights: dict[str, Tensor], text: str) -> tuple[nn.Module, int]:
    """The network that the text and the weights' shapes describe, without its weights, and its input size.

    Raises:
        InputError: the text cannot be read, or the weights are no plain stack.
    """
    parts = parts_of(weights)
    if parts is None:
        raise InputError("`arch` stack: these weights are no plain stack of convolutions and linear layers")
    fillings, size = parse(text)
    join = fillings.pop("join", None)
    settings = {path: kind for path, kind in fillings.items() if path in parts}
    trees: dict[str, dict[tuple[int, ...], nn.Module]] = {}
    flattened = False
    for path, part in parts.items():
        top, places = places_of(path) or ("", ())
        trees.setdefault(top, {})[places] = _module(part, settings.get(path, ""), flattened)
        flattened = flattened or part.kind == "Linear"
    after: dict[str, list[tuple[str, nn.Module]]] = {}
    for path, kind in sorted(fillings.items()):
        alone, plus, _ = path.partition("+")
        if plus and alone in parts and "." not in alone:
            after.setdefault(alone, []).append((path, parameterless(kind)))
            continue
        top, places = places_of(path) or ("", ())
        if path not in parts and (top not in trees or not places or () in trees[top]):
            raise InputError(f"`arch` stack: {path} is no place in {', '.join(trees) or 'the model'}")
        if path not in parts:
            trees[top][places] = parameterless(kind)
    if "" in trees:
        return _nested(trees[""]), size
    heads = [top for top, tree in trees.items() if _is_head(tree)]
    children = [child for top, tree in trees.items() for child in ((top, _nested(tree)), *after.get(top, ()))]
    return Stack(children, heads[0] if heads else None, parameterless(join) if join else None), size


def _is_head(tree: dict[tuple[int, ...], nn.Module]) -> bool:
    return any(isinstance(module, nn.Linear) for module in tree.values()) and not any(
        isinstance(module, nn.Conv2d) for module in tree.values()
    )


def _nested(tree: dict[tuple[int, ...], nn.Module]) -> nn.Module:
    if () in tree:
        return tree[()]
    places: dict[int, dict[tuple[int, ...], nn.Module]] = {}
    for place, module in tree.items():
        places.setdefault(place[0], {})[place[1:]] = module
    return nn.Sequential(
        *(_nested(places[index]) if index in places else nn.Identity() for index in range(max(places) + 1))
    )


def _module(part: Part, setting: str, flattened: bool) -> nn.Module:
    if part.kind == "Conv2d":
        stride, padding = convolution(part, setting)
        entering = part.entering * part.groups
        return nn.Conv2d(
            entering, part.leaving, part.kernel, stride, padding, groups=part.groups, bias=part.bias, device="meta"
        )
    if part.kind == "Linear":
        return nn.Linear(part.entering, part.leaving, bias=part.bias, device="meta")
    if part.kind == "PReLU":
        return nn.PReLU(part.entering, device="meta")
    norm = nn.BatchNorm1d if flattened else nn.BatchNorm2d
    return norm(part.entering, affine=part.bias, device="meta")


def convolution(part: Part, setting: str) -> tuple[int, tuple[int, int]]:
    """Stride and padding; `setting` is "" (stride 1, size kept) or "Conv2d(<stride>, <padding>)"."""
    numbers = arguments(setting)
    if not numbers:
        return 1, (part.kernel[0] // 2, part.kernel[1] // 2)
    stride, padding = int(numbers[0]), int(numbers[1] if len(numbers) > 1 else 0)
    if not (0 < stride <= 8 and 0 <= padding <= max(part.kernel)):
        raise InputError(f"`arch` stack: {setting} for a kernel of {part.kernel[0]}x{part.kernel[1]}")
    return stride, (padding, padding)


def is_stack(text: str) -> bool:
    """Whether the text is one that `parse` reads, and no name of another kind of architecture."""
    return text.partition(";")[0].strip() == PREFIX


def parse(text: str) -> tuple[dict[str, str], int]:
    """What stands at which place, and the input size in pixels."""
    fillings: dict[str, str] = {}
    size = 128
    for item in filter(None, (piece.strip() for piece in text.split(";")[1:])):
        kind, colon, places = item.partition(":")
        if not colon:
            raise InputError(f"`arch` stack: {item!r} is not of the form `ReLU: cnn.2 cnn.5`")
        if kind == "input":
            size = int(places) if places.strip().isdecimal() and 8 <= int(places) <= 2048 else 0
            if not size:
                raise InputError(f"`arch` stack: an input of {places.strip()} pixels")
        elif kind == "join":
            fillings["join"] = places.strip()
        else:
            fillings.update(dict.fromkeys(places.split(), kind.strip()))
    return fillings, size


def parameterless(kind: str) -> nn.Module:
    """`LeakyReLU(0.1)` -> the module."""
    name = kind.partition("(")[0]
    if name not in PARAMETERLESS:
        raise InputError(f"`arch` stack: no layer {name!r}; {nearest(name, PARAMETERLESS)}")
    numbers = arguments(kind)
    if any(number < 0 or (number > 64 and number != int(number)) for number in numbers) or max(numbers, default=0) > 64:
        raise InputError(f"`arch` stack: {kind} is out of range")
    try:
        return PARAMETERLESS[name](*(int(n) if n == int(n) and "Pool" in name else n for n in numbers))
    except TypeError as error:
        raise InputError(f"`arch` stack: {kind}: {error}") from error


def arguments(kind: str) -> tuple[float, ...]:
    inside = re.fullmatch(r"\w+\(([\d., ]*)\)", kind)
    if not inside:
        return ()
    return tuple(float(number) for number in inside[1].split(",") if number.strip())


def text_of(fillings: dict[str, str], size: int) -> str:
    """The text that `parse` reads back."""
    by_kind: dict[str, list[str]] = {}
    for path, kind in fillings.items():
        if path != "join":
            by_kind.setdefault(kind, []).append(path)
    items = [PREFIX, *(f"{kind}: {' '.join(paths)}" for kind, paths in by_kind.items())]
    if "join" in fillings:
        items.append(f"join: {fillings['join']}")
    return "; ".join([*items, f"input: {size}"])
