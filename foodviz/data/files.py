"""Files and folders of strangers: what is listed is pictures, what is read a whole regular file of a bearable size."""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from foodviz.data.pictures import reads
from foodviz.errors import InputError
from foodviz.printable import printable

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".jfif"})
# Read where this Pillow has a decoder, and the kind that it calls them.
_SOMETIMES = {".avif": "AVIF", ".avifs": "AVIF", ".heic": "HEIF", ".heif": "HEIF", ".hif": "HEIF"}
# Pictures of kinds that are not read.
_NEVER = frozenset(
    [".jxl", ".jp2", ".psd", ".tga", ".svg", ".eps", ".ico", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2"]
)
# What programs leave beside people's own folders: archives of macOS, network storage, Windows, Python.
_NO_FOLDERS = frozenset(
    {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "__pycache__"}
)
_DEEPEST = 16  # folders in folders
MOST_BYTES = 512 << 20  # of a picture file: 128 million pixels without compression have 384 MB


def read_file(path: Path, called: str, most: int = MOST_BYTES) -> bytes:
    """The content of a picture file, or of a list of some.

    Args:
        path: it is not waited for: pipes, devices and whatever else never ends are no files.
        called: its name in an error line.
        most: bytes that it may have.

    Raises:
        InputError: not there, not to be read, no regular file, too large, or changed while it was read.
    """
    try:
        _check_kind(path.stat(), called)  # opening a device may already act on it
        quick = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, os.O_RDONLY | quick), "rb") as stream:
            state = os.fstat(stream.fileno())
            _check_kind(state, called)
            if state.st_size > most:
                size = f"{state.st_size >> 20:,} MB"
                kind = "picture" if most == MOST_BYTES else "list"
                raise InputError(f"{printable(called)}: {size}, more than a {kind} may have ({most >> 20} MB)")
            content = stream.read(state.st_size + 1) or b""
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(called)}: {reason(error)}") from None
    if len(content) != state.st_size:
        raise InputError(f"{printable(called)}: the file changes while it is read")
    return content


def check_file(path: Path, called: str) -> None:
    """Look whether a regular file is there, without opening it.

    Raises:
        InputError: nothing there, or something else.
    """
    try:
        _check_kind(path.stat(), called)
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(called)}: {reason(error)}") from None


@dataclass(frozen=True)
class Entries:
    """What is in a folder, sorted; hidden files and folders, and what programs leave there, are not.

    Attributes:
        pictures: names of picture files; a link to one that is gone keeps its place and is named when it is to be read.
        folders: names of folders.
        unread: names of pictures that cannot be read here.
        others: how many files are something else.
    """

    pictures: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    others: int = 0


def entries_of(folder: Path) -> Entries:
    """What is in a folder.

    Raises:
        InputError: it cannot be listed.
    """
    pictures: list[str] = []
    folders: list[str] = []
    unread: list[str] = []
    others = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith("."):
                    continue
                suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - Paths cost more than the scan
                if suffix in SUFFIXES and _is_file(entry):
                    pictures.append(name)
                elif _is_folder(entry):
                    if name.lower() not in _NO_FOLDERS:
                        folders.append(name)
                elif suffix in _SOMETIMES and _is_file(entry):
                    (pictures if reads(_SOMETIMES[suffix]) else unread).append(name)
                elif suffix in _NEVER:
                    unread.append(name)
                else:
                    others += 1
    except OSError as error:
        raise InputError(f"{printable(folder)}: {reason(error)}") from None
    return Entries(sorted(pictures), sorted(folders), sorted(unread), others)


def entries_below(folder: Path) -> Entries:
    """Pictures in a folder and in the folders in it, at any depth, as paths below it; no folder is read twice.

    Raises:
        InputError: one of them cannot be listed.
    """
    pictures: list[str] = []
    unread: list[str] = []
    others = 0
    seen: set[tuple[int, int]] = set()
    waiting = [("", 0)]
    while waiting:
        prefix, depth = waiting.pop()
        path = folder / prefix
        entries = entries_of(path)
        if entries.folders or depth:  # a link may lead back, or twice to the same
            state = path.stat()
            if (state.st_dev, state.st_ino) in seen:
                continue
            seen.add((state.st_dev, state.st_ino))
        pictures += [prefix + name for name in entries.pictures]
        unread += [prefix + name for name in entries.unread]
        others += entries.others
        if depth < _DEEPEST:
            waiting += [(f"{prefix}{name}/", depth + 1) for name in entries.folders]
    return Entries(sorted(pictures), [], sorted(unread), others)


def folders_in(folder: Path) -> list[Path]:
    """Folders in a folder, sorted; hidden ones are none.

    Raises:
        InputError: it cannot be listed.
    """
    return [folder / name for name in entries_of(folder).folders]


def unread_remark(names: Iterable[str]) -> list[str]:
    """A line on pictures that are left out as nothing here reads them; none without any."""
    kinds = [os.path.splitext(name)[1].lower() for name in names]  # noqa: PTH122
    if not kinds:
        return []
    each = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    missing = {_SOMETIMES[kind] for kind in kinds if kind in _SOMETIMES}
    ways = {"HEIF": "pip install pillow-heif reads .heic", "AVIF": "Pillow from 11.3 reads .avif"}
    advice = "".join(f"; {ways[kind]}" for kind in sorted(missing))
    pictures = "picture is" if len(kinds) == 1 else "pictures are"
    return [f"{len(kinds)} {pictures} left out, of kinds that cannot be read here ({each}){advice}"]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle or behind a closed folder is named when it is to be listed
        return True


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))  # noqa: PTH110
    except OSError:
        return True


def reason(error: OSError | ValueError) -> str:
    """Why a file or folder cannot be had, in words."""
    if isinstance(error, FileNotFoundError | NotADirectoryError) or not isinstance(error, OSError):
        return "no such file"  # a name with a NUL in it, too
    return error.strerror or type(error).__name__


def _check_kind(state: os.stat_result, called: str) -> None:
    if stat.S_ISDIR(state.st_mode):
        raise InputError(f"{printable(called)}: a folder, not a file")
    if not stat.S_ISREG(state.st_mode):
        raise InputError(f"{printable(called)}: not a regular file")
