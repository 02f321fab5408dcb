"""Something computed for every picture of a split, kept in parts: a killed run goes on where it was."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from foodviz.cache import cache_file
from foodviz.cli.progress import progress
from foodviz.errors import InputError
from foodviz.results import write_atomically

if TYPE_CHECKING:
    from torch import Tensor

    from foodviz.data import Split

BATCH = 64  # pictures a forward pass, the fastest of 16, 32 and 64
BATCHES = 8  # a part: some seconds of work, so that a killed run loses no more


@dataclass(frozen=True)
class Part:
    """What a pass found for some pictures of a listing.

    Attributes:
        ids: (N,) places in the listing, of those that can be read.
        values: (N, …) what was computed for each.
        digests: (N,) SHA-256 of each file, hex.
        skipped: reasons, one for each picture that cannot be read.
    """

    ids: np.ndarray
    values: np.ndarray
    digests: np.ndarray
    skipped: np.ndarray


def over_split(
    listing: Split,
    ids: Sequence[int],
    size: tuple[int, int],
    work: Callable[[Tensor], np.ndarray],
    *,
    kind: str,
    key: Sequence[str],
    quiet: bool,
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
    whole_key = (*key, str(size), listing.fingerprint, ",".join(map(str, ids)))
    parts: list[Part] = []
    done = 0
    while done < len(ids):
        saved = _load(_file(kind, whole_key, len(parts)), ids[done])
        if saved is None:
            break
        parts.append(saved[0])
        done = saved[1]
    fresh = _parts(listing, ids[done:], size, work, quiet, f"{kind} of {listing.name}")
    for part, read in fresh:
        _save(_file(kind, whole_key, len(parts)), part, ids[done], done + read)
        parts.append(part)
        done += read
    skipped = np.concatenate([part.skipped for part in parts])
    sound = [part for part in parts if len(part.ids)]
    if not sound:
        raise InputError(f"--data {listing.data}: no picture in {listing.name} can be read, first {skipped[0]}")
    if len(skipped) and not quiet:
        click.echo(f"left out {len(skipped)} of {len(ids)} pictures that cannot be read:", err=True)
        for reason in skipped[:10]:
            click.echo(f"  {reason}", err=True)
    places, values, digests = (
        np.concatenate([getattr(part, key) for part in sound]) for key in ("ids", "values", "digests")
    )
    return Part(places, values, digests, skipped)


def _parts(
    listing: Split,
    ids: list[int],
    size: tuple[int, int],
    work: Callable[[Tensor], np.ndarray],
    quiet: bool,
    what: str,
) -> Iterator[tuple[Part, int]]:
    """Parts and how many of the ids each took. Cut after whole batches: a resumed pass sees the same batches."""
    from foodviz.data.batch import batches

    if not ids:
        return
    skipped: list[str] = []
    found: list[tuple[tuple[int, ...], np.ndarray, tuple[str, ...]]] = []
    places = {index: place for place, index in enumerate(ids)}
    begun = 0

    def part(end: int) -> tuple[Part, int]:
        nonlocal begun
        taken, begun = end - begun, end
        made = Part(
            np.array([index for some, _, _ in found for index in some], np.int64),
            np.concatenate([values for _, values, _ in found]) if found else np.empty((0,)),
            np.array([digest for _, _, some in found for digest in some], "U64"),
            np.array(skipped, "U"),
        )
        found.clear()
        skipped.clear()
        return made, taken

    stream = batches(listing, ids, size, batch_size=BATCH, skipped=skipped.append)
    for batch in progress(stream, what, quiet=quiet, total=-(-len(ids) // BATCH)):
        found.append((batch.ids, work(batch.images), batch.digests))
        if len(found) == BATCHES:
            yield part(places[batch.ids[-1]] + 1)
    if begun < len(ids):
        yield part(len(ids))


def _file(kind: str, key: Sequence[str], number: int) -> Path:
    return cache_file(kind, "1", *key, str(number), suffix=".npz")


def _save(path: Path, part: Part, first: int, end: int) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.savez(stream, first=first, end=end, **vars(part))

    with suppress(InputError):  # a full disk costs time later, nothing else
        write_atomically(path, write)


def _load(path: Path, first: int) -> tuple[Part, int] | None:
    """A part that begins with the id `first`, and how many ids are done after it; None where there is no sound one."""
    try:
        with path.open("rb") as stream, np.load(stream) as content:  # zip's checksums find damage
            part = Part(*(content[field] for field in Part.__annotations__))
            begins, end = int(content["first"]), int(content["end"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return (part, end) if begins == first else None
