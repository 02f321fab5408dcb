"""The layers of a model: what `layer` can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foodviz.analysis.result import Result, settings_of

if TYPE_CHECKING:
    from torch import Tensor

    from foodviz.analysis.subject import Subject
    from foodviz.models import Classifier
    from foodviz.models.layers import SurveyedLayer

HEADER = ("index", "name", "type", "channels", "size", "field", "parameters", "dead")
_LEFT = ("name", "type")  # columns of words


def layers(subject: Subject, *, ids: Sequence[int | str] = (), image: Sequence[str] = ()) -> Result:
    """The layers of a model, in the order they run, as every analysis takes them: by index or by name.

    A module that is used at several sizes has a row for each use; `layer` means the first. Size is that of the maps,
    field the pixels that one of their values depends on, dead the share of channels that give one and the same value
    everywhere on the pictures.

    Args:
        ids: pictures of the subject's split that dead channels are looked for on; four of them without any.
        image: picture files instead.

    Raises:
        InputError: a picture that is not there.
    """
    settings = {**subject.settings, **settings_of(layers, locals())}
    split, indices = subject.choose(ids, image)

    from foodviz.data.batch import read
    from foodviz.models.layers import uses

    classifier = subject.classifier
    images = read(split, indices, classifier.input_size).images.to(subject.device)  # whatever its classes are
    run = [layer for layer in uses(classifier) if layer.index is not None or not list(layer.module.children())]
    first = {layer.name: layer.shape for layer in run if layer.use == 1}
    several = {layer.name for layer in run if layer.shape != first[layer.name]}
    layers_run = [layer for layer in run if layer.use == 1 or layer.name in several]
    dead = dead_shares(classifier, layers_run, images)
    rows = [_row(layer, layer.name in several, dead.get((layer.name, layer.shape))) for layer in layers_run]
    facts = {**subject.facts(split), "layers": [dict(zip(HEADER, row, strict=True)) for row in rows]}
    return Result("layers", settings, {}, facts, _table(rows))


def dead_shares(
    classifier: Classifier, layers_run: Sequence[SurveyedLayer], images: Tensor
) -> Mapping[tuple[str, tuple[int, ...]], float]:
    """The share of channels, by name and shape of the layer with maps, that are the same everywhere on all images."""
    import torch

    from foodviz.hooks import watching

    lowest: dict[tuple[str, tuple[int, ...]], Tensor] = {}
    highest: dict[tuple[str, tuple[int, ...]], Tensor] = {}

    def note(name: str, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.ndim == 4:
            low, high = output.amin((0, 2, 3)), output.amax((0, 2, 3))
            use = name, tuple(output.shape[1:])
            lowest[use] = torch.minimum(lowest.get(use, low), low)
            highest[use] = torch.maximum(highest.get(use, high), high)

    watched = {layer.name: layer.module for layer in layers_run if len(layer.shape) == 3 and layer.shape[1:] != (1, 1)}
    with watching(watched, lambda name, _inputs, output: note(name, output)), torch.inference_mode():
        for some in torch.split(images, 8):
            classifier(some)
    return {use: float((highest[use] == low).float().mean()) for use, low in lowest.items()}


def _row(layer: SurveyedLayer, each_use: bool, dead: float | None) -> tuple[Any, ...]:
    channels, height, width = (*layer.shape, None, None)[:3]
    size = f"{height}x{width}" if width is not None else None
    times = f" (use {layer.use} of {layer.runs})" if each_use else f" (runs {layer.runs} times)"
    kind = type(layer.module).__name__ + (times if layer.runs > 1 else "")
    return layer.index, layer.name, kind, channels, size, layer.receptive_field, layer.parameters, dead


def _table(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    cells = [HEADER, *(tuple(_cell(value) for value in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADER))]
    return [
        "  ".join(
            cell.ljust(width) if name in _LEFT else cell.rjust(width)
            for name, cell, width in zip(HEADER, row, widths, strict=True)
        ).rstrip()
        for row in cells
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.0%}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
