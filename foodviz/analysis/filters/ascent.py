"""The climb itself: pictures that excite channels most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from foodviz.analysis.filters.statistics import natural_statistics
from foodviz.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from foodviz.analysis.filters.arguments import AscentArguments
    from foodviz.analysis.photographs import Photographs
    from foodviz.methods.activation_maximization import Ascent

BATCH = 16  # pictures that climb at a time
MOST_BYTES = 2 * 2**30  # of all pictures and snapshots
CELL = "cell"  # in place of a number: the picture that the channel's strongest cell climbs


class Row(NamedTuple):
    """One picture that climbs: its channel, and its number among the channel's pictures, or CELL."""

    channel: int
    version: int | str


def ascend(
    photographs: Photographs,
    climb: AscentArguments,
    model: nn.Module,
    module: nn.Module,
    channels: Sequence[int],
    *,
    cells: bool = False,
) -> Ascent:
    """K channels, V pictures each, one after the other: what `Ascent` has for K * V rows.

    Every picture has a seed of its own, from the subject's, its channel and its number among the channel's.

    Args:
        photographs: whose first one a climb may start from.
        model: images in [0, 1] -> logits. module: inside it, whose output is climbed.
        cells: K rows more, for each channel a picture that its strongest cell climbs, in the same batches.

    Raises:
        InputError: more pictures than memory should hold, or a climb that ends in what is no number.
    """
    import torch

    from foodviz.methods.activation_maximization import Ascent

    each = climb.versions + cells
    _check_memory(climb, len(channels) * each, photographs.subject.classifier.input_size)
    size = max(1, BATCH // each)  # channels in a batch: one's pictures stay together
    run = _recipe(photographs, climb, model, module)
    parts: list[Ascent] = []
    of_cells: list[Ascent] = []
    for first in range(0, len(channels), size):
        some = channels[first : first + size]
        rows = [Row(channel, version) for channel in some for version in range(climb.versions)]
        cell_rows = [Row(channel, CELL) for channel in some] if cells else []
        what = f"filters {some[0]} to {some[-1]}" if len(channels) > size else climb.recipe
        climbed = run(rows + cell_rows, partial(photographs.subject.progress, what=what, total=climb.steps))
        parts.append(climbed.rows(slice(len(rows))))
        of_cells.append(climbed.rows(slice(len(rows), None)))
    parts += of_cells
    ascent = Ascent(
        torch.cat([part.pictures for part in parts]).cpu(),
        torch.cat([part.curve for part in parts], 1).cpu(),
        torch.cat([part.frames for part in parts], 1).cpu(),
        torch.cat([part.dead for part in parts]).cpu(),
    )
    if not ascent.pictures.isfinite().all():
        raise InputError(f"`lr` {climb.rate:g}: the climb ends in what is no number; give a smaller one")
    return ascent


def _recipe(
    photographs: Photographs, climb: AscentArguments, model: nn.Module, module: nn.Module
) -> Callable[[Sequence[Row], Callable[[Iterable[int]], Iterable[int]]], Ascent]:
    """Rows, those of a cell last, and a wrapper of the steps -> their climb."""
    import torch

    from foodviz.methods import activation_maximization as method
    from foodviz.methods import ascent

    objectives = {"channel": ascent.channel_mean, "neuron": ascent.channel_centre, "diversity": ascent.diverse_mean}
    usual = objectives[climb.objective]
    subject, every = photographs.subject, climb.every or 0

    def objective(rows: Sequence[Row]) -> ascent.Objective:
        count = sum(row.version != CELL for row in rows)
        return usual if count == len(rows) else ascent.one_after_another(usual, count, ascent.channel_peak)

    def channels(rows: Sequence[Row]) -> Tensor:
        return torch.tensor([row.channel for row in rows])

    def seeds(rows: Sequence[Row]) -> list[int]:
        return [subject.image_seed(f"{row.channel} {row.version}") for row in rows]

    def start(rows: Sequence[Row]) -> Tensor:
        size = subject.classifier.input_size
        if climb.start == "noise":
            return method.noise_pictures(seeds(rows), size)
        if climb.start == "image":  # the first photograph, as the course has it
            return photographs.images[:1].expand(len(rows), -1, -1, -1)
        return torch.full((len(rows), 3, *size), 0.5)

    def pixel(rows: Sequence[Row], progress: Callable[[Iterable[int]], Iterable[int]]) -> Ascent:
        optimizer = ascent.Adam if climb.optimizer == "adam" else ascent.SGD
        return method.pixel_pictures(
            model,
            module,
            channels(rows),
            start(rows),
            objective=objective(rows),
            optimizer=optimizer(climb.rate, weight_decay=climb.weight_decay),
            steps=climb.steps,
            every=every,
            progress=progress,
        )

    if climb.recipe == "pixel":
        return pixel
    natural = natural_statistics(subject, climb.statistics)
    pictures = method.fourier_pictures if climb.recipe == "fourier" else method.maco_pictures

    def spectrum(rows: Sequence[Row], progress: Callable[[Iterable[int]], Iterable[int]]) -> Ascent:
        return pictures(
            model,
            module,
            channels(rows),
            natural,
            objective=objective(rows),
            seeds=seeds(rows),
            steps=climb.steps,
            lr=climb.rate,
            every=every,
            progress=progress,
        )

    return spectrum


def _check_memory(climb: AscentArguments, pictures: int, size: tuple[int, int]) -> None:
    snapshots = -(-climb.steps // climb.every) if climb.every else 0
    needed = pictures * (snapshots + 1) * 3 * size[0] * size[1] * 4  # float32
    if needed <= MOST_BYTES:
        return
    what = f"{pictures} pictures of {size[0]}x{size[1]}" + (f", {snapshots} snapshots of each" if snapshots else "")
    raise InputError(
        f"{what} take {needed / 2**30:.1f} GiB, {MOST_BYTES // 2**30} are allowed: "
        + ("a larger `every`, or fewer `filters`" if snapshots else "give fewer `filters`")
    )
