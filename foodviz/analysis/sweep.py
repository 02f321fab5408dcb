"""One pass over a split, kept in the cache part by part: a killed pass goes on where it was.

`gather` is the pass, whatever is gathered; `sweep` is the one that computes something for every picture. Under torchrun
the processes share the parts: where each begins and ends depends on the ids alone, so that it is the same whoever makes
it. What one process has made the others take from the cache; what is not there, or is damaged, is made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from foodviz.analysis.parts import Arrays as Arrays
from foodviz.analysis.parts import Gathered, SplitPart, cut
from foodviz.analysis.parts import Tally as Tally
from foodviz.distributed import StoreGone, shared_queue
from foodviz.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.data.batch import Batch

BATCH = 64  # pictures a forward pass, the fastest of 16, 32 and 64
BATCHES = 4  # a part: seconds of work, so that a killed run loses no more and many processes have their share
_NAMED = 10  # unreadable pictures that are named one by one


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
    sound: Callable[[Arrays], bool] = lambda _: True,
) -> tuple[list[Arrays], tuple[str, ...]]:
    """The arrays of each part's own tally, first part first, and a reason for each picture that cannot be read.

    Under torchrun every process gets all of them.

    Args:
        size: (height, width) in pixels that pictures are resized to.
        tally: makes an empty one; parts are put together by the caller.
        kind: folder in the cache, and what the progress bar says.
        key: everything that a tally depends on; the pictures and the size are added.
        batch: pictures in one. batches: in a part.
        sound: whether a part from the cache still holds, where its tally left something elsewhere.

    Raises:
        InputError: no picture can be read, or the processes do not see the same model and pictures.
    """
    parts = [SplitPart(split, some, size, batch, kind, tuple(key)) for some in cut(list(ids), batch * batches)]
    listing = (split.fingerprint, str(size), str(batch), *(",".join(map(str, part.ids)) for part in parts))
    queue = shared_queue(len(parts), {"a model or settings": _digest(kind, *key), "pictures": _digest(*listing)})
    own: dict[int, Gathered] = {}

    def steps() -> Iterator[None]:
        """One for every batch, whoever takes it in."""
        others = 0
        for number in queue:
            part = parts[number].kept(sound)
            if part is None:
                part = yield from parts[number].make(tally(), partial(queue.is_done, number))
            else:
                yield from repeat(None, -(-len(parts[number].ids) // batch))
            if part is not None:
                own[number] = part
                queue.finish(number)
            others, before = queue.finished - len(own), others
            yield from repeat(None, batches * (others - before))

    try:
        for _ in subject.progress(steps(), f"{kind} of {split.name}", total=-(-len(ids) // batch)):
            pass
    except StoreGone:  # where the first process is through, the others find all parts kept
        if any(part.kept(sound) is None for number, part in enumerate(parts) if number not in own):
            raise
    gathered = [
        own.get(number) or part.kept(sound) or _made_again(subject, part, tally()) for number, part in enumerate(parts)
    ]
    skipped = tuple(reason for part in gathered for reason in part.skipped)
    left_out(subject, split, skipped, len(ids))
    return [part.arrays for part in gathered if part.arrays], skipped


def _made_again(subject: Subject, part: SplitPart, tally: Tally) -> Gathered:
    """A part that another process has made, and that cannot be had from it."""
    subject.say("some of what other processes made is not in this one's cache: $FOODVIZ_CACHE must be one for all")
    making = part.make(tally, lambda: False)
    while True:
        try:
            next(making)
        except StopIteration as end:
            gathered: Gathered = end.value
            return gathered


def _digest(*key: str) -> str:
    return hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()


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
