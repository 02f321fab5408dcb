"""What the workloads look at: the sample model and photographs of the sample."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

    from foodviz.models import Classifier


@functools.cache
def photographs(count: int) -> torch.Tensor:
    """(count, 3, 128, 128) of the validation split; drawn once and kept in the temporary folder."""
    import torch

    from foodviz.data import open_dataset
    from foodviz.data.batch import read

    path = Path(tempfile.gettempdir()) / f"foodviz-benchmark-{count}.pt"
    if not path.exists():
        listing = open_dataset().split("validation")
        torch.save(read(listing, listing.spread(count), (128, 128)).images, path)
    return torch.load(path, weights_only=True).contiguous()


def image_seeds(count: int) -> list[int]:
    """The seed that foodviz's commands give each of those photographs."""
    from foodviz.analysis import open_subject

    subject = open_subject(split="validation", say=lambda _: None)
    split = subject.split()
    digests = [hashlib.sha256(split.read_bytes(index)).hexdigest() for index in split.spread(count)]
    return [subject.image_seed(digest) for digest in digests]


def fast(*layers: str) -> Classifier:
    """The sample model as foodviz's commands have it that look at those layers."""
    from foodviz import models
    from foodviz.memory import keep_freed_memory

    keep_freed_memory()
    model = models.load()
    return models.fast(model, [models.resolve(model, layer) for layer in layers])


def bare() -> nn.Module:
    """The sample model as it is, frozen."""
    from foodviz import models

    return models.load()


def trainable() -> nn.Module:
    """The sample model with gradients for its weights, as a user of a library has it who follows its first page."""
    return bare().requires_grad_(True)
