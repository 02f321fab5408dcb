"""The table top of a sample scene: a surface as a camera above the table sees it.

Drawing a surface and turning it in perspective costs more than a whole picture may, so 224 views are drawn once each
and kept, compressed without loss (15 MB when all were seen, a third of their pixels); a scene takes a random part of
one.
"""

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foodviz.data.sample.surfaces import COUNT, EXTENT, surface

VIEW = 272
VIEWS = 4 * COUNT


def coefficients(matrix: NDArray[np.float64]) -> list[float]:
    """The eight numbers PIL's PERSPECTIVE wants for the 3x3 projection `matrix` from picture to source."""
    return [float(value) for value in (matrix / matrix[2, 2]).ravel()[:8]]


def view(number: int) -> tuple[NDArray[np.uint8], float]:
    """Table top `number` in [0, VIEWS): RGB pixels (VIEW, VIEW, 3) and the slant it is seen at.

    Slant is height over width of a circle on the table, 1 from above.
    """
    packed, slant = _view(number)
    with Image.open(io.BytesIO(packed), formats=["WEBP"]) as opened:
        return np.asarray(opened), slant


@lru_cache(maxsize=VIEWS)
def _view(number: int) -> tuple[bytes, float]:
    """What `view` gives, as a file."""
    rng = np.random.default_rng([12, number])
    slant, zoom, angle = rng.uniform(0.76, 1.0), rng.uniform(0.62, 0.98), rng.uniform(-np.pi, np.pi)
    tilt = (1 - slant) * 0.8 / VIEW
    cosine, sine, half = np.cos(angle) * zoom, np.sin(angle) * zoom, VIEW / 2
    turn = np.array([[cosine, sine / slant, EXTENT / 2], [-sine, cosine / slant, EXTENT / 2], [0, 0, 1]])
    look = np.array([[1, 0, -half], [0, 1, -half], [0, tilt, 1 - tilt * half]])
    # What reaches beyond the texture shows its mirror image.
    once = np.asarray(surface(number % COUNT))
    margin = EXTENT // 4
    wide = Image.fromarray(np.pad(once, ((margin, margin), (margin, margin), (0, 0)), "reflect"))
    moved = np.array([[1, 0, margin], [0, 1, margin], [0, 0, 1]]) @ turn @ look
    part = wide.transform((VIEW, VIEW), Image.Transform.PERSPECTIVE, coefficients(moved), Image.Resampling.BICUBIC)
    packed = io.BytesIO()
    part.save(packed, "WEBP", lossless=True, quality=0, method=0)
    return packed.getvalue(), float(slant)
