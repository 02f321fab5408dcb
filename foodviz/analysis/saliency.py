"""Which pixels an answer depends on, by one method or several, and how far each map can be believed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from foodviz.analysis import hiding
from foodviz.analysis import trust as trusting
from foodviz.analysis.photographs import Photographs, viewer
from foodviz.analysis.result import Result, settings_of
from foodviz.errors import InputError, UsageError, require
from foodviz.methods.attribution import catalogue as catalogue  # the shell lists the methods from here
from foodviz.metrics.agreement import agreement
from foodviz.printable import printable
from foodviz.render.sentences import listed

if TYPE_CHECKING:
    import numpy as np
    import torch
    from matplotlib.figure import Figure

    from foodviz.analysis.attributing import Attributing
    from foodviz.analysis.subject import Subject
    from foodviz.analysis.trust import Trust
    from foodviz.attribution import Attribution


def saliency(
    subject: Subject,
    *,
    ids: Sequence[int | str] = (),
    image: Sequence[str] = (),
    method: Sequence[str] = ("gradient",),
    target: str = "label",
    against: str | None = None,
    objective: Literal["logit", "probability", "loss"] = "logit",
    reduce: Literal["max", "sum", "none"] | None = None,
    hide: str = "auto",
    trust: Literal["none", "quick", "full"] = "quick",
    shared_scale: bool = False,
    **options: float | str | None,
) -> Result:
    """Which pixels the answer depends on, and how far to believe it.

    Args:
        ids: pictures of the subject's split; the report's four without any.
        image: picture files instead.
        method: names in `methods.attribution.catalogue`, or `captum:` and a class of captum.attr; several stand side
            by side.
        target: class to explain: label, predicted, or a class by name or number. A picture that is named wrongly is
            explained for its label and for the prediction.
        against: a class, or predicted or label: why the target and not this one, the difference of the two logits.
        objective: score explained.
        reduce: over the colours; None for the method's own way.
        hide: what hidden parts show, as in `lime`.
        trust: what is measured of each map: nothing, deletion and insertion and the place (quick), or besides whether
            it repeats and depends on the weights (full).
        shared_scale: one colour scale for all maps of a method instead of one each.
        options: the methods' own, see the catalogue.

    Raises:
        InputError: a picture, class, layer or option that is not there, or a method that cannot serve the model.
    """
    methods = (method,) if isinstance(method, str) else tuple(dict.fromkeys(method))
    values = {**dict.fromkeys(catalogue.options()), **locals(), **options, "method": methods}
    settings = {**subject.settings, **settings_of(saliency, values)}
    require(len(methods) > 0, "method", "()", "must name at least one method")
    require(trust in ("none", "quick", "full"), "trust", trust, "there are none, quick, full")
    if against is not None and objective != "logit":
        raise UsageError("`against` takes the difference of two logits: leave `objective` out")
    own = catalogue.chosen_of(methods, options)
    how = hiding.hide_of(hide)
    split, indices = subject.choose(ids, image)

    from foodviz import models
    from foodviz.analysis.attributing import Attributing
    from foodviz.methods.attribution.score import SCORES, difference

    photographs, targets = _for_both(Photographs.of(subject, split, indices), target)
    names = [printable(subject.classifier.class_names[index]) for index in targets.tolist()]
    if against is not None:
        targets, names = _against(photographs, targets, names, against)
    model = models.fast(subject.classifier)
    covers = hiding.covers(photographs, model, targets, how)
    score = difference if against is not None else SCORES[objective]
    asked = [
        Attributing.of(photographs, targets, name, own[name], score=score, covers=covers, hide=how, reduce=reduce)
        for name in methods
    ]
    for each in asked:
        if each.layer is not None:
            subject.say(str(each.layer))
    attributions = [each(photographs.images) for each in asked]
    trusts = trusting.of_maps(photographs, attributions, covers, targets, trust, model, asked)
    maps = _Maps(photographs, tuple(names), tuple(asked), tuple(attributions), tuple(trusts), objective, shared_scale)
    return Result(
        "saliency", settings, maps.arrays, maps.facts(hide), maps.lines, maps.sentences, maps.draw, maps.views
    )


@dataclass(frozen=True, eq=False)
class _Maps:
    """What was found: M maps by each method, of pictures that may stand there twice, and the trust in each."""

    photographs: Photographs
    names: tuple[str, ...]  # M, of the targets
    asked: tuple[Attributing, ...]
    attributions: tuple[Attribution, ...]  # by each method
    trusts: tuple[Sequence[Trust], ...]  # by each method; none where it was not asked for
    objective: str
    shared_scale: bool

    @property
    def titles(self) -> list[str]:
        return [catalogue.method_of(each.method).title for each in self.asked]

    @cached_property
    def agreement(self) -> np.ndarray:
        """(methods, methods): above the diagonal the rank correlation, below it the overlap of the top tenth."""
        return agreement([each.maps for each in self.attributions])

    def draw(self) -> Mapping[str, Figure]:
        from foodviz.render.saliency import Panel, saliency_figure
        from foodviz.render.trust import curves_figure

        rows = [
            [
                Panel(f"for {name}, max {peak:.2g}", trust.verdict if trust else "", trust.reason if trust else "")
                for name, peak, trust in zip(self.names, each.peaks, trusts, strict=True)
            ]
            for each, trusts in zip(self.attributions, self._trusts(), strict=True)
        ]
        figure = saliency_figure(
            self.photographs.pixels,
            self.attributions,
            self.photographs.captions,
            rows,
            titles=self.titles,
            agreement=self.agreement if len(self.asked) > 1 else None,
            title=f"{listed(self.titles)} of the {self.objective}",
            shared_scale=self.shared_scale,
            notes=self._notes(),
        )
        curves = [[trust.curves for trust in row if trust is not None] for row in self._trusts()]
        if not self.trusts or self.trusts[0][0].figures.noise is None:
            return {"": figure}
        return {"": figure, "trust": curves_figure(self.photographs.captions, curves, self.titles)}

    def views(self) -> Mapping[str, Any]:
        return viewer(self.photographs, {"saliency": self.attributions[0].reduced("max")})

    def facts(self, hide: str) -> Mapping[str, Any]:
        first = self.attributions[0]
        return {
            **self.photographs.facts(),
            **({"layer": str(self.asked[0].layer)} if self.asked[0].layer else {}),
            **{name: values.tolist() for name, values in first.checks.items()},
            "method": [each.method for each in self.asked],
            "options": {each.method: dict(each.options) for each in self.asked},
            "unit": [each.unit for each in self.attributions],
            "targets": list(self.names),
            "maxima": [each.peaks for each in self.attributions],
            "hidden": [cover.way or hide for cover in self.asked[0].covers],
            "trust": {
                each.method: [trust.facts for trust in row] for each, row in zip(self.asked, self.trusts, strict=False)
            },
            "agreement": self.agreement.tolist(),
        }

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        several = len(self.asked) > 1
        maps = {
            f"maps_{each.method}" if several else "maps": attribution.maps
            for each, attribution in zip(self.asked, self.attributions, strict=True)
        }
        for name, attribution in zip(list(maps), self.attributions, strict=True):
            if attribution.spread is not None:
                maps[name.replace("maps", "spread", 1)] = attribution.spread.cpu().numpy()
        logits = self.photographs.logits.cpu().numpy()
        return {**maps, "images": self.photographs.pixels, "logits": logits, **trusting.arrays(self.asked, self.trusts)}

    @property
    def lines(self) -> list[str]:
        """A line a picture, and one for the trust in each of its maps."""
        return [*self.photographs.table, *self._trust_lines(mark=False)]

    @property
    def sentences(self) -> list[str]:
        """How much of each map lies on the food, how far to believe it, and what the figures are."""
        what = ["the map" if len(self.asked) == 1 else f"the {title} map" for title in self.titles]
        lines = [
            line
            for each, name in zip(self.attributions, what, strict=True)
            for line in on_food(self.photographs, each, [name] * len(self.photographs))
        ]
        trusted = self._trust_lines(mark=True)
        return [*lines, *trusted, *([trusting.EXPLAINED] if trusted else [])]

    def _trusts(self) -> Sequence[Sequence[Trust | None]]:
        return self.trusts or [[None] * len(self.names)] * len(self.asked)

    def _trust_lines(self, *, mark: bool) -> list[str]:
        return [
            f"{f'{trust.mark} ' if mark else ''}{picture.name}, {title} for {name}: {trust.line}."
            for title, row in zip(self.titles, self.trusts, strict=False)
            for picture, name, trust in zip(self.photographs.pictures, self.names, row, strict=True)
        ]

    def _notes(self) -> list[str]:
        notes = []
        for each, attribution in zip(self.asked, self.attributions, strict=True):
            head = "" if len(self.asked) == 1 else f"{catalogue.method_of(each.method).title}: "
            layer = [f"{each.layer}."] if each.layer is not None else []
            parts = [catalogue.method_of(each.method).note, *layer, *attribution.remarks]
            notes.append(head + " ".join([*parts, f"In {attribution.unit}."]))
        scale = "one scale for all." if self.shared_scale else "each scaled to its own maximum."
        hidden = trusting.note(self.asked[0].covers) if self.trusts else ""
        return [*notes, f"Maps: {scale} {hidden}".strip(), self.photographs.trained_on]


def _for_both(photographs: Photographs, target: str) -> tuple[Photographs, torch.Tensor]:
    """Pictures with the class to explain in each; one that is named wrongly stands there again with the prediction."""
    import torch

    targets = photographs.targets(target)
    if target != "label":
        return photographs, targets
    predicted = photographs.targets("predicted")
    places, classes = [], []
    for place, (label, named) in enumerate(zip(targets.tolist(), predicted.tolist(), strict=True)):
        both = [label] if label == named else [label, named]
        places += [place] * len(both)
        classes += both
    if len(places) == len(photographs):
        return photographs, targets
    wrong = [photographs.pictures[place].name for place in dict.fromkeys(places) if places.count(place) > 1]
    photographs.subject.say(f"named wrongly, so explained for the label and for the prediction: {listed(wrong)}")
    return photographs.take(places), torch.tensor(classes, device=targets.device)


def _against(
    photographs: Photographs, targets: torch.Tensor, names: Sequence[str], against: str
) -> tuple[torch.Tensor, list[str]]:
    """(M, 2) targets: each with the class that it is explained against, and both in words.

    Raises:
        InputError: a picture whose two classes are one.
    """
    import torch

    others = photographs.targets(against)
    for picture, name, one, other in zip(photographs.pictures, names, targets.tolist(), others.tolist(), strict=True):
        if one == other:
            raise InputError(f"`against` {against}: {picture.name} is explained for {name} already; name another class")
    rivals = [printable(photographs.subject.classifier.class_names[index]) for index in others.tolist()]
    both = [f"{name} and not {rival}" for name, rival in zip(names, rivals, strict=True)]
    return torch.stack([targets, others], 1), both


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
