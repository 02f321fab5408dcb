"""Weights in running order, cut into blocks: a layer with weights and the paths without any that follow it."""

from dataclasses import dataclass, field

from torch import Tensor

from foodviz.models.guess.modules import Part, in_order, parts_of

MOST_BLOCKS = 200


@dataclass
class Block:
    """A layer with weights and what follows it up to the next: paths without weights, before its norm and after."""

    part: Part
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)  # behind the last known one of a Sequential: may not exist
    normed: bool = False
    activated: bool = False  # by a PReLU, which has weights

    def activation(self, norm_first: bool) -> str | None:
        """The path of the activation, None where there is none to be had."""
        if self.activated:
            return None
        paths = self.after + self.before if norm_first else self.before + self.after
        pointwise = (
            self.part.kind == "Conv2d" and self.part.kernel == (1, 1) and not self.normed
        )  # the second half of a depthwise-separable pair
        return next(iter(paths), None) or (None if pointwise else next(iter(self.beyond), None))

    def spare(self, norm_first: bool) -> list[str]:
        """Paths left for a pool and dropouts; the pool takes the first."""
        taken = self.activation(norm_first)
        left = [path for path in self.after + self.before if path != taken]
        return left or [path for path in self.beyond if path != taken][:1]


@dataclass(frozen=True)
class Layout:
    """The weights in running order, cut into blocks; `flatten` is its path where one Sequential holds everything."""

    blocks: list[Block]
    head: list[Block]
    flatten: str | None


def layout_of(weights: dict[str, Tensor]) -> Layout | None:
    """None where the weights are no stack of convolutions with linear layers behind them, or too many."""
    parts = parts_of(weights)
    return _layout(parts) if parts else None


def _layout(parts: dict[str, Part]) -> Layout | None:
    """None where the stack has no convolution, no linear layer, or a convolution after one, or too many layers."""
    blocks: list[Block] = []
    for entry in in_order(parts):
        if isinstance(entry, Part) and entry.kind in ("Conv2d", "Linear"):
            blocks.append(Block(entry))
        elif not blocks:
            if isinstance(entry, Part):
                return None  # a norm of the pixels
        elif isinstance(entry, Part):
            blocks[-1].activated |= entry.kind == "PReLU"
            blocks[-1].normed |= entry.kind == "BatchNorm"
        elif entry.top != blocks[-1].part.top and not entry.beyond:
            continue  # before the first layer of the head: a dropout or a flatten
        elif entry.beyond:
            blocks[-1].beyond = list(entry.paths)  # the later one: after the norm, outside the inner Sequential
        elif blocks[-1].normed:
            blocks[-1].after += entry.paths
        else:
            blocks[-1].before += entry.paths
    kinds = [block.part.kind for block in blocks]
    first = kinds.index("Linear") if "Linear" in kinds else 0
    if not first or "Conv2d" in kinds[first:] or len(blocks) > MOST_BLOCKS:
        return None
    last = blocks[first - 1]
    flatten = None
    if last.part.top == blocks[first].part.top:
        if not last.after + last.before:
            return None  # nowhere to flatten
        flatten = (last.after or last.before).pop()
    return Layout(blocks[:first], blocks[first:], flatten)
