"""`foodviz filters` from its settings to its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from foodviz.cli.filters.flags import Settings
    from foodviz.cli.run import Run
    from foodviz.methods.activation_maximization import Ascent
    from foodviz.metrics.filters import Scan
    from foodviz.models import Layer

SELECTIVE = 5  # filters shown where none is asked for
NOTES = {
    "fourier": "the spectrum climbs, in the colours of photographs, under random shifts, scales, turns and blurs",
    "maco": "the phases climb, the magnitudes stay those of photographs, under random shifts, scales, turns and blurs",
    "pixel": "plain ascent on the pixels",
}


def draw_filters(run: Run, settings: Settings) -> None:
    """Cards, or a sheet of pictures, of a layer's filters."""
    import torch

    from foodviz import models
    from foodviz.cli.filters.cards import cards, dead_advice
    from foodviz.cli.filters.climb import climbed
    from foodviz.cli.filters.scan import scanned
    from foodviz.models import check_channels, layer_with_maps
    from foodviz.render.filters import cards_figure

    layer = layer_with_maps(run.classifier, settings.layer)
    check_channels(layer, settings.filters, "filters")
    run.say(str(layer))
    _ = run.logits  # by the model as it is
    run.__dict__["classifier"] = models.fast(run.classifier, layer)
    module = layer.of(run.classifier).module
    only = settings.all_ or settings.only == "picture"
    scan = None
    if not only or settings.similar or not (settings.filters or settings.all_):
        scan = scanned(run, layer, module, settings.scan)
    chosen = settings.filters or _chosen(layer, scan if not settings.all_ else None)
    ascent = climbed(run, settings, module, chosen)
    dead = ascent.dead.view(len(chosen), -1).all(1).numpy()
    if scan is not None:
        dead = dead | scan.dead()[list(chosen)]
    for number in [number for number, gone in zip(chosen, dead, strict=True) if gone]:
        run.say(f"filter {number} is dead: {dead_advice(run, layer, scan)}")

    names = run.classifier.class_names
    figures, facts, arrays = _climb_facts(run, settings, ascent, chosen, dead, str(layer))
    facts |= {"layer": str(layer), "layer_name": layer.name}
    lines: list[str] = []
    if scan is not None:
        facts["scan"], lines = _scan_facts(run, settings, scan, chosen)
        arrays |= {"correlations": scan.correlations(), "similarity": scan.similarity(), "scanned_ids": scan.ids}
    if not only:
        assert scan is not None
        shown, more = cards(run, layer, module, scan, chosen, ascent.pictures, dead)
        arrays |= more
        figures[""] = cards_figure(
            shown,
            run.batch.images.cpu().numpy(),
            [picture.caption for picture in run.pictures],
            names,
            title=f"filters of {layer}",
            notes=[
                f"Drawn by {settings.recipe}: {NOTES[settings.recipe]}; {settings.steps} steps, seed {run.seed}.",
                f"r: correlation of the filter's map with a local property of {len(scan.ids)} photographs of "
                f"{run.listing.name}; the crops are the best of them, one each; every filter on a scale of its own.",
                run.trained_on,
            ],
        )
    if settings.similar:
        assert scan is not None
        figures["similar"], facts["similar"], more_lines = _similar(scan, settings.filters, str(layer))
        lines += more_lines
    run.save(figures, arrays | {"filters": torch.tensor(chosen).numpy()}, facts)
    if not run.quiet and not run.flags["json_"]:
        for line in lines:
            click.echo(line)


def draw_classes(run: Run, settings: Settings) -> None:
    """Pictures that excite the asked classes' logits most."""
    from foodviz import models
    from foodviz.cli.filters.climb import climbed
    from foodviz.data.class_names import find_class

    names = run.classifier.class_names
    chosen = [find_class(each, names, "class_name") for each in settings.classes]
    if settings.objective == "neuron":
        raise InputError("--objective neuron: a logit has no middle; leave it out with --class")
    _ = run.logits
    run.__dict__["classifier"] = models.fast(run.classifier)
    ascent = climbed(run, settings, run.classifier, chosen)
    dead = ascent.dead.view(len(chosen), -1).all(1).numpy()
    titles = [names[index] for index in chosen]
    figures, facts, arrays = _climb_facts(run, settings, ascent, chosen, dead, "the logit", titles)
    run.save(figures, arrays, facts | {"classes": titles})


def _chosen(layer: Layer, scan: Scan | None) -> tuple[int, ...]:
    """The most selective filters, or all without a scan. Without labels: those that a local property explains best."""
    import numpy as np

    if scan is None:
        return tuple(range(layer.channels))
    score = scan.selectivity()
    if not score.any():
        score = np.abs(scan.correlations()).max(1)
    return tuple(sorted(np.argsort(-score, kind="stable")[:SELECTIVE].tolist()))


def _climb_facts(
    run: Run,
    settings: Settings,
    ascent: Ascent,
    chosen: Sequence[int],
    dead: np.ndarray,
    where: str,
    titles: Sequence[str] | None = None,
) -> tuple[dict[str, Figure], dict[str, Any], dict[str, np.ndarray]]:
    """The sheet of pictures, the snapshots where asked for, and what file and manifest say of the climb."""
    from foodviz.render.filters import pictures_figure, steps_figure

    titles = titles or [f"filter {number}" for number in chosen]
    pictures = ascent.pictures.view(len(chosen), -1, *ascent.pictures.shape[1:]).numpy()
    note = f"{settings.recipe}: {NOTES[settings.recipe]}; {settings.steps} steps, seed {run.seed}."
    sheet = pictures_figure(pictures, titles, dead.tolist(), title=f"what excites {where} most", notes=[note])
    figures = {"": sheet}
    unit = {"channel": "mean of the map", "neuron": "middle cell", "diversity": "mean of the map less likeness"}
    what = "logit" if settings.classes else unit[settings.objective]
    if settings.every:
        firsts = range(0, len(chosen) * settings.pictures, settings.pictures)
        steps = list(range(0, settings.steps, settings.every))
        figures["steps"] = steps_figure(
            ascent.frames[:, firsts].numpy(),
            steps,
            ascent.curve[:, firsts].numpy(),
            titles,
            title=f"{settings.recipe} on {where}",
            unit=what,
        )
    facts = {
        "filters": list(chosen),
        "dead": [number for number, gone in zip(chosen, dead, strict=True) if gone],
        "recipe": settings.recipe,
        "lr": settings.lr,
        "climbed": what,
        "objective_first": ascent.curve[0].tolist(),
        "objective_last": ascent.curve[-1].tolist(),
    }
    arrays = {"pictures": pictures, "curve": ascent.curve.numpy()}
    return figures, facts, arrays | ({"frames": ascent.frames.numpy()} if settings.every else {})


def _scan_facts(run: Run, settings: Settings, scan: Scan, chosen: Sequence[int]) -> tuple[dict[str, Any], list[str]]:
    """What the scan says of every chosen filter, for the manifest, and a line each."""
    import numpy as np

    from foodviz.metrics.filters import sentence
    from foodviz.metrics.properties import PROPERTIES

    correlations, selectivity, dead = scan.correlations(), scan.selectivity(), scan.dead()
    of_filters, lines = {}, []
    for number in chosen:
        said = "dead: the same for every photograph" if dead[number] else sentence(correlations[number])
        lines.append(f"filter {number}: {said}")
        of_filters[str(number)] = {
            "says": said,
            "correlations": dict(zip(PROPERTIES, np.round(correlations[number], 4).tolist(), strict=True)),
            "selectivity": round(float(selectivity[number]), 4),
            "dead": bool(dead[number]),
            "top": [run.listing.describe(int(scan.ids[row])) for row in scan.top(number)],
        }
    layer_dead = np.flatnonzero(dead).tolist()
    facts = {"photographs": len(scan.ids), "asked": settings.scan or "all", "dead_in_layer": layer_dead}
    return {**facts, "filters": of_filters}, lines


def _similar(scan: Scan, asked: Sequence[int], where: str) -> tuple[Figure, dict[str, Any], list[str]]:
    """The matrix of the asked filters or the layer, and its nearest and most opposite pair."""
    import numpy as np

    from foodviz.metrics.filters import extremes, similar_first
    from foodviz.render.filters import similarity_figure

    numbers = np.array(asked) if asked else np.flatnonzero(~scan.dead())
    if len(numbers) < 2:
        raise InputError("--similar: give at least two filters")
    part = scan.similarity()[np.ix_(numbers, numbers)]
    pairs = {}
    for name, (a, b) in zip(("nearest", "most opposite"), extremes(part), strict=True):
        pairs[name] = [int(numbers[a]), int(numbers[b]), round(float(part[a, b]), 4)]
    lines = [f"{name}: {a} and {b}, cosine {value:.2f}" for name, (a, b, value) in pairs.items()]
    order = similar_first(part)
    figure = similarity_figure(
        part[np.ix_(order, order)],
        numbers[order].tolist(),
        title="filters that answer alike",
        notes=[f"{where}.", f"{'; '.join(lines)}."],
    )
    return figure, pairs | {"order": numbers[order].tolist()}, lines
