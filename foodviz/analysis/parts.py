"""One part of a pass over a split: made of its own pictures alone, and kept in the cache."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from foodviz.cache import cache_file, load_arrays, save_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from foodviz.data import Split
    from foodviz.data.batch import Batch

Arrays = Mapping[str, np.ndarray]


class Tally(Protocol):
    """What is gathered of the pictures of one part, batch by batch."""

    def add(self, batch: Batch) -> None:
        """Take in a batch."""

    def arrays(self) -> Arrays:
        """All of it by name, for a file; asked for after at least one batch."""


@dataclass(frozen=True)
class Gathered:
    """Of one part its arrays, none where no picture could be read, and the reasons for those that could not."""

    arrays: Arrays
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class SplitPart:
    """Pictures that are read and gathered together.

    Attributes:
        split: where they are from. ids: their places there.
        size: (height, width) in pixels that they are resized to.
        batch: how many at once.
        kind: folder in the cache.
        key: everything besides that what is gathered depends on.
    """

    split: Split
    ids: tuple[int, ...]
    size: tuple[int, int]
    batch: int
    kind: str
    key: tuple[str, ...]

    def make(self, tally: Tally, left: Callable[[], bool]) -> Generator[None, None, Gathered | None]:
        """Read the pictures into a tally and keep what it says, a step for every batch; None if `left` on the way."""
        from foodviz.data.batch import batches

        skipped: list[str] = []
        empty = True
        for batch in batches(self.split, self.ids, self.size, batch_size=self.batch, skipped=skipped.append):
            if left():
                return None
            tally.add(batch)
            empty = False
            yield
        gathered = Gathered({} if empty else tally.arrays(), tuple(skipped))
        own = {f"own {name}": values for name, values in gathered.arrays.items()}
        save_arrays(self._file, {**own, "skipped": np.array(gathered.skipped, "U")})
        return gathered

    def kept(self, sound: Callable[[Arrays], bool]) -> Gathered | None:
        """What the cache holds of it; None where nothing is there, or nothing that is `sound`."""
        arrays = load_arrays(self._file)
        if arrays is None:
            return None
        skipped = tuple(arrays.pop("skipped").tolist())
        own = {name.removeprefix("own "): values for name, values in arrays.items()}
        return Gathered(own, skipped) if not own or sound(own) else None

    @cached_property
    def _file(self) -> Path:
        of_pictures = (self.split.fingerprint, str(self.size), str(self.batch), ",".join(map(str, self.ids)))
        return cache_file(self.kind, "4", *self.key, *of_pictures, suffix=".npz")


def cut(ids: Sequence[int], length: int) -> list[tuple[int, ...]]:
    """The ids in groups of `length`, the last one shorter."""
    return [tuple(ids[start : start + length]) for start in range(0, len(ids), length)]
