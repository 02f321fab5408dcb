"""Folder layouts of Food-11, recognised by looking.

Flat `<class>_<n>.jpg` (the original, the course's copies), a folder per class name (Kaggle) or per class number (the
course of 2021, below `labeled`), under any of the usual split names; a folder of pictures alone is a split itself.
"""

import os
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from foodviz.data.class_names import FOOD11, MOST_CLASSES, class_names_for, class_number, plain_names
from foodviz.data.files import folders_in, pictures_in, read_file, reason
from foodviz.data.pictures import decode
from foodviz.data.split import Split
from foodviz.errors import InputError, nearest
from foodviz.paths import path_of
from foodviz.printable import printable

SPLITS = {
    "training": ("training", "train"),
    "validation": ("validation", "valid", "val"),
    "evaluation": ("evaluation", "testing", "test", "eval"),
}
NESTED = 16  # folders that an unpacked archive may wrap around the splits


def find_root(data: str) -> Path:
    """The folder that holds the splits of a data set, or the pictures themselves: the one named or one inside it.

    Raises:
        InputError: there is none, or it cannot be listed.
    """
    root = path_of(data)
    try:
        there = bool(data) and root.stat()
    except (OSError, ValueError) as error:
        if reason(error) != "no such file":
            raise InputError(f"`data` {printable(data)}: {reason(error)}") from None
        there = False
    if not there:
        raise InputError(f"`data` {printable(data)}: no such folder; {nearest(data, _siblings(root))}")
    if not root.is_dir():
        raise InputError(f"`data` {printable(data)}: a file, not a folder (single pictures are given as `image`)")
    for _ in range(NESTED):  # an archive is often unpacked into a folder of its own
        inner = folders_in(root)
        if split_folders(root) or len(inner) != 1 or pictures_in(root):
            break
        root = inner[0]
    return root


def split_folders(root: Path) -> dict[str, Path]:
    """Usual name of a split -> its folder, for those that are there."""
    there = {path.name.lower(): path for path in folders_in(root)}
    folders: dict[str, Path] = {}
    for split, names in SPLITS.items():
        for name in reversed(names):
            if name in there:
                folders[split] = there[name]
    return folders


def find_folder(data: str, root: Path, name: str | None, default: str | None) -> Path:
    """The folder of one split.

    Args:
        data: the data set's folder.
        root: as `find_root` gives it.
        name: any usual name of a split, or a folder below either; None for the default.
        default: the split where none is named and there are several; None for training, or what there is.

    Raises:
        InputError: no such split.
    """
    splits = split_folders(root)
    if name is None and splits:
        name = default
    if name is None:
        return splits.get("training") or (next(iter(splits.values())) if splits else root)
    canonical = next((key for key, names in SPLITS.items() if name.lower() in names), None)
    if canonical in splits:
        return splits[canonical]
    path = PurePath(name)
    if name and not path.is_absolute() and ".." not in path.parts:
        for folder in (root / path, path_of(data) / path):
            if os.path.isdir(folder):  # noqa: PTH112 - no error for a name that can be none
                return folder
    names = [printable(folder.name) for folder in splits.values()]
    raise InputError(f"`split` {printable(name)}: not in {printable(data)}; {nearest(name, names)}")


def list_folder(data: str, folder: Path, resize: str) -> Split:
    """One split, which may have no pictures.

    Args:
        data: the data set's folder.
        folder: the split's, at or below it.
        resize: the split's own, see `pictures.pixels`.

    Raises:
        InputError: a folder in it cannot be listed; its pictures would be missing from the ids.
    """
    if not split_folders(folder) and "labeled" in {path.name for path in folders_in(folder)}:
        folder = folder / "labeled"
    listing, root = _list(folder), path_of(data)
    masks = masks_folder(folder)
    has_masks = os.path.isdir(masks)  # noqa: PTH112 - no error where it cannot be told
    return Split(
        data,
        folder.relative_to(root).as_posix() if folder != root else folder.resolve().name,
        listing.names,
        listing.labels,
        listing.class_names,
        open=lambda name: read_file(folder / name, str(folder / name)),
        draw_mask=(lambda name: _mask(masks / f"{PurePath(name).stem}.png")) if has_masks else None,
        stamp=lambda: _stamp(folder, listing.names),
        numbered=listing.numbered,
        resize=resize,
        remarks=listing.remarks,
    )


def masks_folder(folder: Path) -> Path:
    """Where the object masks of a split's pictures lie, as `<stem>.png`: beside the split, `<split>_masks`."""
    return folder.with_name(f"{folder.name}_masks") if folder.name else folder / "_masks"


def _mask(path: Path) -> np.ndarray | None:
    try:
        path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{printable(path)}: {reason(error)}") from None
    mask: np.ndarray = np.asarray(decode(read_file(path, str(path)), str(path)))[..., 0] > 127
    return mask


def _stamp(folder: Path, names: tuple[str, ...]) -> str:
    """Size and time of change of every file."""
    prefix = f"{folder}{os.sep}"  # 10,000 Paths cost more than the look
    return "\n".join(_state(prefix + name) for name in names)


def _state(path: str) -> str:
    try:
        state = os.stat(path)  # noqa: PTH116
    except OSError as error:  # it is named when it is to be read
        return type(error).__name__
    return f"{state.st_size} {state.st_mtime_ns}"


def _siblings(root: Path) -> list[str]:
    """Folders beside one that is not there, for the error line."""
    try:
        return [printable(path) for path in folders_in(root.parent)]
    except InputError:
        return []


@dataclass(frozen=True)
class _Listing:
    names: tuple[str, ...]
    labels: tuple[int, ...]
    class_names: tuple[str, ...]
    numbered: bool = False
    remarks: tuple[str, ...] = ()


def _list(folder: Path) -> _Listing:
    flat = pictures_in(folder)
    return _flat(folder, flat) if flat else _by_class(folder)


def _flat(folder: Path, names: list[str]) -> _Listing:
    """Pictures beside one another, their class before the first `_`."""
    prefixes = [name.partition("_")[0] if "_" in name else "" for name in names]
    numbers = [class_number(prefix) for prefix in prefixes]
    labels = tuple(-1 if number is None else number for number in numbers)
    remarks = []
    dated = [name for name, prefix, label in zip(names, prefixes, labels, strict=True) if label < 0 and _digits(prefix)]
    if dated:
        remarks.append(
            f"{len(dated)} of {len(names)} pictures are taken as unlabelled: a class number is below {MOST_CLASSES:,}, "
            f"unlike in {printable(dated[0])}"
        )
    unread = [path.name for path in folders_in(folder) if _has_pictures(path)]
    if unread:
        remarks.append(
            f"{printable(folder)} holds pictures and folders of pictures: the folders are not read ({len(unread)}, "
            f"first {printable(unread[0])})"
        )
    return _Listing(tuple(names), labels, class_names_for(labels), numbered=True, remarks=tuple(remarks))


def _digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _has_pictures(folder: Path) -> bool:
    try:
        return bool(pictures_in(folder))
    except InputError:
        return False


def _by_class(folder: Path) -> _Listing:
    """A folder per class."""
    classes = [path.name for path in folders_in(folder)]
    labels, class_names, numbered = _number(classes)
    names, labels_of = [], []
    for name, label in zip(classes, labels, strict=True):
        files = pictures_in(folder / name)
        names += [f"{name}/{file}" for file in files]
        labels_of += [label] * len(files)
    return _Listing(tuple(names), tuple(labels_of), class_names, numbered)


def _number(classes: list[str]) -> tuple[list[int], tuple[str, ...], bool]:
    """The class index of each class folder, the names of the classes, and whether they are numbers only.

    Folders are never one class: where two have one number, or one name but for its signs, all keep their own names.
    """
    numbers = [number for number in map(class_number, classes) if number is not None]
    if len(set(numbers)) == len(classes):
        return numbers, class_names_for(numbers), True
    food11 = plain_names(FOOD11)
    indices = [food11[plain] for plain in plain_names(classes) if plain in food11]
    if len(indices) == len(classes):
        return indices, FOOD11, False
    return list(range(len(classes))), tuple(classes), False
