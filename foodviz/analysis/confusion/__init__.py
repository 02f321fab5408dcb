"""What a model takes for what over a whole split, and whether it had seen the pictures before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foodviz.analysis.photographs import Photographs
from foodviz.analysis.result import Result, settings_of
from foodviz.errors import InputError, require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foodviz.analysis.confusion.summary import ConfusionSummary
    from foodviz.analysis.subject import Subject
    from foodviz.data import Split

ERRORS = 12  # pictures in the montage


def confusion(subject: Subject, *, pair: tuple[str, str] | None = None, duplicates: bool = False) -> Result:
    """What the model takes for what, how often, and whether it had seen the pictures before.

    Over the validation split unless the subject names one. Answers are kept in the cache: a second call, or one after
    a killed run, does not compute them again.

    Args:
        pair: a true and a predicted class; draws pictures of the one taken for the other, with saliency.
        duplicates: look for copies of pictures between the splits of the data.

    Raises:
        InputError: the split has no labels, no such class, or no second split to look for copies in.
    """
    settings = {**subject.settings, **settings_of(confusion, locals())}
    require(pair is None or len(pair) == 2, "pair", pair, "give two classes, the true one and the predicted one")
    split = subject.split("validation")
    if not split.labelled:
        raise InputError(
            f"`split` {split.name}: no labels in {split.data} (its files are neither named <class>_<n> nor in a folder "
            "per class); choose a labelled one, such as `split` validation"
        )
    from foodviz.analysis.confusion import duplicates as copies

    compared = copies.splits_to_compare(subject.dataset, split) if duplicates else []

    from foodviz.analysis.confusion.cells import matrix_view
    from foodviz.analysis.confusion.pair import confused_pair, two_classes
    from foodviz.analysis.confusion.summary import write_rows
    from foodviz.render import sentences

    classes = two_classes(pair, subject.classifier.class_names) if pair else None
    between = copies.find_duplicates(subject, compared) if duplicates else None
    summary = _summary(subject, split)
    known, alarming = _leak(subject, split, summary)
    confused = confused_pair(subject, split, summary, *classes) if classes else None

    def draw() -> Mapping[str, Figure]:
        figures = {}
        if between and between.pairs:
            figures["duplicates"] = between.figure(subject.classifier.input_size)
        figures[""] = _matrix_figure(split.name, summary, known, alarming)
        if len(summary.errors):
            figures["errors"] = _errors_figure(subject, split, summary, known)
        if confused and confused.photographs:
            figures["pair"] = confused.figure(known)
        return figures

    facts = {**subject.facts(split), **summary.facts, "trained_on": known or None}
    files = {
        "confusion.csv": lambda path: write_rows(path, summary.matrix_rows),
        "confusion-predictions.csv": lambda path: write_rows(path, summary.prediction_rows),
    }
    arrays = {
        "counts": summary.counts,
        "shares": summary.shares,
        "ids": summary.predictions.ids,
        "logits": summary.predictions.logits,
    }
    lines = [*summary.lines, known]
    if between:
        facts["duplicates"] = between.facts
        files = {"confusion-duplicates.csv": lambda path: write_rows(path, between.rows), **files}
        lines += between.lines
    if confused:
        facts["pair"] = confused.facts
        arrays |= confused.arrays
    return Result(
        "confusion",
        settings,
        arrays,
        facts,
        lines,
        sentences.confusion(facts),
        draw,
        lambda: matrix_view(split, summary),
        files,
        findings=[sentences.confused(facts)],
    )


def _summary(subject: Subject, split: Split) -> ConfusionSummary:
    """The answers to the labelled pictures; what is odd about them is said."""
    from foodviz.analysis.confusion.summary import ConfusionSummary
    from foodviz.analysis.predictions import predict

    answers = predict(subject, split)
    labelled = answers.labelled()
    if len(labelled) < len(answers):
        subject.say(f"left out {len(answers) - len(labelled)} of {len(answers)} pictures that have no label")
    if not len(labelled):
        raise InputError(f"`split` {split.name}: no labelled picture can be read")
    names = subject.classifier.class_names
    labels = set(labelled.labels.tolist())
    if len(labels) == 1:
        only = names[labels.pop()]
        subject.say(f"all pictures are of one class, {only}: the precision of the classes says nothing")
    return ConfusionSummary(labelled, [split.names[index] for index in labelled.ids], names)


def _leak(subject: Subject, split: Split, summary: ConfusionSummary) -> tuple[str, bool]:
    """What is known of the pictures having been trained on, in words, and whether it is alarming."""
    from foodviz.analysis.leakage import accuracy_gap, seen_in_training

    seen = seen_in_training(subject.classifier, summary.predictions.digests)
    if seen.known is not None:
        return seen.words, seen.known > 0
    gap = accuracy_gap(subject, split, summary.predictions)
    return (gap.words(split.name), gap.suspicious) if gap else ("", False)


def _matrix_figure(split: str, summary: ConfusionSummary, known: str, alarming: bool) -> Figure:
    from foodviz.render.confusion import matrix_figure

    scores, calibration = summary.scores, summary.calibration_words
    return matrix_figure(
        summary.counts,
        summary.shares,
        summary.class_names,
        {"images": scores.support, "recall": scores.recall, "precision": scores.precision, "F1": scores.f1},
        title=f"{split}: {summary.accuracy_words.partition(',')[0]}",
        notes=[
            "Each cell: images, and their share of the true class. Blue is right, red wrong, on a square-root scale.",
            calibration[0].upper() + calibration[1:] + ".",
            "" if alarming else known,
        ],
        warning=known if alarming else "",
    )


def _errors_figure(subject: Subject, split: Split, summary: ConfusionSummary, known: str) -> Figure:
    from foodviz.analysis.confusion.pair import captions
    from foodviz.render.contact_sheet import montage

    first = summary.errors[:ERRORS]
    photographs = Photographs.of(subject, split, summary.predictions.ids[first].tolist())
    return montage(
        photographs.pixels,
        captions(photographs),
        title="The most confident errors",
        notes=[f"{len(first)} of {len(summary.errors)} errors: true → predicted, probability of it.", known],
    )
