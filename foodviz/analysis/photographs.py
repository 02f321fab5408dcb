"""The pictures of one analysis with what is known of them: labels, answers, seeds, captions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.analysis.result import table
from foodviz.analysis.subject import check_answers
from foodviz.printable import printable

if TYPE_CHECKING:
    import numpy as np
    import torch

    from foodviz.analysis.subject import Subject
    from foodviz.attribution import Attribution
    from foodviz.data import Split
    from foodviz.data.batch import Batch

BATCH = 16  # pictures a forward pass


@dataclass(frozen=True)
class Picture:
    """What is known of one picture: its id, class and prediction; `label` is None where unlabelled."""

    id: int
    file: str
    label: str | None
    predicted: str
    probability: float
    sha256: str

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of the table in the terminal."""
        number = str(self.id) if self.id >= 0 else ""
        label = printable(self.label) if self.label else "unlabelled"
        return number, printable(self.file), label, "->", f"{printable(self.predicted)} {self.probability:.1%}"

    @property
    def name(self) -> str:
        """Id and file name, for a sentence."""
        file = printable(Path(self.file).name)
        return f"{self.id} {file}" if self.id >= 0 else file

    @property
    def answer(self) -> str:
        """Label, prediction and its probability."""
        predicted = printable(self.predicted)
        answer = f"{printable(self.label)} → {predicted}" if self.label else predicted
        return f"{answer} {self.probability:.0%}"

    @property
    def title(self) -> str:
        """Id and file name, for above a photograph."""
        return self.name.replace(" ", "  ", 1) if self.id >= 0 else self.name

    @property
    def caption(self) -> str:
        """Two lines for above a photograph."""
        return f"{self.title}\n{self.answer}"


@dataclass(frozen=True, eq=False)
class Photographs:
    """N pictures and the untouched model's answers to them: every caption, whatever was drawn, comes from these.

    Attributes:
        subject: whose pictures they are.
        split: where they are from.
        batch: images at the classifier's input size, on the device; labels as the model numbers its classes.
    """

    subject: Subject
    split: Split
    batch: Batch

    @classmethod
    def of(cls, subject: Subject, split: Split, ids: Sequence[int]) -> Photographs:
        """Pictures of a split by their ids."""
        return cls(subject, split, subject.read(split, ids))

    def __len__(self) -> int:
        return len(self.batch)

    def take(self, places: Sequence[int]) -> Photographs:
        """The pictures at these places, each as often as it is named, with the answers that they have."""
        import torch

        chosen = dataclasses.replace(
            self.batch,
            images=self.batch.images[list(places)],
            labels=self.batch.labels[list(places)],
            **{
                name: tuple(getattr(self.batch, name)[place] for place in places)
                for name in ("ids", "names", "digests")
            },
        )
        taken = Photographs(self.subject, self.split, chosen)
        vars(taken)["logits"] = self.logits[torch.tensor(places)]  # the same answers, not asked for again
        return taken

    @property
    def images(self) -> torch.Tensor:
        """(N, 3, H, W) float32, RGB in [0, 1], on the device."""
        return self.batch.images

    @cached_property
    def pixels(self) -> np.ndarray:
        """`images` as an array, for figures and files."""
        values: np.ndarray = self.images.cpu().numpy()
        return values

    @cached_property
    def logits(self) -> torch.Tensor:
        """(N, C) logits.

        Raises:
            InputError: they are no finite numbers.
        """
        import torch

        # Loaded before: weights made in inference mode take no part in gradients.
        classifier = self.subject.classifier
        with torch.inference_mode():
            logits = torch.cat([classifier(some) for some in torch.split(self.images, BATCH)])
        check_answers(logits, self.subject)
        return logits

    @cached_property
    def probabilities(self) -> torch.Tensor:
        """(N, C) of each class, as the model means its logits."""
        from foodviz.probabilities import probabilities

        return probabilities(self.subject.classifier, self.logits)

    def targets(self, wanted: str, parameter: str = "target", *, quiet: bool = False) -> torch.Tensor:
        """(N,) the class to explain in each picture.

        Args:
            wanted: `label` (where there is none the prediction), `predicted`, or one class for all by name or number.
            parameter: that it was given by.
            quiet: leave unsaid how many have no label.

        Raises:
            InputError: no such class.
        """
        import torch

        from foodviz.data.class_names import find_class

        predicted = self.logits.argmax(1)
        if wanted == "predicted":
            return predicted
        if wanted == "label":
            unlabelled = self.batch.labels < 0
            if unlabelled.any() and not quiet:
                count = f"{int(unlabelled.sum())} of {len(self)} pictures have no label"
                self.subject.say(f"{count}: prediction explained")
            return torch.where(unlabelled, predicted, self.batch.labels)
        return torch.full_like(predicted, find_class(wanted, self.subject.classifier.class_names, parameter))

    @cached_property
    def seeds(self) -> list[int]:
        """One for each picture."""
        return [self.subject.image_seed(digest) for digest in self.batch.digests]

    @cached_property
    def pictures(self) -> list[Picture]:
        """What is known of each, for captions, table and manifest."""
        names = self.subject.classifier.class_names
        best = self.probabilities.max(1)
        return [
            Picture(index, name, names[label] if label >= 0 else None, names[predicted], probability, digest)
            for index, name, label, predicted, probability, digest in zip(
                self.batch.ids,
                self.batch.names,
                self.batch.labels.tolist(),
                best.indices.tolist(),
                best.values.tolist(),
                self.batch.digests,
                strict=True,
            )
        ]

    @property
    def captions(self) -> list[str]:
        """Above each photograph."""
        return [picture.caption for picture in self.pictures]

    @cached_property
    def trained_on(self) -> str:
        """How many of the pictures the model was trained on, in words; empty where the checkpoint does not say."""
        from foodviz.analysis.leakage import seen_in_training

        return seen_in_training(self.subject.classifier, self.batch.digests).words

    def region(self, place: int, size: tuple[int, int]) -> tuple[str, np.ndarray]:
        """Where the food of one picture is, in words and as (H, W) bool: its mask, else the middle half."""
        return self.split.region(self.batch.ids[place], size)

    @property
    def table(self) -> list[str]:
        """A line a picture, for the terminal."""
        return table([picture.row for picture in self.pictures])

    def rows(self, targets: torch.Tensor) -> dict[str, np.ndarray]:
        """(N,) each: ids, digests, labels, predicted, its confidences, and the targets that are explained."""
        import numpy as np

        best = self.probabilities.max(1)
        found = {"labels": self.batch.labels, "predicted": best.indices, "confidences": best.values, "targets": targets}
        known = {"ids": np.array(self.batch.ids, np.int64), "digests": np.array(self.batch.digests, "U64")}
        return known | {name: values.cpu().numpy() for name, values in found.items()}

    def facts(self) -> dict[str, Any]:
        """What a manifest says of pictures, model, data and machine."""
        return {
            **self.subject.facts(self.split),
            "pictures": [vars(picture) for picture in self.pictures],
            "trained_on": self.trained_on or None,
        }


def viewer(photographs: Photographs, maps: Mapping[str, Attribution]) -> Mapping[str, Any]:
    """For the page: photographs with maps of one unit, by name, to lay over them."""
    import numpy as np

    from foodviz.render.page import views

    return views.viewer(
        photographs.pixels,
        [picture.title for picture in photographs.pictures],
        [picture.answer for picture in photographs.pictures],
        list(maps),
        np.stack([each.maps for each in maps.values()]),
        next(iter(maps.values())).unit,
    )
