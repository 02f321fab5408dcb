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


FITS = ("squash", "crop", "pad")
_WHOLE = 256 / 224  # the size that torchvision's recipes resize to, as a share of the size that they cut out


def resized(picture: np.ndarray, size: tuple[int, int], resize: str = "antialiased", fit: str = "squash") -> np.ndarray:
    """A picture (H, W, 3) uint8 at another size, as `pixels` brings one to it."""
    return pixels(Image.fromarray(picture), size, resize, fit)


def pixels(
    image: Image.Image, size: tuple[int, int], resize: str = "antialiased", fit: str = "squash", fill: int = 0
) -> np.ndarray:
    """The picture at the size a classifier takes.

    Args:
        image: RGB, or grey as a mask is.
        size: (height, width).
        resize: `antialiased`, as torchvision resizes pictures, `plain` bilinear, as OpenCV does, or `nearest`.
        fit: `squash`, the aspect ratio not kept, as the course and most recipes do; `crop`, as torchvision's recipes
            (Resize 256, CenterCrop 224, in proportion): the middle of the picture, its outermost parts are cut off;
            `pad`, the whole picture with black at its shorter sides.
        fill: what is beyond the picture where it is padded.

    Returns:
        (height, width, 3) uint8, (height, width) of a mask.
    """
    height, width = size
    if fit == "squash":
        return np.asarray(_resized(image, (width, height), resize))
    inner, (left, top) = _placed(image.size, (width, height), fit)
    whole = _resized(image, inner, resize)
    placed = Image.new(image.mode, (width, height), fill)
    placed.paste(whole, (-left, -top))
    return np.asarray(placed)


def in_own_frame(values: np.ndarray, own: tuple[int, int], fit: str = "squash") -> np.ndarray:
    """Values of the pixels that a classifier was shown, at the size that the picture itself has.

    Args:
        values: (h, w) of a picture brought to that size by `pixels`.
        own: the picture's (height, width).
        fit: how it was.

    Returns:
        (height, width) float32, NaN where the classifier was shown nothing.
    """
    height, width = values.shape
    image = Image.fromarray(values.astype(np.float32))
    if fit == "squash":
        return np.asarray(_resized(image, own[::-1], "antialiased"))
    inner, (left, top) = _placed(own[::-1], (width, height), fit)
    shown = image.crop((max(0, -left), max(0, -top), width - max(0, -left), height - max(0, -top)))
    part = max(1, round(shown.width * own[1] / inner[0])), max(1, round(shown.height * own[0] / inner[1]))
    whole = np.full(own, np.nan, np.float32)
    x, y = (
        max(0, round(first * to / within)) for first, to, within in ((left, own[1], inner[0]), (top, own[0], inner[1]))
    )
    placed = np.asarray(_resized(shown, part, "antialiased"))[: own[0] - y, : own[1] - x]
    whole[y : y + len(placed), x : x + placed.shape[1]] = placed
    return whole


def _placed(picture: tuple[int, int], frame: tuple[int, int], fit: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Width and height of the whole picture at the frame's scale, and where in it the frame's left and top lie.

    Below 0 where it is padded. Sizes are (width, height); `fit` is crop or pad.
    """
    width, height = frame
    if fit == "pad":
        scale = min(width / picture[0], height / picture[1])
        inner = max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))
    else:
        inner = _covering(picture, (round(width * _WHOLE), round(height * _WHOLE)))
    return inner, (round((inner[0] - width) / 2), round((inner[1] - height) / 2))


def _covering(size: tuple[int, int], least: tuple[int, int]) -> tuple[int, int]:
    """Width and height in the picture's proportion that just cover so many, cut down as torchvision does."""
    (width, height), (wide, high) = size, least
    if high * width >= wide * height:
        return max(wide, int(high * width / height)), high
    return wide, max(high, int(wide * height / width))


def _resized(image: Image.Image, size: tuple[int, int], resize: str) -> Image.Image:
    """At (width, height)."""
    if image.size == size:
        return image
    if resize == "plain":
        scale = (image.width / size[0], 0, 0, 0, image.height / size[1], 0)
        return image.transform(size, Image.Transform.AFFINE, scale, Image.Resampling.BILINEAR)
    return image.resize(size, Image.Resampling.NEAREST if resize == "nearest" else Image.Resampling.BILINEAR)
