"""A data set, opened once; its splits are listed when they are asked for."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from foodviz.data.class_names import FOOD11
from foodviz.data.files import check_file, read_file
from foodviz.data.folders import SPLITS, find_folder, find_root, list_folder, split_folders
from foodviz.data.image_paths import expanded
from foodviz.data.sample.listing import list_sample, sample_name
from foodviz.data.split import Split
from foodviz.errors import InputError
from foodviz.paths import path_of
from foodviz.printable import printable


class Dataset:
    """The embedded sample or a folder, in any layout of Food-11.

    Attributes:
        data: `sample` or the folder, as it was given.
        resize, fit: how its pictures are brought to a size unless told otherwise, see `pictures.pixels`.
    """

    def __init__(self, data: str, resize: str, fit: str = "squash") -> None:
        self.data = data
        self.resize = resize
        self.fit = fit
        self._root = None if data == "sample" else find_root(data)
        self._keys: dict[tuple[str | None, str | None], str | Path] = {}
        self._listed: dict[str | Path, Split] = {}

    def split(self, name: str | None = None, *, default: str | None = None) -> Split:
        """One split, listed once.

        Args:
            name: any usual name (`training`, `train`, `val`, `test`, …), or a folder below; None for the default.
            default: the split where none is named, or what is likest to it of those that there are; None for training.

        Raises:
            InputError: no such split, no picture in it, or a folder that cannot be listed.
        """
        split = self._list(name, default)
        if not len(split):
            raise InputError(f"`data` {printable(self.data)}: no picture in {printable(self._keys[name, default])}")
        return split

    def splits(self) -> tuple[Split, ...]:
        """Training, validation and evaluation, those that are there.

        Raises:
            InputError: a folder that cannot be listed.
        """
        names = SPLITS if self._root is None else split_folders(self._root)
        return tuple(split for split in (self._list(name, None) for name in names) if len(split))

    def missing(self, default: str | None) -> str:
        """The usual name of the default split where the data has splits but not this one; else empty."""
        folders = split_folders(self._root) if self._root else {}
        return (default or "training") if folders and (default or "training") not in folders else ""

    def _list(self, name: str | None, default: str | None) -> Split:
        """The split, which may have no pictures; names that mean the same give the same object."""
        request = (name, default)
        if request not in self._keys:
            if self._root is None:
                self._keys[request] = sample_name(name or default)
            else:
                self._keys[request] = find_folder(self.data, self._root, name, default)
        key = self._keys[request]
        if key not in self._listed:
            if isinstance(key, str) or self._root is None:
                split = list_sample(str(key), self.resize)
            else:
                split = list_folder(self.data, self._root, key, self.resize)
            self._listed[key] = replace(split, fit=self.fit)
        return self._listed[key]


def open_dataset(data: str = "sample", *, resize: str = "antialiased", fit: str = "squash") -> Dataset:
    """Open `sample`, the embedded pictures, or a folder.

    Args:
        data: `sample` or the folder that holds the splits, or the pictures themselves.
        resize: `antialiased`, as torchvision resizes pictures, or `plain` bilinear, as OpenCV does.
        fit: `squash`, `crop` or `pad`, see `pictures.pixels`.

    Raises:
        InputError: no such folder.
    """
    return Dataset(str(data), resize, fit)


def open_files(paths: Sequence[str], *, resize: str = "antialiased", fit: str = "squash") -> Split:
    """Picture files given by their paths as an unlabelled split; no id of a picture in it is known elsewhere.

    Args:
        paths: files, folders, patterns or lists, see `image_paths.expanded`.

    Raises:
        InputError: one of them is not there or no regular file, or there is no picture in one.
    """
    names, remarks = expanded(tuple(map(str, paths)))
    for name in names:
        check_file(path_of(name), f"`image` {name}")

    def read(name: str) -> bytes:
        return read_file(path_of(name), f"`image` {name}")

    unlabelled = (-1,) * len(names)
    return Split("", "", names, unlabelled, FOOD11, open=read, resize=resize, fit=fit, loose=True, remarks=remarks)
