"""Splits of a data set in memory, as a training wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from foodviz.errors import InputError

if TYPE_CHECKING:
    from foodviz.data import Split
    from foodviz.progress import Progress
    from foodviz.training.loop import PixelStore


def in_memory(
    split: Split, size: int, limit: int | None, say: Callable[[str], None], progress: Progress
) -> tuple[PixelStore, list[str]]:
    """A split's labelled pictures, and the digest of each; unreadable ones are counted and left out.

    Args:
        size: pixels of each side. limit: at most so many, evenly spread.
        say: takes a remark. progress: shows how far reading is.

    Raises:
        InputError: none can be read.
    """
    import torch

    from foodviz.data import spread_ids
    from foodviz.data.batch import batches
    from foodviz.training.loop import PixelStore

    ids = split.labelled_ids if limit is None else spread_ids(split.labelled_ids, limit)
    skipped: list[str] = []
    images, labels = [], []
    digests: list[str] = []
    stream = batches(split, ids, (size, size), skipped=skipped.append)
    for batch in progress(stream, f"reading {split.name}", total=-(-len(ids) // 64)):
        images.append(batch.images.mul(255).round().byte())
        labels.append(batch.labels)
        digests += batch.digests
    if skipped:
        say(f"left out {len(skipped)} pictures that cannot be read, first {skipped[0]}")
    if not images:
        raise InputError(f"`data` {split.data}: no labelled picture in {split.name} can be read")
    return PixelStore(torch.cat(images), torch.cat(labels)), digests


def statistics(training: PixelStore) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each colour over evenly spread pictures, for values in [0, 1]."""
    spread = training.images[:: -(-len(training.images) // 1000)].float().div_(255)
    mean, std = spread.mean((0, 2, 3)), spread.std((0, 2, 3))
    return tuple(round(v, 4) for v in mean.tolist()), tuple(max(round(v, 4), 1e-3) for v in std.tolist())


def as_in_training(
    validation: PixelStore, split: Split, class_names: Sequence[str], say: Callable[[str], None]
) -> PixelStore:
    """The same pictures, labelled as training numbers its classes: by their names, of which there may be more.

    Args:
        split: what the pictures are from. class_names: of training.

    Raises:
        InputError: a class that training does not have.
    """
    import torch

    from foodviz.data.class_names import match_classes
    from foodviz.training.loop import PixelStore

    order, remarks = match_classes(split, class_names)
    for remark in remarks:
        say(remark)
    return PixelStore(validation.images, torch.tensor(order)[validation.labels])
