"""All filters of many layers drawn: in batches that wait in the cache, no larger and no longer than a filter needs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foodviz.analysis.filters.statistics import natural_statistics
from foodviz.cache import cache_file, load_arrays, save_arrays

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import nn

    from foodviz.analysis.subject import Subject
    from foodviz.methods.activation_maximization import Ascent
    from foodviz.methods.spectrum import Statistics

BATCH = 16  # filters that climb together: also what a killed run loses at most
SETTLED = 0.05  # a picture is ready once it has risen by less than this share in 32 steps
SMALLEST, ROOM = 48, 32  # pixels: no picture is smaller, and around a receptive field there is so much for shifts
_SIXTEENTHS = 16  # sides are multiples of it, which pools divide


@dataclass(frozen=True, eq=False)
class Drawn:
    """Pictures of some filters.

    Attributes:
        pictures: (K, h, w, 3) uint8.
        dead: (K,) bool, no gradient ever came: the picture is only its start.
        steps: (K,) int64, how many each took.
        reached: (K,) float32, the objective at the last of them, in the layer's units.
    """

    pictures: np.ndarray
    dead: np.ndarray
    steps: np.ndarray
    reached: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        return dict(vars(self))


@dataclass(frozen=True)
class Job:
    """What is to be drawn of one layer, or of the logits.

    Attributes:
        key: what the pictures depend on besides this job's own values.
        model: images (N, 3, H, W) in [0, 1] -> logits. module: inside it, whose output is climbed.
        channels: which. size: (height, width) to draw.
    """

    key: str
    model: nn.Module
    module: nn.Module
    channels: tuple[int, ...]
    size: tuple[int, int]


def draw(subject: Subject, jobs: Sequence[Job], recipe: str, steps: int, seconds: float | None) -> list[list[Drawn]]:
    """The pictures of each job batch by batch, first filters first; fewer where the time is over.

    A batch of every job comes before a second one of any, so that a budget is spent on all layers.

    Args:
        recipe: `fourier`, `maco` or `pixel`. steps: at most.
        seconds: no batch that is not in the cache begins later than this; None for no limit.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    drawn: list[list[Drawn]] = [[] for _ in jobs]
    statistics = _Statistics(subject)
    turns = list(_turns(jobs))
    for place, channels in subject.progress(turns, "drawing", total=len(turns)):
        job = jobs[place]
        key = (job.key, str(subject.seed), recipe, str(steps), str(job.size), ",".join(map(str, channels)))
        file = cache_file("atlas", "1", subject.device.type, statistics.key(recipe), *key, suffix=".npz")
        arrays = load_arrays(file)
        if arrays is None and (ends is None or time.monotonic() < ends):
            arrays = _draw(subject, job, channels, recipe, steps, statistics).arrays()
            save_arrays(file, arrays)
        if arrays is not None and len(drawn[place]) * BATCH == job.channels.index(channels[0]):
            drawn[place].append(Drawn(**arrays))
    return drawn


def drawn_size(field: int, size: tuple[int, int]) -> tuple[int, int]:
    """Height and width that a filter of that receptive field is drawn at, no larger than the model's input."""
    side = max(SMALLEST, -(-(field + ROOM) // _SIXTEENTHS) * _SIXTEENTHS)
    return min(side, size[0]), min(side, size[1])


def _turns(jobs: Sequence[Job]) -> Iterator[tuple[int, tuple[int, ...]]]:
    for first in range(0, max((len(job.channels) for job in jobs), default=0), BATCH):
        for place, job in enumerate(jobs):
            if first < len(job.channels):
                yield place, job.channels[first : first + BATCH]


class _Statistics:
    """The statistics of natural pictures, read when a picture is drawn and not when all are in the cache."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._whole: Statistics | None = None

    def key(self, recipe: str) -> str:
        split = self.subject.dataset.split(self.subject.settings.get("split"))
        return "" if recipe == "pixel" else split.fingerprint

    def of(self, size: tuple[int, int]) -> Statistics:
        self._whole = self._whole or natural_statistics(self.subject, "data")
        return self._whole.of_size(size)


def _draw(
    subject: Subject, job: Job, channels: Sequence[int], recipe: str, steps: int, statistics: _Statistics
) -> Drawn:
    import torch

    from foodviz.methods import activation_maximization as method
    from foodviz.methods.ascent import Adam

    # the seeds of `filters`, whose pictures begin alike
    seeds = [subject.image_seed(f"{channel} 0") for channel in channels]
    climbed = job.model, job.module, torch.tensor(channels)
    if recipe == "pixel":
        start = method.noise_pictures(seeds, job.size)
        return _kept(method.pixel_pictures(*climbed, start, optimizer=Adam(0.1, weight_decay=1e-4), steps=steps))
    recipes: dict[str, Callable[..., Any]] = {"fourier": method.fourier_pictures, "maco": method.maco_pictures}
    return _kept(recipes[recipe](*climbed, statistics.of(job.size), seeds=seeds, steps=steps, settled=SETTLED))


def _kept(ascent: Ascent) -> Drawn:
    import numpy as np

    pixels = (ascent.pictures.movedim(1, 3).nan_to_num(0) * 255).round().byte().cpu().numpy()
    steps = ascent.curve.isfinite().sum(0).cpu()
    reached = ascent.curve.cpu().gather(0, (steps[None] - 1).clamp_min(0))[0]
    return Drawn(pixels, ascent.dead.cpu().numpy(), steps.numpy(), reached.numpy().astype(np.float32))
