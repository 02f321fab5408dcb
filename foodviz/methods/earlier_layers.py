"""By what way does a picture excite a cell of a layer? What the convolutions before it output where the cell looks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from foodviz.hooks import evaluating, run_to, watching

VALUES = 4096  # of one convolution, at most: enough for a rank correlation that errs by 0.02
_BATCH = 16  # pictures a forward pass: maps of early layers are large


def earlier_values(
    model: nn.Module, layer: nn.Module, images: Tensor, cells: Sequence[tuple[float, float]], field: tuple[float, float]
) -> tuple[Tensor, ...]:
    """What the convolutions that run before a layer output, in the part of each picture that one cell depends on.

    Left out is the last to run: of a convolution that is asked about itself, of a norm or an activation the convolution
    whose maps it changes.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits; runs in evaluation mode, its flags are given back.
        layer: the module inside it that the cell is of.
        images: (N, 3, H, W), RGB in [0, 1].
        cells: (N,) middle of each picture's cell, as shares of height and width.
        field: height and width in pixels of the part; at the edges it is moved inside.

    Returns:
        (N, D) on the CPU for each convolution in the order they run, D at most VALUES: of more the same ones for every
        picture, chosen evenly by chance. None at all for a layer with no convolution before it.
    """
    convolutions = {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv2d)}
    size = (images.shape[2], images.shape[3])
    batches: list[list[Tensor]] = []

    def look(_name: str, _inputs: tuple[object, ...], output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4:
            batches[-1].append(_around(output, middles, field, size))

    with evaluating(model), torch.inference_mode(), watching(convolutions, look):
        for first in range(0, len(images), _BATCH):
            batches.append([])
            middles = cells[first : first + _BATCH]
            run_to(model, layer, images[first : first + _BATCH])
    return tuple(torch.cat(values) for values in zip(*(batch[:-1] for batch in batches), strict=True))


def _around(
    maps: Tensor, cells: Sequence[tuple[float, float]], field: tuple[float, float], size: tuple[int, int]
) -> Tensor:
    """(N, D): of maps (N, K, h, w) the part around each cell, as values in one order."""
    lengths = [
        min(max(round(part / pixels * whole), 1), whole)
        for part, pixels, whole in zip(field, size, maps.shape[2:], strict=True)
    ]
    rows = []
    for each, cell in zip(maps, cells, strict=True):
        top, left = (
            begin(middle * whole, length, whole)
            for middle, length, whole in zip(cell, lengths, maps.shape[2:], strict=True)
        )
        rows.append(each[:, top : top + lengths[0], left : left + lengths[1]].flatten())
    values = torch.stack(rows).cpu()
    if values.shape[1] <= VALUES:
        return values
    return values[:, torch.randperm(values.shape[1], generator=torch.Generator().manual_seed(0))[:VALUES]]


def begin(middle: float, length: int, whole: int) -> int:
    """Where a piece of that length around `middle` begins that stays inside of `whole`."""
    return int(min(max(middle - length / 2, 0), whole - length))
