"""An attribution method made ready for a model and pictures: what it needs of both is found once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from foodviz.methods.attribution import catalogue

if TYPE_CHECKING:
    import torch

    from foodviz.analysis.hiding import Hide
    from foodviz.analysis.photographs import Photographs
    from foodviz.attribution import Attribution
    from foodviz.methods.attribution.score import Score
    from foodviz.methods.hidden import Cover
    from foodviz.models import Classifier
    from foodviz.models.layers import Layer


@dataclass(frozen=True, eq=False)
class Attributing:
    """A method for N targets of N pictures, which may be asked about other pictures and other weights, too.

    Attributes:
        method: a name in the catalogue. options: its own, as `catalogue.chosen` has them.
        score: what is attributed.
        targets: (N,) or (N, 2) class indices.
        covers: N, what each picture shows where it is hidden.
        hide: how that was asked for.
        reduce: what is done to the colours.
        seeds: N.
        model: the fastest that still has the layer. layer: that it looks at, None where it needs none.
    """

    method: str
    options: Mapping[str, Any]
    score: Score
    targets: torch.Tensor
    covers: Sequence[Cover]
    hide: Hide
    reduce: str
    seeds: Sequence[int]
    model: Classifier
    layer: Layer | None

    @classmethod
    def of(
        cls,
        photographs: Photographs,
        targets: torch.Tensor,
        method: str,
        options: Mapping[str, Any],
        fast: Classifier,
        *,
        score: Score,
        covers: Sequence[Cover] = (),
        hide: Hide = "auto",
        reduce: str | None = None,
    ) -> Attributing:
        """The method ready for these photographs; arguments as the attributes, where they are not told here.

        Args:
            fast: the classifier made fast, for a method that looks at no layer.
            covers: may be left out where the method hides nothing.

        Raises:
            InputError: a layer that is not there.
        """
        from foodviz import models

        classifier = photographs.subject.classifier
        needs = catalogue.method_of(method).needs
        layer = None
        if "layer" in needs:
            name = options["layer"]
            layer = models.resolve(classifier, name) if name else models.last_maps(classifier)
        model = fast
        if "name" in needs:  # captum looks at modules, and is to see those of the network itself
            model = classifier
        elif layer is not None:
            model = models.fast(classifier, keep=layer)
        return cls(
            method,
            options,
            score,
            targets,
            covers,
            hide,
            reduce or catalogue.method_of(method).reduce,
            photographs.seeds,
            model,
            layer,
        )

    def __call__(
        self, images: torch.Tensor, *, model: Classifier | None = None, seeds: Sequence[int] | None = None
    ) -> Attribution:
        """The method's answer to N pictures (N, 3, H, W).

        Args:
            model: another than its own, of the same layers.
            seeds: others than the pictures' own.

        Raises:
            InputError: the method cannot serve this model.
        """
        import torch

        model = model or self.model
        needs = catalogue.method_of(self.method).needs
        function = import_module(catalogue.module_of(self.method)).attribute
        given: dict[str, Any] = {
            "seeds": seeds or self.seeds,
            "hide": self.hide,
            "name": self.method.removeprefix(catalogue.CAPTUM),
            "layer": self.layer.of(model).module if self.layer is not None else None,
        }
        if "hidden" in needs:
            given["hidden"] = torch.stack([cover.picture for cover in self.covers])
        wanted = {name: given[name] for name in needs}
        attribution: Attribution = function(model, images, self.targets, **{**self.options, **wanted}, score=self.score)
        named = replace(attribution, unit=attribution.unit.replace("logit", model.answers.logit, 1))
        return named.reduced(self.reduce)
