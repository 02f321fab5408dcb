"""The cut-out food drawings of the sample data set: 84 foods in three styles, see art/README.md."""

import json
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SPLITS = ("training", "validation", "evaluation")
STYLES = ("fluent3d", "noto", "twemoji")
# twemoji is rare in training and common elsewhere, so that there is something to generalise to.
_STYLE_SHARES = {"training": (0.45, 0.45, 0.10), "validation": (1 / 3,) * 3, "evaluation": (1 / 3,) * 3}
# Drawn as seen from the side: turned by a few degrees only.
UPRIGHT = frozenset(
    (
        "1f354", "1f35f", "1f95e", "1f9c7", "1f96a", "1f37c", "1f95b", "1f9c8", "1f367", "1f368",
        "1f36e", "1f370", "1f382", "1f967", "1f9c1", "1f9c6", "1f35a", "1f35b", "1f35c", "1f35d",
        "1f363", "1f372", "1f958", "1f963", "1fad5", "1f959", "1f34d", "1f355", "1f419", "1f991",
        "1f980",
    )
)  # fmt: skip
# Drawn in a dish of their own: one in the picture, and hardly ever on a plate.
DISHED = frozenset(
    (
        "1f35a", "1f35b", "1f35c", "1f35d", "1f372", "1f958", "1f963", "1fad5", "1f373", "1f95b",
        "1f367", "1f368", "1f36e", "1f382", "1f35f",
    )
)  # fmt: skip
EXTENT = 128  # longest side of the art in pixels
_FOLDER = Path(__file__).parent / "art"
_PAD = 4  # transparent frame, so that the outermost pixels can be interpolated


@dataclass(frozen=True)
class Art:
    """One cut-out: Food-11 class, Unicode code point, drawing style and file below the art folder."""

    class_id: int
    codepoint: str
    style: str
    file: str


@cache
def catalogue() -> dict[int, dict[str, dict[str, Art]]]:
    """All art as class id -> code point -> style -> Art."""
    found: dict[int, dict[str, dict[str, Art]]] = {}
    for entry in json.loads((_FOLDER / "index.json").read_text(encoding="utf-8")):
        art = Art(entry["class_id"], entry["codepoint"], entry["style"], entry["file"])
        found.setdefault(art.class_id, {}).setdefault(art.codepoint, {})[art.style] = art
    return found


@cache
def _levels(file: str) -> tuple[bytes, ...]:
    """What `level` gives, compressed: all of it together is a quarter of 24 MB."""
    with Image.open(_FOLDER / file) as opened:
        art = opened.convert("RGBA")
    side = EXTENT + 2 * _PAD
    square = Image.new("RGBA", (side, side))
    square.paste(art, ((side - art.width) // 2, (side - art.height) // 2))
    smaller = (square.reduce(2), square.reduce(4))
    return tuple(zlib.compress(picture.convert("RGBa").tobytes(), 1) for picture in (square, *smaller))


def level(file: str, number: int) -> Image.Image:
    """Premultiplied ("RGBa") art on a padded square, at full size for 0, half for 1, a quarter for 2."""
    side = (EXTENT + 2 * _PAD) >> number
    return Image.frombytes("RGBa", (side, side), zlib.decompress(_levels(file)[number]))


@cache
def outline(file: str) -> tuple[NDArray[np.float64], float]:
    """Outermost points (24, 2) as (x, y) of the padded full-size art, and the share of its square that is covered."""
    alpha = np.asarray(level(file, 0))[..., 3]
    rows, columns = np.nonzero(alpha > 8)
    ways = np.arange(24) * (np.pi / 12)
    ends = (np.cos(ways)[:, None] * columns + np.sin(ways)[:, None] * rows).argmax(1)
    points = np.stack([columns[ends], rows[ends]], 1) + 0.5
    return points, float((alpha > 127).sum() / EXTENT**2)


def pick(rng: np.random.Generator, split: str, class_id: int) -> Art:
    """A random food of class `class_id`, drawn in a style as frequent as it is in `split`."""
    foods = list(catalogue()[class_id].values())
    styles = foods[rng.integers(len(foods))]
    return styles[STYLES[rng.choice(3, p=_STYLE_SHARES[split])]]
