"""Whether a model is shown pictures it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from foodviz.errors import InputError

if TYPE_CHECKING:
    from foodviz.analysis.predictions import Predictions
    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.models import Classifier

# Pictures of the training split that a foreign checkpoint answers: at 99 % right the interval is 0.6 points either way.
TRAINING_PICTURES = 1000


class Seen(NamedTuple):
    """How many of some pictures a model was trained on; `known` is None where its checkpoint does not say."""

    known: int | None
    total: int

    @property
    def words(self) -> str:
        """One line, empty where nothing is known."""
        return "" if self.known is None else f"{self.known} of {self.total} images were in the training set"


def seen_in_training(classifier: Classifier, digests: Sequence[str]) -> Seen:
    """Look pictures, given by the SHA-256 of their files, up in what the checkpoint says it was trained on."""
    from foodviz.models.files.own_format import seen_digests, was_seen

    declared = classifier.origin.declared.trained_on
    if declared is None:
        return Seen(None, len(digests))
    seen = seen_digests(declared)
    return Seen(sum(was_seen(seen, digest) for digest in digests), len(digests))


class Gap(NamedTuple):
    """Accuracy on training and evaluated pictures, each as (right, total), and what follows; shares in [0, 1]."""

    training: tuple[int, int]
    evaluated: tuple[int, int]
    interval: tuple[float, float]

    @property
    def suspicious(self) -> bool:
        """Whether a good fit leaves no room for a drop: such models nearly always know the evaluated pictures."""
        fitted = self.training[0] / self.training[1] >= 0.9
        return fitted and self.interval[0] <= 0 and self.interval[1] <= 0.02

    def words(self, split: str) -> str:
        """The figures in one line, and the suspicion where there is one."""
        shares = [right / total for right, total in (self.training, self.evaluated)]
        figures = (
            f"accuracy {shares[0]:.1%} on {self.training[1]} training images and {shares[1]:.1%} on {split}: "
            f"a drop of {100 * (shares[0] - shares[1]):.1f} points "
            f"(95% interval {100 * self.interval[0]:.1f} to {100 * self.interval[1]:.1f})"
        )
        if self.suspicious:
            return f"suspicion: {split} looks trained on, or is as easy as training; {figures}"
        return figures


def accuracy_gap(subject: Subject, split: Split, predictions: Predictions) -> Gap | None:
    """Compare with pictures of the training split; None where the data has no other labelled split of that name."""
    from foodviz.analysis.predictions import predict
    from foodviz.data import spread_ids
    from foodviz.metrics.confusion import difference_interval

    try:
        training = subject.dataset.split("training")
    except InputError:
        return None
    if training.fingerprint == split.fingerprint or not training.labelled:
        return None
    answers = predict(subject, training, spread_ids(training.labelled_ids, TRAINING_PICTURES))
    shares = [(int(each.right.sum()), int((each.labels >= 0).sum())) for each in (answers, predictions)]
    return Gap(shares[0], shares[1], difference_interval(shares[0], shares[1]))
