"""Damaged, huge, strange and strangely named pictures, given by --image and among good ones."""

import io
import os
import shutil
import struct
import zlib
from functools import partial

import numpy as np
from PIL import Image

from torture import values
from torture.case import Case
from torture.material import FORMATS, cuts, flipped

DRAWN = ("--dpi", "40", "--out", "@OUT")
_case = partial(Case, "pictures")
# What must come of it: what makes the file.
NO_PICTURES = r"""
any: b"<svg xmlns='http://www.w3.org/2000/svg'/>" | b"hello\n" * 40 | b"" | bytes(5000) | b"%PDF-1.4\n"
any: b"\x7fELF" * 99 | b"<html><script>"
any: b"PK\x03\x04" + bytes(200) | b"\0\0\0\x18ftypheic" + bytes(99) | b"\xd7\xcd\xc6\x9a\0\0" + bytes(99) | bytes(18)
any: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n(x) run\n" | b"P6 100000 100000 255\n"
any: b"P6 -5 5 255\n" | b"PF\n4 4\n-1.0\n" + b"\0\0\xc0\x7f" * 48 | b"8BPS\0\1" + bytes(40) | b"icns\0\0\0\x08"
any: b"#define a_width 9999999\n#define a_height 9999999\nstatic char a[] = {\n" | b"DDS |\0\0\0" + b"\xff" * 120
any: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40) | b"\x01\xda\1\1\0\3" + b"\xff" * 500 | b"SIMPLE  =" + b" " * 3000
any: b"qoif" + struct.pack(">IIBB", 60000, 60000, 4, 0) | b"\0\0\1\0\1\0" + bytes(60)
"""
LARGE = r"""
any: png(13000, 13000, bytes(13001 * 13000), colour=0)
any: png(8, 8, bytes(200), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80 << 20))))
any: png(8, 8, bytes(200), chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(80 << 20))))
any: png(8, 8, bytes(200), chunk(b"tEXt", b"a\0b") * 200_000)
fine: animation("GIF", [Image.new("P", (4, 4), number % 255) for number in range(3000)])
"""
ODD = r"""
fine: encoded(ramp(np.uint16), "TIFF") | encoded(ramp(np.int32), "TIFF") | encoded(ramp(np.float32), "TIFF")
said: encoded(flat(np.nan), "TIFF") | encoded(flat(np.inf), "TIFF") | encoded(flat(-1e30), "TIFF")
fine: encoded(mode("1"), "PNG") | encoded(mode("L"), "PNG") | encoded(mode("LA"), "PNG") | encoded(mode("P"), "PNG")
fine: encoded(mode("RGBA"), "PNG") | encoded(mode("CMYK"), "JPEG") | encoded(mode("LAB"), "TIFF")
fine: encoded(mode("P"), "PNG", transparency=3) | encoded(mode("P"), "PNG", transparency=bytes(range(200)))
fine: animation("GIF") | animation("WEBP") | animation("PNG") | animation("TIFF")
fine: encoded(image, "JPEG", icc_profile=b"\xff" * 400) | encoded(image, "JPEG", exif=b"Exif\0\0" + dice.randbytes(300))
fine: encoded(image, "JPEG", comment=b"\x1b[31m")
"""
# Instead of a picture: what makes it.
PLACES = r"""
any: path.mkdir() | os.mkfifo(path) | (path.touch(), path.chmod(0)) | path.parent.chmod(0) | path.symlink_to("nope")
any: path.symlink_to("0_7.jpg") | path.symlink_to(".") | path.symlink_to("/dev/zero") | path.symlink_to("/dev/stdin")
any: path.symlink_to("/etc/passwd")
"""


def cases(dice, base):
    good = {each: (base / f"p.{each}").read_bytes() for each in FORMATS}
    for name, data, expect in (*_damaged(dice, good), *_sized(good["jpg"]), *_made(base, dice)):
        if dice.random() < 0.85:
            make = lambda box, data=data: (box / "in/x").write_bytes(data)  # noqa: E731
            yield _case(name, ("saliency", "--image", "@IN/x", *DRAWN), make, expect)
        else:
            make = lambda box, data=data: (_good_ones(base, box) / "3_9.jpg").write_bytes(data)  # noqa: E731
            yield _case(f"{name} among good ones", ("confusion", "--data", "@IN/d", *DRAWN), make, "fine", 90)
    for name in values.FILE_NAMES:
        yield from _named(name, good["jpg"])
    for _, text in values.lines(PLACES):
        make = lambda box, text=text: eval(text, {"path": _good_ones(base, box) / "0_7.jpg", "os": os})  # noqa: E731
        alone = ("saliency", "--image", "@IN/d/validation/0_7.jpg", *DRAWN)
        for args in (alone, ("confusion", "--data", "@IN/d", *DRAWN), ("inspect", "--data", "@IN/d")):
            expect = "error" if args is alone else "any"
            yield _case(f"{text}, {args[0]}", args, make, expect, 40, nobody="chmod" in text)


def _good_ones(base, box):
    return shutil.copytree(base / "data/validation", box / "in/d/validation")


def _damaged(dice, good: dict[str, bytes]):
    for kind, data in good.items():
        yield from ((f"{kind} {name}", cut, "error" if len(cut) < 16 else "any") for name, cut in cuts(data))
        for number in range(25):
            yield f"{kind} flipped {number}", flipped(data, dice, dice.choice((1, 1, 3, 20, 200))), "any"
        yield f"{kind}, its middle zeros", data[:60] + bytes(len(data) - 60), "any"
        yield f"{kind}, junk behind", data + dice.randbytes(5000), "fine"


def _sized(jpeg: bytes):
    for size in ((1, 1), (1, 20000), (20000, 1), (2, 3), (16384, 4), (1, 65500), (3000, 5000)):
        for kind in ("PNG", "JPEG"):
            yield f"{kind} of {size}", _encoded(Image.new("RGB", size, "red"), kind), "fine"
    at = jpeg.index(b"\xff\xc0") + 5
    for side in (0, 5, 13000, 30000, 65500, 2**31 - 1, 2**32 - 1):
        yield f"PNG that claims {side}x{side}", _png(side, side, bytes(100)), "any" if side == 5 else "error"
        size = struct.pack(">HH", side % 65536, side % 65536)
        yield f"JPEG that claims {side % 65536} a side", jpeg[:at] + size + jpeg[at + 4 :], "any"


def _made(base, dice):
    image = Image.open(base / "p.png").convert("RGB")
    ramp, turned = np.linspace(0, 65535, 64 * 64).reshape(64, 64), [image.rotate(9 * each) for each in range(5)]

    def animation(kind: str, frames: list[Image.Image] = turned) -> bytes:
        return _encoded(frames[0], kind, save_all=True, append_images=frames[1:])

    names = {"image": image, "dice": dice, "encoded": _encoded, "png": _png, "chunk": _chunk, "mode": image.convert}
    names |= {"ramp": lambda kind: Image.fromarray(ramp.astype(kind))}
    names |= {"flat": lambda value: Image.fromarray(np.full((64, 64), value, np.float32))}
    names |= {"animation": animation, "np": np, "struct": struct, "zlib": zlib, "Image": Image}
    for expect, text in values.lines(NO_PICTURES + LARGE + ODD):
        yield text[:60], eval(text, names), expect
    for orientation in (*range(10), 99, 65535):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"orientation {orientation}", _encoded(image, "JPEG", exif=exif), "fine"


def _named(name: str, data: bytes):
    def make(box) -> None:
        (box / "in" / name).write_bytes(data)
        for path in ("Bread/0.jpg", "Bread/1.jpg", f"Bread/{name}", "Egg/0.jpg", "Egg/1.jpg"):
            (box / "in/d/val" / path).parent.mkdir(parents=True, exist_ok=True)
            (box / "in/d/val" / path).write_bytes(data)

    lines = ("saliency --ids 2 --json", "confusion", "report --sections confusion", "inspect")
    there = [(*line.split(), "--data", "@IN/d", *DRAWN[: 0 if line == "inspect" else None]) for line in lines]
    for args in (("saliency", "--image", f"@IN/{name}", *DRAWN), *there):
        yield _case(f"named {name!r}, {args[0]} {args[1]}", args, make, "fine", real="\udcff" in name)


def _encoded(image: Image.Image, kind: str, **settings: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return stream.getvalue()


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width: int, height: int, rows: bytes, extra: bytes = b"", colour: int = 2) -> bytes:
    """A PNG that claims a size; `extra` are chunks before its data."""
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = _chunk(b"IHDR", head) + extra + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks
