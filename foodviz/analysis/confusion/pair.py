"""The pictures of one class taken for another, and what each of the two logits depends on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foodviz.analysis.photographs import Photographs
from foodviz.data.class_names import find_class
from foodviz.errors import InputError
from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from foodviz.analysis.confusion.summary import ConfusionSummary
    from foodviz.analysis.subject import Subject
    from foodviz.attribution import Attribution
    from foodviz.data import Split

SHOWN = 6  # pictures


@dataclass(frozen=True, eq=False)
class ConfusedPair:
    """Pictures of one class that are taken for another.

    Attributes:
        true, predicted: names of the two classes.
        ids: of all such pictures, the most confident first.
        support: pictures of the true class.
        photographs: the most confident of them; None where there are none.
        maps: how much the logit of `predicted` and that of `true` depend on each pixel of them, (N, H, W) each.
    """

    true: str
    predicted: str
    ids: Sequence[int]
    support: int
    photographs: Photographs | None = None
    maps: Sequence[Attribution] = ()

    @property
    def count(self) -> str:
        """How many there are, in words."""
        true, predicted = self.names
        return f"{len(self.ids)} of {self.support} images of {true} are taken for {predicted}"

    @property
    def names(self) -> tuple[str, str]:
        """The true and the predicted class's, to be looked at."""
        return printable(self.true), printable(self.predicted)

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        return {"true": self.true, "predicted": self.predicted, "ids": list(self.ids)}

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Both maps, (N, H, W) each; nothing where there are no pictures."""
        names = ("pair_for_predicted", "pair_for_true")
        return {name: each.maps for name, each in zip(names, self.maps, strict=False)}

    def figure(self, known: str) -> Figure:
        """The pictures with both maps; `known` says whether the pictures were trained on."""
        from foodviz.render.contact_sheet import two_maps_figure

        assert self.photographs is not None
        for_predicted, for_true = self.maps
        true, predicted = self.names
        return two_maps_figure(
            self.photographs.pixels,
            for_predicted.maps,
            for_true.maps,
            captions=captions(self.photographs),
            names=(predicted, true),
            title=f"{true} taken for {predicted}: where the two logits depend on the picture",
            notes=[
                f"{self.count}; the {len(self.photographs)} most confident. "
                f"Gradient magnitude in {for_predicted.unit}.",
                "Both maps of an image share one scale. Red in the difference: the predicted class depends on it more.",
                known,
            ],
        )


def two_classes(pair: tuple[str, str], class_names: Sequence[str]) -> tuple[int, int]:
    """The true and the predicted class that two words mean.

    Raises:
        InputError: no such class, or one class twice.
    """
    true, predicted = (find_class(name, class_names, "pair") for name in pair)
    if true == predicted:
        raise InputError(f"`pair` {' '.join(pair)}: give two different classes")
    return true, predicted


def confused_pair(subject: Subject, split: Split, summary: ConfusionSummary, true: int, predicted: int) -> ConfusedPair:
    """The pictures of class `true` that are taken for `predicted`, with the gradients of both logits."""
    import torch

    from foodviz import models
    from foodviz.methods.attribution import gradient

    ids = summary.predictions.ids[summary.of_pair(true, predicted)].tolist()
    names = summary.class_names
    confused = ConfusedPair(names[true], names[predicted], ids, int(summary.scores.support[true]))
    if not ids:
        subject.say(f"`pair`: {confused.count}; there is nothing to draw")
        return confused
    photographs = Photographs.of(subject, split, ids[:SHOWN])
    model = models.fast(subject.classifier)
    maps = [
        gradient.attribute(model, photographs.images, torch.full_like(photographs.batch.labels, target)).reduced("max")
        for target in (predicted, true)
    ]
    return dataclasses.replace(confused, photographs=photographs, maps=maps)


def captions(photographs: Photographs) -> list[str]:
    """Above each wrong answer: id and file, true class, predicted class with its probability."""
    return [
        f"{picture.title}\n{printable(picture.label)}\n→ {printable(picture.predicted)} {picture.probability:.1%}"
        for picture in photographs.pictures
    ]
