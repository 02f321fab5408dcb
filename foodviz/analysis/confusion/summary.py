"""A confusion matrix in words and in tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from foodviz.analysis.predictions import Predictions
from foodviz.metrics import confusion as metrics
from foodviz.printable import printable

PAIRS = 5  # kinds of error told in words
IDS = 8  # ids told of each
LONGEST = 60  # characters of a class's name in a table


@dataclass(frozen=True)
class ConfusionSummary:
    """What predictions of labelled pictures say.

    Attributes:
        predictions: labelled ones only.
        names: file of each.
        class_names: the model's.
    """

    predictions: Predictions
    names: Sequence[str]
    class_names: Sequence[str]

    @cached_property
    def counts(self) -> np.ndarray:
        """(C, C) images, true class down."""
        return metrics.confusion_counts(self.predictions.labels, self.predictions.predicted, len(self.class_names))

    @cached_property
    def shares(self) -> np.ndarray:
        """(C, C) of each true class's images, in [0, 1]; NaN for a class without images."""
        return metrics.row_shares(self.counts)

    @cached_property
    def scores(self) -> metrics.Scores:
        """Precision, recall, F1 and images of each class."""
        return metrics.class_scores(self.predictions.labels, self.predictions.predicted, len(self.class_names))

    @cached_property
    def calibration(self) -> tuple[float, float]:
        """Expected calibration error, and mean confidence minus accuracy."""
        return metrics.calibration(self.predictions.confidences, self.predictions.right)

    @cached_property
    def errors(self) -> np.ndarray:
        """(E,) rows of the predictions that are wrong, the most confident first."""
        wrong = np.flatnonzero(~self.predictions.right)
        return wrong[np.argsort(-self.predictions.confidences[wrong], kind="stable")]

    def of_pair(self, true: int, predicted: int) -> np.ndarray:
        """Rows of the pictures of one class taken for another, the most confident first."""
        answers = self.predictions
        return np.array(
            [row for row in self.errors if (answers.labels[row], answers.predicted[row]) == (true, predicted)],
            np.int64,
        )

    @property
    def accuracy_words(self) -> str:
        """Accuracy with its interval, in one line."""
        right, total = int(self.predictions.right.sum()), len(self.predictions)
        low, high = metrics.wilson_interval(right, total)
        return f"accuracy {right / total:.1%} (95% interval {low:.1%} to {high:.1%}), {right} of {total} images right"

    @property
    def calibration_words(self) -> str:
        """Calibration error and which way it leans, in one line."""
        error, excess = self.calibration
        lean = "surer than right" if excess > 0 else "less sure than right"
        return f"calibration error {error:.1%}; on average {abs(100 * excess):.1f} points {lean}"

    @property
    def pair_lines(self) -> list[str]:
        """The most frequent kinds of error, each with the ids to look at."""
        lines = []
        for true, predicted in metrics.confused_pairs(self.counts)[:PAIRS]:
            count, total = self.counts[true, predicted], self.scores.support[true]
            ids = self.predictions.ids[self.of_pair(true, predicted)]
            shown = " ".join(map(str, ids[:IDS])) + (" …" if len(ids) > IDS else "")
            lines.append(
                f"{printable(self.class_names[true])} taken for {printable(self.class_names[predicted])}: "
                f"{count} of {total} ({count / total:.1%})  ids {shown}"
            )
        return lines

    @property
    def never_mistaken(self) -> list[str]:
        """Classes all of whose images are named rightly."""
        return [name for name, recall in zip(self.class_names, self.scores.recall, strict=True) if recall == 1]

    @property
    def lines(self) -> list[str]:
        """All of it, for the terminal."""
        from foodviz.render import sentences

        names = [printable(name, LONGEST) for name in self.class_names]
        width = max(map(len, names))
        lines = [self.accuracy_words, self.calibration_words, ""]
        lines.append(f"{'':{width}}  images  recall  precision      F1")
        for row, name in enumerate(names):
            shares = (self.scores.recall[row], self.scores.precision[row], self.scores.f1[row])
            recall, precision, f1 = ("–" if np.isnan(share) else f"{share:.1%}" for share in shares)
            lines.append(f"{name:{width}}  {self.scores.support[row]:6}  {recall:>6}  {precision:>9}  {f1:>6}")
        pairs = self.pair_lines or ["nothing was confused"]
        mistaken = sentences.listed([printable(name) for name in self.never_mistaken]) or "none"
        return [*lines, "", "most confused:", *(f"  {line}" for line in pairs), f"never mistaken: {mistaken}"]

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        right, total = int(self.predictions.right.sum()), len(self.predictions)
        rows = zip(self.class_names, *(column.tolist() for column in self.scores), strict=True)
        return {
            "accuracy": right / total,
            "accuracy_interval": metrics.wilson_interval(right, total),
            "right": right,
            "images": total,
            "calibration_error": self.calibration[0],
            "confidence_minus_accuracy": self.calibration[1],
            "classes": [
                {"name": name, "precision": _known(p), "recall": _known(r), "f1": _known(f), "images": n}
                for name, p, r, f, n in rows
            ],
            "most_confused": self.pair_lines,
            "never_mistaken": self.never_mistaken,
            "unreadable": list(self.predictions.skipped),
        }

    @property
    def matrix_rows(self) -> Iterator[Sequence[object]]:
        """The counts for a CSV file: true class down, predicted class across."""
        yield ["true \\ predicted", *self.class_names]
        for name, row in zip(self.class_names, self.counts.tolist(), strict=True):
            yield [name, *row]

    @property
    def prediction_rows(self) -> Iterator[Sequence[object]]:
        """Every picture's answer for a CSV file."""
        answers, right = self.predictions, self.predictions.right
        yield ["id", "file", "true", "predicted", "probability", "probability of true", "right", "sha256"]
        for row in range(len(answers)):
            yield [
                answers.ids[row],
                self.names[row],
                self.class_names[answers.labels[row]],
                self.class_names[answers.predicted[row]],
                f"{answers.confidences[row]:.6f}",
                f"{answers.probabilities[row, answers.labels[row]]:.6f}",
                int(right[row]),
                answers.digests[row],
            ]


def _known(share: float) -> float | None:
    return None if np.isnan(share) else share


def write_rows(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file; bytes of names that are no text become visible escapes."""
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
