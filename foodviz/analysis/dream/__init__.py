"""What a photograph turns into when it climbs what a layer sees in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from foodviz import homework
from foodviz.analysis.dream.photograph import choose_one, photograph_at
from foodviz.analysis.dream.settings import DreamSettings
from foodviz.analysis.photographs import Photographs
from foodviz.analysis.result import Result, settings_of
from foodviz.errors import UsageError

if TYPE_CHECKING:
    from foodviz.analysis.subject import Subject


def dream(
    subject: Subject,
    state: str | Path | None = None,
    *,
    ids: Sequence[int | str] = (),
    image: Sequence[str] = (),
    recipe: Literal["plain", "octaves"] = "plain",
    layer: str | None = None,
    filters: Sequence[int | str] = (),
    weights: Sequence[float] = (),
    class_name: str | None = None,
    guide: str | None = None,
    steps: int | None = None,
    every: int = 10,
    lr: float | None = None,
    weight_decay: float = 1e-4,
    optimizer: Literal["sgd", "adam"] = "sgd",
    space: Literal["pixels", "model"] = "pixels",
    size: int | None = None,
    octaves: int = 4,
    octave_scale: float = 1.4,
    animate: Literal["gif", "webp", "mp4"] | None = None,
    zoom: int | None = None,
    resume: bool = False,
) -> Result:
    """What a photograph turns into when it climbs what a layer, a filter or a class sees in it.

    Args:
        state: file in which the dream is kept while it runs; None to keep nothing.
        ids: the picture, of the subject's split; the report's without one.
        image: a picture file instead.
        recipe: plain, the report's gradient ascent; or octaves, at several sizes, each gradient smoothed and scaled.
        layer: index or dotted name; the report's 34, or the last maps of a model without it, where None.
        filters: channels to climb, or `all`; the report's without any.
        weights: of the filters, one each; 1 without any.
        class_name: class whose logit is climbed instead.
        guide: picture file; climbed is likeness to what the layer sees there.
        steps: 250 for plain, 25 an octave for octaves where None.
        every: steps between snapshots.
        lr: step size; 12, with adam 0.01, for octaves 0.02 where None.
        weight_decay: of the plain recipe, share of the picture taken off.
        optimizer: of the plain recipe, how to climb.
        space: of the plain recipe, climb in [0, 1] pixels or in the model's normalised ones.
        size: longer side in pixels. None for plain is the model's input; for octaves the picture's own, at least 512,
            at most what has 12.5 million pixels.
        octaves: how many sizes. octave_scale: from one size to the next.
        animate: write an animation, too.
        zoom: for octaves, frames of an endless zoom that goes on from the dream.
        resume: go on with the dream in `state` that was stopped, or is to be longer.

    Raises:
        InputError: a picture, layer, filter or class that is not there, a value out of its range, a dead objective.
    """
    settings = {**subject.settings, **settings_of(dream, locals())}
    own = DreamSettings.of(settings)
    if resume and state is None:
        raise UsageError("`resume` goes on with a dream that was kept: give `state`, its file")
    split, index = choose_one(subject, ids, image)
    if animate or zoom:
        from foodviz.render.animation import check_encoder

        check_encoder(animate or "webp")

    from foodviz.analysis.dream.ascent import DreamAscent
    from foodviz.analysis.dream.objective import dream_objective
    from foodviz.analysis.dream.result import result_of

    at = subject.layer(layer, homework.DREAM_LAYER) if own.class_name is None else None
    if at is not None and not filters and own.filters and at.channels <= homework.DREAM_FILTER:
        own = dataclasses.replace(own, filters=(at.channels // 2,))
    objective = dream_objective(subject.classifier, own, at)
    subject.say(f"climbing {objective.name}")
    photographs = Photographs.of(subject, split, [index])
    photograph = photograph_at(photographs, index, own, objective.smallest)
    ascent = DreamAscent(photographs, own, objective, photograph)
    snapshots, final = ascent.climb(None if state is None else Path(state))
    return result_of(settings, ascent, photograph, snapshots, final)
