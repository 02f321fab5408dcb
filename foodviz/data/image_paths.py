"""What people give for pictures: files, folders of them, patterns, and lists in a text file."""

import glob
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from foodviz.data.files import entries_below, read_file, unread_remark
from foodviz.errors import InputError
from foodviz.paths import exists, is_folder, path_of
from foodviz.printable import printable

_MOST = 100_000  # names of a pattern or a list that are looked at


def expanded(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files that are meant, and remarks on them.

    Args:
        names: each a file; a folder, all pictures in it at any depth; a pattern such as `in/**/*.jpg`, where no file
            has that name; or `@list.txt`, a file that names one of these in each line.

    Raises:
        InputError: a folder or a pattern without pictures, or a list that cannot be read.
    """
    files: list[str] = []
    remarks: list[str] = []
    for name in names:
        if name.startswith("@") and not exists(path_of(name)):
            content = read_file(path_of(name[1:]), f"`image` {name}").decode("utf-8-sig", "surrogateescape")
            lines = [line.strip() for line in content.splitlines() if line.strip()][:_MOST]
            found, said = expanded([line for line in lines if not line.startswith("@")])
            files += found
            remarks += [f"`image` {printable(name)}: a list of {len(found)} pictures", *said]
        else:
            meant, remarked = _one(name)
            files += meant
            remarks += remarked
    return tuple(files), tuple(remarks)


def _one(name: str) -> tuple[Sequence[str], Sequence[str]]:
    """The files of one name that is no list."""
    path = path_of(name)
    if name and is_folder(path):
        inside = entries_below(path)
        if not inside.pictures:
            raise InputError(f"`image` {printable(name)}: a folder without a picture that can be read")
        pictures = [str(path / each) for each in inside.pictures]
        said = f"`image` {printable(name)}: a folder, its {len(pictures)} pictures are taken"
        return pictures, [said, *unread_remark(inside.unread)]
    if glob.has_magic(name) and not exists(path) and "\0" not in name:
        matching = sorted(islice(glob.iglob(str(path), recursive=True), _MOST))  # noqa: PTH207 - a Path has no absolute patterns
        matching = [each for each in matching if not is_folder(Path(each))]
        if not matching:
            raise InputError(f"`image` {printable(name)}: no file has a name of that pattern")
        return matching, []
    return [name], []
