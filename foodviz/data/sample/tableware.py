"""Plates, boards and napkins that lie between the table and the food of a sample scene."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foodviz.data.sample.surfaces import CLOTHS, EXTENT, WOODEN, surface

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Colour (3, S, S) in [0, 255] and coverage (S, S) in [0, 1] of something that lies on the table."""

_STEPS = 1024  # samples of a plate's radial profile from the centre to 1.25 radii
_GLAZES = (
    (246, 244, 240), (240, 234, 222), (246, 246, 248), (196, 214, 222), (214, 196, 176), (74, 84, 98), (52, 54, 58),
    (170, 198, 178), (236, 198, 184), (238, 212, 140), (120, 150, 180), (206, 120, 96),
)  # fmt: skip


@lru_cache(maxsize=4)
def grid(size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rows and columns of the pixel centres of a size x size picture, as (size, 1) and (1, size)."""
    line = np.arange(size, dtype=np.float32) + np.float32(0.5)
    return line[:, None], line[None, :]


def _turned(
    size: int, centre: tuple[float, float], angle: float, slant: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Table coordinates (size, size) of every pixel, seen at `slant` (1 from above), turned by `angle` radians."""
    rows, columns = grid(size)
    x, y = columns - np.float32(centre[0]), (rows - np.float32(centre[1])) / np.float32(slant)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return x * cosine + y * sine, y * cosine - x * sine


def _profile(rng: np.random.Generator, radius: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colour (3, _STEPS) and slope (_STEPS,) of a plate from its centre outwards."""
    r = np.linspace(0, 1.25, _STEPS, dtype=np.float32)
    glaze = np.asarray(_GLAZES[rng.integers(len(_GLAZES))], np.float32) + rng.normal(0, 4, 3).astype(np.float32)
    well, depth = rng.uniform(0.6, 0.78), rng.uniform(0.5, 1.3)
    slope = depth * (
        0.15 * np.exp(-(((r - well) / 0.045) ** 2))
        + 0.05 * np.clip((r - well) / (1 - well), 0, 1)
        - 0.28 * np.exp(-(((r - 0.985) / 0.02) ** 2))
    )
    colour = np.repeat(glaze[None], _STEPS, 0)
    if rng.random() < 0.45:
        inner = rng.uniform(well + 0.02, 0.9)
        band = np.clip((r - inner) * radius, 0, 1) * np.clip(
            (inner + rng.choice([0.02, 0.05, 0.25]) - r) * radius, 0, 1
        )
        paint = rng.uniform(30, 200, 3).astype(np.float32)
        colour += (paint - colour) * (band * 0.75)[:, None]
    colour *= (1 - 0.1 * np.exp(-(((r - well) / 0.07) ** 2)))[:, None]
    return np.ascontiguousarray(colour.T), slope.astype(np.float32)


def plate(
    rng: np.random.Generator, size: int, centre: tuple[float, float], radius: float, slant: float, light: float
) -> Layer:
    """Round or oval plate of `radius` pixels around `centre` (x, y); `light` is the angle the light comes from."""
    stretch = float(rng.choice([1.0, 1.0, 1.0, 0.8]))
    x, y = _turned(size, centre, rng.uniform(-0.5, 0.5) if stretch < 1 else 0.0, slant)
    y = y / np.float32(stretch)
    distance = np.sqrt(x * x + y * y) + np.float32(1e-3)
    colour, slope = _profile(rng, radius)
    step = np.minimum(distance * np.float32(_STEPS / 1.25 / radius), _STEPS - 1).astype(np.intp)
    facing = (x * np.float32(np.cos(light)) + y * np.float32(np.sin(light))) / distance
    # A rim that rises towards the edge is lit on the side away from the light.
    shade = 1 - slope[step] * facing
    coverage = np.clip((np.float32(radius) - distance) * np.float32(slant * stretch) + np.float32(0.5), 0, 1)
    return colour[:, step] * shade, coverage


def _slab(
    size: int, centre: tuple[float, float], half: tuple[float, float], corner: float, angle: float, slant: float
) -> NDArray[np.float32]:
    """Signed distance (size, size) in pixels into a rounded rectangle of half sides `half`, positive inside."""
    x, y = _turned(size, centre, angle, slant)
    across = np.abs(x) - np.float32(half[0] - corner)
    down = np.abs(y) - np.float32(half[1] - corner)
    outside = np.sqrt(np.maximum(across, 0) ** 2 + np.maximum(down, 0) ** 2)
    return np.asarray(np.float32(corner) - outside - np.minimum(np.maximum(across, down), 0), np.float32)


def _stuff(rng: np.random.Generator, size: int, numbers: tuple[int, ...], angle: float) -> NDArray[np.float32]:
    """Part (3, size, size) of one of the surfaces `numbers`, its grain turned by `angle`."""
    texture = surface(numbers[rng.integers(len(numbers))])
    zoom = float(rng.uniform(0.7, 1.0))
    cosine, sine, middle = np.cos(angle) * zoom, np.sin(angle) * zoom, size / 2
    offset_x = EXTENT / 2 - (cosine + sine) * middle
    offset_y = EXTENT / 2 - (cosine - sine) * middle
    data = (cosine, sine, offset_x, -sine, cosine, offset_y)
    part = texture.transform((size, size), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    return np.asarray(part).transpose(2, 0, 1).astype(np.float32, order="C")


def board(
    rng: np.random.Generator, size: int, centre: tuple[float, float], radius: float, slant: float, light: float
) -> Layer:
    """Wooden board, rectangular or round, that holds food of `radius` pixels; `light` is where the light comes from."""
    angle = float(rng.uniform(-0.5, 0.5))
    half = (radius * rng.uniform(1.0, 1.35), radius * rng.uniform(0.78, 1.05))
    corner = float(rng.choice([0.12, 0.3, 1.0])) * half[1]
    depth = _slab(size, centre, (half[1], half[1]) if corner == half[1] else half, corner, angle, slant)
    rows, columns = grid(size)
    side = (columns - centre[0]) * np.float32(np.cos(light)) + (rows - centre[1]) * np.float32(np.sin(light))
    # The rounded edge catches the light on its near side and loses it on the far side.
    rim = np.clip(1 - depth / 4, 0, 1) * np.tanh(side / np.float32(radius * 0.3))
    tone = np.float32(rng.uniform(0.85, 1.15)) * (1 + np.float32(0.25) * rim)
    colour = np.asarray(_stuff(rng, size, WOODEN, angle) * tone, np.float32)
    return colour, np.clip(depth + np.float32(0.5), 0, 1)


def napkin(
    rng: np.random.Generator, size: int, centre: tuple[float, float], radius: float, slant: float, light: float
) -> Layer:
    """Folded cloth under food of `radius` pixels; `light` is the angle the light comes from."""
    angle = float(rng.uniform(-0.8, 0.8))
    half = (radius * rng.uniform(0.85, 1.2), radius * rng.uniform(0.85, 1.2))
    depth = _slab(size, centre, half, 3.0, angle, slant)
    rows, columns = grid(size)
    ripple = np.sin((columns * np.cos(light + 1) + rows * np.sin(light + 1)) / radius * 5).astype(np.float32)
    hem = np.clip(1 - np.abs(depth - 6) / 1.5, 0, 1) * np.float32(0.14)
    colour = _stuff(rng, size, CLOTHS, angle) * (1 + ripple * np.float32(0.035) - hem)
    return colour, np.clip(depth + np.float32(0.5), 0, 1)
