"""Photographs at hand for all layers of an atlas, each read once; and the parts of them that excite filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.metrics.filters import Scan
    from foodviz.models import Layer

SIDE = 64  # pixels of a crop's longer side as it is kept
SHARP = 256  # pixels of the photographs' longer side that crops are cut from, where the model's input is no larger
_READ = 16


class Photographed:
    """The photographs of a scan as uint8, read when they are first asked for."""

    def __init__(self, subject: Subject, split: Split) -> None:
        self.split, self.progress = split, subject.progress
        self.input_size = subject.classifier.input_size
        grown = max(1.0, SHARP / max(self.input_size))
        self.size = (round(self.input_size[0] * grown), round(self.input_size[1] * grown))
        self._kept: dict[tuple[int, int], dict[int, np.ndarray]] = {}

    def pixels(self, ids: Sequence[int]) -> list[np.ndarray]:
        """(H, W, 3) of each, larger than the model's input."""
        return self._at(self.size, ids)

    def inputs(self, ids: Sequence[int]) -> Tensor:
        """(N, 3, H, W) in [0, 1] as the model sees them, but for the rounding to 256 values."""
        import numpy as np
        import torch

        return torch.from_numpy(np.stack(self._at(self.input_size, ids))).movedim(3, 1).float() / 255

    def _at(self, size: tuple[int, int], ids: Sequence[int]) -> list[np.ndarray]:
        from foodviz.data.batch import read

        kept = self._kept.setdefault(size, {})
        missing = sorted(set(ids) - kept.keys())
        firsts = range(0, len(missing), _READ)
        for first in self.progress(firsts, "photographs", total=len(firsts)) if len(firsts) > 1 else firsts:
            some = missing[first : first + _READ]
            images = (read(self.split, some, size).images.movedim(1, 3) * 255).round().byte().numpy()
            kept.update(zip(some, images, strict=True))
        return [kept[index] for index in ids]

    def crops(
        self, scan: Scan, layer: Layer, channels: Sequence[int], rows: np.ndarray, field: tuple[int, int]
    ) -> np.ndarray:
        """(K, T, s, s', 3) uint8: of each photograph the part around the filter's maximum that its cell depends on.

        Args:
            rows: (K, T) indices into the scan. field: pixels of the model's input that one cell depends on.
        """
        import numpy as np
        from PIL import Image

        from foodviz.analysis.filters.places import middles, part

        self.pixels(scan.ids[np.unique(rows)].tolist())
        height, width = (
            min(round(length * grown / whole), grown)
            for length, grown, whole in zip(field, self.size, self.input_size, strict=True)
        )
        shrunk = SIDE / max(height, width)
        small = max(1, round(width * shrunk)), max(1, round(height * shrunk))
        crops = np.empty((*rows.shape, small[1], small[0], 3), np.uint8)
        for place, channel in enumerate(channels):
            photographs = self.pixels(scan.ids[rows[place]].tolist())
            cells = middles(scan.peaks[rows[place], channel], layer.height, layer.width)
            for column, (cell, pixels) in enumerate(zip(cells, photographs, strict=True)):
                cut = part(pixels.transpose(2, 0, 1), cell, (height, width)).transpose(1, 2, 0)
                crops[place, column] = Image.fromarray(cut).resize(small, Image.Resampling.BILINEAR)
        return crops
