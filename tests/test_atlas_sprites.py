"""Sprites hold what they say where they say it, and fit."""

import io

import numpy as np
import pytest
from PIL import Image

from foodviz.render.atlas.sprites import SHEET_CELL, SHEET_COLUMNS, filter_sprites, sheet, strip


def pixels_of(file):
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB")).astype(int)


def even(colour, height=20, width=20):
    return np.full((height, width, 3), colour, np.uint8)


def test_a_sprite_has_the_picture_left_and_the_crops_right_in_two_rows():
    crops = np.stack([even((20 * number, 0, 200)) for number in range(8)])[None]
    (file,), (width, height) = filter_sprites([even((200, 30, 30))], crops, 10**6)
    pixels = pixels_of(file)
    assert pixels.shape == (height, width, 3) == (height, 3 * height, 3)
    assert np.abs(pixels[height // 2, height // 2] - (200, 30, 30)).max() < 12
    for number in range(8):
        y, x = divmod(number, 4)
        at = pixels[height // 4 + y * height // 2, height + height // 4 + x * height // 2]
        assert np.abs(at - (20 * number, 0, 200)).max() < 16


def test_many_are_made_smaller_until_they_fit():
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (64, 64, 3), np.uint8) for _ in range(6)]
    crops = random.integers(0, 256, (6, 8, 32, 32, 3), np.uint8)
    large, _ = filter_sprites(pictures, crops, 10**7)
    most = sum(map(len, large)) // 5
    files, (width, height) = filter_sprites(pictures, crops, most)
    assert sum(map(len, files)) <= most
    assert pixels_of(files[0]).shape[:2] == (height, width)
    assert len(sheet(pictures, 3000)) < len(sheet(pictures, 10**6))


@pytest.mark.parametrize("count", [1, SHEET_COLUMNS, SHEET_COLUMNS + 1])
def test_the_sheet_has_rows_of_twelve(count):
    pixels = pixels_of(sheet([even((10, 200, 10)), *[None] * (count - 1)], 10**6))
    assert pixels.shape == (-(-count // SHEET_COLUMNS) * SHEET_CELL, SHEET_COLUMNS * SHEET_CELL, 3)
    assert np.abs(pixels[SHEET_CELL // 2, SHEET_CELL // 2] - (10, 200, 10)).max() < 12


def test_a_picture_that_is_not_square_stays_as_it_is():
    pixels = pixels_of(strip([even((0, 0, 0), 20, 40)], 40))
    assert pixels.shape == (40, 40, 3)
    assert pixels[20, 20].max() < 12
    assert pixels[3, 20].min() > 200
