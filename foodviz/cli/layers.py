"""`foodviz layers`: what `--layer` can name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from foodviz.cli.options import GreedyCommand, data_options, model_options, option, picture_options

if TYPE_CHECKING:
    from torch import Tensor

    from foodviz.models import Classifier
    from foodviz.models.layers import SurveyedLayer

HEADER = ("index", "name", "type", "channels", "size", "field", "parameters", "dead")


@click.command(cls=GreedyCommand)
@data_options
@picture_options
@model_options
@option("--seed", type=int, default=0, hidden=True)
@option("--json", "json_", is_flag=True, help="Print JSON instead of the table.")
@option("--quiet", is_flag=True, help="No remarks, only the table.")
def layers(json_: bool, **flags: Any) -> None:
    """The layers of a model, in the order they run, as --layer takes them: by index or by name.

    Size is that of the maps, field the pixels that one of their values depends on, dead the share of channels that give
    one and the same value everywhere on the pictures of --ids or --image. Without either, four pictures are looked at.
    """
    from foodviz.cli.run import Run

    run = Run("layers", out=".", **flags)
    classifier = run.classifier

    from foodviz.models.layers import survey

    places = [place for place in survey(classifier) if place.index is not None or not list(place.module.children())]
    dead = dead_shares(classifier, places, run.batch.images)
    rows = [_row(place, dead.get(place.name)) for place in places]
    if json_:
        click.echo(json.dumps([dict(zip(HEADER, row, strict=True)) for row in rows], indent=2))
    else:
        click.echo("\n".join(_table(rows)))


def dead_shares(classifier: Classifier, places: Sequence[SurveyedLayer], images: Tensor) -> dict[str, float]:
    """The share of channels, by name of the layer with maps, that are the same everywhere on all images."""
    import torch

    lowest: dict[str, Tensor] = {}
    highest: dict[str, Tensor] = {}

    def seen(name: str, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.ndim == 4:
            low, high = output.amin((0, 2, 3)), output.amax((0, 2, 3))
            lowest[name] = torch.minimum(lowest.get(name, low), low)
            highest[name] = torch.maximum(highest.get(name, high), high)

    handles = [
        place.module.register_forward_hook(lambda _module, _inputs, output, name=place.name: seen(name, output))
        for place in places
        if len(place.shape) == 3 and place.shape[1:] != (1, 1)
    ]
    try:
        with torch.inference_mode():
            for some in torch.split(images, 8):
                classifier(some)
    finally:
        for handle in handles:
            handle.remove()
    return {name: float((highest[name] == low).float().mean()) for name, low in lowest.items()}


def _row(place: SurveyedLayer, dead: float | None) -> tuple[Any, ...]:
    channels, height, width = (*place.shape, None, None)[:3]
    size = f"{height}x{width}" if width is not None else None
    kind = type(place.module).__name__ + (f" (runs {place.runs} times)" if place.runs > 1 else "")
    return place.index, place.name, kind, channels, size, place.receptive_field, place.parameters, dead


def _table(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    cells = [HEADER, *(tuple(_cell(value) for value in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADER))]
    left = (1, 2)
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.0%}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
