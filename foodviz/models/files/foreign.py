"""What a file is that is no checkpoint, told by its first bytes, and what to do about it."""

import pickletools
from itertools import islice

FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, probably Keras weights (.h5)"),
    (b"version https://git-lfs.github.com/spec", "a git-lfs pointer, not the file itself: run `git lfs pull`"),
    (b"\x1f\x8b", "gzip-compressed: unpack it first"),
    (b"BZh", "bzip2-compressed: unpack it first"),
    (b"\xfd7zXZ", "xz-compressed: unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"GGUF", "a GGUF language model"),
    (b"%PDF", "a PDF document"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"\x7fELF", "a program"),
)


def foreign_format(start: bytes) -> str | None:
    """What the file is, where it is certainly no checkpoint."""
    known = next((what for magic, what in FOREIGN if start.startswith(magic)), None)
    if known or not start:
        return known or "an empty file"
    if start[4:8] == b"TFL3":
        return "a TensorFlow Lite model"
    if start[257:262] == b"ustar":
        return "a tar archive: unpack it first"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "a saved web page: the download gave a page, not the file (sign in, or use the direct link)"
    if text.startswith(b"<?xml"):
        return "an XML text, an error message of the download perhaps"
    if start[:1] == b"\x08" and (b"onnx" in start or b"pytorch" in start[:40]):
        return "an ONNX model"
    if start[:1] in b"\x08\x0a" and (b"saved_model" in start or b"tensorflow" in start or b"serve" in start):
        return "a TensorFlow model"
    printable = sum(byte in b"\t\r\n" or 32 <= byte < 127 for byte in start)
    if printable == len(start) and not _is_text_pickle(start):
        return "a text file"
    return None


def _is_text_pickle(start: bytes) -> bool:
    """Whether a text begins as a pickle of protocol 0 does: its first three instructions can be read."""
    try:
        return start[:1] in b"(]}c" and len(list(islice(pickletools.genops(start), 3))) == 3
    except ValueError:
        return False
