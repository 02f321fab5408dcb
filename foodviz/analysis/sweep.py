"""One pass over a split, kept in the cache part by part: a killed pass goes on where it was.

`gather` is the pass, whatever is gathered; `sweep` is the one that computes something for every picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from foodviz.cache import cache_file, load_arrays, save_arrays
from foodviz.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.data.batch import Batch

BATCH = 64  # pictures a forward pass, the fastest of 16, 32 and 64
BATCHES = 8  # a part: some seconds of work, so that a killed run loses no more
_NAMED = 10  # unreadable pictures that are named one by one
Arrays = Mapping[str, np.ndarray]


class Tally(Protocol):
    """What is gathered of the pictures of one part, batch by batch."""

    def add(self, batch: Batch) -> None:
        """Take in a batch."""

    def arrays(self) -> Arrays:
        """All of it by name, for a file; asked for after at least one batch."""


@dataclass(frozen=True)
class SweepRows:
    """What a pass computed for some pictures of a split.

    Attributes:
        ids: (N,) places in the split's listing, of those that can be read.
        values: (N, …) what was computed for each.
        digests: (N,) SHA-256 of each file, hex.
        skipped: reasons, one for each picture that cannot be read.
    """

    ids: np.ndarray
    values: np.ndarray
    digests: np.ndarray
    skipped: np.ndarray


@dataclass(frozen=True)
class _Kept:
    """One part: its arrays (none where no picture could be read), the reasons for those, and how many ids are done."""

    arrays: Arrays
    skipped: tuple[str, ...]
    end: int


def sweep(
    subject: Subject,
    split: Split,
    ids: Sequence[int],
    size: tuple[int, int],
    work: Callable[[Tensor], np.ndarray],
    *,
    kind: str,
    key: Sequence[str],
) -> SweepRows:
    """Run `work` over pictures in batches, decoding ahead; what is in the cache is not computed again.

    Args:
        size: (height, width) in pixels that pictures are resized to.
        work: images (N, 3, H, W) in [0, 1] -> (N, …).
        kind: folder in the cache, and what the progress bar says.
        key: everything that `work` depends on; the pictures and the size are added.

    Raises:
        InputError: no picture can be read.
    """
    parts, skipped = gather(
        subject, split, ids, size, lambda: _Rows(work), kind=kind, key=key, batch=BATCH, batches=BATCHES
    )
    rows = {name: np.concatenate([arrays[name] for arrays in parts]) for name in ("ids", "values", "digests")}
    return SweepRows(**rows, skipped=np.array(skipped, "U"))


def gather(
    subject: Subject,
    split: Split,
    ids: Sequence[int],
    size: tuple[int, int],
    tally: Callable[[], Tally],
    *,
    kind: str,
    key: Sequence[str],
    batch: int,
    batches: int,
) -> tuple[list[Arrays], tuple[str, ...]]:
    """The arrays of each part's own tally, first part first, and a reason for each picture that cannot be read.

    Args:
        size: (height, width) in pixels that pictures are resized to.
        tally: makes an empty one; parts are put together by the caller.
        kind: folder in the cache, and what the progress bar says.
        key: everything that a tally depends on; the pictures and the size are added.
        batch: pictures in one. batches: in a part.

    Raises:
        InputError: no picture can be read.
    """
    ids = list(ids)
    whole_key = (*key, str(size), split.fingerprint, ",".join(map(str, ids)))
    parts: list[_Kept] = []
    done = 0
    while done < len(ids) and (kept := _load(_file(kind, whole_key, len(parts)), ids[done])):
        parts.append(kept)
        done = kept.end
    for part in _parts(subject, split, ids, done, size, tally, f"{kind} of {split.name}", batch, batches):
        _save(_file(kind, whole_key, len(parts)), part, ids[done])
        parts.append(part)
        done = part.end
    skipped = tuple(reason for part in parts for reason in part.skipped)
    left_out(subject, split, skipped, len(ids))
    return [part.arrays for part in parts if part.arrays], skipped


def left_out(subject: Subject, split: Split, skipped: Sequence[str], total: int) -> None:
    """Say which of `total` pictures of a split could not be read.

    Raises:
        InputError: it was all of them.
    """
    if len(skipped) == total:
        first = f", first {skipped[0]}" if skipped else ""
        raise InputError(f"`data` {split.data}: no picture in {split.name} can be read{first}")
    if skipped:
        subject.say(f"left out {len(skipped)} of {total} pictures that cannot be read:")
        for reason in skipped[:_NAMED]:
            subject.say(f"  {reason}")


class _Rows:
    """The tally of `sweep`: a row for every picture."""

    def __init__(self, work: Callable[[Tensor], np.ndarray]) -> None:
        self.work = work
        self.ids: list[int] = []
        self.values: list[np.ndarray] = []
        self.digests: list[str] = []

    def add(self, batch: Batch) -> None:
        self.ids += batch.ids
        self.values.append(self.work(batch.images))
        self.digests += batch.digests

    def arrays(self) -> Arrays:
        return {
            "ids": np.array(self.ids, np.int64),
            "values": np.concatenate(self.values),
            "digests": np.array(self.digests, "U64"),
        }


def _parts(
    subject: Subject,
    split: Split,
    ids: list[int],
    done: int,
    size: tuple[int, int],
    tally: Callable[[], Tally],
    what: str,
    batch_size: int,
    batches_a_part: int,
) -> Iterator[_Kept]:
    """The parts after the first `done` ids. Cut after whole batches: a resumed pass sees the same batches."""
    from foodviz.data.batch import batches

    if done == len(ids):
        return
    skipped: list[str] = []
    after = {index: number for number, index in enumerate(ids, 1)}
    gathered, taken = tally(), 0
    stream = batches(split, ids[done:], size, batch_size=batch_size, skipped=skipped.append)
    for batch in subject.progress(stream, what, total=-(-(len(ids) - done) // batch_size)):
        gathered.add(batch)
        taken += 1
        if taken == batches_a_part:
            done = after[batch.ids[-1]]
            yield _Kept(gathered.arrays(), tuple(skipped), done)
            skipped.clear()
            gathered, taken = tally(), 0
    if done < len(ids):
        yield _Kept(gathered.arrays() if taken else {}, tuple(skipped), len(ids))


def _file(kind: str, key: Sequence[str], number: int) -> Path:
    return cache_file(kind, "3", *key, str(number), suffix=".npz")


def _save(path: Path, part: _Kept, first: int) -> None:
    """`first`: the id that the part begins with."""
    of_pass = {"first": np.array(first), "end": np.array(part.end), "skipped": np.array(part.skipped, "U")}
    save_arrays(path, {**{f"own {name}": values for name, values in part.arrays.items()}, **of_pass})


def _load(path: Path, first: int) -> _Kept | None:
    """A part that begins with the id `first`; None where there is no sound one."""
    arrays = load_arrays(path)
    if arrays is None or int(arrays["first"]) != first:
        return None
    own = {name.removeprefix("own "): values for name, values in arrays.items() if name.startswith("own ")}
    return _Kept(own, tuple(arrays["skipped"].tolist()), int(arrays["end"]))
