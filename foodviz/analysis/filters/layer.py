"""What the filters of one layer look for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foodviz import homework
from foodviz.analysis.filters.arguments import UNITS, AscentArguments
from foodviz.analysis.filters.ascent import ascend
from foodviz.analysis.filters.cards import cards, dead_advice
from foodviz.analysis.filters.evidence import CELL, WHOLE, evidence_arrays, filter_facts
from foodviz.analysis.filters.pictures import ClimbedPictures
from foodviz.analysis.filters.scan import ScannedLayer, alike, compared, facts_of, scan_arrays, scan_layer
from foodviz.analysis.photographs import Photographs
from foodviz.analysis.result import Result

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from torch import nn

    from foodviz.analysis.filters.evidence import FilterFacts
    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.metrics.filters import Scan
    from foodviz.models import Layer
    from foodviz.render.filters import Card

SELECTIVE = 5  # filters shown where none is asked for


def of_layer(
    subject: Subject,
    pictures: tuple[Split, tuple[int, ...]],
    climb: AscentArguments,
    settings: Mapping[str, Any],
    *,
    layer: str | None,
    filters: tuple[int, ...],
    all_: bool,
    with_cards: bool,
    similar: bool,
    scan: int | None,
) -> Result:
    """`filters` of a layer: cards, or a sheet of pictures. Arguments as there, checked.

    Args:
        pictures: a split and its ids.
        with_cards: not only the drawn pictures.
        scan: pictures to measure filters on; None for all.
    """
    import numpy as np

    from foodviz import models

    at = subject.layer(layer, homework.LAYER)
    models.check_channels(at, filters, "filters")
    subject.say(str(at))
    photographs = Photographs.of(subject, *pictures)
    model = models.fast(subject.classifier, keep=at)
    module = at.of(model).module
    scanned: ScannedLayer | None = None
    if with_cards or similar or not (filters or all_):
        split = subject.split()
        scanned = ScannedLayer(subject, split, at, model, module, scan_layer(subject, split, at, model, module, scan))
    likeness = alike(scanned.scan, compared(scanned.scan, filters)) if scanned and similar else None
    numbers = filters or _usual(at, None if all_ or not scanned else scanned.scan)
    climbed = ascend(photographs, climb, model, module, numbers, cells=with_cards)
    count = len(numbers) * climb.versions
    ascent, of_cells = climbed.rows(slice(count)), climbed.pictures[count:, None]
    dead = ascent.dead.view(len(numbers), -1).all(1).numpy()
    if scanned:
        dead = dead | scanned.scan.dead()[list(numbers)]
    advice = dead_advice(subject.classifier, at, scanned.scan if scanned else None) if dead.any() else ""
    for number in np.array(numbers)[dead]:
        subject.say(f"filter {number} is dead: {advice}")

    titles = [f"filter {number}" for number in numbers]
    drawn = ClimbedPictures(climb, subject.seed, ascent, numbers, titles, str(at), UNITS[climb.objective], dead)
    facts = {**photographs.facts(), **drawn.facts(), "layer": str(at), "layer_name": at.name}
    arrays = {**drawn.arrays(), "filters": np.array(numbers)}
    known: list[FilterFacts] = []
    if scanned:
        facts |= subject.facts(scanned.split)  # with files, the data is that of the scan
        of_filters = facts_of(scanned.scan, scanned.split, numbers)
        arrays |= scan_arrays(scanned.scan)
        if with_cards:
            of_maps = ascent.pictures.view(len(numbers), -1, *ascent.pictures.shape[1:])
            known = filter_facts(scanned, numbers, {WHOLE: of_maps, CELL: of_cells})
            arrays |= {"maps": _maps(photographs, model, module, numbers), **evidence_arrays(known)}
            for each in known:
                of_filters[str(each.number)] |= each.facts(subject.classifier.class_names)
        facts["scan"] = {
            "photographs": len(scanned.scan.ids),
            "asked": scan or "all",
            "dead_in_layer": np.flatnonzero(scanned.scan.dead()).tolist(),
            "filters": of_filters,
        }
    if likeness:
        facts["similar"] = likeness[1]

    def made_cards() -> list[Card]:
        if not (scanned and known):
            return []
        return cards(scanned, known, arrays["maps"], facts["scan"]["filters"], dead.tolist(), advice)

    def draw() -> Mapping[str, Figure]:
        from foodviz.render.filters import cards_figure, similarity_figure

        figures = {"": drawn.sheet()}
        if scanned and known:
            figures[""] = cards_figure(
                made_cards(),
                photographs.pixels,
                photographs.captions,
                subject.classifier.class_names,
                title=f"filters of {at}",
                notes=[
                    f"Drawn by {climb.note(subject.seed)}",
                    f"The crops are the best of {len(scanned.scan.ids)} photographs of {scanned.split.name}, with the "
                    "value of the strongest cell; every filter on a scale of its own.",
                    "it falls by: what the strongest cells lose of their lead over the filter's mean when the "
                    "photographs are changed so, with the 95 % interval.",
                    "way: how like the photographs' a drawn picture's way through the earlier layers is: 1 as they are "
                    "among themselves, 0 as other places are to them.",
                    photographs.trained_on,
                ],
            )
        figures |= drawn.steps()
        if likeness:
            figures["similar"] = similarity_figure(
                likeness[0],
                likeness[1]["order"],
                title="filters that answer alike",
                notes=[f"{at}.", f"{'; '.join(_likeness_lines(facts))}."],
            )
        return figures

    def views() -> Mapping[str, Any]:
        from foodviz.render.page import views as page

        made = made_cards()
        tops = [facts["scan"]["filters"][str(card.number)]["top"] for card in made]
        return page.cards(made, tops) if made else {}

    lines = [*photographs.table, *_lines(facts), *_likeness_lines(facts)]
    return Result("filters", settings, arrays, facts, lines, _sentences(facts), draw, views)


def _maps(photographs: Photographs, model: nn.Module, module: nn.Module, numbers: Sequence[int]) -> np.ndarray:
    """(N, K, h, w) of the photographs, in the layer's units."""
    import torch

    from foodviz.analysis.photographs import BATCH
    from foodviz.methods.feature_maps import feature_maps

    channels = torch.tensor(numbers)
    parts = [feature_maps(model, module, some, channels) for some in torch.split(photographs.images, BATCH)]
    values: np.ndarray = torch.cat(parts).cpu().numpy()
    return values


def _usual(layer: Layer, scan: Scan | None) -> tuple[int, ...]:
    """The most selective filters, or all without a scan. Without labels: those that a local property explains best."""
    import numpy as np

    if scan is None:
        return tuple(range(layer.channels))
    score = scan.selectivity()
    if not score.any():
        score = np.abs(scan.correlations()).max(1)
    return tuple(sorted(np.argsort(-score, kind="stable")[:SELECTIVE].tolist()))


def _lines(facts: Mapping[str, Any]) -> list[str]:
    measured = facts.get("scan", {}).get("filters", {})
    return [f"filter {number}: {each['says']}" for number, each in measured.items()]


def _likeness_lines(facts: Mapping[str, Any]) -> list[str]:
    pairs = {name: facts["similar"][name] for name in ("nearest", "most opposite")} if "similar" in facts else {}
    return [f"{name}: {a} and {b}, cosine {cosine:.2f}" for name, (a, b, cosine) in pairs.items()]


def _sentences(facts: Mapping[str, Any]) -> list[str]:
    from foodviz.render import sentences

    measured = facts.get("scan", {}).get("filters", {})
    own = [sentences.of_filter(number, each) for number, each in measured.items()]
    if "similar" not in facts:
        return own
    pairs = facts["similar"]
    return [*own, sentences.alike(*pairs["nearest"]), sentences.alike(*pairs["most opposite"], opposite=True)]
