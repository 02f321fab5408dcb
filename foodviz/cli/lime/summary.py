"""`foodviz lime --class`: what a class is recognised by, over many of its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from foodviz.cli.lime.runs import Answer, Settings, answers
from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from foodviz.methods.superpixels import Pieces
    from foodviz.render.lime_summary import Piece

_MONTAGE = 30


def sum_up(flags: dict[str, Any], settings: Settings, class_name: str, limit: int) -> None:
    """Explain `limit` labelled pictures of the class for it, and draw what their superpixels have in common.

    Raises:
        InputError: no such class, or no picture of it in the split.
    """
    from foodviz.cli.run import Run
    from foodviz.data import find_class, spread_ids

    if flags["ids"] or flags["image"]:
        raise click.UsageError("--class chooses pictures itself: give no --ids and no --image")
    run = Run("lime", **flags)
    label = find_class(class_name, run.listing.class_names, "class_name")
    name = run.listing.class_names[label]
    there = [index for index in run.listing.labelled_ids if run.listing.labels[index] == label]
    if not there:
        raise InputError(
            f"--class {class_name}: {run.listing.name} of {run.listing.data} has no picture labelled {name}"
        )
    count = min(limit, len(there))
    run.flags["ids"] = tuple(map(str, spread_ids(there, count)))
    run.check()

    import numpy as np

    from foodviz.methods.lime_summary import class_summary
    from foodviz.methods.superpixels import describe
    from foodviz.models import fast
    from foodviz.render.lime_summary import Difference, lime_summary_figure

    run.__dict__["classifier"] = fast(run.classifier)
    found: list[Answer] = []
    pieces: list[Pieces] = []
    for index, answer in zip(run.ids, answers(run, settings, [(run.class_order[label],)] * count), strict=True):
        if not 0 < int((answer.told.weights[0] > 0).sum()) < answer.told.weights.shape[1]:
            run.say(f"left out {run.listing.describe(index)}: every superpixel speaks the same way")
            continue
        found.append(answer)
        pieces.append(describe(answer.image, answer.told.segments, run.listing.mask(index)))
    if not found:
        raise InputError(f"--class {class_name}: in no picture do superpixels speak for {name} and others not")
    weights = [answer.told.weights[0].numpy() for answer in found]
    summary = class_summary([answer.told.segments.numpy() for answer in found], weights, pieces)
    recognised = sum(picture.predicted == picture.label for picture in run.pictures)
    for sentence in summary.sentences:
        run.say(sentence)
    measures = [
        Difference(each.name, float(each.supporting.mean()), float(each.rest.mean()), each.effect, each.agreeing)
        for each in summary.properties
    ]
    figure = lime_summary_figure(
        _montage(found, weights),
        summary.colours,
        summary.place,
        measures,
        title=f"What {name} is recognised by",
        notes=[
            *summary.sentences,
            f"LIME on {settings.output}: {len(found)} pictures, {recognised} of {count} recognised. Above: the "
            "strongest superpixel of each, strongest first, with its weight.",
            run.trained_on,
        ],
    )
    arrays = {
        "colours": summary.colours,
        "place": summary.place,
        "properties": np.stack([[each.supporting, each.rest] for each in summary.properties]),
    }
    for key in ("on_mask", "mask_area", "density"):
        if getattr(summary, key) is not None:
            arrays[key] = getattr(summary, key)
    facts = {"class": name, "sentences": summary.sentences, "properties": [vars(each) for each in measures]}
    run.save({"": figure}, arrays, {**facts, "explained": [answer.facts for answer in found]})


def _montage(found: Sequence[Answer], weights: Sequence[np.ndarray]) -> list[Piece]:
    """The strongest superpixel of each picture, strongest first."""
    from foodviz.render.lime_summary import Piece

    best = sorted(zip(found, weights, strict=True), key=lambda pair: -pair[1].max())[:_MONTAGE]
    return [
        Piece(
            answer.image.numpy(),
            (answer.told.segments == int(each.argmax())).numpy(),
            f"{answer.key}  {each.max():+.2g}",
        )
        for answer, each in best
    ]
