"""Architecture from the weights: every way to run them that their shapes and the openings in their numbering allow.

A state dict shows which indices of a stack hold weights, and so which hold none; not what stands there. Between two
convolutions there is one activation, perhaps a pool, and dropouts; the width of the head tells how often the maps were
halved. What remains open is ordered by how people build such nets and decided, where there are labelled pictures, by
how well each candidate classifies them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise, product
from math import prod

from torch import Tensor

from foodviz.models.guess.layout import Block, Layout, layout_of
from foodviz.models.guess.sizes import FREE_SIZES, Readings, readings_at
from foodviz.models.guess.stack import convolution, text_of
from foodviz.models.preprocessing import Size

# How often people choose each, roughly; only the order matters.
ACTIVATIONS = {
    "ReLU": 1.0, "LeakyReLU(0.01)": 0.2, "ReLU6": 0.1, "LeakyReLU(0.1)": 0.08, "LeakyReLU(0.2)": 0.08,
    "LeakyReLU(0.05)": 0.05, "RReLU": 0.04, "ELU": 0.04, "SiLU": 0.04, "GELU": 0.04, "Hardswish": 0.02, "Tanh": 0.01,
}  # fmt: skip
POOLS = {"MaxPool2d(2)": 1.0, "AvgPool2d(2)": 0.1, "MaxPool2d(3, 2, 1)": 0.05}
HALVINGS = {5: 1.0, 4: 0.8, 3: 0.5, 6: 0.4, 2: 0.2, 7: 0.15, 1: 0.1}
# Settings of the convolutions: usual padding, none at all, a first one that skips every other pixel or three of four,
# and a stride in all of them in place of pools. Whoever writes every layer as an attribute often leaves padding out.
CONVOLUTIONS = {"same": 1.0, "unpadded": 0.1, "strided": 0.05, "halving": 0.03}
_UNPADDED_ATTRIBUTES = 3
MOST_CANDIDATES = 4000
MOST_OPEN_POOLS = 8


@dataclass(frozen=True)
class Candidate:
    """One way to run the weights.

    Attributes:
        fillings: what stands at the paths without weights, as `stack.parse` gives it.
        size: height and width of the input in pixels.
        plausibility: larger is likelier; only the order means something.
        head: the paths among them between linear layers.
        any_size: whether the head is filled by pictures of other sizes, too.
    """

    fillings: dict[str, str]
    size: Size
    plausibility: float
    head: tuple[str, ...] = ()
    any_size: bool = False

    @property
    def text(self) -> str:
        """For `stack.build_stack`, and for `arch`."""
        return text_of(self.fillings, self.size)


def candidates(weights: dict[str, Tensor], size: Size | None = None) -> list[Candidate]:
    """Ways to run the weights with the usual activation and pool, the likeliest first; none if they are no stack.

    Args:
        size: height and width of the input where they are known.
    """
    layout = layout_of(weights)
    if layout is None:
        return []
    by_text: dict[str, Candidate] = {}
    for candidate in islice(_candidates(layout, size), MOST_CANDIDATES):
        known = by_text.get(candidate.text)
        if known is None or known.plausibility < candidate.plausibility:
            by_text[candidate.text] = candidate
    return sorted(by_text.values(), key=lambda candidate: -candidate.plausibility)


def variants(candidate: Candidate) -> list[Candidate]:
    """Readings that differ from it in one choice: the activation, that in the head alone, a kind of pool, the size."""
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
    if candidate.any_size:
        for size, share in FREE_SIZES.items():
            other = replace(candidate, size=(size, size), plausibility=candidate.plausibility * share)
            made.setdefault(other.text, other)
    return list(made.values())[1:]


def _candidates(layout: Layout, known: Size | None) -> Iterator[Candidate]:
    usual = "ReLU6" if any(block.part.groups > 1 for block in layout.blocks) else "ReLU"
    for norm_first, (setting, often) in product((False, True), CONVOLUTIONS.items()):
        fixed = {} if layout.flatten is None else {layout.flatten: "Flatten"}
        for block in layout.blocks:
            path = block.activation(norm_first)
            fixed |= {path: usual} if path else {}
        head = [path for block in layout.head[:-1] if (path := block.activation(norm_first))]
        fixed |= dict.fromkeys(head, usual)
        convolutions = _settings(layout.blocks, setting)
        if convolutions is None:
            continue
        if setting == "unpadded" and all("." not in block.part.path for block in layout.blocks):
            often *= _UNPADDED_ATTRIBUTES
        without: tuple[dict[int, str], float] = ({}, prod(1 - chance for chance in _chances(layout, norm_first)))
        for pools, likely in [without] if setting == "halving" else _pools(layout, norm_first):
            for size, join, fits in _sizes(layout, convolutions, pools, known):
                fillings = convolutions | fixed | dict.fromkeys(pools.values(), "MaxPool2d(2)") | join
                share = likely * fits * often * (0.3 if norm_first else 1)
                yield Candidate(fillings, size, share, tuple(head), "join" in join)


def _settings(blocks: list[Block], setting: str) -> dict[str, str] | None:
    """What stands at the convolutions; None where the setting is none of its own for these kernels."""
    wide = [block.part for block in blocks if max(block.part.kernel) > 1]
    if setting == "unpadded":
        return {part.path: "Conv2d(1, 0)" for part in wide} or None
    if setting == "strided":
        side = blocks[0].part.kernel[0]
        return {blocks[0].part.path: f"Conv2d({4 if side > 7 else 2}, {2 if side > 7 else side // 2})"}
    if setting == "halving":
        return {part.path: f"Conv2d(2, {(part.kernel[0] - 1) // 2})" for part in wide} or None
    return {}


def _sizes(
    layout: Layout, convolutions: dict[str, str], pools: dict[int, str], known: Size | None
) -> Iterator[tuple[Size, dict[str, str], float]]:
    """Input sizes at which the maps fill the head, what joins the two, and how likely that is."""
    steps: list[tuple[int, int, int]] = []  # kernel, padding and stride of what makes the maps smaller
    for number, block in enumerate(layout.blocks):
        stride, (padding, _) = convolution(block.part, convolutions.get(block.part.path, ""))
        kernel = block.part.kernel[0]
        steps += [(kernel, padding, stride)] if stride > 1 or kernel != 2 * padding + 1 else []
        steps += [(2, 0, 2)] if number in pools else []
    leaving, entering = layout.blocks[-1].part.leaving, layout.head[0].part.entering
    yield from readings_at(
        steps,
        Readings(
            cells=entering // leaving if entering % leaving == 0 else 0,
            grey=layout.blocks[0].part.entering == 1,
            named=layout.blocks[0].part.top == "features",
            joined=layout.flatten is None,
            known=known,
        ),
    )


def _chances(layout: Layout, norm_first: bool) -> list[float]:
    """How likely a pool is behind each block, by the paths that are left for it."""
    spare = [block.spare(norm_first) for block in layout.blocks]
    two = any(len(paths) > 1 for paths in spare)
    chances = []
    for block, paths in zip(layout.blocks, spare, strict=True):
        sure = any(path not in block.beyond for path in paths)
        chances.append(0.0 if not paths else 0.93 if len(paths) > 1 else 0.3 if two and sure else 0.75 if sure else 0.6)
    return chances


def _pools(layout: Layout, norm_first: bool) -> Iterator[tuple[dict[int, str], float]]:
    """Which blocks end in a pool: number of the block -> path; and how likely that is."""
    spare, chances = [block.spare(norm_first) for block in layout.blocks], _chances(layout, norm_first)
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
