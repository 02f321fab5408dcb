"""Damaged, huge, strange and strangely named pictures, given by --image and among good ones."""

from __future__ import annotations

import io
import os
import random
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from torture import values
from torture.case import Case
from torture.material import FORMATS, cuts, flipped, written

DRAWN = ("--dpi", "40", "--out", "@OUT")
Made = tuple[str, bytes, Any]
_case = partial(Case, "pictures")
NO_PICTURES = (
    *(b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"hello\n" * 40, b"", bytes(5000), b"%PDF-1.4\n", b"\x7fELF" * 99),
    *(b"PK\x03\x04" + bytes(200), b"\0\0\0\x18ftypheic" + bytes(99), b"\xd7\xcd\xc6\x9a\0\0" + bytes(99), bytes(18)),
    *(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n(x) run\n", b"P6 100000 100000 255\n"),
    *(b"P6 -5 5 255\n", b"PF\n4 4\n-1.0\n" + b"\0\0\xc0\x7f" * 48, b"8BPS\0\1" + bytes(40), b"icns\0\0\0\x08"),
    *(b"#define a_width 9999999\n#define a_height 9999999\nstatic char a[] = {\n", b"DDS |\0\0\0" + b"\xff" * 120),
    *(b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40), b"\x01\xda\1\1\0\3" + b"\xff" * 500, b"SIMPLE  =" + b" " * 3000),
    *(b"qoif" + struct.pack(">IIBB", 60000, 60000, 4, 0), b"\0\0\1\0\1\0" + bytes(60), b"<html><script>"),
)


def cases(dice: random.Random, base: Path) -> Iterator[Case]:
    good = {each: (base / f"p.{each}").read_bytes() for each in FORMATS}
    for name, data, expect in (*_damaged(dice, good), *_large(good["jpg"]), *_odd(base, dice)):
        if dice.random() < 0.85:
            yield _case(name, ("saliency", "--image", "@IN/x", *DRAWN), written("x", data), expect)
        else:
            there = lambda box, data=data: _good_ones(base, box).joinpath("3_9.jpg").write_bytes(data)  # noqa: E731
            yield _case(f"{name} among good ones", ("confusion", "--data", "@IN/d", *DRAWN), there, "fine", 90)
    for name in values.FILE_NAMES:
        yield from _named(name, good["jpg"])
    odd: tuple[tuple[str, Callable[[Path], object]], ...] = (
        *(("a folder", Path.mkdir), ("a FIFO", os.mkfifo), ("closed", lambda path: (path.touch(), path.chmod(0)))),
        ("in a closed folder", lambda path: path.parent.chmod(0)),
    )
    links = ("nope", "0_7.jpg", ".", "/dev/zero", "/dev/stdin", "/etc/passwd")
    for name, build in (*odd, *((f"a link to {to}", lambda path, to=to: path.symlink_to(to)) for to in links)):
        make = lambda box, build=build: build(_good_ones(base, box) / "0_7.jpg")  # noqa: E731
        alone = ("saliency", "--image", "@IN/d/validation/0_7.jpg", *DRAWN)
        for args in (alone, ("confusion", "--data", "@IN/d", *DRAWN), ("inspect", "--data", "@IN/d")):
            expect = "error" if args is alone else "any"
            yield _case(f"{name}, {args[0]}", args, make, expect, 40, nobody="closed" in name)


def _good_ones(base: Path, box: Path) -> Path:
    return Path(shutil.copytree(base / "data/validation", box / "in/d/validation"))


def _damaged(dice: random.Random, good: dict[str, bytes]) -> Iterator[Made]:
    for kind, data in good.items():
        yield from ((f"{kind} {name}", cut, "error" if len(cut) < 16 else "any") for name, cut in cuts(data))
        for number in range(25):
            yield f"{kind} flipped {number}", flipped(data, dice, dice.choice((1, 1, 3, 20, 200))), "any"
        yield f"{kind}, its middle zeros", data[:60] + bytes(len(data) - 60), "any"
        yield f"{kind}, junk behind", data + dice.randbytes(5000), "fine"


def _large(jpeg: bytes) -> Iterator[Made]:
    for size in ((1, 1), (1, 20000), (20000, 1), (2, 3), (16384, 4), (1, 65500), (3000, 5000)):
        for kind in ("PNG", "JPEG"):
            yield f"{kind} of {size}", _encoded(Image.new("RGB", size, "red"), kind), "fine"
    at = jpeg.index(b"\xff\xc0") + 5
    for side in (0, 5, 13000, 30000, 65500, 2**31 - 1, 2**32 - 1):
        yield f"PNG that claims {side}x{side}", _png(side, side, bytes(100)), "error"
        size = struct.pack(">HH", side % 65536, side % 65536)
        yield f"JPEG that claims {side % 65536} a side", jpeg[:at] + size + jpeg[at + 4 :], "any"
    yield "PNG of 13000x13000 in one colour", _png(13000, 13000, bytes(13001 * 13000), colour=0), "any"
    for kind in (b"zTXt", b"iCCP"):
        bomb = _chunk(kind, b"a\0\0" + zlib.compress(bytes(80 << 20)))
        yield f"PNG with {kind!r} of 80 MB", _png(8, 8, bytes(200), extra=bomb), "any"
    yield "PNG of 200,000 remarks", _png(8, 8, bytes(200), extra=_chunk(b"tEXt", b"a\0b") * 200_000), "any"
    frames = [Image.new("P", (4, 4), each % 255) for each in range(3000)]
    yield "GIF of 3,000 frames", _encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), "fine"


def _odd(base: Path, dice: random.Random) -> Iterator[Made]:
    yield from ((f"no picture: {data[:20]!r}", data, "any") for data in NO_PICTURES)
    image = Image.open(base / "p.png").convert("RGB")
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64)
    for kind in (np.uint16, np.int32, np.float32):
        yield f"{kind.__name__} TIFF", _encoded(Image.fromarray(ramp.astype(kind)), "TIFF"), "fine"
    for value in (np.nan, np.inf, -1e30):
        yield f"TIFF of {value}", _encoded(Image.fromarray(np.full((64, 64), value, np.float32)), "TIFF"), "said"
    for mode, kind in (*((each, "PNG") for each in ("1", "L", "LA", "P", "RGBA")), ("CMYK", "JPEG"), ("LAB", "TIFF")):
        yield f"{mode} {kind}", _encoded(image.convert(mode), kind), "fine"
    for shown in (3, bytes(range(200))):
        yield f"palette, transparency {shown!r}"[:40], _encoded(image.convert("P"), "PNG", transparency=shown), "fine"
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        frames = [image.rotate(9 * each) for each in range(5)]
        yield f"animated {kind}", _encoded(frames[0], kind, save_all=True, append_images=frames[1:]), "fine"
    for orientation in (*range(10), 99, 65535):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"orientation {orientation}", _encoded(image, "JPEG", exif=exif), "fine"
    yield "JPEG, broken EXIF", _encoded(image, "JPEG", exif=b"Exif\0\0" + dice.randbytes(300)), "fine"
    yield "JPEG, broken profile", _encoded(image, "JPEG", icc_profile=b"\xff" * 400, comment=b"\x1b[31m"), "fine"


def _named(name: str, data: bytes) -> Iterator[Case]:
    def make(box: Path) -> None:
        (box / "in" / name).write_bytes(data)
        for path in ("Bread/0.jpg", "Bread/1.jpg", f"Bread/{name}", "Egg/0.jpg", "Egg/1.jpg"):
            (box / "in/d/val" / path).parent.mkdir(parents=True, exist_ok=True)
            (box / "in/d/val" / path).write_bytes(data)

    there = ("--data", "@IN/d")
    for args in (
        ("saliency", "--image", f"@IN/{name}", *DRAWN),
        ("saliency", "--ids", "2", "--json", *there, *DRAWN),
        ("confusion", *there, *DRAWN),
        ("report", "--sections", "confusion", *there, *DRAWN),
        ("inspect", *there),
    ):
        yield _case(f"named {name!r}, {args[0]} {args[1]}", args, make, "fine", real="\udcff" in name)


def _encoded(image: Image.Image, kind: str, **settings: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return stream.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, rows: bytes, *, colour: int = 2, extra: bytes = b"") -> bytes:
    """A PNG that claims a size; `extra` are chunks before its data."""
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = _chunk(b"IHDR", head) + extra + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks
