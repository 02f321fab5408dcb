"""How well a model does on labelled pictures, measured before anything is drawn with it, and remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from foodviz.cache import cache_file, load_json, save_json
from foodviz.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from foodviz.data import Dataset, Split
    from foodviz.models import Classifier
    from foodviz.models.guess.rating import Rating

FEW = 44  # pictures for a check that must cost little: chance is 9 %, twice its standard error another 9 %


class OtherClasses(InputError):
    """The classes of the data are not the model's."""


class LabelledPictures:
    """Labelled pictures, evenly spread over a split, that models are rated on.

    Args:
        split: one with labels.
        count: how many pictures.
    """

    def __init__(self, split: Split, count: int = FEW) -> None:
        self.split = split
        self.count = count
        self._decoded: dict[tuple[tuple[int, int], str], tuple[Tensor, Tensor]] = {}
        self._files: dict[str, bytes] = {}

    @cached_property
    def ids(self) -> tuple[int, ...]:
        """Which."""
        from foodviz.data import spread_ids

        return spread_ids(self.split.labelled_ids, self.count)

    @cached_property
    def key(self) -> str:
        """What no other pictures have: remembered is what was found on these."""
        return f"{self.split.fingerprint} {self.ids}"

    def few(self, count: int) -> LabelledPictures:
        """About `count` of these pictures, files read once for both."""
        some = LabelledPictures(self.split, count)
        some.ids = self.ids[:: max(1, len(self.ids) // count)]
        some._files = self._files
        return some

    def pictures(self, size: tuple[int, int], resize: str) -> tuple[Tensor, Tensor]:
        """Images (N, 3, H, W) and the data's labels (N,); a file is read once, whatever the sizes."""
        import dataclasses

        import torch

        from foodviz.data.batch import batches

        if (size, resize) not in self._decoded:
            split = dataclasses.replace(self.split, open=self._read)
            read = list(batches(split, self.ids, size, resize=resize, skipped=lambda _: None))
            if not read:
                raise InputError(f"`data` {split.data}: no labelled picture in {split.name} can be read")
            self._decoded[size, resize] = (
                torch.cat([batch.images for batch in read]),
                torch.cat([batch.labels for batch in read]),
            )
        return self._decoded[size, resize]

    def _read(self, name: str) -> bytes:
        if name not in self._files:
            self._files[name] = self.split.open(name)
        return self._files[name]

    def rate(
        self, classifier: Classifier, count: int | None = None, class_names: Sequence[str] | None = None
    ) -> Rating:
        """How the classifier does on `count` of the pictures or on all.

        Its outputs are called as `class_names` has them; None for whatever of the data's namings fits best, where its
        file does not say.

        Raises:
            OtherClasses: labels say nothing of it.
        """
        import torch

        from foodviz.data.class_names import match_classes
        from foodviz.models.guess.rating import rate

        images, labels = self.pictures(classifier.input_size, classifier.preprocessing.resize or "antialiased")
        step = max(1, len(images) // (count or len(images)))  # every class is among the few, too
        images, labels = images[::step], labels[::step]
        ways = [class_names] if class_names else self._namings(classifier) or [classifier.class_names]
        try:
            orders = [torch.tensor(match_classes(self.split, names)[0]) for names in ways]
        except InputError as reason:
            raise OtherClasses(str(reason)) from reason
        return max((rate(classifier, images, order[labels]) for order in orders), key=lambda each: each.accuracy)

    def _namings(self, classifier: Classifier) -> list[tuple[str, ...]]:
        """What the outputs of a classifier whose file does not say it may be called, by the classes of the data."""
        from foodviz.data.class_names import namings

        if classifier.origin.declared.class_names == classifier.class_names:
            return []
        return namings(self.split, len(classifier.class_names))

    def named(self, classifier: Classifier, say: Callable[[str], None]) -> Classifier:
        """The classifier with the data's names for its classes, where its file has none.

        Where the classes of the data are numbers that can be counted in two orders, the one is taken under which more
        pictures are right, and that is said.
        """
        from foodviz.models import reread
        from foodviz.printable import printable

        ways = self._namings(classifier)
        if not ways:
            return classifier
        best = 0
        if len(ways) > 1:
            shares = [self.rate(classifier, class_names=names).accuracy for names in ways]
            best = shares.index(max(shares))
            words = [
                f"{', '.join(map(printable, names[:4]))}, …: {share:.0%}"
                for names, share in zip(ways, shares, strict=True)
            ]
            others = "; ".join(each for each in words if each is not words[best])
            say(f"classes are numbers; right of {len(self.ids)} pictures in the order {words[best]}, taken; {others}")
        if ways[best] == classifier.class_names:
            return classifier
        return reread(classifier, classifier.preprocessing, class_names=ways[best])

    def remembered(self, key: str, make: Callable[[], Classifier]) -> Rating:
        """`rate` of the classifier that `make` makes, from the cache where the same was rated before."""
        from foodviz.models.guess.rating import Rating

        file = cache_file("ratings", "4", key, self.key, suffix=".json")
        kept = load_json(file)
        if kept is not None:
            return Rating(**kept)
        rating = self.rate(make())
        save_json(file, vars(rating))
        return rating


def labelled_pictures(dataset: Dataset, split: Split, count: int = FEW) -> LabelledPictures | None:
    """Pictures to rate a model on: of the split itself, else of another of its data set; None without labels."""
    if split.labelled:
        return LabelledPictures(split, count)
    for name in ("validation", "training", "evaluation"):
        try:
            other = dataset.split(name)
        except InputError:
            continue
        if other.labelled:
            return LabelledPictures(other, count)
    return None


def chance_warning(pictures: LabelledPictures, classifier: Classifier) -> str | None:
    """What to tell the user where the model does no better than guessing on labelled pictures; None where it does."""
    rating = pictures.remembered(classifier.identity, lambda: classifier)
    if rating.beats_guessing:
        return None
    return (
        f"warning: the model is right on {rating.shares} labelled pictures of {pictures.split.name}, no better than "
        f"always naming the commonest class ({rating.commonest:.0%}): wrongly read, or trained on other pictures; "
        "foodviz inspect tells which"
    )
