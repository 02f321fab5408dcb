"""Copies of pictures between the splits of a data set."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from torch import Tensor

    from foodviz.analysis.subject import Subject
    from foodviz.analysis.sweep import SweepRows
    from foodviz.data import Dataset, Split

SHOWN = 9  # pairs on the contact sheet
FILE = "confusion-duplicates.csv"


@dataclass(frozen=True)
class DuplicatePair:
    """Two pictures of two splits that look the same.

    Attributes:
        first, second: split and id of each.
        bits: how many of their hashes differ.
        exact: whether the files are the same to the byte.
    """

    first: tuple[Split, int]
    second: tuple[Split, int]
    bits: int
    exact: bool

    @property
    def kind(self) -> str:
        """In words."""
        from foodviz.data import perceptual_hash

        return "the same file" if self.exact else f"{self.bits} of {perceptual_hash.BITS} bits differ"

    @property
    def line(self) -> str:
        """Both pictures in one line."""
        return " = ".join(f"{split.describe(index)} id {index}" for split, index in (self.first, self.second))


@dataclass(frozen=True)
class Duplicates:
    """All copies between the splits of a data set: exact ones first, then by the bits that differ.

    Attributes:
        pairs: the copies.
        sizes: split's name -> pictures that were compared.
    """

    pairs: Sequence[DuplicatePair]
    sizes: dict[str, int]

    @property
    def exact(self) -> int:
        """How many are the same file."""
        return sum(pair.exact for pair in self.pairs)

    @property
    def lines(self) -> list[str]:
        """For the terminal."""
        sizes = ", ".join(f"{name} {count}" for name, count in self.sizes.items())
        near, more = len(self.pairs) - self.exact, len(self.pairs) - SHOWN
        return [
            f"duplicates between splits ({sizes} images): {self.exact} exact, {near} near",
            *(f"  {pair.line}: {pair.kind}" for pair in self.pairs[:SHOWN]),
            *([f"  … and {more} more in {FILE}"] if more > 0 else []),
        ]

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        return {"exact": self.exact, "near": len(self.pairs) - self.exact, "lines": self.lines}

    @property
    def rows(self) -> Iterator[Sequence[object]]:
        """For the CSV file."""
        yield ["split", "id", "file", "other split", "other id", "other file", "bits", "exact"]
        for pair in self.pairs:
            both = [(split.name, index, split.names[index]) for split, index in (pair.first, pair.second)]
            yield [*both[0], *both[1], pair.bits, int(pair.exact)]

    def figure(self, size: tuple[int, int]) -> Figure:
        """The first pairs side by side, pictures brought to `size` = (height, width)."""
        import numpy as np

        from foodviz.data.batch import read
        from foodviz.render.contact_sheet import montage

        images, captions = [], []
        for pair in self.pairs[:SHOWN]:
            for split, index in (pair.first, pair.second):
                images.append(read(split, [index], size).images[0].numpy())
                captions.append(f"{split.name} {index}\n{pair.kind}")
        count = f"{min(SHOWN, len(self.pairs))} of {len(self.pairs)}"
        return montage(
            np.stack(images),
            captions,
            title="Pictures that two splits share",
            notes=[
                f"{count} pairs, side by side: exact copies first, then by the bits of the perceptual hash that differ."
            ],
        )


def splits_to_compare(dataset: Dataset, own: Split) -> list[Split]:
    """The usual splits that the data has, and the one looked at where it is none of them.

    Raises:
        InputError: there is no second one.
    """
    splits = list(dataset.splits())
    if own.name not in {split.name for split in splits}:
        splits.append(own)
    if len(splits) < 2:
        raise InputError(f"`duplicates`: {own.data} has no split beside {own.name} to compare with")
    return splits


def find_duplicates(subject: Subject, splits: Sequence[Split]) -> Duplicates:
    """Every two pictures of two of the splits that look the same."""
    from foodviz.data import perceptual_hash

    hashed = [_hashes(subject, split) for split in splits]
    pairs = [
        DuplicatePair(
            (first, int(mine.ids[a])), (second, int(theirs.ids[b])), bits, bool(mine.digests[a] == theirs.digests[b])
        )
        for (first, mine), (second, theirs) in combinations(list(zip(splits, hashed, strict=True)), 2)
        for a, b, bits in perceptual_hash.near_pairs(mine.values, theirs.values)
    ]
    pairs.sort(key=lambda pair: (not pair.exact, pair.bits))
    return Duplicates(pairs, {split.name: len(part.ids) for split, part in zip(splits, hashed, strict=True)})


def _hashes(subject: Subject, split: Split) -> SweepRows:
    """The pictures' hashes, from the cache where they were made before."""
    from foodviz.analysis.sweep import sweep
    from foodviz.data import perceptual_hash

    def work(images: Tensor) -> np.ndarray:
        return perceptual_hash.hashes(images.numpy())

    size = (perceptual_hash.SIDE, perceptual_hash.SIDE)
    smooth = dataclasses.replace(
        split, resize="antialiased", fit="squash"
    )  # what the hash is made for, whatever the model wants
    return sweep(subject, smooth, range(len(split)), size, work, kind="hashes", key=())
