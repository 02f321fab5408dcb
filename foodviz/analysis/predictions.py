"""A classifier's answers to a whole split: one pass, kept in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from foodviz.analysis.subject import check_answers
from foodviz.analysis.sweep import sweep

if TYPE_CHECKING:
    from torch import Tensor

    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.models import Classifier


@dataclass(frozen=True)
class Predictions:
    """Answers to the pictures of a split that can be read.

    Attributes:
        ids: (N,) places in the split's listing, ascending.
        labels: (N,) class index as the model numbers its classes, -1 where unlabelled.
        logits: (N, C) float32.
        digests: SHA-256 of each file, hex.
        skipped: reasons, one for each picture that cannot be read.
        independent: whether each class has a probability of its own.
    """

    ids: np.ndarray
    labels: np.ndarray
    logits: np.ndarray
    digests: tuple[str, ...]
    skipped: tuple[str, ...]
    independent: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """(N, C) softmax of the logits, or where classes are independent their sigmoid, float64."""
        if self.independent:
            return np.asarray(1 / (1 + np.exp(-self.logits.astype(np.float64))))
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

    def labelled(self) -> Predictions:
        """Those whose label is known."""
        known = self.labels >= 0
        if known.all():
            return self
        digests = tuple(digest for digest, keep in zip(self.digests, known, strict=True) if keep)
        return Predictions(
            self.ids[known], self.labels[known], self.logits[known], digests, self.skipped, self.independent
        )


def predict(subject: Subject, split: Split, ids: Sequence[int] | None = None) -> Predictions:
    """The classifier's answers to pictures of a split, from the cache where it gave them before.

    Args:
        ids: which; all where None.

    Raises:
        InputError: no picture can be read, classes that the model does not have, or answers that are no numbers.
    """
    import torch

    from foodviz.data.class_names import renumbered

    order = subject.class_order(split)
    answers = sweep(
        subject,
        split,
        range(len(split)) if ids is None else ids,
        subject.classifier.input_size,
        _Forward(subject),
        kind="predictions",
        key=[subject.classifier.identity, subject.device.type],
    )
    check_answers(torch.from_numpy(answers.values), subject)
    labels = np.array(split.labels)[answers.ids]
    return Predictions(
        answers.ids,
        renumbered(labels, order),
        answers.values,
        tuple(answers.digests.tolist()),
        tuple(answers.skipped.tolist()),
        subject.classifier.independent,
    )


class _Forward:
    """Images (N, 3, H, W) -> (N, C) logits, by the subject's classifier made fast when it is first needed."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    @cached_property
    def classifier(self) -> Classifier:
        from foodviz import models

        return models.fast(self.subject.classifier)

    def __call__(self, images: Tensor) -> np.ndarray:
        import torch

        with torch.inference_mode():
            logits: Tensor = self.classifier(images.to(self.subject.device))
        return np.asarray(logits.cpu())
