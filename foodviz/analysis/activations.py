"""What filters answer to photographs: their feature maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foodviz import homework
from foodviz.analysis.choosing import choose
from foodviz.analysis.photographs import BATCH, Photographs, viewer
from foodviz.analysis.result import Result, pages, settings_of
from foodviz.attribution import Attribution

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foodviz.analysis.subject import Subject
    from foodviz.models import Layer


def activations(
    subject: Subject,
    *,
    ids: Sequence[int | str] = (),
    image: Sequence[str] = (),
    class_name: str | None = None,
    errors: bool = False,
    limit: int | None = None,
    layer: str | None = None,
    filters: Sequence[int] = (),
    overlay: bool = False,
) -> Result:
    """What filters answer to photographs: their feature maps, raw.

    Args:
        ids: pictures of the subject's split; the report's four without any.
        image: picture files instead.
        class_name: pictures with this label instead.
        errors: pictures instead whose label is not what the model answers; with `class_name`, those of the class.
        limit: so many pictures of those, or of the whole split, evenly spread; 20 where None.
        layer: index or dotted name; the report's 15, or the last maps of a model without it, where None.
        filters: which; the report's five without any.
        overlay: lay the maps over the photographs.

    Raises:
        InputError: a picture, layer or filter that is not there, or a layer without maps.
    """
    settings = {**subject.settings, **settings_of(activations, locals())}
    split, indices = choose(subject, ids, image, class_name=class_name, errors=errors, limit=limit)

    import torch

    from foodviz import models
    from foodviz.methods.feature_maps import feature_maps

    at = subject.layer(layer, homework.LAYER)
    numbers = tuple(filters) or usual_filters(at)
    models.check_channels(at, numbers, "filters")
    subject.say(str(at))
    photographs = Photographs.of(subject, split, indices)
    fast = models.fast(subject.classifier, keep=at)
    channels = torch.tensor(numbers)
    parts = [feature_maps(fast, at.of(fast).module, some, channels) for some in torch.split(photographs.images, BATCH)]
    values = torch.cat(parts)
    maps = values.cpu().numpy()
    signed = bool((maps < 0).any())

    def draw() -> Mapping[str, Figure]:
        from foodviz.render.activations import activations_figure
        from foodviz.render.style import limits_of

        scale = "blue below 0, red above, symmetric" if signed else "no negative values"

        def page(part: slice) -> Figure:
            return activations_figure(
                photographs.pixels[part],
                maps[part],
                photographs.captions[part],
                numbers,
                title=f"feature maps of layer {at.requested}",
                overlay=overlay,
                notes=[f"{at}. Raw values, one scale a filter: {scale}.", photographs.trained_on],
                limits=[limits_of(maps[:, row]) for row in range(len(numbers))],
            )

        return pages(len(photographs), page)

    def views() -> Mapping[str, Any]:
        unit = "the layer's output"
        return viewer(
            photographs, {f"filter {number}": Attribution(values[:, row], unit) for row, number in enumerate(numbers)}
        )

    from foodviz.render import sentences

    facts = {
        **photographs.facts(),
        "layer": str(at),
        "layer_name": at.name,
        "filters": list(numbers),
        "signed": signed,
        "maxima": {str(number): maps[:, row].max((1, 2)).tolist() for row, number in enumerate(numbers)},
    }
    arrays = {
        "maps": maps,
        "filters": channels.numpy(),
        "images": photographs.pixels,
        "logits": photographs.logits.cpu().numpy(),
    }
    means = maps.mean((2, 3)).T.tolist()
    excited = sentences.excited(numbers, means, [picture.name for picture in photographs.pictures])
    return Result("activations", settings, arrays, facts, photographs.table, excited, draw, views)


def usual_filters(layer: Layer) -> tuple[int, ...]:
    """The report's filters where the layer has them, else five evenly spread."""
    last = layer.channels - 1
    if max(homework.FILTERS) <= last:
        return homework.FILTERS
    return tuple(sorted({last * part // 4 for part in range(5)}))
