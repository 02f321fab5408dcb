"""The maps of many pictures as one page of thumbnails, sorted as the reader wants; it opens without a network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from PIL import Image

from foodviz.render.data_uri import picture_uri
from foodviz.render.html import filled
from foodviz.render.style import colours_of, limits_of

PARTS = Path(__file__).with_name("sheet")
SIDE = 80  # pixels of a thumbnail's longer side
MOST_BYTES = 19_000_000  # of thumbnails in a page
_QUALITY = 70


def thumbnail(picture: np.ndarray, values: np.ndarray) -> str:
    """A photograph and beside it its map, small, as a data URI.

    Args:
        picture: (3, H, W) in [0, 1].
        values: (H, W), or (3, H, W) whose largest colour is shown; scaled to its own 99.5 percentile.
    """
    flat = values.astype(np.float32)
    flat = flat.max(0) if flat.ndim == 3 else flat
    low, high = limits_of(flat, 99.5)
    coloured = colormaps[colours_of((low, high))](((flat - low) / (high - low)).clip(0, 1))[..., :3]
    halves = [(picture.transpose(1, 2, 0).clip(0, 1) * 255).round(), (coloured * 255).round()]
    height, width = halves[0].shape[:2]
    shown = Image.fromarray(halves[1].astype(np.uint8)).resize((width, height), Image.Resampling.BILINEAR)
    both = np.concatenate([halves[0].astype(np.uint8), np.asarray(shown)], 1)
    scale = SIDE / max(height, width)
    small = Image.fromarray(both).resize((round(2 * width * scale), round(height * scale)), Image.Resampling.BOX)
    return picture_uri(np.asarray(small), quality=_QUALITY)


def browse_page(title: str, about: Sequence[str], items: Sequence[Mapping[str, Any]], orders: Mapping[str, str]) -> str:
    """Fill the template; every text is escaped, and the page's own script alone may run.

    Args:
        about: lines below the title.
        items: of each picture `uri`, `words` (lines), and a number for each of the orders.
        orders: key in the items -> what the reader is asked; the items come in the first one.
    """
    return filled(PARTS, "sheet.html", {"title": title, "about": about, "items": items, "orders": orders})
