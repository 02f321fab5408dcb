"""What an analysis looks at: a classifier, a data set, and where remarks and progress go."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from foodviz import homework
from foodviz.errors import InputError, UsageError, require
from foodviz.printable import printable
from foodviz.progress import Progress, silent

if TYPE_CHECKING:
    import torch

    from foodviz.data import Dataset, Split
    from foodviz.data.batch import Batch
    from foodviz.models import Classifier, Layer


MOST_PICTURES = 1000  # at once: each is read, explained and drawn in one figure
MOST_SEED = 2**32 - 1  # what every random generator takes


def log(line: str) -> None:
    """Where remarks go unless told otherwise: the logger `foodviz`."""
    logging.getLogger("foodviz").warning(line)


def check_answers(logits: torch.Tensor, subject: Subject) -> None:
    """Look whether a model's answers (N, C) say anything.

    Raises:
        InputError: one of them is no number, which every weight can be and still make such answers.
    """
    finite = logits.isfinite().all(1)
    if not finite.all():
        count = f"to {int((~finite).sum())} of {len(finite)} pictures"
        raise InputError(
            f"`model` {subject.settings.get('model', '')}: its answers {count} are no finite numbers: weights too "
            "large, a training that diverged, or a damaged file"
        )


@dataclass(frozen=True, eq=False)
class Subject:
    """A classifier and the pictures that it is asked about; nothing slow is done before it is needed.

    Attributes:
        dataset: where pictures come from.
        load: makes the classifier, once.
        settings: how it was opened, the arguments of `open_subject`; goes into every manifest.
        seed: of everything random.
        say: takes a remark for the person who asked, one line.
        progress: shows how far a long pass is.
    """

    dataset: Dataset
    load: Callable[[Subject], Classifier]
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    say: Callable[[str], None] = log
    progress: Progress = silent

    @cached_property
    def classifier(self) -> Classifier:
        """The model as it is; an analysis that wants it faster asks `models.fast` for another."""
        return self.load(self)

    @cached_property
    def device(self) -> torch.device:
        """Where to compute."""
        from foodviz.devices import choose_device

        return choose_device(self.settings.get("device", "auto"))

    def split(self, default: str | None = None) -> Split:
        """The split that was asked for, else the one of that name, else training or what there is."""
        if self.dataset.data == "sample":
            self.say("drawn sample pictures, not Food-11; `data` FOLDER reads your own")
        named = self.settings.get("split")
        split = self.dataset.split(named, default=default)
        if named is None and (missing := self.dataset.missing(default)):
            self.say(f"no {missing} split in {printable(self.dataset.data)}: {printable(split.name)} is taken")
        for remark in split.remarks:
            self.say(remark)
        return split

    def choose(self, ids: Sequence[int | str] = (), image: Sequence[str] = ()) -> tuple[Split, tuple[int, ...]]:
        """The pictures asked for, and where they are; the report's four where none is asked for and the split has them.

        Raises:
            InputError: an id or a file that is not there, more than MOST_PICTURES, or both kinds at once.
        """
        for parameter, given in (("ids", ids), ("image", image)):
            require(
                len(given) <= MOST_PICTURES, parameter, f"{len(given):,} pictures", f"at most {MOST_PICTURES:,} at once"
            )
        if image:
            if ids:
                raise UsageError("`ids` and `image` exclude each other")
            from foodviz.data import open_files

            files = open_files(image, resize=self.dataset.resize, fit=self.dataset.fit)
            for remark in files.remarks:
                self.say(remark)
            require(
                len(files) <= MOST_PICTURES, "image", f"{len(files):,} pictures", f"at most {MOST_PICTURES:,} at once"
            )
            return files, tuple(range(len(files)))
        split = self.split()
        if ids:
            return split, tuple(split.find(str(each)) for each in ids)
        return split, homework.IDS if len(split) > max(homework.IDS) else split.spread(4)

    def read(self, split: Split, ids: Sequence[int]) -> Batch:
        """Pictures at the classifier's input size, on the device, their labels as the model numbers its classes."""
        from foodviz.data.batch import read

        return self.numbered(split, read(split, ids, self.classifier.input_size))

    def numbered(self, split: Split, batch: Batch) -> Batch:
        """A batch of the split on the device, its labels as the model numbers its classes."""
        import torch

        from foodviz.data.class_names import renumbered

        labels = batch.labels
        if (labels >= 0).any():
            try:
                labels = torch.from_numpy(renumbered(labels.numpy(), self.class_order(split)))
            except InputError as reason:  # a net that never saw them is explained for its own classes
                self.say(f"labels left out: {reason}")
                labels = torch.full_like(labels, -1)
        return dataclasses.replace(batch, images=batch.images.to(self.device), labels=labels.to(self.device))

    def class_order(self, split: Split) -> tuple[int, ...]:
        """For each class of the data its index among the model's."""
        from foodviz.data.class_names import match_classes

        order, remarks = match_classes(split, self.classifier.class_names)
        for remark in remarks:
            self.say(remark)
        return order

    def layer(self, requested: str | None, usual: str) -> Layer:
        """The layer with maps that was asked for; else the report's, or where the model has not that, its last maps.

        Raises:
            InputError: no such layer, or one without maps.
        """
        from foodviz import models

        if requested is not None:
            return models.layer_with_maps(self.classifier, requested)
        try:
            return models.layer_with_maps(self.classifier, usual)
        except InputError:
            return models.last_maps(self.classifier)

    def image_seed(self, digest: str) -> int:
        """A seed for one picture from the subject's and the picture's SHA-256: company and order do not matter."""
        return int.from_bytes(hashlib.sha256(f"{self.seed} {digest}".encode()).digest()[:6])

    def facts(self, split: Split | None = None) -> dict[str, Any]:
        """What every manifest says: seed, device, versions, model; and the data where a split is given."""
        import torch

        from foodviz.manifest import versions

        facts: dict[str, Any] = {
            "seed": self.seed,
            "device": str(self.device),
            "threads": torch.get_num_threads(),
            "versions": versions(),
            "model": {
                "file": self.settings.get("model", ""),
                "sha256": self.classifier.sha256,
                **self.classifier.facts(),
            },
        }
        if split is not None and not split.loose:
            facts["data"] = {"data": split.data, "split": split.name, "listing": split.digest}
        return facts
