"""The folder that a command writes: pictures, raw arrays, and last a manifest that says how they came about."""

import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.errors import InputError, require
from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` fill a file of a temporary name in the same folder, then rename it to `path`.

    Whatever interrupts it, `path` holds the old content or the whole new one.

    Raises:
        InputError: the folder cannot be made or written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise InputError(f"`out` {path.parent}: cannot be written to ({error.strerror})") from None
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o666 & ~_UMASK)
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


FORMATS = ("png", "svg", "pdf")
_MOST_DESCRIPTION = 100_000  # characters; readers of PNG refuse more than a million
_MOST_SIDE, _MOST_PIXELS = 2**16 - 1, 2**27  # of a figure; matplotlib draws no longer side
_UMASK = os.umask(0)
os.umask(_UMASK)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; errors as in `write_atomically`."""
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def npz_bytes(arrays: "Mapping[str, np.ndarray]", *, compressed: bool = False) -> bytes:
    """Named arrays as the content of an .npz; made in memory, as a zip that meets a full disk complains twice."""
    import numpy as np

    # NumPy before 2.1 has no `allow_pickle` here and would write it as one more array.
    pickled = [name for name, values in arrays.items() if np.asarray(values).dtype.hasobject]
    if pickled:
        raise ValueError(f"no raw values: {', '.join(pickled)}")
    stream = io.BytesIO()
    write: Callable[..., None] = np.savez_compressed if compressed else np.savez
    write(stream, **arrays)
    return stream.getvalue()


def folder_of(out: str | Path) -> Path:
    """The folder that a person wrote.

    Raises:
        InputError: an empty name, which would be the folder one is in.
    """
    require(str(out) != "", "out", "''", "give a folder")
    return Path(out)


def check_writable(file: str | Path, parameter: str = "out") -> None:
    """Look whether a file of that name can be written, before work is done for it.

    Raises:
        InputError: it cannot.
    """
    require(str(file) != "", parameter, "''", "give the file to write")
    require(not os.path.isdir(file), parameter, file, "is a folder, not a file")  # noqa: PTH112 - never raises
    _check_folder(Path(file).parent, parameter)
    try:
        Path(file).stat()
    except FileNotFoundError:
        pass
    except OSError as error:  # a name that no file can have
        raise InputError(f"`{parameter}` {file}: cannot be written to ({error.strerror})") from None


def _check_folder(folder: Path, parameter: str) -> None:
    there = folder
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        require(there.is_dir(), parameter, folder, f"{there} is a file, not a folder")
        with tempfile.TemporaryFile(dir=there):  # of no name, where the system can
            pass
    except OSError as error:
        raise InputError(f"`{parameter}` {folder}: {there} cannot be written to ({error.strerror})") from None


def _draw(figure: "Figure", kind: str, dpi: int, description: str, path: Path) -> None:
    """Write a figure in one of FORMATS; at another time the same bytes."""
    import matplotlib

    keys = {"png": ("Software", "Description"), "svg": ("Creator", "Description"), "pdf": ("Creator", "Subject")}[kind]
    metadata: dict[str, Any] = dict(zip(keys, ("foodviz", description), strict=True))
    metadata |= {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with matplotlib.rc_context({"svg.hashsalt": "foodviz"}):
        figure.savefig(path, dpi=dpi, metadata=metadata, format=kind)


class ResultFolder:
    """Files of one run of one command in one folder, `<command>.png` and so on; the manifest comes last.

    Args:
        folder: where to write, no empty name; made when the first file is written.
        command: the command's name, the files' stem.
        command_line: goes into every PNG and the manifest.

    Attributes:
        paths: everything that was written, in order. figures: the pictures among it, by name.
        remarks: what of it is other than was asked for.
    """

    def __init__(self, folder: str | Path, command: str, command_line: str) -> None:
        self.folder = folder_of(folder)
        self.command = command
        self.command_line = command_line
        self.paths: list[Path] = []
        self.figures: dict[str, Path] = {}
        self.remarks: list[str] = []

    def check(self) -> None:
        """Look whether the folder can be written to, before work is done for it.

        Raises:
            InputError: it cannot.
        """
        _check_folder(self.folder, "out")

    def figure(self, figure: "Figure", *, dpi: int = 150, name: str = "", formats: Sequence[str] = ("png",)) -> Path:
        """Write a figure as `<command>[-<name>].png`, the command line in its metadata, or in others of FORMATS.

        Where it would be larger than other programs open, it is drawn with fewer dots, and a remark says so.
        """
        width, height = figure.get_size_inches()
        fit = int(min(_MOST_SIDE / max(width, height), (_MOST_PIXELS / (width * height)) ** 0.5))
        if dpi > fit:
            self.remarks.append(f"{self._stem(name)}.png is drawn at `dpi` {fit}: at {dpi} few programs would open it")
        dpi = min(dpi, fit)
        for kind in formats:
            write = partial(_draw, figure, kind, dpi, self._description)
            self.figures[name] = self.file(f"{self._stem(name)}.{kind}", write)
        self.remarks += [line for line in getattr(figure, "remarks", ()) if line not in self.remarks]
        return self.figures[name]

    def picture(self, name: str, pixels: "np.ndarray") -> Path:
        """Write pixels (H, W, 3) uint8 as they are as a PNG file `name`, the command line in its metadata."""
        from PIL import Image
        from PIL.PngImagePlugin import PngInfo

        metadata = PngInfo()
        metadata.add_text("Software", "foodviz")
        metadata.add_text("Description", self._description)
        return self.file(name, lambda path: Image.fromarray(pixels).save(path, "png", pnginfo=metadata))

    def arrays(self, arrays: "Mapping[str, np.ndarray]", *, name: str = "") -> Path:
        """Write named raw arrays as `<command>[-<name>].npz`."""
        content = npz_bytes(arrays, compressed=True)
        return self.file(self._stem(name) + ".npz", lambda path: path.write_bytes(content))

    def file(self, name: str, write: Callable[[Path], object]) -> Path:
        """Have `write` fill `name` in the folder."""
        path = self.folder / name
        write_atomically(path, write)
        self.paths.append(path)
        return path

    def manifest(self, facts: Mapping[str, Any]) -> str:
        """Write what the run was as `<command>.json` and return its text."""
        text = json.dumps({"command": self.command, "command_line": self.command_line, **facts}, indent=2) + "\n"
        self.file(f"{self.command}.json", lambda path: path.write_text(text, encoding="utf-8"))
        return text

    @property
    def _description(self) -> str:
        """The command line as text that a picture can hold: without control characters and bytes that are no text."""
        return printable(self.command_line, _MOST_DESCRIPTION)

    def _stem(self, name: str) -> str:
        return f"{self.command}-{name}" if name else self.command
