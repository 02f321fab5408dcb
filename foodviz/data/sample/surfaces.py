"""Procedural table tops, cloths and stones: what the sample's table tops are made of.

A surface is a texture of EXTENT x EXTENT pixels drawn from its number alone and kept once drawn.
"""

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

EXTENT = 416
Field = NDArray[np.float32]
_Y, _X = np.mgrid[:EXTENT, :EXTENT].astype(np.float32)

_WOODS = (
    (178, 128, 82),
    (140, 92, 56),
    (205, 164, 116),
    (104, 68, 44),
    (190, 142, 98),
    (158, 120, 88),
    (224, 190, 146),
)
_PAINTS = (
    (150, 190, 196),
    (236, 226, 208),
    (122, 160, 150),
    (232, 186, 160),
    (96, 128, 156),
    (206, 212, 188),
    (222, 160, 150),
)
_DYES = (
    (206, 62, 58),
    (58, 104, 168),
    (74, 142, 92),
    (236, 170, 62),
    (120, 84, 140),
    (40, 130, 140),
    (226, 120, 130),
    (90, 96, 104),
)
_STONES = ((206, 202, 196), (96, 98, 104), (168, 160, 150), (66, 70, 76), (188, 176, 158), (134, 142, 146))


def smooth_field(rng: np.random.Generator, rows: int, columns: int, height: int, width: int) -> Field:
    """Smooth random field (height, width), mean about 0, spread about 0.6, with `rows` x `columns` free values."""
    coarse = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def _field(rng: np.random.Generator, rows: int, columns: int) -> Field:
    return smooth_field(rng, rows, columns, EXTENT, EXTENT)


def _cloudy(rng: np.random.Generator, cells: int, octaves: int = 4) -> Field:
    total = np.zeros((EXTENT, EXTENT), np.float32)
    for octave in range(octaves):
        total += _field(rng, cells * 2**octave, cells * 2**octave) * np.float32(0.55**octave)
    return total


def _colour(rng: np.random.Generator, palette: tuple[tuple[int, int, int], ...], spread: float = 10) -> Field:
    return np.asarray(palette[rng.integers(len(palette))], np.float32) + rng.normal(0, spread, 3).astype(np.float32)


def _edge(wave: Field, sharpness: float) -> Field:
    """Turn a wave in [-1, 1] into an almost square wave in [0, 1] whose flanks stay a pixel or two wide."""
    return np.asarray(np.clip(wave * sharpness + 0.5, 0, 1), np.float32)


def _grain(rng: np.random.Generator, plank: Field) -> Field:
    """Brightness of wood fibres running along x; `plank` (EXTENT, EXTENT) shifts the pattern per plank."""
    bend = _field(rng, 7, 3) * 9 + _field(rng, 14, 5) * 3
    rings = np.sin((_Y + bend) * rng.uniform(0.18, 0.42) + plank * 40 + np.sin(_X / 90 + plank * 9) * 2)
    fibres = _field(rng, EXTENT // 2, 7) * 0.5 + _field(rng, EXTENT, 24) * 0.35
    return np.asarray(rings * np.float32(rng.uniform(0.03, 0.075)) + fibres * np.float32(0.075), np.float32)


def _planks(rng: np.random.Generator) -> tuple[Field, Field]:
    """Random tone per plank in [0, 1] and the darkness of the gaps in [0, 1], both (EXTENT, EXTENT)."""
    width = rng.uniform(56, 130)
    place = _Y / width + rng.uniform(0, 1)
    distance = (0.5 - np.abs(place % 1 - 0.5)) * width
    tones = rng.uniform(0, 1, 16).astype(np.float32)
    gap = np.clip(1.8 - distance, 0, 1) + np.clip(1 - distance / 6, 0, 1) * 0.25
    return tones[place.astype(np.int32)], np.minimum(gap, 1).astype(np.float32)


def _wood(rng: np.random.Generator) -> Field:
    tone, gap = _planks(rng)
    light = (1 + (tone - 0.5) * 0.22 + _grain(rng, tone)) * (1 - 0.6 * gap)
    warmth = np.stack([light, light**1.12, light**1.25], -1)
    return np.asarray(_colour(rng, _WOODS) * warmth, np.float32)


def _painted(rng: np.random.Generator) -> Field:
    tone, gap = _planks(rng)
    streaks = _field(rng, EXTENT // 3, 6) * 0.035 + _cloudy(rng, 3) * 0.025
    paint = _colour(rng, _PAINTS) * ((1 + (tone - 0.5) * 0.07 + streaks) * (1 - 0.45 * gap))[..., None]
    worn = np.clip((_cloudy(rng, 5) + _field(rng, 90, 12) * 0.8 - rng.uniform(1.3, 2.2)) * 2, 0, 1)[..., None] * 0.7
    return np.asarray(paint * (1 - worn) + _colour(rng, _WOODS) * (1 + _grain(rng, tone))[..., None] * worn, np.float32)


def _woven(rng: np.random.Generator, cloth: Field) -> Field:
    """Threads and soft folds laid over the dyed `cloth` (EXTENT, EXTENT, 3)."""
    pitch = rng.uniform(3.2, 5)
    threads = np.sin(_X * (2 * np.pi / pitch)) * np.sin(_Y * (2 * np.pi / pitch)) * 0.035
    slubs = _field(rng, EXTENT // 2, 10) * 0.022 + _field(rng, 10, EXTENT // 2) * 0.022
    folds = np.tanh(_field(rng, 4, 3) * 1.5) * rng.uniform(0.03, 0.08)
    return np.asarray(cloth * (1 + threads + slubs + folds)[..., None], np.float32)


def _dyed(rng: np.random.Generator, pattern: Field) -> Field:
    """Cloth of two colours mixed by `pattern` in [0, 1]."""
    light = np.asarray((244, 240, 230), np.float32) + rng.normal(0, 5, 3).astype(np.float32)
    return light + (_colour(rng, _DYES, 14) - light) * pattern[..., None]


def _gingham(rng: np.random.Generator) -> Field:
    turn = np.float32(np.pi / rng.uniform(16, 44))
    across, down = _edge(np.sin(_X * turn), 5), _edge(np.sin(_Y * turn), 5)
    return _woven(rng, _dyed(rng, (across + down) * np.float32(0.46)))


def _striped(rng: np.random.Generator) -> Field:
    turn = np.float32(np.pi / rng.uniform(9, 36))
    threshold = rng.uniform(-0.8, 0.8)
    stripes = _edge(np.sin(_X * turn) - np.float32(threshold), 5)
    thin = _edge(np.sin(_X * turn * 2 + 1.5) - np.float32(0.93), 9) * rng.choice([0.0, 0.7])
    return _woven(rng, _dyed(rng, np.maximum(stripes * np.float32(rng.uniform(0.6, 1)), thin)))


def _linen(rng: np.random.Generator) -> Field:
    shade = np.full((EXTENT, EXTENT), rng.choice([0.12, 0.35, 0.75, 1.0]), np.float32)
    return _woven(rng, _dyed(rng, shade + _field(rng, EXTENT // 2, 14) * 0.05))


def _dotted(rng: np.random.Generator) -> Field:
    pitch, radius = rng.uniform(22, 44), rng.uniform(0.14, 0.3)
    row = np.floor(_Y / pitch)
    dx, dy = (_X / pitch + row % 2 * 0.5) % 1 - 0.5, _Y / pitch % 1 - 0.5
    dots = np.clip((radius - np.hypot(dx, dy)) * pitch * 0.7 + 0.5, 0, 1)
    return _woven(rng, _dyed(rng, dots if rng.random() < 0.5 else 1 - dots))


def _marble(rng: np.random.Generator) -> Field:
    clouds = _cloudy(rng, 3, 5)
    drift = (_X * rng.uniform(-1, 1) + _Y) / 140
    veins = np.exp(-np.abs(np.sin((clouds * 0.8 + drift) * 2.2)) * rng.uniform(9, 20)) * 0.42
    veins += np.exp(-np.abs(_cloudy(rng, 4, 5)) * 26) * 0.22
    base = np.asarray(((238, 236, 232), (52, 56, 62), (228, 214, 204), (202, 214, 206))[rng.integers(4)], np.float32)
    ink = np.asarray((120, 112, 104) if base[0] > 100 else (206, 196, 180), np.float32)
    share = np.clip(veins * (0.7 + 0.5 * _field(rng, 4, 4)) + clouds * 0.03 + 0.03, 0, 1)[..., None]
    return np.asarray(base + (ink - base) * share, np.float32)


def _stone(rng: np.random.Generator) -> Field:
    specks = rng.standard_normal((EXTENT, EXTENT), dtype=np.float32)
    light = 1 + _cloudy(rng, 4, 5) * 0.06 + specks * np.float32(rng.uniform(0.01, 0.05)) + _field(rng, 200, 200) * 0.03
    return np.asarray(_colour(rng, _STONES) * light[..., None], np.float32)


def _terrazzo(rng: np.random.Generator) -> Field:
    picture = Image.new("RGB", (EXTENT, EXTENT), tuple(int(v) for v in rng.integers(212, 240, 3)))
    draw = ImageDraw.Draw(picture)
    for x, y in rng.uniform(0, EXTENT, (420, 2)):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 5))
        reach = rng.uniform(1.5, 8) * rng.uniform(0.7, 1, 5)
        corners = [(x + r * np.cos(a), y + r * np.sin(a)) for r, a in zip(reach, angles, strict=True)]
        draw.polygon(corners, fill=tuple(int(v) for v in np.clip(_colour(rng, _DYES + _STONES, 12) * 0.7 + 60, 0, 255)))
    picture = picture.filter(ImageFilter.GaussianBlur(0.7))
    return np.asarray(picture, np.float32) * (1 + _cloudy(rng, 3) * 0.03)[..., None]


def _tiles(rng: np.random.Generator) -> Field:
    pitch = rng.uniform(54, 96)
    column, row = _X / pitch + rng.uniform(), _Y / pitch + rng.uniform()
    distance = (0.5 - np.maximum(np.abs(column % 1 - 0.5), np.abs(row % 1 - 0.5))) * pitch
    tones = rng.normal(0, 0.05, (16, 16)).astype(np.float32)[row.astype(int), column.astype(int)]
    bevel = np.clip(1 - np.abs(distance - 4) / 3, 0, 1) * 0.06
    glaze = _colour(rng, _PAINTS) * (1 + tones + bevel + _cloudy(rng, 4) * 0.025)[..., None]
    grout = np.clip(2.6 - distance, 0, 1)[..., None]
    return np.asarray(glaze * (1 - grout) + np.asarray((206, 200, 190), np.float32) * grout, np.float32)


def _sheet(rng: np.random.Generator) -> Field:
    """A baking sheet: brushed metal, or crumpled baking paper on it."""
    if rng.random() < 0.5:
        light = 1 + _field(rng, EXTENT, 5) * 0.05 + _cloudy(rng, 3) * 0.05 + np.sin(_Y / rng.uniform(60, 120)) * 0.08
        return np.asarray(
            np.asarray((150, 152, 156), np.float32) * rng.uniform(0.5, 1.1) * light[..., None], np.float32
        )
    slope = np.gradient(np.abs(_cloudy(rng, 9, 2)))
    light = 1 + np.tanh((slope[0] + slope[1]) * 4) * 0.07 + _cloudy(rng, 3) * 0.02
    return np.asarray(np.asarray((228, 214, 190), np.float32) * light[..., None], np.float32)


def _bamboo(rng: np.random.Generator) -> Field:
    slat = _Y / rng.uniform(7, 13)
    round_ = np.sin(slat % 1 * np.pi) ** 0.5
    tones = rng.normal(1, 0.07, 64).astype(np.float32)[slat.astype(int)]
    strings = np.clip(1.5 - np.abs(_X % rng.uniform(90, 130) - 40), 0, 1)
    light = tones * (0.62 + 0.38 * round_) * (1 + _field(rng, EXTENT, 9) * 0.04) * (1 - 0.35 * strings)
    return np.asarray(
        _colour(rng, ((206, 176, 116), (170, 124, 74), (190, 178, 140), (120, 90, 66))) * light[..., None], np.float32
    )


_KINDS: tuple[Callable[[np.random.Generator], Field], ...] = (
    _wood, _gingham, _marble, _wood, _painted, _linen, _stone,
    _striped, _wood, _tiles, _dotted, _sheet, _terrazzo, _bamboo,
)  # fmt: skip
COUNT = 4 * len(_KINDS)
WOODEN = tuple(number for number in range(COUNT) if _KINDS[number % len(_KINDS)] is _wood)
CLOTHS = tuple(n for n in range(COUNT) if _KINDS[n % len(_KINDS)] in (_gingham, _linen, _striped, _dotted))


def surface(number: int) -> Image.Image:
    """Texture `number` in [0, COUNT): RGB, EXTENT x EXTENT pixels."""
    return Image.frombytes("RGB", (EXTENT, EXTENT), zlib.decompress(_surface(number)))


@lru_cache(maxsize=COUNT)
def _surface(number: int) -> bytes:
    """Its pixels, compressed: all of them together are a quarter of 39 MB."""
    rng = np.random.default_rng([11, number])
    pixels = _KINDS[number % len(_KINDS)](rng)
    # The camera focuses on the food: many table tops are slightly soft.
    softness = float(rng.choice([0.0, 0.5, 0.8, 1.3]))
    picture = Image.fromarray(np.clip(pixels, 6, 250).astype(np.uint8))
    picture = picture.filter(ImageFilter.GaussianBlur(softness)) if softness else picture
    return zlib.compress(picture.tobytes(), 1)
