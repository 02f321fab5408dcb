"""What a dream climbs, from the words of the flags to a function of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foodviz.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL.Image import Image

    from foodviz.cli.dream.flags import Settings
    from foodviz.methods.deep_dream import Climb, Objective
    from foodviz.models import Classifier

TILE, MARGIN = 640, 64  # pixels; a picture up to a tile's size is climbed whole
GUIDE = 512  # longest side of a guide picture in pixels


@dataclass(frozen=True)
class Climbed:
    """The objective in words, its unit for an axis, its climb, the smallest side of a picture it can look at,
    and the classifier climbed."""

    what: str
    unit: str
    climb: Climb
    smallest: int
    classifier: Classifier


def climbed(classifier: Classifier, settings: Settings) -> Climbed:
    """The objective that the flags name.

    Raises:
        InputError: no such layer, channel or class, a layer without maps, or a guide that cannot be read.
    """
    from foodviz import models
    from foodviz.data.class_names import find_class
    from foodviz.methods.deep_dream import channels, climber
    from foodviz.methods.octaves import tiled

    if settings.class_name:
        index = find_class(settings.class_name, classifier.class_names, "class_name")
        classifier = models.fast(classifier)
        climb = climber(classifier, None, channels([index]))
        what = f"the logit of {classifier.class_names[index]}"
        # the head may take one size only, so a larger picture is seen as overlapping ones of that size
        size = classifier.input_size
        return Climbed(what, what.removeprefix("the "), tiled(climb, size, min(size) // 8), max(size), classifier)

    from foodviz.models import check_channels, layer_with_maps

    layer = layer_with_maps(classifier, settings.layer)
    check_channels(layer, settings.filters, "filter")
    classifier = models.fast(classifier, layer)
    module = layer.of(classifier).module
    what, unit, objective = _of_layer(classifier, module, settings)
    climb = tiled(climber(classifier, module, objective), (TILE, TILE), MARGIN)
    return Climbed(f"{what} {layer}", unit, climb, 32, classifier)


def _of_layer(classifier: Classifier, module: torch.nn.Module, settings: Settings) -> tuple[str, str, Objective]:
    import torch

    from foodviz.data.pictures import pixels
    from foodviz.hooks import run_to
    from foodviz.methods.ascent import layer_energy
    from foodviz.methods.deep_dream import channels, likeness

    if settings.guide:
        source = opened(settings.guide, "--guide")
        shrink = min(1.0, GUIDE / max(source.size))
        size = max(1, round(source.height * shrink)), max(1, round(source.width * shrink))
        with torch.no_grad():
            guide = run_to(classifier, module, tensor(pixels(source, size), classifier.mean.device))
        return f"likeness to {Path(settings.guide).name} in", "dot product with the guide", likeness(guide)
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


def opened(name: str, flag: str) -> Image:
    """A picture file at its own size.

    Raises:
        InputError: it cannot be read.
    """
    from foodviz.data.pictures import decode

    try:
        content = Path(name).expanduser().read_bytes()
    except OSError as error:
        raise InputError(f"{flag} {name}: {error.strerror}") from None
    return decode(content, name)


def tensor(picture: np.ndarray, device: torch.device) -> torch.Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) in [0, 1]."""
    import torch

    return torch.from_numpy(picture.copy()).to(device).permute(2, 0, 1)[None].float().div_(255)
