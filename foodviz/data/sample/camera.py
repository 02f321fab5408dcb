"""The camera that photographs a sample scene."""

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from foodviz.data.sample.surfaces import smooth_field
from foodviz.data.sample.tableware import grid

SIZE = 192
Plane = NDArray[np.float32]


@lru_cache(maxsize=1)
def _grain_pool() -> Plane:
    """Sensor noise (4, SIZE + 64, SIZE + 64, 3) of spread 1: mostly brightness, a little colour."""
    rng = np.random.default_rng(5)
    side = SIZE + 64
    fine = rng.standard_normal((4, side, side, 1), dtype=np.float32) * np.float32(0.8)
    colour = rng.standard_normal((4, side, side, 3), dtype=np.float32) * np.float32(0.45)
    clumps = np.stack([smooth_field(rng, side // 2, side // 2, side, side) for _ in range(4)])
    return np.asarray(fine + colour + clumps[..., None] * np.float32(0.6), np.float32)


def photograph(canvas: Plane, light: float, rng: np.random.Generator) -> bytes:
    """JPEG of the unlit `canvas` (3, SIZE, SIZE) in [0, 255], which is used up, with light from the angle `light`.

    The whole is lit unevenly, exposed with some white balance and slightly out of focus, and has the sensor's grain.
    """
    rows, columns = grid(SIZE)
    half = np.float32(SIZE / 2)
    x, y = columns / half - 1, rows / half - 1
    lit = smooth_field(rng, 3, 3, SIZE, SIZE) * np.float32(rng.uniform(0, 0.09))
    fall = np.float32(rng.uniform(0.04, 0.2))
    vignette = np.float32(rng.uniform(0.03, 0.12))
    lit += (1.05 + x * np.float32(np.cos(light)) * fall - x * x * vignette).astype(np.float32)
    lit += (y * np.float32(np.sin(light)) * fall - y * y * vignette).astype(np.float32)
    warmth = rng.uniform(-0.05, 0.08)
    balance = np.array([1 + warmth, 1 + rng.normal(0, 0.015), 1 - warmth]) * rng.uniform(0.94, 1.16)
    canvas *= lit
    canvas *= balance.astype(np.float32)[:, None, None]
    # Film and sensors roll highlights off; a white plate keeps its shape.
    canvas -= np.maximum(canvas - np.float32(190), 0) * np.float32(0.4)
    planes = np.clip(canvas, 0, 255, out=canvas).astype(np.uint8)
    seen = Image.merge("RGB", [Image.fromarray(plane) for plane in planes])
    seen = seen.filter(ImageFilter.BoxBlur(float(rng.choice([0.2, 0.35, 0.55, 0.9]))))
    pool = _grain_pool()
    row, column = rng.integers(0, 64, 2)
    noisy = pool[rng.integers(len(pool)), row : row + SIZE, column : column + SIZE] * np.float32(rng.uniform(0.8, 4))
    noisy += np.asarray(seen)
    out = io.BytesIO()
    final = Image.fromarray(np.clip(noisy, 0, 255, out=noisy).astype(np.uint8))
    final.save(out, "JPEG", quality=int(rng.integers(80, 96)))
    return out.getvalue()
