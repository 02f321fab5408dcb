"""A data set, opened once; its splits are listed when they are asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from foodviz.data.class_names import FOOD11
from foodviz.data.folders import SPLITS, check_folder, open_folder
from foodviz.data.sample import open_sample
from foodviz.data.split import Split
from foodviz.errors import InputError


class Dataset:
    """The embedded sample or a folder, in any layout of Food-11.

    Attributes:
        data: `sample` or the folder, as it was given.
        resize: how its pictures are brought to a size unless told otherwise, see `pictures.pixels`.
    """

    def __init__(self, data: str, resize: str) -> None:
        self.data = data
        self.resize = resize
        self._listed: dict[tuple[str | None, str | None], Split] = {}

    def split(self, name: str | None = None, *, default: str | None = None) -> Split:
        """One split, listed once.

        Args:
            name: any usual name (`training`, `train`, `val`, `test`, …), or a folder below; None for the default.
            default: the split where none is asked for and there are several; None for training, or what there is.

        Raises:
            InputError: no such split, or no picture in it.
        """
        if (name, default) not in self._listed:
            sample = self.data == "sample"
            found = open_sample(name or default) if sample else open_folder(self.data, name, default)
            self._listed[name, default] = dataclasses.replace(found, resize=self.resize)
        return self._listed[name, default]

    def splits(self) -> tuple[Split, ...]:
        """Training, validation and evaluation, those that are there."""
        found = []
        for name in SPLITS:
            try:
                found.append(self.split(name))
            except InputError:
                continue
        return tuple(found)


def open_dataset(data: str = "sample", *, resize: str = "antialiased") -> Dataset:
    """Open `sample`, the embedded pictures, or a folder.

    Args:
        data: `sample` or the folder that holds the splits, or the pictures themselves.
        resize: `antialiased`, as torchvision resizes pictures, or `plain` bilinear, as OpenCV does.

    Raises:
        InputError: no such folder.
    """
    data = str(data)
    if data != "sample":
        check_folder(data)
    return Dataset(data, resize)


def open_files(paths: Sequence[str], *, resize: str = "antialiased") -> Split:
    """Picture files given by their paths as an unlabelled split; no id of a picture in it is known elsewhere.

    Raises:
        InputError: one of them is not there or no file.
    """
    names = tuple(map(str, paths))
    for name in names:
        if not Path(name).expanduser().is_file():
            raise InputError(f"`image` {name}: no such file")
    labels = (-1,) * len(names)
    return Split("", "", names, labels, FOOD11, open=_read, resize=resize, loose=True)


def _read(name: str) -> bytes:
    try:
        return Path(name).expanduser().read_bytes()
    except OSError as error:
        raise InputError(f"`image` {name}: {error.strerror}") from None
