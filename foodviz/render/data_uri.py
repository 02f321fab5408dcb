"""Pictures and values as text that a page can hold."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from PIL import Image

from foodviz.render.style import MAGNITUDE, SIGNED

SHOWN_DPI = 115  # of figures in the page: letters of 7.5 points can be read
FIGURE_QUALITY, PHOTOGRAPH_QUALITY = 92, 85  # WebP; the raw values are in the .npz


def picture_uri(pixels: np.ndarray, *, longest: int | None = None, quality: int = PHOTOGRAPH_QUALITY) -> str:
    """A picture as a WebP data URI.

    Args:
        pixels: (3, H, W) in [0, 1], or (H, W, 3) uint8.
        longest: pixels that the longer side is reduced to; None to keep the size.
    """
    if pixels.dtype != np.uint8:
        pixels = (pixels.transpose(1, 2, 0).clip(0, 1) * 255).round().astype(np.uint8)
    image = Image.fromarray(pixels)
    if longest and max(image.size) > longest:
        image.thumbnail((longest, longest))
    return _uri(image, quality)


def figure_uri(path: Path, dpi: int) -> dict[str, Any]:
    """A figure's file as a WebP data URI, with the width and height that it is shown at where there is room."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    width, height = (round(length * SHOWN_DPI / dpi) for length in image.size)
    return {"uri": _uri(image, FIGURE_QUALITY), "width": width, "height": height}


def _uri(image: Image.Image, quality: int) -> str:
    file = io.BytesIO()
    image.save(file, "webp", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def map_text(values: np.ndarray) -> dict[str, Any]:
    """A map (h, w) for the page's canvas: bytes relative to its own largest magnitude, in base64.

    0 to 255 for magnitudes; for signed maps 1 to 255 about 128.
    """
    top = float(np.abs(values).max())
    signed = bool((values < 0).any())
    scaled = values / (top or 1.0)
    coded = scaled * 127 + 128 if signed else scaled * 255
    return {
        "bytes": base64.b64encode(coded.round().clip(0, 255).astype(np.uint8).tobytes()).decode(),
        "width": values.shape[1],
        "height": values.shape[0],
        "top": top,
        "signed": signed,
    }


def palettes() -> dict[str, str]:
    """The two colour maps of all figures, 256 RGB triples each, in base64."""
    steps = np.linspace(0, 1, 256)
    return {
        name: base64.b64encode((colormaps[colours](steps)[:, :3] * 255).round().astype(np.uint8).tobytes()).decode()
        for name, colours in (("magnitude", MAGNITUDE), ("signed", SIGNED))
    }
