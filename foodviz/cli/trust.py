"""How well a model does on labelled pictures, measured before anything is drawn with it, and remembered."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from foodviz.cache import cache_file
from foodviz.errors import InputError
from foodviz.results import write_bytes

if TYPE_CHECKING:
    from torch import Tensor

    from foodviz.data import Split
    from foodviz.models import Classifier
    from foodviz.models.guess.rating import Rating

FEW = 44  # pictures for a check that must cost little: chance is 9 %, twice its standard error another 9 %


class Labelled:
    """Labelled pictures, evenly spread over a split, that models are rated on.

    Args:
        listing: a split with labels.
        count: how many pictures.
    """

    def __init__(self, listing: Split, count: int = FEW) -> None:
        self.listing = listing
        self.count = count
        self._decoded: dict[tuple[tuple[int, int], str], tuple[Tensor, Tensor]] = {}
        self._files: dict[str, bytes] = {}

    @cached_property
    def ids(self) -> tuple[int, ...]:
        from foodviz.data import spread_ids

        return spread_ids(self.listing.labelled_ids, self.count)

    def few(self, count: int) -> Labelled:
        """About `count` of these pictures, files read once for both."""
        some = Labelled(self.listing, count)
        some.ids = self.ids[:: max(1, len(self.ids) // count)]
        some._files = self._files
        return some

    def pictures(self, size: tuple[int, int], resize: str) -> tuple[Tensor, Tensor]:
        """Images (N, 3, H, W) and the data's labels (N,); a file is read once, whatever the sizes."""
        import dataclasses

        import torch

        from foodviz.data.batch import batches

        if (size, resize) not in self._decoded:
            listing = dataclasses.replace(self.listing, open=self._read)
            read = list(batches(listing, self.ids, size, resize=resize, skipped=lambda _: None))
            if not read:
                raise InputError(f"--data {listing.data}: no labelled picture in {listing.name} can be read")
            self._decoded[size, resize] = (
                torch.cat([batch.images for batch in read]),
                torch.cat([batch.labels for batch in read]),
            )
        return self._decoded[size, resize]

    def _read(self, name: str) -> bytes:
        if name not in self._files:
            self._files[name] = self.listing.open(name)
        return self._files[name]

    def rate(self, classifier: Classifier, count: int | None = None) -> Rating:
        """How the classifier does on `count` of the pictures or on all."""
        import torch

        from foodviz.data.class_names import match_classes
        from foodviz.models.guess.rating import rate

        images, labels = self.pictures(classifier.input_size, str(classifier.preprocessing.resize))
        step = max(1, len(images) // (count or len(images)))  # every class is among the few, too
        images, labels = images[::step], labels[::step]
        order = torch.tensor(match_classes(self.listing, classifier.class_names)[0])
        return rate(classifier, images, order[labels])

    def remembered(self, key: str, make: Callable[[], Classifier]) -> Rating:
        """`rate` of the classifier that `make` makes, from the cache where the same was rated before."""
        from foodviz.models.guess.rating import Rating

        file = cache_file("ratings", "2", key, self.listing.fingerprint, str(self.ids), suffix=".json")
        try:
            return Rating(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
            rating = self.rate(make())
            write_bytes(file, json.dumps(vars(rating)).encode())
            return rating


def labelled(listing: Split, count: int = FEW) -> Labelled | None:
    """Pictures to rate a model on: of the split itself, else of its data's validation split; None without labels."""
    from foodviz.data import open_dataset

    if listing.labelled:
        return Labelled(listing, count)
    for split in ("validation", "training"):
        try:
            other = open_dataset(listing.data).split(split)
        except InputError:
            continue
        if other.labelled:
            return Labelled(other, count)
    return None


def chance_warning(pictures: Labelled, classifier: Classifier) -> str | None:
    """What to tell the user where the model does no better than guessing on labelled pictures; None where it does.

    The rating is remembered by the digests of model and data.
    """
    rating = pictures.remembered(classifier.identity, lambda: classifier)
    classes = len(classifier.class_names)
    if rating.beats_chance(classes):
        return None
    return (
        f"warning: the model is right on {rating.accuracy:.0%} of {rating.pictures} labelled pictures of "
        f"{pictures.listing.name}, no better than guessing ({1 / classes:.0%}): wrongly read, or trained on other "
        "pictures; foodviz inspect tells which"
    )
