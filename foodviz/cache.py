"""Where results that are dear to compute wait for the next run."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path


def cache_file(kind: str, *key: str, suffix: str) -> Path:
    """The file that a result with this key is cached in; its folder exists, the file may not.

    Args:
        kind: a folder name for this sort of result, such as `predictions`.
        key: everything the result depends on, digests and settings.
        suffix: the file's ending, with the dot.

    The folder is $FOODVIZ_CACHE, else `foodviz` below $XDG_CACHE_HOME or ~/.cache; where that cannot be written to, one
    below the system's temporary folder.
    """
    root = os.environ.get("FOODVIZ_CACHE")
    base = Path(root) if root else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "foodviz"
    folder = base / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        user = os.getuid() if hasattr(os, "getuid") else ""
        folder = Path(tempfile.gettempdir()) / f"foodviz{user}" / kind
        folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256("\0".join(key).encode()).hexdigest()
    return folder / f"{digest[:32]}{suffix}"


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hex; remembered until its size, time or inode changes, as hashing weights takes long."""
    state = path.stat()
    known = (str(path.resolve()), str(state.st_size), str(state.st_mtime_ns), str(state.st_ino))
    remembered = cache_file("digests", *known, suffix=".txt")
    try:
        digest = remembered.read_text(encoding="ascii")
    except (OSError, ValueError):
        digest = ""
    if len(digest) != 64:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        with contextlib.suppress(OSError):
            remembered.write_text(digest, encoding="ascii")
    return digest
