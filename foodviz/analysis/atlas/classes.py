"""What an atlas tells of a class: its picture, the filters that answer to it, its errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foodviz.analysis.atlas.crops import Photographed
from foodviz.analysis.predictions import predict
from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np

    from foodviz.analysis.atlas.chapters import Chapter, Source
    from foodviz.analysis.atlas.drawing import Drawn
    from foodviz.analysis.predictions import Predictions

_FILTERS = 24  # named of a class
_ERRORS = 8  # of each kind
_CHANGED = 220  # pictures at most that are changed to see what the classes rely on


@dataclass(frozen=True)
class NamedWrongly:
    """A photograph of the class that is named otherwise (`missed`), or of another that is taken for it."""

    id: int
    file: str
    missed: bool
    other: str
    confidence: float

    @property
    def words(self) -> str:
        """What happened."""
        other = printable(self.other, 32)
        return f"taken for {other}, {self.confidence:.0%}" if self.missed else f"is {other}, {self.confidence:.0%} sure"


@dataclass(frozen=True, eq=False)
class ClassChapter:
    """A class.

    Attributes:
        picture: (H, W, 3) uint8 drawn for its logit; None where it is not drawn.
        filters: slug of the layer and number of those whose mean is largest for it, the most selective first.
        errors: the most confident ones. photographs: (H, W, 3) uint8 of each.
        relies_on: what takes its answers away when it is changed, as `reliance` says it; empty where too few pictures
            are of it.
        right: how many of its pictures are named rightly.
    """

    slug: str
    name: str
    picture: np.ndarray | None
    filters: list[tuple[str, int]]
    errors: list[NamedWrongly]
    photographs: list[np.ndarray]
    relies_on: str
    right: int
    pictures: int

    @property
    def title(self) -> dict[str, Any]:
        return {"slug": self.slug, "name": self.name}


def classes_of(
    source: Source, chapters: Sequence[Chapter], drawn: Sequence[Drawn], photographed: Photographed
) -> list[ClassChapter]:
    """The chapter of each class; drawn: the pictures of their logits batch by batch."""
    if not source.classes:
        return []
    names = source.subject.classifier.class_names
    answers = predict(source.subject, source.split, source.ids).labelled()
    pictures = [
        None if dead else picture for batch in drawn for picture, dead in zip(batch.pictures, batch.dead, strict=True)
    ]
    pictures += [None] * (len(source.classes) - len(pictures))
    relied_on = _relied_on(source)
    told = []
    for number, picture in zip(source.classes, pictures, strict=True):
        found = [
            (-row.selectivity, chapter.slug, row.number)
            for chapter in chapters
            for row in chapter.rows
            if row.favourites[:1] == [number]
        ]
        errors = _errors(source, answers, number)
        own = answers.labels == number
        told.append(
            ClassChapter(
                f"{number:02}",
                names[number],
                picture,
                [(slug, channel) for _, slug, channel in sorted(found)[:_FILTERS]],
                errors,
                photographed.pixels([error.id for error in errors]),
                relied_on.get(number, ""),
                int((own & answers.right).sum()),
                int(own.sum()),
            )
        )
    return told


def _relied_on(source: Source) -> dict[int, str]:
    """What `reliance` says of each class of which it has pictures enough."""
    from foodviz.analysis.reliance import reliance

    names = source.subject.classifier.class_names
    sentences = reliance(source.subject, limit=min(_CHANGED, source.photographs)).sentences
    heads = {number: f"{printable(names[number])}: " for number in source.classes}
    found = {number: [each for each in sentences if each.startswith(head)] for number, head in heads.items()}
    return {number: said[0].removeprefix(heads[number]) for number, said in found.items() if said}


def _errors(source: Source, answers: Predictions, number: int) -> list[NamedWrongly]:
    names = source.subject.classifier.class_names
    wrong = ~answers.right
    errors = []
    for missed, chosen in ((True, wrong & (answers.labels == number)), (False, wrong & (answers.predicted == number))):
        rows = sorted(chosen.nonzero()[0].tolist(), key=lambda row: -answers.confidences[row])[:_ERRORS]
        for row in rows:
            index = int(answers.ids[row])
            other = names[int((answers.predicted if missed else answers.labels)[row])]
            errors.append(
                NamedWrongly(index, source.split.names[index], missed, other, float(answers.confidences[row]))
            )
    return errors
