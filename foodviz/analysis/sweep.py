"""Something computed for every picture of a split, kept in parts: a killed pass goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from foodviz.cache import cache_file, load_arrays, save_arrays
from foodviz.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from foodviz.analysis.subject import Subject
    from foodviz.data import Split

BATCH = 64  # pictures a forward pass, the fastest of 16, 32 and 64
BATCHES = 8  # a part: some seconds of work, so that a killed run loses no more


@dataclass(frozen=True)
class Part:
    """What a pass found for some pictures of a split.

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
) -> Part:
    """Run `work` over pictures in batches, decoding ahead; what is in the cache is not computed again.

    Args:
        size: (height, width) in pixels that pictures are resized to.
        work: images (N, 3, H, W) in [0, 1] -> (N, …).
        kind: folder in the cache, and what the progress bar says.
        key: everything that `work` depends on; the pictures and the size are added.

    Raises:
        InputError: no picture can be read.
    """
    ids = list(ids)
    whole_key = (*key, str(size), split.fingerprint, ",".join(map(str, ids)))
    parts: list[Part] = []
    done = 0
    while done < len(ids):
        kept = _load(_file(kind, whole_key, len(parts)), ids[done])
        if kept is None:
            break
        parts.append(kept[0])
        done = kept[1]
    for part, read in _parts(subject, split, ids[done:], size, work, f"{kind} of {split.name}"):
        _save(_file(kind, whole_key, len(parts)), part, ids[done], done + read)
        parts.append(part)
        done += read
    skipped = np.concatenate([part.skipped for part in parts])
    sound = [part for part in parts if len(part.ids)]
    if not sound:
        raise InputError(f"`data` {split.data}: no picture in {split.name} can be read, first {skipped[0]}")
    if len(skipped):
        subject.say(f"left out {len(skipped)} of {len(ids)} pictures that cannot be read:")
        for reason in skipped[:10]:
            subject.say(f"  {reason}")
    places, values, digests = (
        np.concatenate([getattr(part, key) for part in sound]) for key in ("ids", "values", "digests")
    )
    return Part(places, values, digests, skipped)


def _parts(
    subject: Subject,
    split: Split,
    ids: list[int],
    size: tuple[int, int],
    work: Callable[[Tensor], np.ndarray],
    what: str,
) -> Iterator[tuple[Part, int]]:
    """Parts and how many of the ids each took. Cut after whole batches: a resumed pass sees the same batches."""
    from foodviz.data.batch import batches

    if not ids:
        return
    skipped: list[str] = []
    done: list[tuple[tuple[int, ...], np.ndarray, tuple[str, ...]]] = []
    places = {index: place for place, index in enumerate(ids)}
    begun = 0

    def part(end: int) -> tuple[Part, int]:
        nonlocal begun
        taken, begun = end - begun, end
        made = Part(
            np.array([index for some, _, _ in done for index in some], np.int64),
            np.concatenate([values for _, values, _ in done]) if done else np.empty((0,)),
            np.array([digest for _, _, some in done for digest in some], "U64"),
            np.array(skipped, "U"),
        )
        done.clear()
        skipped.clear()
        return made, taken

    stream = batches(split, ids, size, batch_size=BATCH, skipped=skipped.append)
    for batch in subject.progress(stream, what, total=-(-len(ids) // BATCH)):
        done.append((batch.ids, work(batch.images), batch.digests))
        if len(done) == BATCHES:
            yield part(places[batch.ids[-1]] + 1)
    if begun < len(ids):
        yield part(len(ids))


def _file(kind: str, key: Sequence[str], number: int) -> Path:
    return cache_file(kind, "2", *key, str(number), suffix=".npz")


def _save(path: Path, part: Part, first: int, end: int) -> None:
    save_arrays(path, {"first": np.array(first), "end": np.array(end), **vars(part)})


def _load(path: Path, first: int) -> tuple[Part, int] | None:
    """A part that begins with the id `first`, and how many ids are done after it; None where there is no sound one."""
    arrays = load_arrays(path)
    if arrays is None or int(arrays["first"]) != first:
        return None
    return Part(*(arrays[name] for name in Part.__annotations__)), int(arrays["end"])
