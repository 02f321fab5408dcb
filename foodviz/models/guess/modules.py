"""The modules that hold a checkpoint's weights, told by names and shapes, in the order they run, and the gaps between.

`cnn.0.weight` of shape (64, 3, 3, 3) is a convolution at place 0 of the Sequential `cnn`; a place of which no weight is
known holds something without weights: an activation, a pool, a dropout. `conv1+1` and `conv1+2` are what may run after
an attribute `conv1` that stands by itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

# Most places in one Sequential: an index without bound would be a way to fill the memory.
MOST_PLACES = 2000


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
class Gap:
    """Neighbouring places of one Sequential that hold no weights; `beyond` the last known one they may not exist."""

    places: tuple[str, ...]
    beyond: bool = False

    @property
    def top(self) -> str:
        return top_of(self.places[0])


def top_of(path: str) -> str:
    """The child of the model that holds this place; "" where the model itself is the Sequential."""
    top = path.partition(".")[0].partition("+")[0]
    return "" if top.isdecimal() else top


def parts_of(weights: dict[str, Tensor]) -> dict[str, Part] | None:
    """The modules that hold the weights, in running order; None where one of them is of another kind."""
    shapes: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, tensor in weights.items():
        path, _, leaf = name.rpartition(".")
        shapes.setdefault(path, {})[leaf] = tuple(tensor.shape)
    found = {path: _part(path, inner) for path, inner in shapes.items()}
    known = {path: part for path, part in found.items() if part is not None}
    if len(known) < len(found) or any(places_of(path) is None for path in found):
        return None
    return _in_running_order(known)


def _part(path: str, shapes: dict[str, tuple[int, ...]]) -> Part | None:
    weight, bias = shapes.get("weight"), "bias" in shapes
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


def places_of(path: str) -> tuple[str, tuple[int, ...]] | None:
    """`cnn.1.0` -> ("cnn", (1, 0)); None where a place inside the stack is no index."""
    top, _, rest = path.partition(".")
    inner = rest.split(".") if rest else []
    if top.isdecimal():
        top, inner = "", [top, *inner]  # the model itself is a Sequential
    if (not top and not inner) or any(
        not re.fullmatch(r"\d{1,4}", place) or int(place) >= MOST_PLACES for place in inner
    ):
        return None
    return top, tuple(int(place) for place in inner)


def _in_running_order(parts: dict[str, Part]) -> dict[str, Part] | None:
    """Parts by index inside a stack, and the stacks by what each takes in: files may list them in any order."""
    tops: dict[str, list[tuple[tuple[int, ...], Part]]] = {}
    for path, part in parts.items():
        top, places = places_of(path) or ("", ())
        tops.setdefault(top, []).append((places, part))
    groups = [[part for _, part in sorted(group, key=lambda pair: pair[0])] for group in tops.values()]
    ordered: list[Part] = []
    while groups:
        channels = _last_width(ordered)
        ranked = sorted((group for group in groups if _takes(group[0], channels)), key=_place_by_name)
        flattened = [group for group in groups if group[0].kind == "Linear" and group[0].entering % channels == 0]
        following = next(iter(ranked or flattened), None) if ordered else next(iter(ranked), None)
        if following is None:
            return None
        groups.remove(following)
        ordered += following
    sized = [part for part in ordered if part.kind != "PReLU"]
    consistent = all(_takes(b, a.leaving) or (a.kind != "Linear" and b.kind == "Linear") for a, b in pairwise(sized))
    return {part.path: part for part in ordered} if consistent else None


def _place_by_name(group: list[Part]) -> tuple[int, int]:
    """conv1, bn1, conv2, bn2: by the number at the end of the name, and a convolution before its norm."""
    number = re.search(r"(\d+)$", group[0].top)
    return int(number[1]) if number else 0, ("Conv2d", "BatchNorm", "PReLU", "Linear").index(group[0].kind)


def _last_width(parts: list[Part]) -> int:
    return next((part.leaving for part in reversed(parts) if part.kind != "PReLU"), 3)


def in_order(parts: dict[str, Part]) -> Iterator[Part | Gap]:
    """The parts as they run and the gaps between them."""
    for top in dict.fromkeys(part.top for part in parts.values()):
        places = {(places_of(path) or ("", ()))[1]: part for path, part in parts.items() if part.top == top}
        yield from _walk(top, places)


def _walk(path: str, places: dict[tuple[int, ...], Part]) -> Iterator[Part | Gap]:
    if () in places:
        yield places[()]
        if "." not in path:  # an attribute by itself: what runs after it the forward alone knew
            yield Gap((f"{path}+1", f"{path}+2"), beyond=True)
        return
    inner: dict[int, dict[tuple[int, ...], Part]] = {}
    for place, part in places.items():
        inner.setdefault(place[0], {})[place[1:]] = part
    missing: list[str] = []
    for index in range(max(inner) + 1):
        if index not in inner:
            missing.append(_below(path, index))
            continue
        if missing:
            yield Gap(tuple(missing))
            missing = []
        yield from _walk(_below(path, index), inner[index])
    yield Gap((_below(path, max(inner) + 1), _below(path, max(inner) + 2)), beyond=True)


def _below(path: str, index: int) -> str:
    return f"{path}.{index}" if path else str(index)


def _takes(part: Part, channels: int) -> bool:
    return (part.groups if part.groups > 1 else part.entering) == channels
