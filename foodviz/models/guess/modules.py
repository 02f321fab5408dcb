"""The modules that hold a checkpoint's weights, by names and shapes, in the order they run, and what lies between.

`cnn.0.weight` of shape (64, 3, 3, 3) is a convolution at index 0 of the Sequential `cnn`; an index of which no weight
is known holds something without weights: an activation, a pool, a dropout. `conv1+1` and `conv1+2` are what may run
after an attribute `conv1` that stands by itself.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from torch import Tensor

from foodviz.models.files.pickle_calls import is_member

# Most indices in all Sequentials together: without a bound they would be a way to fill the memory.
MOST_INDICES = 5000
MOST_PARTS = 1000  # with weights; putting the children in order takes their number squared
# As Python prints it: `02` is no index, or a key with one wrong letter would pass for another layer's.
_INDEX = re.compile(r"0|[1-9][0-9]{0,3}")


@dataclass(frozen=True)
class Part:
    """A module known by its weights. `entering` and `leaving` are its channels or features."""

    path: str
    kind: str  # Conv2d, BatchNorm, Linear or PReLU
    entering: int
    leaving: int
    kernel: tuple[int, int] = (1, 1)
    groups: int = 1
    bias: bool = False

    @property
    def top(self) -> str:
        return top_of(self.path)


@dataclass(frozen=True)
class Opening:
    """Neighbouring paths of one Sequential that hold no weights; `beyond` the last known one they may not exist."""

    paths: tuple[str, ...]
    beyond: bool = False

    @property
    def top(self) -> str:
        return top_of(self.paths[0])


def top_of(path: str) -> str:
    """The child of the model that holds this path; "" where the model itself is the Sequential."""
    top = path.partition(".")[0].partition("+")[0]
    return "" if top.isdecimal() else top


def parts_of(weights: dict[str, Tensor]) -> dict[str, Part] | None:
    """The modules that hold the weights, in running order; None where one of them is of another kind."""
    shapes: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, tensor in weights.items():
        path, _, leaf = name.rpartition(".")
        shapes.setdefault(path, {})[leaf] = tuple(tensor.shape)
    if len(shapes) > MOST_PARTS:
        return None
    parts = {path: part for path, inner in shapes.items() if (part := _part(path, inner)) is not None}
    if (
        len(parts) < len(shapes)
        or any(indices_of(path) is None for path in shapes)
        or count_indices(shapes) > MOST_INDICES
    ):
        return None
    return _in_running_order(parts)


def count_indices(paths: Iterable[str]) -> int:
    """How many indices the Sequentials have that hold these paths, those without weights among them."""
    lengths: dict[tuple[object, ...], int] = {}
    for top, indices in filter(None, map(indices_of, paths)):
        for depth, index in enumerate(indices):
            inside = (top, *indices[:depth])
            lengths[inside] = max(lengths.get(inside, 0), index + 1)
    return sum(lengths.values())


def _part(path: str, shapes: dict[str, tuple[int, ...]]) -> Part | None:
    weight, bias = shapes.get("weight"), "bias" in shapes
    if any(0 in shape for shape in shapes.values()):
        return None
    if "running_mean" in shapes and len(shapes["running_mean"]) == 1:
        size = shapes["running_mean"][0]
        return Part(path, "BatchNorm", size, size, bias=weight is not None)
    if weight is None or set(shapes) - {"weight", "bias"}:
        return None
    match weight:
        case (leaving, entering, high, wide) if 0 < high <= 15 and 0 < wide <= 15:
            # groups are not in the weights: one channel in and many out is taken for a depthwise convolution
            return Part(path, "Conv2d", entering, leaving, (high, wide), leaving if entering == 1 else 1, bias)
        case (leaving, entering):
            return Part(path, "Linear", entering, leaving, bias=bias)
        case (size,) if not bias:
            return Part(path, "PReLU", size, size)
    return None


def indices_of(path: str) -> tuple[str, tuple[int, ...]] | None:
    """`cnn.1.0` -> ("cnn", (1, 0)); None where one inside the stack is no index, or no module can have the name."""
    top, *inner = path.split(".")
    if top.isdecimal():
        top, inner = "", [top, *inner]  # the model itself is a Sequential
    if (not top and not inner) or (top and not is_member(top)) or not all(_INDEX.fullmatch(each) for each in inner):
        return None
    return top, tuple(int(each) for each in inner)


def _in_running_order(parts: dict[str, Part]) -> dict[str, Part] | None:
    """Parts by index inside a stack, and the stacks by what each takes in: files may list them in any order."""
    tops: dict[str, list[tuple[tuple[int, ...], Part]]] = {}
    for path, part in parts.items():
        top, indices = indices_of(path) or ("", ())
        tops.setdefault(top, []).append((indices, part))
    groups = [[part for _, part in sorted(group, key=lambda pair: pair[0])] for group in tops.values()]
    ordered: list[Part] = []
    while groups:
        channels = _last_width(ordered)
        ranked = sorted((group for group in groups if _takes(group[0], channels)), key=_by_name)
        flattened = [group for group in groups if group[0].kind == "Linear" and group[0].entering % channels == 0]
        following = next(iter(ranked or flattened), None) if ordered else next(iter(ranked or _grey(groups)), None)
        if following is None:
            return None
        groups.remove(following)
        ordered += following
    sized = [part for part in ordered if part.kind != "PReLU"]
    consistent = all(_takes(b, a.leaving) or (a.kind != "Linear" and b.kind == "Linear") for a, b in pairwise(sized))
    return {part.path: part for part in ordered} if consistent else None


def _grey(groups: list[list[Part]]) -> Iterator[list[Part]]:
    """The groups that may take pictures of one channel, their first convolution in one group; by name."""
    for group in sorted(groups, key=_by_name):
        if group[0].kind == "Conv2d" and group[0].entering == 1:
            group[0] = replace(group[0], groups=1)
            yield group


def _by_name(group: list[Part]) -> tuple[int, int]:
    """conv1, bn1, conv2, bn2: by the number at the end of the name, and a convolution before its norm."""
    number = re.search(r"(\d+)$", group[0].top)
    return int(number[1]) if number else 0, ("Conv2d", "BatchNorm", "PReLU", "Linear").index(group[0].kind)


def _last_width(parts: list[Part]) -> int:
    return next((part.leaving for part in reversed(parts) if part.kind != "PReLU"), 3)


def in_order(parts: dict[str, Part]) -> Iterator[Part | Opening]:
    """The parts as they run and the openings between them."""
    for top in dict.fromkeys(part.top for part in parts.values()):
        yield from _walk(
            top, {(indices_of(path) or ("", ()))[1]: part for path, part in parts.items() if part.top == top}
        )


def _walk(path: str, known: dict[tuple[int, ...], Part]) -> Iterator[Part | Opening]:
    if () in known:
        yield known[()]
        if "." not in path:  # an attribute by itself: what runs after it the forward alone knew
            yield Opening((f"{path}+1", f"{path}+2"), beyond=True)
        return
    inner: dict[int, dict[tuple[int, ...], Part]] = {}
    for indices, part in known.items():
        inner.setdefault(indices[0], {})[indices[1:]] = part
    missing: list[str] = []
    for index in range(max(inner) + 1):
        if index not in inner:
            missing.append(_below(path, index))
            continue
        if missing:
            yield Opening(tuple(missing))
            missing = []
        yield from _walk(_below(path, index), inner[index])
    yield Opening((_below(path, max(inner) + 1), _below(path, max(inner) + 2)), beyond=True)


def _below(path: str, index: int) -> str:
    return f"{path}.{index}" if path else str(index)


def _takes(part: Part, channels: int) -> bool:
    return (part.groups if part.groups > 1 else part.entering) == channels
