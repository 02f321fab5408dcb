"""The confusion matrix of the page: every cell with a few of its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foodviz.errors import InputError
from foodviz.printable import printable

if TYPE_CHECKING:
    from foodviz.analysis.confusion.summary import ConfusionSummary
    from foodviz.data import Split

MOST_CLASSES = 30  # larger matrices are a figure only
PICTURES, RIGHT = 4, 2  # of a kind of error, of a class named rightly


def matrix_view(split: Split, summary: ConfusionSummary) -> Mapping[str, Any]:
    """Counts, shares and the most confident pictures of each cell; nothing where there are too many classes."""
    from foodviz.render.page import views

    if len(summary.class_names) > MOST_CLASSES:
        return {}
    return views.matrix(summary.class_names, summary.counts, summary.shares, _pictures(split, summary))


def _pictures(split: Split, summary: ConfusionSummary) -> Mapping[tuple[int, int], list[tuple[np.ndarray, str]]]:
    """(true, predicted) -> photographs (H, W, 3) uint8, captions; those that cannot be read are left out."""
    from foodviz.data.pictures import decode

    answers = summary.predictions
    # Rounded: noise in the last digit of many probabilities near 1 must not choose the pictures.
    order = np.argsort(-answers.confidences.round(6), kind="stable")
    cells: dict[tuple[int, int], list[tuple[np.ndarray, str]]] = {}
    for row in order.tolist():
        true, predicted, index = int(answers.labels[row]), int(answers.predicted[row]), int(answers.ids[row])
        cell = cells.setdefault((true, predicted), [])
        if len(cell) == (RIGHT if true == predicted else PICTURES):
            continue
        try:
            picture = decode(split.read_bytes(index), split.title(index))
        except (InputError, OSError):
            continue
        caption = f"{index} {printable(Path(split.names[index]).name)}, {answers.confidences[row]:.0%}"
        cell.append((np.asarray(picture), caption))
    return cells
