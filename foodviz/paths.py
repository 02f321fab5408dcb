"""Paths as people write them."""

from pathlib import Path


def path_of(name: str) -> Path:
    """The path that a person wrote; `~` and `~user` are folders of users where there are such users."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def is_file(path: Path) -> bool:
    """Whether a regular file is there; a name that no file can have is none, nor is one that may not be looked at."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is there, under the same conditions."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether anything is there, under the same conditions."""
    try:
        return path.exists()
    except OSError:
        return False
