"""A split of a data set as a list of pictures, in the order that gives them their ids."""

import hashlib
import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from foodviz.data.pictures import pixels
from foodviz.errors import InputError, nearest
from foodviz.printable import printable

_NUMBER = re.compile("-?[0-9]+")


@dataclass(frozen=True)
class Split:
    """The pictures of one split; an id is a position in it. No picture is read before it is needed.

    Attributes:
        data: `sample`, or the folder; empty for files given by their paths.
        name: the split's folder as it is named there, or its list without `.txt`.
        names: paths below the split's folder, in lexicographic order.
        labels: class index of each, -1 where the file does not say.
        class_names: one name per class index.
        open: name -> the file's bytes.
        draw_mask: name -> (H, W) bool, where the main food is visible, None for a picture without; None where there
            are no masks.
        stamp: a text that changes when the content of a file does, found without reading them all.
        mask_stamp: the same for the masks; None where they follow from the pictures' own names.
        numbered: the data gives its classes numbers only, `class_names` is what Food-11 calls them.
        resize: how its pictures are brought to a size unless told otherwise, see `pictures.pixels`.
        fit: how much of them is left when they are, see there.
        loose: no split at all but files given by their paths, which are their names.
        remarks: what a person should know of how the folder was read.
    """

    data: str
    name: str
    names: tuple[str, ...]
    labels: tuple[int, ...]
    class_names: tuple[str, ...]
    open: Callable[[str], bytes]
    draw_mask: Callable[[str], np.ndarray | None] | None = None
    stamp: Callable[[], str] | None = None
    mask_stamp: Callable[[], str] | None = None
    numbered: bool = False
    resize: str = "antialiased"
    fit: str = "squash"
    loose: bool = False
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def labelled(self) -> bool:
        """Whether any picture's class is known."""
        return bool(self.labelled_ids)

    @cached_property
    def labelled_ids(self) -> tuple[int, ...]:
        """Ids of the pictures whose class is known."""
        return tuple(index for index, label in enumerate(self.labels) if label >= 0)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the names and labels in order: two listings with one digest give the same ids."""
        lines = "\n".join(f"{name}\t{label}" for name, label in zip(self.names, self.labels, strict=True))
        return hashlib.sha256(f"{self.name}\n{lines}".encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides the pixels: what was computed under one holds for the files as they are."""
        lines = [self.digest, self.stamp() if self.stamp else "", self.resize]
        lines += [] if self.fit == "squash" else [self.fit]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @cached_property
    def masks_digest(self) -> str:
        """SHA-256 of what changes when a mask does, beside the fingerprint."""
        return hashlib.sha256((self.mask_stamp() if self.mask_stamp else "").encode()).hexdigest()

    def read_bytes(self, index: int) -> bytes:
        """The picture's file, whole."""
        return self.open(self.names[index])

    def mask(self, index: int) -> np.ndarray | None:
        """(H, W) bool, where the main food is visible; None where the picture has no mask."""
        return self.draw_mask(self.names[index]) if self.draw_mask else None

    def framed_mask(self, index: int, size: tuple[int, int]) -> np.ndarray | None:
        """The same within the frame that the picture has at (height, width): whole where pictures are squashed."""
        mask = self.mask(index)
        return mask if mask is None or self.fit == "squash" else resized_mask(mask, size, self.fit)

    def region(self, index: int | None, size: tuple[int, int]) -> tuple[str, np.ndarray]:
        """Where the food of a picture is: on its mask, else in the middle half.

        Args:
            index: its id; None for a picture that has none.
            size: (height, width) of the answer.

        Returns:
            `the food` or `the middle half`, and (height, width) bool.
        """
        mask = None if index is None or self.loose else self.mask(index)
        if mask is None or not mask.any():
            return "the middle half", _middle_half(*size)
        return "the food", resized_mask(mask, size, self.fit)

    def title(self, index: int) -> str:
        """The picture's name with that of its split: `training/0_15.jpg`."""
        return self.names[index] if self.loose else f"{self.name}/{self.names[index]}"

    def describe(self, index: int) -> str:
        """The picture in words, fit for a terminal: `training/0_15.jpg (Bread)`."""
        label = self.labels[index]
        return printable(self.title(index)) + (f" ({printable(self.class_names[label])})" if label >= 0 else "")

    @cached_property
    def _ids(self) -> frozenset[str]:
        """Every id as it is written."""
        return frozenset(map(str, range(len(self))))

    @cached_property
    def _ids_of(self) -> dict[str, list[int]]:
        """Ids of the pictures that a name, with or without folder and extension, may mean."""
        ids: dict[str, list[int]] = {}
        for index, name in enumerate(self.names):
            last = name.rpartition("/")[2]
            for key in dict.fromkeys((name, last, _stem(name), _stem(last))):
                ids.setdefault(key, []).append(index)
        return ids

    def find(self, requested: str) -> int:
        """The id that `57`, `0_15`, `0_15.jpg` or `Bread/15.jpg` means.

        A name is also found by its stem, whatever extension is given.

        Raises:
            InputError: out of range, not there, or several pictures of that name.
        """
        if requested in self._ids:
            return int(requested)
        matches = self._ids_of.get(requested) or self._ids_of.get(_stem(str(PurePosixPath(requested))), [])
        if len(matches) == 1:
            return matches[0]
        given = f"`ids` {printable(requested)}"
        if matches:
            several = ", ".join(printable(self.names[index]) for index in matches[:3])
            raise InputError(f"{given}: {len(matches)} pictures have that name ({several}); give the whole path")
        where = "the files given" if self.loose else f"{printable(self.data)} {printable(self.name)}"
        if _NUMBER.fullmatch(requested) and (requested.lstrip("0") or "0") not in self._ids:
            raise InputError(f"{given}: {printable(self.name)} has the ids 0 to {len(self) - 1}")
        raise InputError(f"{given}: not in {where}; {nearest(requested, map(printable, self._ids_of))}")

    def spread(self, count: int) -> tuple[int, ...]:
        """`count` ids evenly over the split, fewer where it is shorter."""
        return spread_ids(range(len(self)), count)


def spread_ids(ids: Sequence[int], count: int) -> tuple[int, ...]:
    """`count` of the ids, evenly spread over them: the middles of as many equal parts; all where there are fewer."""
    count = min(count, len(ids))
    return tuple(ids[(2 * part + 1) * len(ids) // (2 * count)] for part in range(count))


def resized_mask(mask: np.ndarray, size: tuple[int, int], fit: str = "squash") -> np.ndarray:
    """A mask (h, w) bool at another (height, width), as its picture is brought to it, see `pictures.pixels`."""
    return pixels(Image.fromarray(mask), size, "nearest", fit)


def _stem(name: str) -> str:
    """A path without the extension of its last part."""
    return posixpath.splitext(name)[0]


def _middle_half(height: int, width: int) -> np.ndarray:
    """(H, W) bool, the middle of a picture, half its area."""
    inside = [np.abs(np.linspace(-1, 1, length)) < 0.5**0.5 for length in (height, width)]
    return np.asarray(inside[0][:, None] & inside[1])
