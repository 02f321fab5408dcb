"""Bytes of a picture file -> RGB pixels, whatever the file holds."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from foodviz.errors import InputError

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".jfif"})


def decode(content: bytes, name: str) -> Image.Image:
    """The picture in a file's bytes: upright by its EXIF orientation, 8-bit RGB, transparency laid on white.

    Args:
        content: the whole file.
        name: what to call it in an error.

    Raises:
        InputError: empty, truncated or no picture.
    """
    if not content:
        raise InputError(f"{name}: the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata; what cannot be decoded raises
            image = Image.open(io.BytesIO(content))
            image.load()
            return _rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise InputError(f"{name}: not a picture that can be read") from None
    except Image.DecompressionBombError:
        raise InputError(f"{name}: claims too many pixels to be a photograph") from None
    except Exception as error:  # decoders raise nearly anything on damaged bytes
        reason = "truncated" if "truncated" in str(error) else f"damaged ({error})"
        raise InputError(f"{name}: the picture is {reason}") from None


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        top = 65535.0 if image.mode.startswith("I") else max(1.0, float(values.max()))
        image = Image.fromarray((values.clip(0, top) * (255 / top)).round().astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        opaque = image.convert("RGBA")
        white = Image.new("RGBA", opaque.size, "white")
        return Image.alpha_composite(white, opaque).convert("RGB")
    return image.convert("RGB")


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
