"""Pictures of a layer as WebP sprites: one for each filter, and one sheet of all of them, small."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

CROP_COLUMNS, CROP_ROWS = 4, 2
SHEET_COLUMNS, SHEET_CELL = 12, 72
# Side of a drawn picture and WebP quality, from the best to the least: the first at which a layer fits.
_LADDER = ((144, 80), (128, 75), (128, 62), (112, 55), (96, 50), (80, 45), (64, 40), (48, 35), (48, 15))
_MISSING = (236, 238, 241)  # where there is no picture


def filter_sprites(
    pictures: Sequence[np.ndarray | None], crops: np.ndarray, most: int
) -> tuple[list[bytes], tuple[int, int]]:
    """A sprite for each filter: its drawn picture, a square, and right of it its crops in two rows, twice as wide.

    Args:
        pictures: (h, w, 3) uint8 of each; None where there is none.
        crops: (K, T, h, w, 3) uint8, T at most 8.
        most: bytes that all of them may have.

    Returns:
        WebP files, and the width and height of each; as good as fits.
    """
    files: list[bytes] = []
    side = _LADDER[-1][0]
    for side, quality in _LADDER:
        files = [webp(_sprite(picture, some, side), quality) for picture, some in zip(pictures, crops, strict=True)]
        if sum(map(len, files)) <= most:
            break
    return files, (side * 3, side)


def sheet(pictures: Sequence[np.ndarray | None], most: int) -> bytes:
    """All pictures in rows of SHEET_COLUMNS, SHEET_CELL pixels each, in one WebP file of at most so many bytes."""
    rows = -(-len(pictures) // SHEET_COLUMNS)
    pixels = Image.new("RGB", (SHEET_COLUMNS * SHEET_CELL, rows * SHEET_CELL), _MISSING)
    for place, picture in enumerate(pictures):
        if picture is not None:
            y, x = divmod(place, SHEET_COLUMNS)
            pixels.paste(_fitted(picture, SHEET_CELL), (x * SHEET_CELL, y * SHEET_CELL))
    return next(
        file for quality in (75, 60, 45, 30, 15, 0) if len(file := webp(pixels, quality)) <= most or not quality
    )


def webp(pixels: np.ndarray | Image.Image, quality: int = 80) -> bytes:
    """(H, W, 3) uint8 as a WebP file."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, "webp", quality=quality, method=4)
    return file.getvalue()


def strip(pictures: Sequence[np.ndarray], side: int) -> bytes:
    """Pictures beside one another in squares of that side."""
    pixels = Image.new("RGB", (side * len(pictures), side), _MISSING)
    for place, picture in enumerate(pictures):
        pixels.paste(_fitted(picture, side), (place * side, 0))
    return webp(pixels)


def _sprite(picture: np.ndarray | None, crops: np.ndarray, side: int) -> Image.Image:
    pixels = Image.new("RGB", (side * 3, side), _MISSING)
    if picture is not None:
        pixels.paste(_fitted(picture, side), (0, 0))
    cell = side // CROP_ROWS
    for place, crop in enumerate(crops):
        y, x = divmod(place, CROP_COLUMNS)
        pixels.paste(_fitted(crop, cell), (side + x * cell, y * cell))
    return pixels


def _fitted(picture: np.ndarray, side: int) -> Image.Image:
    """A picture at that side; one that is not square in the middle of its frame."""
    image = Image.fromarray(picture)
    scale = side / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    image = image.resize(size, Image.Resampling.BICUBIC)
    if size == (side, side):
        return image
    framed = Image.new("RGB", (side, side), _MISSING)
    framed.paste(image, ((side - size[0]) // 2, (side - size[1]) // 2))
    return framed
