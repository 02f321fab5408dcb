"""Where in photographs filters are excited most: the pictures, the cells, and crops around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from foodviz.analysis.filters.scan import ScannedLayer

CROPS = 9
SHARPER = 2  # crops are cut from photographs this much larger than the model's input
READ = 16  # of those at a time
OTHERS = 16  # places that no filter chose


@dataclass(frozen=True, eq=False)
class Places:
    """N photographs and one cell of the layer in each.

    Attributes:
        ids: (N,) in the split that was scanned.
        images: (N, 3, H, W) at the classifier's input size, on the device.
        cells: (N, 2) middle of the cell, as shares of height and width.
        seeds: one for each photograph.
    """

    ids: np.ndarray
    images: Tensor
    cells: np.ndarray
    seeds: Sequence[int]

    def take(self, rows: slice) -> Places:
        """Some of them."""
        return Places(self.ids[rows], self.images[rows], self.cells[rows], self.seeds[rows])


def strongest_places(scanned: ScannedLayer, numbers: Sequence[int]) -> Places:
    """The CROPS photographs that excite each of K filters most, filter by filter, at the maximum of its map."""
    import numpy as np

    scan, layer = scanned.scan, scanned.layer
    rows = np.concatenate([scan.top(number, CROPS) for number in numbers])
    peaks = scan.peaks[rows, np.repeat(numbers, len(rows) // len(numbers))]
    return _read(scanned, scan.ids[rows], middles(peaks, layer.height, layer.width))


def middles(cells: np.ndarray, height: int, width: int) -> np.ndarray:
    """(N, 2) middles of cells of a map of height x width by their flat index, as shares of height and width."""
    import numpy as np

    return np.column_stack([(cells // width + 0.5) / height, (cells % width + 0.5) / width])


def other_places(scanned: ScannedLayer) -> Places:
    """OTHERS photographs, evenly spread over those scanned, and a cell by chance in each."""
    import numpy as np
    import torch

    from foodviz.data import spread_ids

    ids = np.array(spread_ids(scanned.scan.ids.tolist(), OTHERS))
    places = _read(scanned, ids, np.zeros((len(ids), 2)))
    generators = [torch.Generator().manual_seed(seed) for seed in places.seeds]
    cells = torch.stack([torch.rand(2, generator=generator) for generator in generators])
    return Places(ids, places.images, cells.numpy(), places.seeds)


def crops(scanned: ScannedLayer, places: Places) -> np.ndarray:
    """(N, 3, h, w): of each photograph the part around the cell that the cell depends on."""
    import numpy as np

    from foodviz.data.batch import read

    size = scanned.subject.classifier.input_size
    large = (size[0] * SHARPER, size[1] * SHARPER)
    height, width = (min(SHARPER * length, whole) for length, whole in zip(scanned.window, large, strict=True))
    cut = np.empty((len(places.ids), 3, height, width), np.float32)
    wanted, inverse = np.unique(places.ids, return_inverse=True)
    for first in range(0, len(wanted), READ):
        images = read(scanned.split, wanted[first : first + READ].tolist(), large).images.numpy()
        for place in np.flatnonzero((inverse >= first) & (inverse < first + READ)):
            cut[place] = part(images[inverse[place] - first], places.cells[place], (height, width))
    return cut


def part(image: np.ndarray, cell: Sequence[float], size: tuple[int, int]) -> np.ndarray:
    """The (3, h, w) of `size` around a cell's middle, moved inside where it lies at the edge of (3, H, W)."""
    from foodviz.methods.earlier_layers import begin

    height, width = size
    top, left = (
        begin(middle * whole, length, whole) for middle, length, whole in zip(cell, size, image.shape[1:], strict=True)
    )
    return image[:, top : top + height, left : left + width]


def _read(scanned: ScannedLayer, ids: np.ndarray, cells: np.ndarray) -> Places:
    """Photographs by their ids, each file read once."""
    import numpy as np
    import torch

    from foodviz.data.batch import read

    subject = scanned.subject
    wanted, inverse = np.unique(ids, return_inverse=True)
    batch = read(scanned.split, wanted.tolist(), subject.classifier.input_size)
    seeds = [subject.image_seed(digest) for digest in batch.digests]
    return Places(
        ids, batch.images[torch.from_numpy(inverse)].to(subject.device), cells, [seeds[row] for row in inverse]
    )
