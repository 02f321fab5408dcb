"""Which pixels an answer depends on, by one method or several, and how far each map can be believed."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from foodviz.analysis import hiding
from foodviz.analysis import overlays as separate
from foodviz.analysis import trust as trusting
from foodviz.analysis.choosing import choose, of_split
from foodviz.analysis.photographs import Photographs
from foodviz.analysis.result import Result, settings_of
from foodviz.errors import InputError, UsageError, require
from foodviz.methods.attribution import catalogue as catalogue  # the shell lists the methods from here
from foodviz.printable import printable
from foodviz.render.sentences import listed

if TYPE_CHECKING:
    import torch

    from foodviz.analysis.subject import Subject


def saliency(
    subject: Subject,
    folder: Path | None = None,
    /,
    *,
    ids: Sequence[int | str] = (),
    image: Sequence[str] = (),
    class_name: str | None = None,
    errors: bool = False,
    limit: int | None = None,
    all_: bool = False,
    half: bool = False,
    method: Sequence[str] = ("gradient",),
    target: Sequence[str] = ("label",),
    against: str | None = None,
    objective: Literal["logit", "probability", "loss"] = "logit",
    reduce: Literal["max", "sum", "none"] | None = None,
    hide: str = "auto",
    trust: trusting.Level = "quick",
    shared_scale: bool = False,
    clip: float = 99.5,
    overlays: bool = False,
    colours: str | None = None,
    strength: float = 0.7,
    **options: float | str | None,
) -> Result:
    """Which pixels the answer depends on, and how far to believe it.

    Args:
        folder: where `all_` puts the maps, see `map_store`.
        ids: pictures of the subject's split; the report's four without any.
        image: picture files instead.
        class_name: pictures with this label instead.
        errors: pictures instead whose label is not what the model answers; with `class_name`, those of the class.
        limit: so many pictures of those, or of the whole split, evenly spread; 20 where None.
        all_: every picture of the split, or of those chosen by `class_name` and `errors`: one map each, for its target
            alone, into `folder`, and a page of thumbnails; a killed run goes on. half: those maps as float16.
        method: names in `methods.attribution.catalogue`, or `captum:` and a class of captum.attr; several stand side
            by side.
        target: classes to explain in each picture: label, predicted, or classes by name or number. Of the label alone,
            a picture that is named wrongly is explained for the prediction, too.
        against: a class, or predicted or label: why the target and not this one, the difference of the two logits.
        objective: score explained.
        reduce: over the colours; None for the method's own way.
        hide: what hidden parts show, as in `lime`.
        trust: what is measured of each map: nothing, deletion and insertion and the place (quick), or besides whether
            it repeats and depends on the weights (full).
        shared_scale: one colour scale for all maps of a method instead of one each.
        clip: percentile of a map's values that ends its colour scale, above 50 to 100; a few pixels are far above all
            others, and would leave them black. The values themselves stay as they are.
        overlays: write each map as two files of its picture's own size, transparent and laid over it.
        colours: a colour map of matplotlib's by name, in the usual one's stead.
        strength: how opaque overlays are where the map is strongest, above 0 to 1.
        options: the methods' own, see the catalogue.

    Raises:
        InputError: a picture, class, layer or option that is not there, or a method that cannot serve the model.
    """
    methods = (method,) if isinstance(method, str) else tuple(dict.fromkeys(method))
    target = (target,) if isinstance(target, str) else tuple(target)
    values = {**dict.fromkeys(catalogue.options()), **locals(), **options, "method": methods}
    settings = {**subject.settings, **settings_of(saliency, values)}
    require(len(methods) > 0, "method", "()", "must name at least one method")
    require(len(target) > 0, "target", "()", "must name at least one class")
    trusting.check(trust)
    require(50 < clip <= 100, "clip", clip, "a percentile above 50, up to 100")
    separate.check(colours, strength)
    if against is not None and objective != "logit":
        raise UsageError("`against` takes the difference of two logits: leave `objective` out")
    own = catalogue.chosen_of(methods, options)
    how = hiding.hide_of(hide)
    if half and not all_:
        raise UsageError("`half` is for the maps of `all_`")
    if all_:
        one = len(methods) == len(target) == 1
        if ids or image or limit is not None or against is not None or overlays or not one:
            others = "neither `ids`, `image`, `limit`, `against` nor `overlays`"
            raise UsageError(f"`all_` takes one `method` and one `target`, and {others}")
        require(folder is not None, "all_", True, "needs a folder for the maps")
        split = subject.split()
        chosen = of_split(subject, split, class_name, errors)

        from foodviz.analysis.map_store import MapStore
        from foodviz.analysis.maps_of_split import maps_of_split

        (name,) = methods
        store = MapStore(
            subject, split, Path(folder or ""), name, own[name], target[0], objective, how, reduce, trust, half
        )
        return maps_of_split(store, chosen, settings)
    split, indices = choose(subject, ids, image, class_name=class_name, errors=errors, limit=limit)

    from foodviz import models
    from foodviz.analysis.attributing import Attributing
    from foodviz.analysis.maps import Maps
    from foodviz.methods.attribution.score import difference, score_of

    pictures = Photographs.of(subject, split, indices)
    photographs, targets, places = _for_each(pictures, target)
    names = [printable(subject.classifier.class_names[index]) for index in targets.tolist()]
    if against is not None:
        targets, names = _against(photographs, targets, names, against)
    model = models.fast(subject.classifier)
    hides = trust != "none" or any("hidden" in catalogue.method_of(name).needs for name in methods)
    covers = hiding.covers(photographs, model, targets, how) if hides else []
    score = difference if against is not None else score_of(objective, independent=subject.classifier.independent)
    asked = [
        Attributing.of(
            photographs, targets, name, own[name], model, score=score, covers=covers, hide=how, reduce=reduce
        )
        for name in methods
    ]
    for each in asked:
        if each.layer is not None:
            subject.say(str(each.layer))
    attributions = [each(photographs.images) for each in asked]
    trusts = trusting.of_maps(photographs, attributions, covers, targets, trust, model, asked)
    maps = Maps(
        pictures,
        photographs,
        tuple(places),
        tuple(names),
        tuple(asked),
        tuple(attributions),
        tuple(trusts),
        subject.classifier.answers.logit if objective == "logit" else objective,
        shared_scale,
        clip,
        colours,
    )
    return Result(
        "saliency",
        settings,
        maps.arrays,
        maps.facts(hide),
        maps.lines,
        maps.sentences,
        maps.draw,
        maps.views,
        files=maps.overlays(strength) if overlays else {},
        findings=maps.findings,
    )


def _for_each(photographs: Photographs, target: Sequence[str]) -> tuple[Photographs, torch.Tensor, list[int]]:
    """Pictures with the class to explain in each, and their places among those given.

    One stands there once for each class that its targets come to; one that is named wrongly also for the prediction.
    """
    import torch

    label_alone = tuple(target) == ("label",)
    wanted = ("label", "predicted") if label_alone else target
    rows = zip(*(photographs.targets(each).tolist() for each in wanted), strict=True)
    classes = [list(dict.fromkeys(row)) for row in rows]
    places = [place for place, several in enumerate(classes) for _ in several]
    targets = torch.tensor([each for several in classes for each in several], device=photographs.images.device)
    if len(places) == len(photographs):
        return photographs, targets, places
    if label_alone:
        wrong = [each.name for each, several in zip(photographs.pictures, classes, strict=True) if len(several) > 1]
        photographs.subject.say(f"named wrongly, so explained for the label and for the prediction: {listed(wrong)}")
    return photographs.take(places), targets, places


def _against(
    photographs: Photographs, targets: torch.Tensor, names: Sequence[str], against: str
) -> tuple[torch.Tensor, list[str]]:
    """(M, 2) targets: each with the class that it is explained against, and both in words.

    Raises:
        InputError: a picture whose two classes are one.
    """
    import torch

    others = photographs.targets(against, "against")
    for picture, name, one, other in zip(photographs.pictures, names, targets.tolist(), others.tolist(), strict=True):
        if one == other:
            raise InputError(f"`against` {against}: {picture.name} is explained for {name} already; name another class")
    rivals = [printable(photographs.subject.classifier.class_names[index]) for index in others.tolist()]
    both = [f"{name} and not {rival}" for name, rival in zip(names, rivals, strict=True)]
    return torch.stack([targets, others], 1), both


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
