"""A classifier's answers to a whole split: one pass, kept in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from foodviz.cli.split_pass import over_split

if TYPE_CHECKING:
    from torch import Tensor

    from foodviz.cli.run import Run
    from foodviz.data import Split
    from foodviz.models import Classifier


@dataclass(frozen=True)
class Predictions:
    """Answers to the pictures of a listing that can be read.

    Attributes:
        ids: (N,) places in the listing, ascending.
        labels: (N,) class index as the model numbers its classes, -1 where unlabelled.
        logits: (N, C) float32.
        digests: SHA-256 of each file, hex.
        skipped: reasons, one for each picture that cannot be read.
    """

    ids: np.ndarray
    labels: np.ndarray
    logits: np.ndarray
    digests: tuple[str, ...]
    skipped: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """(N, C) softmax of the logits, float64."""
        powers = np.exp(self.logits.astype(np.float64) - self.logits.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))

    @cached_property
    def predicted(self) -> np.ndarray:
        """(N,) class index of the largest logit."""
        return np.asarray(self.logits.argmax(1))

    @cached_property
    def confidences(self) -> np.ndarray:
        """(N,) probability of the predicted class."""
        return np.asarray(self.probabilities.max(1))

    @property
    def right(self) -> np.ndarray:
        """(N,) bool, whether the label was predicted."""
        return np.asarray(self.predicted == self.labels)


def predict(run: Run, listing: Split | None = None, ids: Sequence[int] | None = None) -> Predictions:
    """The run's classifier on pictures of a split, from the cache where it answered them before.

    Args:
        listing: the run's own where None.
        ids: all of its pictures where None.

    Raises:
        InputError: no picture can be read, or classes that the model does not have.
    """
    from foodviz.data.class_names import match_classes

    listing = listing or run.listing
    classifier = run.classifier
    order = np.array(match_classes(listing, classifier.class_names)[0])
    key = [classifier.identity, str(run.device.type)]
    found = over_split(
        listing,
        range(len(listing)) if ids is None else ids,
        classifier.input_size,
        _Forward(run),
        kind="predictions",
        key=key,
        quiet=run.quiet,
    )
    labels = np.array(listing.labels)[found.ids]
    return Predictions(
        found.ids,
        np.where(labels >= 0, order[labels.clip(0)], -1),
        found.values,
        tuple(found.digests.tolist()),
        tuple(found.skipped.tolist()),
    )


class _Forward:
    """Images (N, 3, H, W) -> (N, C) logits, by a copy of the run's classifier made fast when it is first needed."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def classifier(self) -> Classifier:
        from foodviz import models

        return models.fast(self.run.classifier)

    def __call__(self, images: Tensor) -> np.ndarray:
        import torch

        with torch.inference_mode():
            logits: Tensor = self.classifier(images.to(self.run.device))
        return np.asarray(logits.cpu())
