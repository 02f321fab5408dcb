"""Files that hold weights, told apart by their bytes, never by their names, and read without running anything in them.

The zip that `torch.save` writes and its older container, safetensors, pickles of numpy arrays, .npy and .npz. Tensors
in the zip and in safetensors stay in the file: they are mapped into memory and read when they are first used.
"""

import io
import math
import pickletools
import struct
import zipfile
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from foodviz.errors import InputError
from foodviz.models.files.pickles import PickleReader

LEGACY_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
# Most that compressed arrays may grow to, in bytes of the file: real weights shrink by less than half.
GROWTH = 64
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


class Contents(NamedTuple):
    """What a file held: its form, the object (dictionaries, tensors, arrays, modules) and text beside it."""

    form: str
    found: Any
    metadata: dict[str, str]


def open_container(path: Path) -> Contents:
    """What the file holds.

    Raises:
        InputError: not a file of weights (says what it is), or it needs code to run.
        Exception: of almost any kind, where the file is damaged.
    """
    with path.open("rb") as stream:
        start = stream.read(4096)
        stream.seek(0)
        if start.startswith(b"PK\x03\x04"):
            return _open_zip(path)
        if start.startswith(b"\x93NUMPY"):
            return Contents("numpy .npy", read_npy(stream, path.stat().st_size), {})
        foreign = _foreign(start)
        if foreign:
            raise InputError(f"{foreign}; foodviz opens PyTorch checkpoints, safetensors and numpy weights")
        if start.startswith(b"\x80") and LEGACY_MAGIC in start[:32]:
            return Contents("PyTorch (older container)", read_legacy(stream, path.stat().st_size), {})
        if _is_safetensors(start, path.stat().st_size):
            return _open_safetensors(path)
        if start[:1] in (b"\x80", b"(", b"]", b"}", b"c"):
            return Contents("raw pickle", PickleReader(stream, nested=_nested).read(), {})
    raise InputError("not a checkpoint: its first bytes belong to no format that foodviz opens")


def _foreign(start: bytes) -> str | None:
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


def mapped(path: Path) -> Tensor:
    """The file's bytes, (size,) uint8, mapped: private, read from the disk when used."""
    size = path.stat().st_size
    storage: Any = torch.UntypedStorage.from_file(str(path), shared=False, nbytes=size)
    return torch.empty(0, dtype=torch.uint8).set_(storage)


def _open_zip(path: Path) -> Contents:
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
        roots = [name.removesuffix("data.pkl") for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
        if any(name.endswith("/constants.pkl") or "/code/" in name for name in members):
            raise InputError(
                "a TorchScript archive, whose weights come with code; save them alone: "
                "torch.save(torch.jit.load(FILE).state_dict(), 'weights.pt')"
            )
        if len(roots) == 1:
            return Contents("PyTorch zip", _read_torch_zip(path, archive, members, roots[0]), {})
        if members and all(name.endswith(".npy") for name in members):
            return Contents("numpy .npz", _read_npz(path, archive, members), {})
    if any(name.endswith((".h5", ".keras")) or name == "keras_metadata.pb" for name in members):
        raise InputError("a Keras model; foodviz opens PyTorch checkpoints, safetensors and numpy weights")
    inside = ", ".join(list(members)[:3]) or "nothing"
    raise InputError(f"a zip archive without a checkpoint of its own (it holds {inside}): unpack it first")


def _read_torch_zip(path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], root: str) -> Any:
    bytes_of_file = mapped(path)

    def storages(key: str, kind: torch.dtype, elements: int) -> Tensor:
        info = members[f"{root}data/{key}"]
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError("a compressed tensor")
        head = bytes(bytes_of_file[info.header_offset : info.header_offset + 30].tolist())
        start = info.header_offset + 30 + sum(struct.unpack("<HH", head[26:30]))
        return _typed(bytes_of_file, start, kind, elements)

    order = members.get(f"{root}byteorder")
    if order and _bounded(archive, order, path) != b"little":
        raise InputError("written on a big-endian machine; save it again on an ordinary one")
    text = _bounded(archive, members[f"{root}data.pkl"], path)
    return PickleReader(io.BytesIO(text), storages, _nested).read()


def _typed(bytes_of_file: Tensor, start: int, kind: torch.dtype, elements: int) -> Tensor:
    """`elements` numbers of a type from the file's bytes; a copy only where they lie across its word boundaries."""
    end = start + elements * kind.itemsize
    if not 0 <= start <= end <= len(bytes_of_file):
        raise ValueError("a tensor larger than the file")
    piece = bytes_of_file[start:end]
    return (piece.clone() if start % kind.itemsize else piece).view(kind)


def _bounded(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    if info.file_size > GROWTH * path.stat().st_size:
        raise ValueError("a member that claims to be far larger than the file")
    return archive.read(info)


def read_legacy(stream: IO[bytes], size: int) -> Any:
    """The container of torch before 1.6: pickles of a magic number, a version, the system, the object and the keys of
    its storages, whose bytes follow. Storages are allocated while the object is read and filled afterwards."""
    PickleReader(stream).read()
    PickleReader(stream).read()
    system = PickleReader(stream).read()
    if not system.get("little_endian", True):
        raise InputError("written on a big-endian machine; save it again on an ordinary one")
    made: dict[str, Tensor] = {}

    def storages(key: str, kind: torch.dtype, elements: int) -> Tensor:
        if key not in made:
            if sum(each.nbytes for each in made.values()) + elements * kind.itemsize > size:
                raise ValueError("tensors larger than the file")
            made[key] = torch.empty(elements, dtype=kind)
        return made[key]

    found = PickleReader(stream, storages, _nested).read()
    for key in PickleReader(stream).read():
        target = made[str(key)].view(torch.uint8).numpy()
        (elements,) = struct.unpack("<q", stream.read(8))
        if elements != len(made[str(key)]) or stream.readinto(target) != len(target):  # type: ignore[attr-defined]
            raise ValueError("a tensor of another size than announced")
    return found


def _nested(content: bytes) -> Any:
    if not isinstance(content, bytes | bytearray) or LEGACY_MAGIC not in content[:32]:
        raise ValueError("a storage that torch.save did not write")
    return read_legacy(io.BytesIO(content), len(content))


def read_npy(stream: IO[bytes], most: int) -> Any:
    """An array, or the object that an array of one object holds. `most` bounds its bytes."""
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = header(stream)
    if dtype.hasobject:
        objects = PickleReader(stream, nested=_nested).read()
        return objects.item() if objects.size == 1 else objects.tolist()
    needed = math.prod(shape) * dtype.itemsize
    if needed > most:
        raise ValueError("an array larger than the file")
    return np.frombuffer(stream.read(needed), dtype).reshape(shape, order="F" if fortran else "C")


def _read_npz(path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Any:
    most = GROWTH * path.stat().st_size
    if sum(info.file_size for info in members.values()) > most:
        raise ValueError("arrays that claim to be far larger than the file")
    arrays = {}
    for name, info in members.items():
        with archive.open(info) as stream:
            arrays[name.removesuffix(".npy")] = read_npy(stream, most)
    only = next(iter(arrays.values()))
    return only if len(arrays) == 1 and isinstance(only, dict) else arrays


def _is_safetensors(start: bytes, size: int) -> bool:
    return len(start) >= 10 and start[8:9] == b"{" and struct.unpack("<Q", start[:8])[0] + 8 <= size


def _open_safetensors(path: Path) -> Contents:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return Contents("safetensors", {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {})  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(str(error)) from error
