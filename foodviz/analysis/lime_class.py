"""What a class is recognised by, over many of its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foodviz.analysis.choosing import of_class
from foodviz.analysis.explanations import LimeSettings, explained
from foodviz.analysis.lime_claims import class_claims, in_words
from foodviz.analysis.photographs import Photographs
from foodviz.analysis.result import Result
from foodviz.errors import InputError
from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from foodviz.analysis.explanations import ExplainedPicture
    from foodviz.analysis.subject import Subject
    from foodviz.render.lime_class import MontagePiece

_MONTAGE = 30  # superpixels, at most


def lime_class(subject: Subject, class_name: str, limit: int, how: LimeSettings, settings: Mapping[str, Any]) -> Result:
    """Explain labelled pictures of a class for it, and say what their superpixels have in common.

    Args:
        class_name: name or number of a class of the data.
        limit: so many pictures, evenly spread.
        settings: of the whole run, for the result.

    Raises:
        InputError: no such class, or no picture of it in the split.
    """
    from foodviz.data import spread_ids

    split = subject.split()
    label, labelled = of_class(split, class_name)
    name = split.class_names[label]
    ids = spread_ids(labelled, limit)

    import numpy as np
    import torch

    from foodviz.methods.lime.class_summary import class_summary
    from foodviz.methods.lime.superpixels import describe
    from foodviz.render.lime_class import Difference

    photographs = Photographs.of(subject, split, ids)
    pictures, pieces, kept = [], [], []
    target = subject.class_order(split)[label]
    explanations = explained(photographs, how, [(target,)] * len(ids))
    for place, (index, picture) in enumerate(zip(ids, explanations, strict=True)):
        weights = picture.explanation.weights[0]
        if not 0 < int((weights > 0).sum()) < len(weights):
            subject.say(f"left out {split.describe(index)}: every superpixel speaks the same way")
            continue
        pictures.append(picture)
        kept.append(place)
        pieces.append(
            describe(
                picture.image, picture.explanation.segments, split.framed_mask(index, subject.classifier.input_size)
            )
        )
    if not pictures:
        raise InputError(f"`class_name` {class_name}: in no picture do superpixels speak for {name} and others not")
    weights_of = [picture.explanation.weights[0].numpy() for picture in pictures]
    summary = class_summary([picture.explanation.segments.numpy() for picture in pictures], weights_of, pieces)
    differences = [
        Difference(each.name, float(each.supporting.mean()), float(each.rest.mean()), each.effect, each.agreeing)
        for each in summary.properties
    ]
    speaking = torch.stack([picture.explanation.weights[0][picture.explanation.segments] > 0 for picture in pictures])
    claims = class_claims(photographs.take(kept), speaking, target, [each.word for each in summary.clear])
    sentences = summary.sentences(in_words(claims))
    for sentence in sentences:
        subject.say(sentence)

    def draw() -> Mapping[str, Figure]:
        from foodviz.render.lime_class import lime_class_figure

        figure = lime_class_figure(
            _montage(pictures, weights_of),
            summary.colours,
            summary.place,
            differences,
            title=f"What {printable(name)} is recognised by",
            notes=[*sentences, _basis(photographs, how, len(pictures)), photographs.trained_on],
        )
        return {"": figure}

    arrays = {
        "colours": summary.colours,
        "place": summary.place,
        "properties": np.stack([[each.supporting, each.rest] for each in summary.properties]),
    }
    for key in ("on_mask", "mask_area", "density"):
        if getattr(summary, key) is not None:
            arrays[key] = getattr(summary, key)
    facts = {
        **photographs.facts(),
        "class": name,
        "sentences": sentences,
        "claims": [claim.facts for claim in claims],
        "properties": [vars(each) for each in differences],
        "explained": [picture.facts for picture in pictures],
    }
    return Result("lime", settings, arrays, facts, photographs.table, sentences, draw)


def _basis(photographs: Photographs, how: LimeSettings, used: int) -> str:
    """What the figure rests on, in words."""
    recognised = sum(picture.predicted == picture.label for picture in photographs.pictures)
    return (
        f"LIME on {how.output}: {used} pictures, {recognised} of {len(photographs)} recognised. Above: the strongest "
        "superpixel of each, strongest first, with its weight."
    )


def _montage(pictures: Sequence[ExplainedPicture], weights: Sequence[np.ndarray]) -> list[MontagePiece]:
    """The strongest superpixel of each picture, strongest first."""
    from foodviz.render.lime_class import MontagePiece

    best = sorted(zip(pictures, weights, strict=True), key=lambda pair: -pair[1].max())[:_MONTAGE]
    return [
        MontagePiece(
            picture.image.numpy(),
            (picture.explanation.segments == int(each.argmax())).numpy(),
            f"{picture.key}  {each.max():+.2g}",
        )
        for picture, each in best
    ]
