"""Bytes of a picture file -> RGB pixels, whatever the file holds."""

import io
import warnings
from contextlib import suppress
from functools import cache
from importlib import import_module
from threading import Lock
from typing import Self

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from foodviz.errors import InputError
from foodviz.printable import printable

MOST_PIXELS = 128_000_000  # 12,000 x 9,000 and some; decoding more takes gigabytes
MOST_REDUCED = 256_000_000  # of a JPEG that is read reduced: a progressive one still takes up to 8 bytes for each
_REDUCED_TO = 32_000_000  # pixels at most that are left
# What a file may be, whatever its name says. PIL knows more, and one of them, EPS, is a program that it would run.
_USUAL, _RARER = ("JPEG", "PNG", "GIF", "BMP", "PPM"), ("WEBP", "TIFF", "AVIF", "HEIF")
_ROWS = 512  # rows changed at a time where a change needs several copies


def decode(content: bytes, name: str) -> Image.Image:
    """The picture in a file's bytes: upright by its EXIF orientation, 8-bit RGB, transparency laid on white.

    A JPEG of more than MOST_PIXELS is reduced to a half, a quarter or an eighth of its width and height as it is read.

    Args:
        content: the whole file.
        name: what to call it in an error.

    Raises:
        InputError: empty, truncated, no picture, of more than MOST_PIXELS, or as JPEG of more than MOST_REDUCED.
    """
    called = printable(name)
    if not content:
        raise InputError(f"{called}: the file is empty")
    try:
        with _quiet:  # of odd metadata; what cannot be decoded raises
            image = _opened(content)
            if image.width * image.height <= MOST_PIXELS:
                return _upright(image)
            with _large:
                return _upright(_reduced(image, called))
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"{called}: not a picture that can be read") from None
    except Image.DecompressionBombError:
        raise InputError(f"{called}: more than {MOST_PIXELS:,} pixels; {_WAY}") from None
    except Exception as error:  # decoders raise nearly anything on damaged bytes
        reason = "truncated" if "truncated" in str(error) else f"damaged ({printable(error)})"
        raise InputError(f"{called}: the picture is {reason}") from None


class _Quiet:
    """No warnings of PIL while any thread decodes: the filters of warnings are one for all threads."""

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> Self:
        with self._lock:
            if not self._inside:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.filterwarnings("ignore", module="PIL")
            self._inside += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._filters.__exit__(None, None, None)


_quiet = _Quiet()
_large = Lock()  # one at a time, whatever the number of threads
_WAY = f"make it smaller, or save it as JPEG, of which up to {MOST_REDUCED:,} are read reduced"


def _reduced(image: Image.Image, called: str) -> Image.Image:
    """A large JPEG at the least of its decoder's reductions that leaves few enough pixels; nothing is decoded yet."""
    size = f"{called}: {image.width} x {image.height} is more than"
    if image.format not in ("JPEG", "MPO"):  # MPO is JPEGs one after another
        raise InputError(f"{size} {MOST_PIXELS:,} pixels; {_WAY}")
    if image.width * image.height > MOST_REDUCED:
        raise InputError(f"{size} {MOST_REDUCED:,} pixels, the most that a JPEG is read reduced from; make it smaller")
    scale = next(scale for scale in (2, 4, 8) if image.width * image.height <= _REDUCED_TO * scale**2)
    image.draft(None, (image.width // scale, image.height // scale))
    return image


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    return _rgb(ImageOps.exif_transpose(image))


def _opened(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=_USUAL)
    except UnidentifiedImageError:
        return Image.open(io.BytesIO(content), formats=[kind for kind in _RARER if reads(kind)])
    except Image.DecompressionBombError:  # its own bound knows nothing of reductions
        if content.startswith(b"\xff\xd8\xff"):
            from PIL.JpegImagePlugin import JpegImageFile

            return JpegImageFile(io.BytesIO(content))
        raise


def reads(kind: str) -> bool:
    """Whether this Pillow decodes a kind of picture, by its name of it; HEIF where pillow-heif is installed."""
    return kind in _decoders()


@cache
def _decoders() -> frozenset[str]:
    Image.init()  # loads the rarer ones
    with suppress(ImportError):
        import_module("pillow_heif").register_heif_opener()
    return frozenset(Image.OPEN)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_eight_bits(np.asarray(image)))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")  # no copy: it may be a large one


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """(H, W) uint8 of 16-bit, 32-bit or floating grey values, the latter up to 1 or up to their largest."""
    if not np.isfinite([values.min(), values.max()]).all():
        raise ValueError("holds pixels that are no numbers")
    top = max(1.0, float(values.max())) if values.dtype.kind == "f" else 65535.0
    grey = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), _ROWS):
        rows = values[start : start + _ROWS].astype(np.float64)
        grey[start : start + _ROWS] = (rows.clip(0, top) * (255 / top)).round()
    return grey


def _on_white(image: Image.Image) -> Image.Image:
    laid = Image.new("RGB", image.size)
    for top in range(0, image.height, _ROWS):
        part = image.crop((0, top, image.width, min(top + _ROWS, image.height))).convert("RGBA")
        white = Image.new("RGBA", part.size, "white")
        laid.paste(Image.alpha_composite(white, part).convert("RGB"), (0, top))
    return laid


def resized(picture: np.ndarray, size: tuple[int, int], resize: str = "antialiased") -> np.ndarray:
    """A picture (H, W, 3) uint8 at another size, as `pixels` brings one to it."""
    return pixels(Image.fromarray(picture), size, resize)


def pixels(image: Image.Image, size: tuple[int, int], resize: str = "antialiased") -> np.ndarray:
    """The picture at the size a classifier takes, its aspect ratio not kept, as the course and most recipes do.

    Args:
        image: RGB.
        size: (height, width).
        resize: `antialiased`, as torchvision resizes pictures, or `plain` bilinear, as OpenCV does.

    Returns:
        (height, width, 3) uint8.
    """
    height, width = size
    if image.size == (width, height):
        return np.asarray(image)
    if resize == "plain":
        scale = (image.width / width, 0, 0, 0, image.height / height, 0)
        resized = image.transform((width, height), Image.Transform.AFFINE, scale, Image.Resampling.BILINEAR)
    else:
        resized = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)
