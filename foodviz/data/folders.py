"""Folder layouts of Food-11, recognised by looking.

Flat `<class>_<n>.jpg` (the original, the course's copies), a folder per class name (Kaggle) or per class number (the
course of 2021, below `labeled`), under any of the usual split names; a folder of pictures alone is a split itself.
"""

from pathlib import Path, PurePath

from foodviz.data.files import entries_of, folders_in, read_file, reason
from foodviz.data.label_tables import with_labels
from foodviz.data.listing import list_pictures
from foodviz.data.masks import stamp, with_masks
from foodviz.data.picture_lists import list_listed, lists_of, pictures_of
from foodviz.data.split import Split
from foodviz.errors import InputError, nearest
from foodviz.paths import is_file, is_folder, path_of
from foodviz.printable import printable

SPLITS = {
    "training": ("training", "train"),
    "validation": ("validation", "valid", "val"),
    "evaluation": ("evaluation", "testing", "test", "eval"),
}
_UNSEEN = ("validation", "evaluation")  # of which a model has seen no picture
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
        inside = entries_of(root)
        if split_folders(root) or len(inside.folders) != 1 or inside.pictures:
            break
        root = root / inside.folders[0]
    return root


def split_folders(root: Path) -> dict[str, Path]:
    """Usual name of a split -> its folder, or where there are lists in their stead its list, for those there are."""
    there = {path.name.lower(): path for path in folders_in(root)}
    folders = _usual(there)
    if not folders and {"images", "meta"} <= set(there):
        folders = _usual(lists_of(root, tuple(name for names in SPLITS.values() for name in names)))
    return folders


def _usual(there: dict[str, Path]) -> dict[str, Path]:
    """Usual name of a split -> what is there under the first of its names."""
    return {
        split: next(there[name] for name in names if name in there)
        for split, names in SPLITS.items()
        if any(name in there for name in names)
    }


def usual_name(name: str) -> str | None:
    """The usual name of a split that has several; None where it is another's."""
    return next((key for key, names in SPLITS.items() if name.lower() in names), None)


def find_folder(data: str, root: Path, name: str | None, default: str | None) -> Path:
    """The folder of one split, or the list of its pictures.

    Args:
        data: the data set's folder.
        root: as `find_root` gives it.
        name: any usual name of a split, or a folder below either; None for the default.
        default: the split where none is named, or what is likest to it of those that there are; None for training.

    Raises:
        InputError: no such split.
    """
    splits = split_folders(root)
    if name is None:
        usual = usual_name(default or "training")
        likest = _UNSEEN if usual in _UNSEEN else ()
        return next((splits[key] for key in (usual, *likest, *SPLITS) if key in splits), root)
    canonical = usual_name(name)
    if canonical in splits:
        return splits[canonical]
    path = PurePath(name)
    if name and not path.is_absolute() and ".." not in path.parts:
        for folder in (root / path, path_of(data) / path):
            if is_folder(folder):
                return folder
    names = [printable(folder.stem) for folder in splits.values()]
    raise InputError(f"`split` {printable(name)}: not in {printable(data)}; {nearest(name, names)}")


def list_folder(data: str, top: Path, folder: Path, resize: str) -> Split:
    """One split, which may have no pictures.

    Args:
        data: the data set's folder.
        top: as `find_root` gives it.
        folder: the split's, at or below it, or its list.
        resize: the split's own, see `pictures.pixels`.

    Raises:
        InputError: a folder in it cannot be listed; its pictures would be missing from the ids.
    """
    training, root = split_folders(top).get("training"), path_of(data)
    beside = training if training is not None and training.parent == folder.parent else None
    if is_file(folder):
        name, listing = folder.stem, list_listed(folder, beside or folder)
        folder = pictures_of(folder)
    else:
        others = _labelled(beside) if beside is not None and beside != folder else None
        folder = _labelled(folder)
        name = folder.relative_to(root).as_posix() if folder != root else folder.resolve().name
        listing = with_labels(list_pictures(folder, others), folder, root, others)
    split = Split(
        data,
        name,
        listing.names,
        listing.labels,
        listing.class_names,
        open=lambda name: read_file(folder / name, str(folder / name)),
        stamp=lambda: stamp(folder, listing.names),
        numbered=listing.numbered,
        resize=resize,
        remarks=listing.remarks,
    )
    masks = masks_folder(folder)
    return with_masks(split, masks) if is_folder(masks) else split


def _labelled(folder: Path) -> Path:
    """The part with labels of a split that has one, as the course of 2021 has it."""
    inside = not split_folders(folder) and "labeled" in {path.name for path in folders_in(folder)}
    return folder / "labeled" if inside else folder


def masks_folder(folder: Path) -> Path:
    """Where the object masks of a split's pictures lie, as `<stem>.png`: beside the split, `<split>_masks`."""
    return folder.with_name(f"{folder.name}_masks") if folder.name else folder / "_masks"


def _siblings(root: Path) -> list[str]:
    """Folders beside one that is not there, for the error line."""
    try:
        return [printable(path) for path in folders_in(root.parent)]
    except InputError:
        return []
