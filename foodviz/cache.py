"""Where results that are dear to compute wait for the next run.

A cache costs time when it fails and nothing else: what cannot be written is not kept, what is damaged is not there.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.errors import InputError
from foodviz.results import npz_bytes, write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np


def cache_file(kind: str, *key: str, suffix: str) -> Path:
    """The file that a result with this key is cached in; neither it nor its folder may be there.

    Args:
        kind: a folder name for this sort of result, such as `predictions`.
        key: everything the result depends on, digests and settings.
        suffix: the file's ending, with the dot.

    The folder is $FOODVIZ_CACHE, else `foodviz` below $XDG_CACHE_HOME or ~/.cache.
    """
    digest = hashlib.sha256("\0".join(key).encode("utf-8", "surrogateescape")).hexdigest()
    return _root() / kind / f"{digest[:32]}{suffix}"


def _root() -> Path:
    root = os.environ.get("FOODVIZ_CACHE")
    if root:
        return Path(root)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "foodviz"
    except RuntimeError:  # a user without a home: a place where nothing can be kept
        return Path(os.devnull) / "foodviz"


def load_arrays(file: Path) -> dict[str, np.ndarray] | None:
    """The arrays that `save_arrays` wrote, as they were; None where nothing sound is there."""
    import io

    import numpy as np

    content = _load(file)
    if content is None:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}


def save_arrays(file: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep arrays by name."""
    _save(file, npz_bytes(arrays))


def load_json(file: Path) -> Any:
    """What `save_json` wrote; None where nothing sound is there."""
    content = _load(file)
    return None if content is None else json.loads(content)


def save_json(file: Path, content: object) -> None:
    """Keep anything that JSON can say."""
    _save(file, json.dumps(content).encode())


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hex; remembered until its size, time or inode changes, as hashing weights takes long.

    Raises:
        OSError: no regular file is there: a device may never end.
    """
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    known = (str(path.resolve()), str(state.st_size), str(state.st_mtime_ns), str(state.st_ino))
    remembered = cache_file("digests", *known, suffix=".json")
    digest = load_json(remembered)
    if not isinstance(digest, str):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        save_json(remembered, digest)
    return digest


def _save(file: Path, content: bytes) -> None:
    """Written behind its own checksum: a changed byte must not become a wrong result."""
    with suppress(InputError):
        write_bytes(file, hashlib.sha256(content).digest() + content)


def _load(file: Path) -> bytes | None:
    """What `_save` wrote; what belongs to somebody else, in a folder that several share, is not believed."""
    try:
        state = file.stat()
        if not stat.S_ISREG(state.st_mode) or (hasattr(os, "getuid") and state.st_uid != os.getuid()):
            return None
        content = file.read_bytes()
    except OSError:
        return None
    return content[32:] if hashlib.sha256(content[32:]).digest() == content[:32] else None
