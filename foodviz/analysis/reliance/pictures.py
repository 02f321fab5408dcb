"""Which pictures are changed, where their object is, and what stands behind it when the background is another's."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from foodviz.analysis.choosing import of_class, spread
from foodviz.errors import InputError, UsageError, require
from foodviz.printable import printable

if TYPE_CHECKING:
    import torch

    from foodviz.analysis.subject import Subject
    from foodviz.data import Split
    from foodviz.data.batch import Batch

WAYS = ("auto", "estimated", "none")  # to say where the food is; anything else is a folder of masks
BACKGROUNDS = 22  # pictures whose backgrounds are lent, evenly spread over the split


@dataclass(frozen=True, eq=False)
class Chosen:
    """Pictures of one split, or files, and how their masks come about.

    Attributes:
        subject: whose they are. split: where they are from, with the masks that were given.
        ids: which.
        masks: `auto`, `estimated`, `none` or a folder.
    """

    subject: Subject
    split: Split
    ids: tuple[int, ...]
    masks: str

    @cached_property
    def order(self) -> tuple[int, ...]:
        """For each class of the data its index among the model's; empty where no picture has a label that it knows."""
        if not any(self.split.labels[index] >= 0 for index in self.ids):
            return ()
        try:
            return self.subject.class_order(self.split)
        except InputError as reason:
            self.subject.say(f"labels left out: {reason}")
            return ()

    def labels(self, ids: Sequence[int]) -> np.ndarray:
        """(N,) as the model numbers its classes, -1 where it is not known."""
        from foodviz.data.class_names import renumbered

        labels = np.array([self.split.labels[index] for index in ids], np.int64)
        return renumbered(labels, self.order) if self.order else np.full_like(labels, -1)

    def objects(self, images: torch.Tensor, ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Where the object of each picture is, (N, H, W) bool, and whether that is a guess, (N,) bool.

        Args:
            images: (N, 3, H, W), RGB in [0, 1].
        """
        pixels = images.permute(0, 2, 3, 1).cpu().numpy()
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(self._object, pixels, ids))
        return np.stack([mask for mask, _ in found]), np.array([guess for _, guess in found])

    def _object(self, pixels: np.ndarray, index: int) -> tuple[np.ndarray, bool]:
        from foodviz.data.masks import estimated
        from foodviz.data.split import resized_mask

        mask = None if self.masks == "estimated" else self.split.mask(index)
        if mask is None or not mask.any():
            return estimated(pixels.astype(np.float64)), True
        return resized_mask(mask, pixels.shape[:2], self.split.fit), False

    def read(self, ids: Sequence[int]) -> Batch:
        """Pictures at the model's input size, on the device; `ids` are places in the split, of files too."""
        return dataclasses.replace(self.subject.read(self.split, ids), ids=tuple(ids))

    @cached_property
    def lenders(self) -> Chosen:
        """Pictures whose backgrounds are lent: of the split itself, for files of the data's validation split."""
        split = self.subject.split("validation") if self.split.loose else self.split
        return dataclasses.replace(self, split=split, ids=split.spread(BACKGROUNDS))

    @cached_property
    def key(self) -> list[str]:
        """What of all this decides the answers, beside the pictures themselves."""
        lent = self.lenders.split
        how = self.masks if self.masks in WAYS else "folder"
        lending = (lent.fingerprint, lent.masks_digest)
        return [how, self.split.masks_digest, *lending, str(self.order), str(self.subject.seed)]


def chosen(
    subject: Subject,
    ids: Sequence[int | str],
    image: Sequence[str],
    class_name: str | None,
    limit: int | None,
    masks: str,
) -> Chosen:
    """The pictures that the arguments of `reliance` mean.

    Raises:
        InputError: no such picture, class or folder of masks.
    """
    if ids or image:
        if class_name is not None or limit is not None:
            raise UsageError("`ids` and `image` name pictures; `class_name` and `limit` choose them: give either")
        split, which = subject.choose(ids, image)
    else:
        split = subject.split("validation")
        fitting = of_class(split, class_name)[1] if class_name is not None else split.labelled_ids or range(len(split))
        require(limit is None or limit >= 1, "limit", limit, "must be at least 1")
        which = spread(subject, fitting, limit)
    split = masked(split, masks)
    if masks not in WAYS and not any(split.mask(index) is not None for index in which[:100]):
        subject.say(f"no mask in {printable(masks)} has the name of a picture: they are estimated")
    return Chosen(subject, split, tuple(dict.fromkeys(which)), masks)


def masked(split: Split, masks: str) -> Split:
    """The split with the masks of a folder where one is named.

    Raises:
        InputError: there is no such folder.
    """
    if masks in WAYS:
        return split
    require(masks != "", "masks", "''", f"give a folder, or {', '.join(WAYS)}")
    from foodviz.data.masks import with_masks

    return with_masks(split, masks)
