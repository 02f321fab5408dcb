"""Pictures of a split as one tensor, and a whole split as a stream of them."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from foodviz.data.pictures import decode, pixels
from foodviz.data.split import Split
from foodviz.errors import InputError


@dataclass(frozen=True)
class Batch:
    """N photographs, still pixels.

    Attributes:
        images: (N, 3, H, W) float32, RGB in [0, 1].
        labels: (N,) int64, -1 where unlabelled.
        ids: ids in the split, in the order requested; -1 for a file given by its path.
        names: file names, for captions and manifests.
        digests: SHA-256 of each file.
    """

    images: Tensor
    labels: Tensor
    ids: tuple[int, ...]
    names: tuple[str, ...]
    digests: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class _Picture:
    values: np.ndarray  # (H, W, 3) uint8
    label: int
    index: int
    name: str
    digest: str


def read(split: Split, ids: Sequence[int], size: tuple[int, int], *, resize: str | None = None) -> Batch:
    """The pictures with these ids at `size` = (height, width), brought to it in the split's `fit`.

    `resize` is as `pictures.pixels` takes it; None for the split's own.

    Raises:
        InputError: a file is empty, truncated or no picture.
    """
    return _batch([_picture(split, index, size, resize or split.resize) for index in ids])


def batches(
    split: Split,
    ids: Sequence[int],
    size: tuple[int, int],
    *,
    batch_size: int = 64,
    resize: str | None = None,
    skipped: Callable[[str], None] | None = None,
) -> Iterator[Batch]:
    """The same in batches, decoded by threads ahead of the consumer; at most four batches wait.

    Args:
        skipped: told the reason for each picture that cannot be read and is left out; without it the first one raises.
    """
    remaining = iter(ids)
    waiting: deque[Future[_Picture]] = deque()
    with ThreadPoolExecutor(max_workers=2) as pool:

        def refill() -> None:
            while len(waiting) < 4 * batch_size and (index := next(remaining, None)) is not None:
                waiting.append(pool.submit(_picture, split, index, size, resize or split.resize))

        ready: list[_Picture] = []
        try:
            refill()
            while waiting:
                try:
                    ready.append(waiting.popleft().result())
                except InputError as error:
                    if skipped is None:
                        raise
                    skipped(str(error))
                refill()
                if ready and (len(ready) == batch_size or not waiting):
                    yield _batch(ready)
                    ready = []
        finally:
            pool.shutdown(cancel_futures=True)  # nobody waits for the rest where the consumer stops


def _picture(split: Split, index: int, size: tuple[int, int], resize: str) -> _Picture:
    name, content = split.title(index), split.read_bytes(index)
    values = pixels(decode(content, name), size, resize, split.fit)
    digest = hashlib.sha256(content).hexdigest()
    return _Picture(values, split.labels[index], -1 if split.loose else index, name, digest)


def _batch(pictures: Sequence[_Picture]) -> Batch:
    stacked = torch.from_numpy(np.stack([picture.values for picture in pictures]))
    return Batch(
        images=stacked.permute(0, 3, 1, 2).float().div_(255),
        labels=torch.tensor([picture.label for picture in pictures]),
        ids=tuple(picture.index for picture in pictures),
        names=tuple(picture.name for picture in pictures),
        digests=tuple(picture.digest for picture in pictures),
    )
