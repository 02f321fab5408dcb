"""Damaged, huge, strange and strangely named pictures, given by --image and among good ones."""

import shutil

import numpy as np
from PIL import PngImagePlugin

TABLE = r"""
any: saliency --image @IN/x <- b"<svg xmlns='http://www.w3.org/2000/svg'/>" | b"" | bytes(5000) | bytes(18) | b"\xff"
    b"\0\0\0\x18ftypheic" + bytes(99) | b"\xd7\xcd\xc6\x9a\0\0" + bytes(99) | b"P6 65500 65500 255\n" | b"<html>"
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n(x) run\n" | b"DDS |\0\0\0" + b"\xff" * 120
    b"P6 -5 5 255\n" | b"PF\n4 4\n-1.0\n" + b"\0\0\xc0\x7f" * 48 | b"8BPS\0\1" + bytes(40) | b"%PDF-1.4\n"
    b"#define a_width 9999999\n#define a_height 9999999\nstatic char a[] = {\n" | good("p.png") + good("p.jpg")
any *60: saliency --image @IN/x <- flipped(good(dice.choice(FORMATS)), dice, dice.choice((1, 1, 3, 20, 200)))
any *40: saliency --image @IN/x <- cut(good(dice.choice(FORMATS)), dice)
any *FORMATS: saliency --image @IN/x <- good(each)[:60] + bytes(len(good(each)) - 60)
fine *FORMATS: saliency --image @IN/x <- good(each) + dice.randbytes(5000)
fine 90s *20: confusion --data @IN/d <- among(box, base, flipped(good(dice.choice(FORMATS)), dice, 9))
    among(box, base, cut(good(dice.choice(FORMATS)), dice))
fine *SIZES: saliency --image @IN/x <- encoded(Image.new("RGB", each), "PNG") | encoded(Image.new("L", each), "JPEG")
any: saliency --image @IN/x <- encoded(tiles("L"), "PNG", pnginfo=texts(1))
    encoded(Image.new("L", (13000, 13000)), "PNG") | encoded(tiles("L"), "PNG", pnginfo=texts(200_000))
    encoded(tiles("L"), "PNG", icc_profile=bytes(80 << 20))
fine: saliency --image @IN/x <- encoded(tiles("F"), "TIFF") | encoded(tiles("I"), "TIFF") | encoded(tiles("1"), "PNG")
    encoded(tiles("LAB"), "TIFF") | encoded(tiles("L"), "PNG") | encoded(tiles("LA"), "PNG")
    encoded(tiles("P"), "PNG") | encoded(tiles("RGBA"), "PNG") | encoded(tiles("CMYK"), "JPEG")
    encoded(tiles("P"), "PNG", transparency=b"\0") | encoded(tiles("RGB"), "JPEG", icc_profile=b"\xff" * 400)
    encoded(tiles("RGB"), "JPEG", comment=b"\x1b[31m")
    encoded(tiles("RGB"), "JPEG", exif=b"Exif\0\0" + dice.randbytes(300))
fine *ANIMATED: saliency --image @IN/x <- encoded(tiles("L"), each, save_all=True, append_images=[tiles("L").rotate(9)])
said *OUTSIDE: saliency --image @IN/x <- encoded(Image.fromarray(np.full((64, 64), each, np.float32)), "TIFF")
fine *ORIENTATIONS: saliency --image @IN/x <- encoded(tiles("RGB"), "JPEG", exif=TURNED + each.to_bytes(2) + bytes(6))
fine *FILE_NAMES: saliency --image @IN/@EACH {,--json} <- {each: good("p.jpg")}
fine *FILE_NAMES: {saliency --ids 1 --json,confusion,inspect} --data @IN/d <-
    {f"d/val/{name}": good("p.jpg") for name in ("Bread/0.jpg", f"Bread/{each}", "Egg/0.jpg")}
error 40s: saliency --image @IN/x <- path.mkdir() | os.mkfifo(path) | path.symlink_to("nope") | path.symlink_to("x")
    path.symlink_to("/dev/zero") | path.symlink_to("/dev/stdin") | path.symlink_to("/etc/passwd") | path.symlink_to(".")
any 40s: {confusion,inspect} --data @IN/d <- among(box, base).mkdir() | os.mkfifo(among(box, base))
    among(box, base).symlink_to("nope") | among(box, base).symlink_to("/dev/zero") | among(box, base).symlink_to(".")
error nobody: saliency --image @IN/x <- (path.touch(), path.chmod(0))
error nobody: {saliency,confusion,inspect} --data @IN/d <- among(box, base).parent.chmod(0)
    among(box, base).parent.parent.chmod(0) | among(box, base).parent.chmod(0o444)
"""
SIZES = ((1, 1), (1, 20000), (20000, 1), (2, 3), (16384, 4), (1, 65500), (3000, 5000))
ANIMATED = ("GIF", "WEBP", "PNG", "TIFF")
OUTSIDE = (np.nan, np.inf, -1e30)
ORIENTATIONS = (*range(10), 99, 65535)
TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"


def among(box, base, data: bytes | None = None):
    """The path of one more picture in a folder of good ones."""
    path = box / "in/d/validation/3_9.jpg"
    shutil.copytree(base / "data/validation", path.parent)
    if data is not None:
        path.write_bytes(data)
    return path


def texts(count: int) -> PngImagePlugin.PngInfo:
    """Many texts, or one of 80 MB."""
    info = PngImagePlugin.PngInfo()
    for number in range(count):
        info.add_text(f"t{number}", "x" * ((80 << 20) // count**2), zip=True)
    return info
