"""The colours and the spectrum that drawn pictures start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foodviz.analysis.sweep import left_out
from foodviz.cache import cache_file, load_arrays, save_arrays

if TYPE_CHECKING:
    from torch import Tensor

    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.methods.spectrum import Statistics

FITTED = 256  # pictures that they are fitted to
_NAMES = ("mean", "colour", "magnitude")


def natural_statistics(subject: Subject, of: str) -> Statistics:
    """Of pictures of the classifier's input size: fitted to the subject's split, or ImageNet's.

    Args:
        of: `data` or `imagenet`.

    Raises:
        InputError: no picture of the split can be read.
    """
    import torch

    from foodviz.methods.spectrum import Statistics, fitted_statistics, imagenet_statistics

    size = subject.classifier.input_size
    if of == "imagenet":
        return imagenet_statistics(size)
    split = subject.split()
    file = cache_file("statistics", "3", split.fingerprint, str(size), str(FITTED), suffix=".npz")
    arrays = load_arrays(file)
    if arrays is None:
        fitted = fitted_statistics(_photographs(subject, split, size))
        arrays = {name: getattr(fitted, name).numpy() for name in _NAMES}
        save_arrays(file, arrays)
    mean, colour, magnitude = (torch.from_numpy(arrays[name]) for name in _NAMES)
    return Statistics(mean, colour, magnitude, size)


def _photographs(subject: Subject, split: Split, size: tuple[int, int]) -> Tensor:
    """(N, 3, H, W) in [0, 1], evenly spread over the split."""
    import torch

    from foodviz.data.batch import batches

    ids, skipped = split.spread(FITTED), list[str]()
    stream = batches(split, ids, size, skipped=skipped.append)
    read = [batch.images for batch in subject.progress(stream, "colours and spectrum", total=-(-len(ids) // 64))]
    left_out(subject, split, skipped, len(ids))
    return torch.cat(read)
