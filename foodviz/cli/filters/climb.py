"""The pictures that excite channels most, as the flags of `foodviz filters` want them climbed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from foodviz.cli.filters.scan import statistics
from foodviz.cli.progress import progress

if TYPE_CHECKING:
    from torch import Tensor, nn

    from foodviz.cli.filters.flags import Settings
    from foodviz.cli.run import Run
    from foodviz.methods.activation_maximization import Ascent

BATCH = 16  # pictures that climb at a time


def climbed(run: Run, settings: Settings, module: nn.Module, channels: Sequence[int]) -> Ascent:
    """K channels, V pictures each, one after the other: what `Ascent` has for K * V rows.

    Every picture has a seed of its own, from --seed, its channel and its place among the channel's pictures.
    """
    import torch

    from foodviz.methods import activation_maximization as method
    from foodviz.methods.activation_maximization import Ascent
    from foodviz.methods.ascent import SGD, Adam, channel_centre, channel_mean

    objective = {"channel": channel_mean, "neuron": channel_centre, "diversity": method.diverse_mean}
    rows = [(channel, version) for channel in channels for version in range(settings.pictures)]
    if settings.recipe == "pixel":
        start = _start(run, settings, rows)
    else:
        natural = statistics(run, settings.statistics)
    size = max(1, BATCH // settings.pictures) * settings.pictures  # a channel's pictures stay together
    parts: list[Ascent] = []
    for first in range(0, len(rows), size):
        some = rows[first : first + size]
        what = f"filters {some[0][0]} to {some[-1][0]}" if len(rows) > size else settings.recipe
        common: dict[str, Any] = {
            "objective": objective[settings.objective],
            "steps": settings.steps,
            "every": settings.every,
            "progress": partial(progress, what=what, quiet=run.quiet, total=settings.steps),
        }
        asked = torch.tensor([channel for channel, _ in some])
        if settings.recipe == "pixel":
            optimizer = Adam if settings.optimizer == "adam" else SGD
            climb = optimizer(settings.lr, weight_decay=settings.weight_decay)
            begin = start[first : first + size]
            part = method.pixel_pictures(run.classifier, module, asked, begin, optimizer=climb, **common)
        else:
            recipe = {"fourier": method.fourier_pictures, "maco": method.maco_pictures}[settings.recipe]
            seeds = [_seed(run, *row) for row in some]
            part = recipe(run.classifier, module, asked, natural, seeds=seeds, lr=settings.lr, **common)
        parts.append(part)
    return Ascent(
        torch.cat([part.pictures for part in parts]).cpu(),
        torch.cat([part.curve for part in parts], 1).cpu(),
        torch.cat([part.frames for part in parts], 1).cpu(),
        torch.cat([part.dead for part in parts]).cpu(),
    )


def _start(run: Run, settings: Settings, rows: Sequence[tuple[int, int]]) -> Tensor:
    import torch

    from foodviz.methods.activation_maximization import noise_pictures

    size = run.classifier.input_size
    if settings.start == "noise":
        return noise_pictures([_seed(run, *row) for row in rows], size)
    if settings.start == "image":
        return run.batch.images[:1].expand(len(rows), -1, -1, -1)  # the first photograph, as the course keeps it
    return torch.full((len(rows), 3, *size), 0.5)


def _seed(run: Run, channel: int, version: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{run.seed} {channel} {version}".encode()).digest()[:6])
