"""Which superpixels speak for a class, and which against it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foodviz.analysis import hiding
from foodviz.analysis import trust as trusting
from foodviz.analysis.explanations import Design, Engine, LimeSettings, Output, Precision, Segmenter, explained
from foodviz.analysis.maps import on_food
from foodviz.analysis.photographs import Photographs, viewer
from foodviz.analysis.result import Result, settings_of
from foodviz.errors import UsageError, require
from foodviz.printable import printable

# Arguments for single pictures, and for the sum over a class's.
OF_PICTURES = ("target", "features", "positive_only", "shared_scale", "trust")
OF_CLASSES = ("class_name", "limit")

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foodviz.analysis.explanations import ExplainedPicture
    from foodviz.analysis.subject import Subject
    from foodviz.analysis.trust import Trust
    from foodviz.attribution import Attribution
    from foodviz.methods.hidden import Cover


def lime(
    subject: Subject,
    *,
    ids: Sequence[int | str] = (),
    image: Sequence[str] = (),
    target: Sequence[str] = ("label",),
    class_name: str | None = None,
    limit: int = 20,
    samples: int | str = "auto",
    design: Design | None = None,
    engine: Engine = "foodviz",
    output: Output = "logits",
    segmenter: Segmenter = "slic",
    segments: int | None = None,
    compactness: float | None = None,
    sigma: float | None = None,
    kernel_size: float | None = None,
    max_distance: float | None = None,
    ratio: float | None = None,
    scale: float | None = None,
    min_size: int | None = None,
    hide: str = "auto",
    kernel_width: float = 0.25,
    features: int = 11,
    positive_only: bool = True,
    precision: Precision = "float32",
    trust: trusting.Level = "quick",
    shared_scale: bool = False,
) -> Result:
    """Which superpixels speak for a class, and which against it; with `class_name`, what a class is recognised by.

    Args:
        ids: pictures of the subject's split; the report's four without any.
        image: picture files instead.
        target: classes to explain: label, predicted, or classes by name or number.
        class_name: sum up what this class is recognised by, over many of its labelled pictures.
        limit: with `class_name`: so many pictures, evenly spread.
        samples: how many; auto until signs and ranking settle, 1000 at most.
        design: of the samples; None for balanced, or for random where the engine is lime.
        engine: foodviz, or the lime package itself.
        output: score explained.
        segmenter: what cuts pictures up; `segments` to `min_size` are its own settings, None for its default.
        hide: what hidden superpixels show: mean (their own, as lime has it), blur, grey, picture (its mean colour),
            noise (a noisy mean of their surroundings), a colour, or auto, of these the one that takes the answer away.
        kernel_width: of the distance kernel, in cosine distance.
        features: superpixels in the cut-out, at most.
        positive_only: whether the cut-out leaves out what speaks against.
        precision: of the samples.
        trust: how finely it is measured whether hiding by the weights takes the answer away, on a grid of cells.
        shared_scale: one colour scale for all maps instead of one each.

    Raises:
        InputError: a picture or class that is not there, or a setting out of its range.
    """
    arguments = locals()
    target = (target,) if isinstance(target, str) else tuple(target)
    settings = {**subject.settings, **settings_of(lime, {**arguments, "target": target})}
    require(features >= 1, "features", features, "must be at least 1")
    require(limit >= 1, "limit", limit, "must be at least 1")
    require(len(target) > 0, "target", "()", "must name at least one class")
    trusting.check(trust)
    how = LimeSettings.of(arguments)
    _exclude(settings)
    if class_name is not None:
        from foodviz.analysis.lime_class import lime_class

        return lime_class(subject, class_name, limit, how, settings)

    split, indices = subject.choose(ids, image)
    photographs = Photographs.of(subject, split, indices)
    wanted = [photographs.targets(each).tolist() for each in target]  # of each target its class in each picture
    pictures = list(explained(photographs, how, [tuple(dict.fromkeys(each)) for each in zip(*wanted, strict=True)]))
    rows = [(number, row) for number, picture in enumerate(pictures) for row in range(len(picture.names))]
    attributions = attributions_of(pictures, target, wanted, how.unit)
    trusts, covers = _trusted(photographs, pictures, rows, how, trust)
    remarks = "; ".join(picture.remark for picture in pictures if picture.remark)
    if remarks:
        remarks = f"Small weights where hiding takes little away: {remarks}."
        subject.say(f"{remarks} Another `hide` takes more.")

    def draw() -> Mapping[str, Figure]:
        import numpy as np

        from foodviz.methods.lime.lime import STABLE, attribution, strongest
        from foodviz.render.lime import lime_figure

        explanations = [(pictures[number].explanation, row) for number, row in rows]
        figure = lime_figure(
            photographs.pixels,
            np.stack([picture.explanation.segments.numpy() for picture in pictures]),
            photographs.captions,
            attribution(explanations, how.unit),
            [number for number, _ in rows],
            [_caption(photographs, pictures, *each) for each in rows],
            [
                strongest(each.weights[row], each.stability[row], features, positive_only=positive_only)
                for each, row in explanations
            ],
            trusts=[(each.verdict, each.reason) for each in trusts],
            title=f"LIME on {output}",
            shared_scale=shared_scale,
            notes=[
                f"Weight: what showing a superpixel adds to the class's {how.unit}; "
                f"{'one scale for all' if shared_scale else 'each map has its own scale'}. "
                "R²: how well a straight line fits around the photograph.",
                f"Hatched: not stable, the sign is the same in less than {STABLE:.0%} of bootstrap replicates. "
                "On the right the strongest of the stable ones, down to a tenth of the first.",
                remarks and f"{remarks} Hiding otherwise takes more.",
                trusting.note(covers) if trusts else "",
                photographs.trained_on,
            ],
        )
        return {"": figure}

    def views() -> Mapping[str, Any]:
        names = {each: "LIME" if len(attributions) == 1 else f"LIME for {each}" for each in attributions}
        return viewer(photographs, {names[each]: attribution for each, attribution in attributions.items()})

    facts = {**photographs.facts(), "unit": how.unit, "explained": [picture.facts for picture in pictures]}
    facts["trust"] = [each.facts for each in trusts]
    arrays = {key: values for picture in pictures for key, values in picture.arrays.items()}
    words = [
        f"{photographs.pictures[number].name}, LIME for {printable(pictures[number].names[row])}: {each.line}."
        for (number, row), each in zip(rows, trusts, strict=False)
    ]
    sentences = [*_sentences(photographs, pictures, attributions[target[0]]), *words]
    sentences += [trusting.EXPLAINED] if words else []
    return Result("lime", settings, arrays, facts, [*photographs.table, *words], sentences, draw, views)


def _trusted(
    photographs: Photographs,
    pictures: Sequence[ExplainedPicture],
    rows: Sequence[tuple[int, int]],
    how: LimeSettings,
    level: trusting.Level,
) -> tuple[Sequence[Trust], Sequence[Cover]]:
    """Faithfulness of each row's weights: number of the picture, and which of its targets."""
    if level == "none":
        return (), ()

    import torch

    from foodviz import models
    from foodviz.methods.lime.lime import attribution

    of_rows = photographs.take([number for number, _ in rows])
    targets = torch.tensor([pictures[number].explanation.targets[row] for number, row in rows])
    model = models.fast(photographs.subject.classifier)
    covers = hiding.covers(of_rows, model, targets, how.hide)
    painted = attribution([(pictures[number].explanation, row) for number, row in rows], how.unit)
    return trusting.of_maps(of_rows, [painted], covers, targets, level, model)[0], covers


def _exclude(settings: Mapping[str, Any]) -> None:
    """Refuse what is of no effect; what is not at its default was asked for."""
    defaults = {name: each.default for name, each in inspect.signature(lime).parameters.items()}

    def given(name: str) -> bool:
        value = settings[name]
        return bool((tuple(value) if isinstance(value, list) else value) != defaults[name])

    if settings["class_name"] is None:
        if given("limit"):
            raise UsageError("`limit` belongs to `class_name`, what a class is recognised by")
        return
    if given("ids") or given("image"):
        raise UsageError("`class_name` chooses pictures itself: give no `ids` and no `image`")
    for name in filter(given, OF_PICTURES):
        raise UsageError(f"`{name}` belongs to single pictures, not to `class_name`")


def attributions_of(
    pictures: Sequence[ExplainedPicture], targets: Sequence[str], classes: Sequence[Sequence[int]], unit: str
) -> dict[str, Attribution]:
    """The pictures' weights painted on their superpixels, an attribution (N, H, W) for each target.

    Args:
        targets: as `lime` takes them.
        classes: for each target the class index in each picture.
    """
    from foodviz.methods.lime.lime import attribution

    return {
        target: attribution(
            [
                (picture.explanation, picture.explanation.targets.index(index))
                for picture, index in zip(pictures, of_target, strict=True)
            ],
            unit,
        )
        for target, of_target in zip(targets, classes, strict=True)
    }


def _caption(photographs: Photographs, pictures: Sequence[ExplainedPicture], number: int, row: int) -> str:
    """Three lines above the weights of one target of one picture."""
    from foodviz.methods.lime.lime import STABLE

    picture = pictures[number]
    explanation = picture.explanation
    probability = float(photographs.probabilities[number, explanation.targets[row]])
    stable = explanation.stability[row] >= STABLE
    return (
        f"{printable(picture.names[row])} {probability:.0%}, R² {explanation.fits[row]:.2f}\n"
        f"{int(stable.sum())} of {len(stable)} signs stable, {len(explanation.shown)} samples\n"
        f"hidden: {hiding.shown(picture.cover)}"
    )


def _sentences(photographs: Photographs, pictures: Sequence[ExplainedPicture], attribution: Attribution) -> list[str]:
    """Of each picture how much of what speaks for the first target lies on the food, and how far to believe it."""
    from foodviz.render import sentences

    on_it = on_food(
        photographs, attribution, [f"what speaks for {printable(picture.names[0])}" for picture in pictures]
    )
    checks = zip(*(attribution.checks[name].tolist() for name in ("r2", "stable_signs", "superpixels")), strict=True)
    return [f"{line} {sentences.lime_fit(*each)}" for line, each in zip(on_it, checks, strict=True)]
