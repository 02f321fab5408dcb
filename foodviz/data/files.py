"""Files and folders of strangers: what is listed is pictures, what is read a whole regular file of a bearable size."""

import os
import stat
from pathlib import Path

from foodviz.errors import InputError
from foodviz.printable import printable

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".jfif"})
MOST_BYTES = 512 << 20  # of a picture file: 128 million pixels without compression have 384 MB


def read_file(path: Path, called: str) -> bytes:
    """The content of a picture file.

    Args:
        path: it is not waited for: pipes, devices and whatever else never ends are no files.
        called: its name in an error line.

    Raises:
        InputError: not there, not to be read, no regular file, too large, or changed while it was read.
    """
    try:
        _check_kind(path.stat(), called)  # opening a device may already act on it
        quick = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, os.O_RDONLY | quick), "rb") as stream:
            state = os.fstat(stream.fileno())
            _check_kind(state, called)
            if state.st_size > MOST_BYTES:
                size = f"{state.st_size >> 20:,} MB"
                raise InputError(f"{printable(called)}: {size}, more than a picture may have ({MOST_BYTES >> 20} MB)")
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


def folders_in(folder: Path) -> list[Path]:
    """Folders in a folder, sorted; hidden ones are none.

    Raises:
        InputError: it cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if not entry.name.startswith(".") and _is_folder(entry))
    except OSError as error:
        raise InputError(f"{printable(folder)}: {reason(error)}") from None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle or behind a closed folder is named when it is to be listed
        return True


def pictures_in(folder: Path) -> list[str]:
    """Names of the picture files in a folder, sorted; `.DS_Store`, `._x` and other files are not pictures.

    Raises:
        InputError: it cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if os.path.splitext(entry.name)[1].lower() in SUFFIXES  # noqa: PTH122 - Paths cost more than the scan
                and not entry.name.startswith(".")
                and _is_picture(entry)
            )
    except OSError as error:
        raise InputError(f"{printable(folder)}: {reason(error)}") from None


def _is_picture(entry: os.DirEntry[str]) -> bool:
    """Whether a file is there, or a link to one that is gone: it keeps its id and is named when it is to be read."""
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
