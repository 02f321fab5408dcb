"""Input sizes at which a stack's last maps fill its head, and what joins the two.

The head's first layer tells how many cells the last maps have; every layer that makes maps smaller is undone from
there. Several pairs of a size and of layers may fit; how likely each is, is how often people use such pictures.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt

from foodviz.models.guess.stack import LARGEST_NUMBER
from foodviz.models.preprocessing import Size

Steps = Sequence[tuple[int, int, int]]  # kernel, padding and stride of each layer that makes maps smaller

# How often people choose each, roughly; only the order matters.
SIZES = {
    128: 1.0, 224: 0.6, 32: 0.3, 64: 0.3, 256: 0.25, 192: 0.15, 96: 0.1, 112: 0.1, 300: 0.1, 160: 0.08, 299: 0.06,
    28: 0.05, 144: 0.05, 200: 0.05, 512: 0.05, 100: 0.05, 150: 0.05, 320: 0.05, 227: 0.04, 240: 0.04, 384: 0.04,
    48: 0.04, 180: 0.03, 120: 0.03, 50: 0.02, 84: 0.02, 80: 0.02,
}  # fmt: skip
GREY_SIZES = {**SIZES, 28: 3.0, 32: 1.0, 48: 0.1}
# Of pictures whose size the head does not tell, where they are tried: of those nearest to each other one.
FREE_SIZES = {size: share for size, share in SIZES.items() if size in (32, 48, 64, 96, 128, 160, 192, 224, 256, 300)}
UNUSUAL = 0.003
SMALLEST, LARGEST = 16, 512  # of sizes that nobody usually chooses


@dataclass(frozen=True)
class Readings:
    """What decides which sizes come into question.

    Attributes:
        cells: of the last maps, 0 where the head fits no maps.
        grey: whether pictures have one channel.
        named: whether the stack has the name that torchvision's have.
        joined: whether the head stands by itself, so that a pool may stand before it.
        known: the size, where it is.
    """

    cells: int
    grey: bool
    named: bool
    joined: bool
    known: Size | None = None


def readings_at(steps: Steps, of: Readings) -> Iterator[tuple[Size, dict[str, str], float]]:
    """Sizes, what joins maps and head at each (nothing, or an adaptive pool), and how likely that is."""
    if not of.cells:
        return
    usual = GREY_SIZES if of.grey else SIZES
    sizes = {(size, size): share for size, share in usual.items()} if of.known is None else {of.known: 1.0}
    reached = {size: (side(steps, size[0]), side(steps, size[1])) for size in sizes}
    fitting = [size for size, (height, width) in reached.items() if height * width == of.cells]
    for size in fitting:
        yield size, {}, sizes[size] * (0.3 if of.cells == 1 else 1)
    edge = isqrt(of.cells)
    if edge * edge != of.cells:
        return
    if not fitting and of.known is None:
        # the last map grows with the picture, so the first size that reaches the edge is found by halving
        unusual = bisect_left(range(SMALLEST, LARGEST + 1), edge, key=lambda size: side(steps, size)) + SMALLEST
        if side(steps, unusual) == edge and unusual <= LARGEST:
            yield (unusual, unusual), {}, UNUSUAL
    if of.joined and edge <= LARGEST_NUMBER:
        likely = 1.0 if edge == 1 else 0.3 if of.named and edge in (6, 7) else 0.01 if edge < 9 else 0.001
        large = [size for size, (height, width) in reached.items() if min(height, width) >= edge]
        if large and (edge == 1 or not fitting):
            first = max(large, key=lambda size: sizes[size])
            yield first, {"join": f"AdaptiveAvgPool2d({edge})"}, sizes[first] * likely


def side(steps: Steps, size: int) -> int:
    """Height of the last map of a picture so high; 0 where it vanishes on the way."""
    for kernel, padding, stride in steps:
        size = (size + 2 * padding - kernel) // stride + 1
        if size < 1:
            return 0
    return size
