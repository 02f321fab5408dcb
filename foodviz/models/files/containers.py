"""Files that hold weights, told apart by their bytes, never by their names, and read without running anything in them.

The zip that `torch.save` writes and its older container, safetensors, pickles of numpy arrays, .npy and .npz. Tensors
in the zip and in safetensors stay in the file, mapped into memory: what is not asked for (the optimiser's state, say)
is never read. Whoever wants to keep one copies it, as the file may be written anew at any time.
"""

import io
import json
import math
import os
import struct
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from foodviz.errors import InputError
from foodviz.models.files.foreign import foreign_format
from foodviz.models.files.pickles import PickleReader
from foodviz.printable import printable

LEGACY_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
# Most that a file may grow to: this many times its bytes, as pruned weights compress well, and then no more than these
# bytes, unless it is larger itself.
GROWTH, MOST_GROWN = 64, 2**30
# Members of the archives that torch.export writes, and wrote.
_EXPORTED = ("archive_format", "models/model.json", "serialized_exported_program.json")


class Contents(NamedTuple):
    """What a file held: its form, the object (dictionaries, tensors, arrays, modules), text beside it, and whether the
    tensors are still the file's own bytes."""

    form: str
    content: Any
    metadata: dict[str, str]
    mapped: bool = False


def most_bytes(size: int) -> int:
    """What a file of that size may grow to in memory, bytes."""
    return max(size, min(GROWTH * size, MOST_GROWN))


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
        foreign = foreign_format(start)
        if foreign:
            raise InputError(f"{foreign}; foodviz opens PyTorch checkpoints, safetensors and numpy weights")
        if start.startswith(b"\x80") and LEGACY_MAGIC in start[:32]:
            return Contents("PyTorch (older container)", read_legacy(stream, path.stat().st_size), {})
        if _is_safetensors(start, path.stat().st_size):
            return _open_safetensors(path)
        if start[:1] in (b"\x80", b"(", b"]", b"}", b"c"):
            return Contents("raw pickle", PickleReader(stream, nested=_nested).read(), {})
    raise InputError("not a checkpoint: its first bytes belong to no format that foodviz opens")


def holds_pickle(path: Path) -> bool:
    """Whether `torch.load` could run the file: what `torch.save` wrote, whole objects among them."""
    with path.open("rb") as stream:
        if LEGACY_MAGIC in stream.read(32):
            return True
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return any(name.endswith("data.pkl") for name in names) and not any("/code/" in name for name in names)


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
        if any(name.endswith(_EXPORTED) for name in members):
            raise InputError(
                "a torch.export program, a fixed graph; save its weights alone: "
                "torch.save(dict(torch.export.load(FILE).state_dict), 'weights.pt')"
            )
        if len(roots) == 1:
            return Contents("PyTorch zip", _read_torch_zip(path, archive, members, roots[0]), {}, mapped=True)
        if members and all(name.endswith(".npy") for name in members):
            return Contents("numpy .npz", _read_npz(path, archive, members), {})
    if any(name.endswith((".h5", ".keras")) or name == "keras_metadata.pb" for name in members):
        raise InputError("a Keras model; foodviz opens PyTorch checkpoints, safetensors and numpy weights")
    inside = ", ".join(printable(name) for name in list(members)[:3]) or "nothing"
    raise InputError(f"a zip archive without a checkpoint of its own (it holds {inside}): unpack it first")


def _read_torch_zip(path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], root: str) -> Any:
    bytes_of_file = mapped(path)
    copied = 0

    def storages(key: str, kind: torch.dtype, elements: int) -> Tensor:
        nonlocal copied
        info = members[f"{root}data/{key}"]
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError("a compressed tensor")
        head = bytes(bytes_of_file[info.header_offset : info.header_offset + 30].tolist())
        start = info.header_offset + 30 + sum(struct.unpack("<HH", head[26:30]))
        if start % kind.itemsize:
            copied += elements * kind.itemsize
            if copied > len(bytes_of_file):
                raise ValueError("tensors larger than the file")
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
    if info.file_size > most_bytes(path.stat().st_size):
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
    left = size

    def storages(key: str, kind: torch.dtype, elements: int) -> Tensor:
        nonlocal left
        if key not in made:
            left -= elements * kind.itemsize
            if left < 0:
                raise ValueError("tensors larger than the file")
            made[key] = torch.empty(elements, dtype=kind)
        return made[key]

    content = PickleReader(stream, storages, _nested).read()
    for key in PickleReader(stream).read():
        target = made[str(key)].view(torch.uint8).numpy()
        (elements,) = struct.unpack("<q", stream.read(8))
        if elements != len(made[str(key)]) or stream.readinto(target) != len(target):  # type: ignore[attr-defined]
            raise ValueError("a tensor of another size than announced")
    return content


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
    most = most_bytes(path.stat().st_size)
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
    from safetensors.torch import load

    try:
        os.fsencode(path).decode()
    except UnicodeDecodeError:  # a name that `safe_open` does not take
        content = path.read_bytes()
        length = struct.unpack("<Q", content[:8])[0]
        return Contents("safetensors", load(content), json.loads(content[8 : 8 + length]).get("__metadata__", {}))
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            return Contents("safetensors", tensors, file.metadata() or {}, mapped=True)
    except SafetensorError as error:
        raise ValueError(str(error)) from error
