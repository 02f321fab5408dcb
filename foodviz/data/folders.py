"""Folder layouts of Food-11, recognised by looking.

Flat `<class>_<n>.jpg` (the original, the course's copies), a folder per class name (Kaggle) or per class number (the
course of 2021, below `labeled`), under any of the usual split names; a folder of pictures alone is a split itself.
"""

import os
from pathlib import Path

import numpy as np

from foodviz.data.class_names import FOOD11, class_names_for
from foodviz.data.pictures import SUFFIXES, decode
from foodviz.data.split import Split
from foodviz.errors import InputError, nearest

SPLITS = {
    "training": ("training", "train"),
    "validation": ("validation", "valid", "val"),
    "evaluation": ("evaluation", "testing", "test", "eval"),
}


def open_folder(data: str, split: str | None, default: str | None = None) -> Split:
    """List one split of the data set in a folder.

    Args:
        data: the folder that holds the splits, or the pictures themselves.
        split: any usual name of a split, or a folder below `data`; None for the default.
        default: the split where none is asked for and there are several; None for training, or what there is.

    Raises:
        InputError: no such folder or split, or no picture in it.
    """
    root = check_folder(data)
    folder = _split_folder(root, split, default, data)
    if not _split_names(folder) and "labeled" in {path.name for path in _folders(folder)}:
        folder = folder / "labeled"
    names, labels, class_names, numbered = _list(folder)
    if not names:
        raise InputError(f"`data` {data}: no picture in {folder}")
    shown = folder.relative_to(root).as_posix() if folder != root else folder.resolve().name
    masks = masks_folder(folder)
    draw_mask = (lambda name: _mask(masks / f"{Path(name).stem}.png")) if masks.is_dir() else None
    return Split(
        data,
        shown,
        names,
        labels,
        class_names,
        open=lambda name: _read(folder / name),
        draw_mask=draw_mask,
        stamp=lambda: _stamp(folder, names),
        numbered=numbered,
    )


def check_folder(data: str) -> Path:
    """The folder of that name.

    Raises:
        InputError: there is none.
    """
    root = Path(data).expanduser()
    if not root.is_dir():
        if root.exists():
            raise InputError(f"`data` {data}: a file, not a folder (single pictures are given as `image`)")
        siblings = [str(path) for path in _folders(root.parent)] if root.parent.is_dir() else []
        raise InputError(f"`data` {data}: no such folder; {nearest(data, siblings)}")
    return root


def masks_folder(folder: Path) -> Path:
    """Where the object masks of a split's pictures lie, as `<stem>.png`: beside the split, `<split>_masks`."""
    return folder.with_name(f"{folder.name}_masks")


def _mask(path: Path) -> np.ndarray:
    mask: np.ndarray = np.asarray(decode(_read(path), str(path)))[..., 0] > 127
    return mask


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def _stamp(folder: Path, names: tuple[str, ...]) -> str:
    """Size and time of change of every file."""
    prefix = f"{folder}{os.sep}"  # 10,000 Paths cost more than the look
    try:
        looks = [os.stat(prefix + name) for name in names]  # noqa: PTH116
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from None
    return "\n".join(f"{look.st_size} {look.st_mtime_ns}" for look in looks)


def _folders(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def _split_names(root: Path) -> dict[str, Path]:
    """Canonical split name -> its folder, for those that are there."""
    there = {path.name.lower(): path for path in _folders(root)}
    found: dict[str, Path] = {}
    for split, names in SPLITS.items():
        for name in reversed(names):
            if name in there:
                found[split] = there[name]
    return found


def _split_folder(root: Path, split: str | None, default: str | None, data: str) -> Path:
    splits = _split_names(root)
    inner = _folders(root)
    while not splits and len(inner) == 1 and not _pictures(root):  # an archive unpacked into a folder of its own
        root, splits = inner[0], _split_names(inner[0])
        inner = _folders(root)
    if split is None and splits:
        split = default
    if split is None:
        return splits.get("training") or (next(iter(splits.values())) if splits else root)
    canonical = next((key for key, names in SPLITS.items() if split.lower() in names), None)
    if canonical in splits:
        return splits[canonical]
    if (root / split).is_dir():
        return root / split
    names = [path.name for path in splits.values()]
    raise InputError(f"`split` {split}: not in {data}; {nearest(split, names)}")


def _pictures(folder: Path) -> list[str]:
    """Names of the picture files in a folder, sorted; `.DS_Store`, `._x` and other files are not pictures."""
    with os.scandir(folder) as entries:
        return sorted(
            entry.name
            for entry in entries
            if os.path.splitext(entry.name)[1].lower() in SUFFIXES  # noqa: PTH122 - 10,000 Paths cost more than the scan
            and not entry.name.startswith(".")
            and entry.is_file()
        )


def _list(folder: Path) -> tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...], bool]:
    """Names, labels and class names of a split's folder, and whether it only numbers its classes."""
    flat = _pictures(folder)
    if flat:
        prefixes = [name.partition("_")[0] if "_" in name else "" for name in flat]
        labels = tuple(int(prefix) if prefix.isdecimal() else -1 for prefix in prefixes)
        return tuple(flat), labels, class_names_for(labels), True
    classes = [path.name for path in _folders(folder)]
    numbers, class_names = _number(classes)
    names, labels_list = [], []
    for name, number in zip(classes, numbers, strict=True):
        found = _pictures(folder / name)
        names += [f"{name}/{file}" for file in found]
        labels_list += [number] * len(found)
    return tuple(names), tuple(labels_list), class_names, all(name.isdecimal() for name in classes)


def _number(classes: list[str]) -> tuple[list[int], tuple[str, ...]]:
    """The class index of each class folder, and the names of the classes."""
    if all(name.isdecimal() for name in classes):
        numbers = [int(name) for name in classes]
        return numbers, class_names_for(numbers)
    food11 = {_plain(name): index for index, name in enumerate(FOOD11)}
    if all(_plain(name) in food11 for name in classes):
        return [food11[_plain(name)] for name in classes], FOOD11
    return list(range(len(classes))), tuple(classes)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
