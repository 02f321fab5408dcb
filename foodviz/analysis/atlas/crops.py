"""The parts of photographs that excite filters most, as small pictures, of all layers from one reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.metrics.filters import Scan
    from foodviz.models import Layer

SIDE = 64  # pixels of a crop's longer side as it is kept
SHARP = 256  # pixels of the photographs' longer side that crops are cut from, where the model's input is no larger
_LEAST = 8  # pixels of the model's input that a crop shows at least
_READ = 16


class Photographed:
    """The photographs of a scan as (H, W, 3) uint8, larger than the model's input; read once, when first asked for."""

    def __init__(self, subject: Subject, split: Split) -> None:
        self.split = split
        size = subject.classifier.input_size
        grown = max(1.0, SHARP / max(size))
        self.size = (round(size[0] * grown), round(size[1] * grown))
        self.input_size = size
        self.progress = subject.progress
        self._pixels: dict[int, np.ndarray] = {}

    def read(self, ids: Sequence[int]) -> None:
        """Have these at hand."""
        from foodviz.data.batch import read

        missing = sorted(set(ids) - self._pixels.keys())
        firsts = range(0, len(missing), _READ)
        for first in self.progress(firsts, "photographs", total=len(firsts)):
            some = missing[first : first + _READ]
            images = (read(self.split, some, self.size).images.movedim(1, 3) * 255).round().byte().numpy()
            self._pixels.update(zip(some, images, strict=True))

    def pixels(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 of a photograph that was read."""
        return self._pixels[index]

    def crops(
        self, scan: Scan, layer: Layer, channels: Sequence[int], rows: np.ndarray, field: tuple[float, float]
    ) -> np.ndarray:
        """(K, T, s, s', 3) uint8: of each photograph the part around the filter's maximum that its cell depends on.

        Args:
            rows: (K, T) indices into the scan. field: pixels of the model's input that one cell depends on.
        """
        import numpy as np
        from PIL import Image

        self.read(scan.ids[np.unique(rows)].tolist())
        scale = self.size[0] / self.input_size[0], self.size[1] / self.input_size[1]
        height, width = (
            min(round(grown * max(length, _LEAST)), whole)
            for grown, length, whole in zip(scale, field, self.size, strict=True)
        )
        shrunk = SIDE / max(height, width)
        small = max(1, round(width * shrunk)), max(1, round(height * shrunk))
        crops = np.empty((*rows.shape, small[1], small[0], 3), np.uint8)
        for place, channel in enumerate(channels):
            for column, row in enumerate(rows[place]):
                y, x = divmod(int(scan.peaks[row, channel]), layer.width)
                top = _begin((y + 0.5) / layer.height * self.size[0], height, self.size[0])
                left = _begin((x + 0.5) / layer.width * self.size[1], width, self.size[1])
                crop = self._pixels[int(scan.ids[row])][top : top + height, left : left + width]
                crops[place, column] = Image.fromarray(crop).resize(small, Image.Resampling.BILINEAR)
        return crops


def _begin(middle: float, length: int, whole: int) -> int:
    """Where a piece around `middle` begins that stays inside."""
    return int(min(max(middle - length / 2, 0), whole - length))
