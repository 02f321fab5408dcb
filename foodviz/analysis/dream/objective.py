"""What a dream climbs, from the words of the arguments to a function of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np
    import torch

    from foodviz.analysis.dream.settings import DreamSettings
    from foodviz.methods.deep_dream import Climb, Objective
    from foodviz.models import Classifier, Layer

TILE, MARGIN = 640, 64  # pixels; a picture up to a tile's size is climbed whole
GUIDE = 512  # longest side of a guide picture in pixels


@dataclass(frozen=True)
class DreamObjective:
    """What is climbed.

    Attributes:
        name: in words. unit: of its values, for an axis.
        climb: its value and gradient for a picture of any size, tile by tile.
        smallest: pixels of the shortest side that it can look at.
    """

    name: str
    unit: str
    climb: Climb
    smallest: int


def dream_objective(classifier: Classifier, settings: DreamSettings, layer: Layer | None) -> DreamObjective:
    """The objective that the settings name, of a layer where they name no class.

    Raises:
        InputError: no such channel or class, or a guide that cannot be read.
    """
    from foodviz import models
    from foodviz.data.class_names import find_class
    from foodviz.methods.deep_dream import channels, climber
    from foodviz.methods.octaves import tiled

    if settings.class_name is not None:
        index = find_class(settings.class_name, classifier.class_names, "class_name")
        name = f"the logit of {printable(classifier.class_names[index])}"
        climb = climber(models.fast(classifier), None, channels([index]))
        # the head may take one size only, so a larger picture is seen as overlapping ones of that size
        size = classifier.input_size
        return DreamObjective(name, name.removeprefix("the "), tiled(climb, size, min(size) // 8), max(size))

    assert layer is not None
    models.check_channels(layer, settings.filters, "filters")
    fast = models.fast(classifier, keep=layer)
    module = layer.of(fast).module
    what, unit, objective = _of_layer(fast, module, settings)
    climb = tiled(climber(fast, module, objective), (TILE, TILE), MARGIN)
    return DreamObjective(f"{what} {layer}", unit, climb, 32)


def _of_layer(classifier: Classifier, module: torch.nn.Module, settings: DreamSettings) -> tuple[str, str, Objective]:
    from foodviz.methods.ascent import layer_energy
    from foodviz.methods.deep_dream import channels, likeness

    if settings.guide:
        guide = _guide(classifier, module, settings.guide)
        return f"likeness to {printable(Path(settings.guide).name)} in", "dot product with the guide", likeness(guide)
    if not settings.filters:
        return "the whole of", "mean square of the layer", layer_energy
    terms = [
        f"{channel}" if weight == 1 else f"{weight:g} x {channel}"
        for channel, weight in zip(settings.filters, settings.weights, strict=True)
    ]
    objective = channels(settings.filters, settings.weights)
    if len(terms) == 1:
        return f"filter {terms[0]} of", "mean of the map", objective
    return f"filters {' + '.join(terms)} of", "sum of the maps' means", objective


def _guide(classifier: Classifier, module: torch.nn.Module, name: str) -> torch.Tensor:
    """(1, K, h, w), what the layer says of the guide picture at its own aspect ratio."""
    import torch

    from foodviz.data.files import read_file
    from foodviz.data.pictures import decode, pixels
    from foodviz.hooks import run_to
    from foodviz.paths import path_of

    source = decode(read_file(path_of(name), f"`guide` {name}"), name)
    shrink = min(1.0, GUIDE / max(source.size))
    size = max(1, round(source.height * shrink)), max(1, round(source.width * shrink))
    with torch.no_grad():
        return run_to(classifier, module, tensor(pixels(source, size), classifier.mean.device))


def tensor(picture: np.ndarray, device: torch.device) -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) in [0, 1]."""
    import torch

    return torch.from_numpy(picture.copy()).to(device).permute(2, 0, 1)[None].float().div_(255)
