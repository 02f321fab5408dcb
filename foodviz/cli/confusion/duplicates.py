"""`confusion --duplicates`: copies of pictures between the splits of a data set."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.cli.split_pass import Part, over_split
from foodviz.data import perceptual_hash
from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from torch import Tensor

    from foodviz.cli.run import Run
    from foodviz.data import Split

SHOWN = 9  # pairs on the contact sheet


@dataclass(frozen=True)
class Copy:
    """Two pictures of two splits that look the same; `bits` of their hashes differ, `exact` if the files do not."""

    first: tuple[Split, int]
    second: tuple[Split, int]
    bits: int
    exact: bool

    @property
    def kind(self) -> str:
        """In words."""
        return "the same file" if self.exact else f"{self.bits} of {perceptual_hash.BITS} bits differ"

    @property
    def line(self) -> str:
        """Both pictures in one line."""
        return " = ".join(f"{listing.describe(index)} id {index}" for listing, index in (self.first, self.second))


def find_duplicates(run: Run, figures: dict[str, Figure]) -> dict[str, Any]:
    """Write the list, add the contact sheet if there is something to show; facts for the manifest.

    Raises:
        InputError: the data has one split only.
    """
    listings = _splits(run.listing)
    if len(listings) < 2:
        raise InputError(f"--duplicates: {run.listing.data} has no split beside {run.listing.name} to compare with")
    hashed = [_hashes(run, listing) for listing in listings]
    copies = []
    for (first, mine), (second, theirs) in combinations(list(zip(listings, hashed, strict=True)), 2):
        copies += [
            Copy(
                (first, int(mine.ids[a])),
                (second, int(theirs.ids[b])),
                bits,
                bool(mine.digests[a] == theirs.digests[b]),
            )
            for a, b, bits in perceptual_hash.near_pairs(mine.values, theirs.values)
        ]
    copies.sort(key=lambda copy: (not copy.exact, copy.bits))
    run.results.file("confusion-duplicates.csv", lambda path: _write(path, copies))
    if copies:
        figures["duplicates"] = _contact_sheet(run, copies)
    exact = sum(copy.exact for copy in copies)
    sizes = ", ".join(f"{listing.name} {len(part.ids)}" for listing, part in zip(listings, hashed, strict=True))
    head = f"duplicates between splits ({sizes} images): {exact} exact, {len(copies) - exact} near"
    more = [f"  … and {len(copies) - SHOWN} more in confusion-duplicates.csv"] if len(copies) > SHOWN else []
    lines = [head, *(f"  {copy.line}: {copy.kind}" for copy in copies[:SHOWN]), *more]
    return {"exact": exact, "near": len(copies) - exact, "lines": lines}


def _splits(own: Split) -> list[Split]:
    """The usual splits that the data has, and the asked one where it is none of them."""
    from foodviz.data import open_dataset

    found = list(open_dataset(own.data).splits())
    return found if own.name in {listing.name for listing in found} else [*found, own]


def _hashes(run: Run, listing: Split) -> Part:
    def work(images: Tensor) -> np.ndarray:
        return perceptual_hash.hashes(images.numpy())

    size = (perceptual_hash.SIDE, perceptual_hash.SIDE)
    return over_split(listing, range(len(listing)), size, work, kind="hashes", key=(), quiet=run.quiet)


def _contact_sheet(run: Run, copies: list[Copy]) -> Figure:
    import numpy as np

    from foodviz.data.batch import read
    from foodviz.render.contact_sheet import montage

    images, captions = [], []
    for copy in copies[:SHOWN]:
        for listing, index in (copy.first, copy.second):
            images.append(read(listing, [index], run.classifier.input_size).images[0].numpy())
            captions.append(f"{listing.name} {index}\n{copy.kind}")
    count = f"{min(SHOWN, len(copies))} of {len(copies)}"
    return montage(
        np.stack(images),
        captions,
        title="Pictures that two splits share",
        notes=[
            f"{count} pairs, side by side: exact copies first, then by the bits of the perceptual hash that differ."
        ],
    )


def _write(path: Path, copies: list[Copy]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["split", "id", "file", "other split", "other id", "other file", "bits", "exact"])
        for copy in copies:
            places = [(listing.name, index, listing.names[index]) for listing, index in (copy.first, copy.second)]
            writer.writerow([*places[0], *places[1], copy.bits, int(copy.exact)])
