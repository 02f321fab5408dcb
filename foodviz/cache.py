"""Where results that are dear to compute wait for the next run."""

import hashlib
import os
from pathlib import Path


def cache_file(kind: str, *key: str, suffix: str) -> Path:
    """The file that a result with this key is cached in; its folder exists, the file may not.

    Args:
        kind: a folder name for this sort of result, such as `predictions`.
        key: everything the result depends on, digests and settings.
        suffix: the file's ending, with the dot.

    The folder is $FOODVIZ_CACHE, else `foodviz` below $XDG_CACHE_HOME or ~/.cache.
    """
    root = os.environ.get("FOODVIZ_CACHE")
    base = Path(root) if root else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "foodviz"
    folder = base / kind
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256("\0".join(key).encode()).hexdigest()
    return folder / f"{digest[:32]}{suffix}"
