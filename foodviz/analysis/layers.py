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

    Size is that of the maps, field the pixels that one of their values depends on, dead the share of channels that give
    one and the same value everywhere on the pictures.

    Args:
        ids: pictures of the subject's split that dead channels are looked for on; four of them without any.
        image: picture files instead.

    Raises:
        InputError: a picture that is not there.
    """
    settings = {**subject.settings, **settings_of(layers, locals())}
    split, indices = subject.choose(ids, image)

    from foodviz.data.batch import read
    from foodviz.models.layers import survey

    classifier = subject.classifier
    images = read(split, indices, classifier.input_size).images.to(subject.device)  # whatever its classes are
    layers_run = [layer for layer in survey(classifier) if layer.index is not None or not list(layer.module.children())]
    dead = dead_shares(classifier, layers_run, images)
    rows = [_row(layer, dead.get(layer.name)) for layer in layers_run]
    facts = {**subject.facts(split), "layers": [dict(zip(HEADER, row, strict=True)) for row in rows]}
    return Result("layers", settings, {}, facts, _table(rows))


def dead_shares(classifier: Classifier, layers_run: Sequence[SurveyedLayer], images: Tensor) -> Mapping[str, float]:
    """The share of channels, by name of the layer with maps, that are the same everywhere on all images."""
    import torch

    from foodviz.hooks import watching

    lowest: dict[str, Tensor] = {}
    highest: dict[str, Tensor] = {}

    def note(name: str, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.ndim == 4:
            low, high = output.amin((0, 2, 3)), output.amax((0, 2, 3))
            if lowest.get(name, low).shape != low.shape:
                return  # used again on wider maps: the row is of its first use
            lowest[name] = torch.minimum(lowest.get(name, low), low)
            highest[name] = torch.maximum(highest.get(name, high), high)

    watched = {layer.name: layer.module for layer in layers_run if len(layer.shape) == 3 and layer.shape[1:] != (1, 1)}
    with watching(watched, lambda name, _inputs, output: note(name, output)), torch.inference_mode():
        for some in torch.split(images, 8):
            classifier(some)
    return {name: float((highest[name] == low).float().mean()) for name, low in lowest.items()}


def _row(layer: SurveyedLayer, dead: float | None) -> tuple[Any, ...]:
    channels, height, width = (*layer.shape, None, None)[:3]
    size = f"{height}x{width}" if width is not None else None
    kind = type(layer.module).__name__ + (f" (runs {layer.runs} times)" if layer.runs > 1 else "")
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
