"""What filters look for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from foodviz.analysis.filters.arguments import AscentArguments, is_whole, scanned_count
from foodviz.analysis.photographs import Photographs
from foodviz.analysis.result import Result, settings_of
from foodviz.errors import InputError, UsageError, require

if TYPE_CHECKING:
    from foodviz.analysis.subject import Subject

MOST_CARDS = 100  # a picture of more would be too large for matplotlib


def filters(
    subject: Subject,
    *,
    ids: Sequence[int | str] = (),
    image: Sequence[str] = (),
    layer: str | None = None,
    filters: Sequence[int] = (),
    classes: Sequence[str] = (),
    all_: bool = False,
    only: Literal["picture"] | None = None,
    similar: bool = False,
    recipe: Literal["fourier", "maco", "pixel"] = "fourier",
    objective: Literal["channel", "neuron", "diversity"] = "channel",
    pictures: int = 4,
    steps: int = 256,
    every: int | None = None,
    lr: float | None = None,
    statistics: Literal["data", "imagenet"] = "data",
    start: Literal["noise", "image", "grey"] = "noise",
    optimizer: Literal["adam", "sgd"] = "adam",
    weight_decay: float = 1e-4,
    scan: int | str = "500",
) -> Result:
    """What filters look for: a drawn picture, photographs that excite them, what they respond to.

    Args:
        ids: pictures of the subject's split that maps are shown of; the report's four without any.
        image: picture files instead; the scan and the colours are still those of the subject's split.
        layer: index or dotted name; the report's 15, or the last maps of a model without it, where None.
        filters: which; the five most selective without any.
        classes: draw these classes' logits instead of a layer's filters, each by name or number.
        all_: a contact sheet of the whole layer.
        only: `picture` for the drawn pictures alone.
        similar: draw who is like whom, of the filters asked for or the layer.
        recipe: how pictures climb.
        objective: what climbs: the mean of a map, its middle cell, or the mean of several pictures that differ.
        pictures: of each filter, where the objective is diversity.
        steps: of the climb.
        every: keep a snapshot every so many steps and draw them with the objective's curve.
        lr: step size; None for 0.5, with maco and pixel 0.1, with sgd 12.
        statistics: of colours and spectrum, of the data or ImageNet's.
        start: of recipe pixel.
        optimizer: of recipe pixel.
        weight_decay: of recipe pixel, the share of the picture that is taken off.
        scan: pictures of the split to measure filters on, a number or all.

    Raises:
        UsageError: arguments that exclude each other.
        InputError: a picture, layer, filter or class that is not there, or a value out of its range.
    """
    settings = {**subject.settings, **settings_of(_OF, locals())}
    if classes and (filters or all_ or similar):
        raise UsageError("`classes` draws logits: it excludes `filters`, `all_` and `similar`")
    if all_ and filters:
        raise UsageError("`all_` and `filters` exclude each other")
    for number in filters:
        require(is_whole(number, 0), "filters", number, "give numbers from 0 on")
    numbers = tuple(dict.fromkeys(filters))
    if similar and len(numbers) == 1:
        raise InputError("`similar`: give at least two filters")
    cards = not (all_ or only)
    if cards and len(numbers) > MOST_CARDS:
        raise InputError(f"`filters`: {MOST_CARDS} at most have cards, {len(numbers)} are asked for; `only` picture")
    require(only in (None, "picture"), "only", only, "only the drawn pictures can be had alone, give picture")
    climb = AscentArguments(recipe, objective, pictures, steps, every, lr, statistics, start, optimizer, weight_decay)
    if classes and objective == "neuron":
        raise InputError("`objective` neuron: a logit has no middle; leave it out with `classes`")
    count = scanned_count(scan)
    chosen = subject.choose(ids, image)

    if classes:
        from foodviz.analysis.filters.classes import of_classes

        return of_classes(Photographs.of(subject, *chosen), classes, climb, settings)
    from foodviz.analysis.filters.layer import of_layer

    return of_layer(
        subject,
        chosen,
        climb,
        settings,
        layer=layer,
        filters=numbers,
        all_=all_,
        with_cards=cards,
        similar=similar,
        scan=count,
    )


_OF = filters  # inside the function its name is that of an argument
