"""Which pixels an answer depends on."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from foodviz.analysis.photographs import Photographs, viewer
from foodviz.analysis.result import Result, settings_of
from foodviz.methods.attribution import catalogue as catalogue  # the shell lists the methods from here
from foodviz.printable import printable

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure

    from foodviz.analysis.subject import Subject
    from foodviz.attribution import Attribution


def saliency(
    subject: Subject,
    *,
    ids: Sequence[int | str] = (),
    image: Sequence[str] = (),
    method: str = "gradient",
    target: str = "label",
    objective: Literal["logit", "probability", "loss"] = "logit",
    reduce: Literal["max", "sum", "none"] | None = None,
    shared_scale: bool = False,
    **options: float | str | None,
) -> Result:
    """Which pixels the answer depends on.

    Args:
        ids: pictures of the subject's split; the report's four without any.
        image: picture files instead.
        method: a name in `methods.attribution.catalogue`.
        target: class to explain: label, predicted, or a class by name or number.
        objective: score explained.
        reduce: over the colours; None for the method's own way.
        shared_scale: one colour scale for all maps instead of one each.
        options: the method's own, see the catalogue.

    Raises:
        InputError: a picture, class, layer or option that is not there.
    """
    settings = {
        **subject.settings,
        **settings_of(saliency, {**dict.fromkeys(catalogue.options()), **locals(), **options}),
    }
    own = catalogue.chosen(method, options)
    split, indices = subject.choose(ids, image)
    photographs = Photographs.of(subject, split, indices)
    kind = catalogue.METHODS[method]
    targets = photographs.targets(target)
    attribution, layer = attribute(photographs, targets, method, objective, own)
    attribution = attribution.reduced(reduce or kind.reduce)
    names = [subject.classifier.class_names[index] for index in targets.tolist()]

    def draw() -> Mapping[str, Figure]:
        from foodviz.render.saliency import saliency_figure

        peaks = zip(map(printable, names), attribution.peaks, strict=True)
        scale = "one scale for all." if shared_scale else "each scaled to its own maximum."
        figure = saliency_figure(
            photographs.pixels,
            attribution,
            photographs.captions,
            [f"for {name}, max {peak:.2g}" for name, peak in peaks],
            title=f"{kind.title} of the {objective}",
            shared_scale=shared_scale,
            notes=[
                " ".join([kind.note, *([f"{layer}."] if layer else []), *attribution.remarks]),
                f"Maps in {attribution.unit}; {scale}",
                photographs.trained_on,
            ],
        )
        return {"": figure}

    def views() -> Mapping[str, Any]:
        return viewer(photographs, {"saliency": attribution.reduced("max")})

    facts = {
        **photographs.facts(),
        **({"layer": layer} if layer else {}),
        **{name: values.tolist() for name, values in attribution.checks.items()},
        "method": method,
        "options": own,
        "unit": attribution.unit,
        "targets": names,
        "maxima": attribution.peaks,
    }
    arrays = {"maps": attribution.maps, "images": photographs.pixels, "logits": photographs.logits.cpu().numpy()}
    if attribution.spread is not None:
        arrays["spread"] = attribution.spread.cpu().numpy()
    return Result(
        "saliency",
        settings,
        arrays,
        facts,
        photographs.table,
        on_food(photographs, attribution, ["the map"] * len(photographs)),
        draw,
        views,
    )


def attribute(
    photographs: Photographs, targets: torch.Tensor, method: str, objective: str, options: Mapping[str, Any]
) -> tuple[Attribution, str]:
    """The method's answer to the pictures, and the layer that it looked at in words, if any.

    Args:
        targets: (N,) class index for each picture.
        method, options: as `catalogue.chosen` has them.
        objective: a name in `methods.attribution.score.SCORES`.
    """
    from foodviz import models
    from foodviz.methods.attribution.score import SCORES

    subject, classifier = photographs.subject, photographs.subject.classifier
    function = import_module(catalogue.module_of(method)).attribute
    needs = catalogue.METHODS[method].needs
    wanted: dict[str, Any] = {**options, "score": SCORES[objective]}
    layer = None
    if "layer" in needs:
        layer = models.resolve(classifier, options["layer"]) if options["layer"] else models.last_maps(classifier)
        subject.say(str(layer))
    model = models.fast(classifier, keep=layer)
    if layer is not None:
        wanted["layer"] = layer.of(model).module
    if "seeds" in needs:
        wanted["seeds"] = photographs.seeds
    if "hidden" in needs:  # the pictures' mean colours
        wanted["hidden"] = photographs.images.mean((2, 3), keepdim=True).expand_as(photographs.images)
    attribution: Attribution = function(model, photographs.images, targets, **wanted)
    return attribution, str(layer or "")


def on_food(photographs: Photographs, attribution: Attribution, what: Sequence[str]) -> list[str]:
    """A sentence a picture: how much of its map, called `what`, lies on the food."""
    from foodviz.metrics.localisation import share_on
    from foodviz.render import sentences

    lines = []
    for place, (picture, values, map_name) in enumerate(zip(photographs.pictures, attribution.maps, what, strict=True)):
        where, region = photographs.region(place, values.shape[-2:])
        lines.append(sentences.on_region(picture.name, *share_on(values, region), where, map_name))
    return lines


def _with_options() -> inspect.Signature:
    """The signature with the methods' own options spelled out, as the command line's flags have them."""
    signature = inspect.signature(saliency)
    own = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation="float | str | None")
        for name in catalogue.options()
    ]
    fixed = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    return signature.replace(parameters=[*fixed, *own])


saliency.__signature__ = _with_options()  # type: ignore[attr-defined]
