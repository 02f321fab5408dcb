"""Splits that text files list, as Food-101 comes: `images/<class>/<n>.jpg`, `meta/train.txt` and `meta/test.txt`."""

import posixpath
from pathlib import Path

from foodviz.data.class_names import MOST_CLASSES, is_food11
from foodviz.data.files import entries_below, read_file, unread_remark
from foodviz.data.listing import Listing, classed
from foodviz.paths import is_file
from foodviz.printable import printable

MOST_BYTES = 32 << 20  # of a list: Food-101's longest has 2 MB


def lists_of(root: Path, names: tuple[str, ...]) -> dict[str, Path]:
    """Name of a split -> the list of its pictures, for those of the names that are there."""
    lists = {name: root / "meta" / f"{name}.txt" for name in names}
    return {name: path for name, path in lists.items() if is_file(path)}


def pictures_of(listed: Path) -> Path:
    """The folder of the pictures that a list names."""
    return listed.parent.parent / "images"


def list_listed(listed: Path, training: Path) -> Listing:
    """The pictures of one list, their class the first folder of their paths.

    Only what lies below the folder of the pictures is looked up, so no line leads elsewhere. Which classes there are is
    what `classes.txt` beside the list says, else the training split's list.

    Args:
        listed: a path below `images` in each line, with or without its extension.
        training: the training split's list, or the same.

    Raises:
        InputError: a list or a folder cannot be read, or the list has more than MOST_BYTES.
    """
    inside = entries_below(pictures_of(listed))
    there = {posixpath.splitext(name)[0]: name for name in reversed(inside.pictures)}
    there |= {name: name for name in inside.pictures}
    lines = _lines(listed)
    names = sorted({there[line] for line in lines if line in there})
    classes = listed.with_name("classes.txt")
    known = _lines(classes) if is_file(classes) else sorted({_class_of(line) for line in _lines(training)} - {""})
    listing = classed(
        names, [_class_of(name) for name in names], known[:MOST_CLASSES], is_food11("/".join(listed.parts[-4:]))
    )
    remarks = unread_remark(inside.unread)
    if missing := [line for line in lines if line not in there]:
        first = f"first {printable(missing[0])}"
        remarks.append(f"{len(missing)} of {len(lines)} pictures that {listed.name} lists are not there, {first}")
    return listing.remarked(*remarks)


def _lines(path: Path) -> list[str]:
    """The lines of a list that say something, each once."""
    text = read_file(path, str(path), MOST_BYTES).decode("utf-8-sig", "surrogateescape")
    return list(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))


def _class_of(name: str) -> str:
    """The first folder of a path; empty without any."""
    return name.partition("/")[0] if "/" in name else ""
