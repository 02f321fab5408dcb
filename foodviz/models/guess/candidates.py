"""Architecture from the weights: every way to run them that their shapes and the openings in their numbering allow.

A state dict shows which indices of a stack hold weights, and so which hold none; not what stands there. Between two
convolutions there is one activation, perhaps a pool, and dropouts; the width of the head tells how often the maps were
halved. What remains open is ordered by how people build such nets and decided, where there are labelled pictures, by
how well each candidate classifies them.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise, product
from math import isqrt, prod

from torch import Tensor

from foodviz.models.guess.modules import Part, in_order, parts_of
from foodviz.models.guess.stack import LARGEST_NUMBER, convolution, text_of

# How often people choose each, roughly; only the order matters.
ACTIVATIONS = {
    "ReLU": 1.0, "LeakyReLU(0.01)": 0.2, "ReLU6": 0.1, "LeakyReLU(0.1)": 0.08, "LeakyReLU(0.2)": 0.08,
    "LeakyReLU(0.05)": 0.05, "RReLU": 0.04, "ELU": 0.04, "SiLU": 0.04, "GELU": 0.04, "Hardswish": 0.02, "Tanh": 0.01,
}  # fmt: skip
POOLS = {"MaxPool2d(2)": 1.0, "AvgPool2d(2)": 0.1, "MaxPool2d(3, 2, 1)": 0.05}
SIZES = {
    128: 1.0, 224: 0.6, 256: 0.25, 64: 0.15, 192: 0.15, 96: 0.1, 112: 0.1, 300: 0.1, 160: 0.08, 299: 0.06, 144: 0.05,
    200: 0.05, 512: 0.05, 100: 0.05, 150: 0.05, 320: 0.05, 240: 0.04, 384: 0.04, 180: 0.03, 32: 0.03, 48: 0.02,
}  # fmt: skip
HALVINGS = {5: 1.0, 4: 0.8, 3: 0.5, 6: 0.4, 2: 0.2, 7: 0.15, 1: 0.1}
# Settings of the convolutions: usual padding, none at all, and a first one that skips every other pixel.
CONVOLUTIONS = {"same": 1.0, "unpadded": 0.1, "strided": 0.05}
MOST_CANDIDATES = 4000
MOST_OPEN_POOLS = 8
MOST_BLOCKS = 200


@dataclass(frozen=True)
class Candidate:
    """One way to run the weights.

    Attributes:
        fillings: what stands at the paths without weights, as `stack.parse` gives it.
        size: input height and width in pixels.
        plausibility: larger is likelier; only the order means something.
        head: the paths among them between linear layers.
    """

    fillings: dict[str, str]
    size: int
    plausibility: float
    head: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """For `stack.build_stack`, and for `arch`."""
        return text_of(self.fillings, self.size)


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
    flat: bool  # no Sequential inside another


def candidates(weights: dict[str, Tensor]) -> list[Candidate]:
    """Ways to run the weights with the usual activation and pool, the likeliest first; none if they are no stack."""
    parts = parts_of(weights)
    layout = _layout(parts) if parts else None
    if layout is None:
        return []
    by_text: dict[str, Candidate] = {}
    for candidate in islice(_candidates(layout), MOST_CANDIDATES):
        known = by_text.get(candidate.text)
        if known is None or known.plausibility < candidate.plausibility:
            by_text[candidate.text] = candidate
    return sorted(by_text.values(), key=lambda candidate: -candidate.plausibility)


def variants(candidate: Candidate) -> list[Candidate]:
    """Readings that differ from it in one choice: the activation, the one in the head alone, or a kind of pool."""
    active = {path for path, kind in candidate.fillings.items() if kind in ACTIVATIONS}
    pooled = {path for path, kind in candidate.fillings.items() if kind in POOLS}
    choices = [(active, kind, share) for kind, share in ACTIVATIONS.items()]
    choices += [(pooled, kind, share) for kind, share in POOLS.items()]
    choices += [(active & set(candidate.head), "ReLU", 0.3)]
    if "join" in candidate.fillings:
        choices += [({"join"}, candidate.fillings["join"].replace("Avg", "Max"), 0.05)]
    made = {candidate.text: candidate}
    for paths, kind, share in choices:
        fillings = {path: kind if path in paths else old for path, old in candidate.fillings.items()}
        variant = replace(candidate, fillings=fillings, plausibility=candidate.plausibility * share)
        made.setdefault(variant.text, variant)
    return list(made.values())[1:]


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
    return Layout(blocks[:first], blocks[first:], flatten, all(path.count(".") < 2 for path in parts))


def _candidates(layout: Layout) -> Iterator[Candidate]:
    usual = "ReLU6" if any(block.part.groups > 1 for block in layout.blocks) else "ReLU"
    for norm_first, (setting, often) in product((False, True), CONVOLUTIONS.items()):
        fixed = {} if layout.flatten is None else {layout.flatten: "Flatten"}
        for block in layout.blocks:
            path = block.activation(norm_first)
            fixed |= {path: usual} if path else {}
        head = [path for block in layout.head[:-1] if (path := block.activation(norm_first))]
        fixed |= dict.fromkeys(head, usual)
        convolutions = _settings(layout.blocks, setting)
        for pools, likely in _pools(layout, norm_first):
            for size, join, fits in _sizes(layout, convolutions, pools):
                fillings = convolutions | fixed | dict.fromkeys(pools.values(), "MaxPool2d(2)") | join
                share = likely * fits * often * (0.3 if norm_first else 1)
                yield Candidate(fillings, size, share, tuple(head))


def _settings(blocks: list[Block], setting: str) -> dict[str, str]:
    if setting == "unpadded":
        return {block.part.path: "Conv2d(1, 0)" for block in blocks if max(block.part.kernel) > 1}
    if setting == "strided":
        return {blocks[0].part.path: f"Conv2d(2, {blocks[0].part.kernel[0] // 2})"}
    return {}


def _pools(layout: Layout, norm_first: bool) -> Iterator[tuple[dict[int, str], float]]:
    """Which blocks end in a pool: number of the block -> path; and how likely that is."""
    spare = [block.spare(norm_first) for block in layout.blocks]
    two = any(len(paths) > 1 for paths in spare)
    chances = []
    for block, paths in zip(layout.blocks, spare, strict=True):
        sure = any(path not in block.beyond for path in paths)
        chances.append(0.0 if not paths else 0.93 if len(paths) > 1 else 0.3 if two and sure else 0.75 if sure else 0.6)
    open_ = [number for number, chance in enumerate(chances) if 0 < chance < 0.9]
    certain = [number for number, chance in enumerate(chances) if chance >= 0.9]
    if len(open_) <= MOST_OPEN_POOLS:
        masks = list(product((True, False), repeat=len(open_)))
    else:  # the first n, or every second
        masks = [tuple(index < n for index in range(len(open_))) for n in range(len(open_) + 1)]
        masks += [tuple(index % 2 == odd for index in range(len(open_))) for odd in (0, 1)]
    for mask in masks:
        chosen = sorted([*certain, *(number for number, on in zip(open_, mask, strict=True) if on)])
        likely = prod(chances[number] if on else 1 - chances[number] for number, on in zip(open_, mask, strict=True))
        changes = sum(a != b for a, b in pairwise(mask))
        regular = 0.6**changes * HALVINGS.get(len(chosen), 0.02)
        yield {number: spare[number][0] for number in chosen}, likely * regular


def _sizes(
    layout: Layout, convolutions: dict[str, str], pools: dict[int, str]
) -> Iterator[tuple[int, dict[str, str], float]]:
    """Input sizes at which the maps fill the head, what joins the two, and how likely that is."""
    leaving, entering = layout.blocks[-1].part.leaving, layout.head[0].part.entering
    side = isqrt(entering // leaving)
    if leaving * side * side != entering:
        return
    steps: list[tuple[int, int, int]] = []  # kernel, padding and stride of what makes the maps smaller
    for number, block in enumerate(layout.blocks):
        stride, (padding, _) = convolution(block.part, convolutions.get(block.part.path, ""))
        kernel = block.part.kernel[0]
        steps += [(kernel, padding, stride)] if stride > 1 or kernel != 2 * padding + 1 else []
        steps += [(2, 0, 2)] if number in pools else []
    sizes = {size: _side(steps, size) for size in SIZES}
    for size, reached in sizes.items():
        if reached == side:
            yield size, {}, SIZES[size] * (0.3 if side == 1 else 1)
    if side not in sizes.values():
        # the last map grows with the picture, so the first size that reaches the side is found by halving
        unusual = bisect_left(range(16, 513), side, key=lambda size: _side(steps, size)) + 16
        if _side(steps, unusual) == side and unusual < 513:
            yield unusual, {}, 0.01
    if layout.flatten is None and side <= LARGEST_NUMBER:
        named = layout.blocks[0].part.top == "features"
        for size in (128, 224):
            if sizes[size] >= 1 and (side == 1 or sizes[size] != side):
                join = {"join": f"AdaptiveAvgPool2d({side})"}
                yield size, join, SIZES[size] * (1 if side == 1 else 0.3 if named and side in (6, 7) else 0.02)


def _side(steps: list[tuple[int, int, int]], size: int) -> int:
    """Height of the last map; 0 where it vanishes on the way."""
    for kernel, padding, stride in steps:
        size = (size + 2 * padding - kernel) // stride + 1
        if size < 1:
            return 0
    return size
