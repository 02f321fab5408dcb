"""What an analysis looks at: a classifier, a data set, and where remarks and progress go."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from foodviz import homework
from foodviz.errors import InputError, UsageError
from foodviz.progress import Progress, silent

if TYPE_CHECKING:
    import torch

    from foodviz.analysis.photographs import Photographs
    from foodviz.data import Dataset, Split
    from foodviz.data.batch import Batch
    from foodviz.models import Classifier, Preprocessing
    from foodviz.models.loading import Score


def log(line: str) -> None:
    """Where remarks go unless told otherwise: the logger `foodviz`."""
    logging.getLogger("foodviz").warning(line)


def once(say: Callable[[str], None]) -> Callable[[str], None]:
    """The same, each line a single time."""
    heard: set[str] = set()

    def say_it(line: str) -> None:
        if line not in heard:
            heard.add(line)
            say(line)

    return say_it


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
        return self.dataset.split(self.settings.get("split"), default=default)

    def choose(self, ids: Sequence[int | str] = (), image: Sequence[str] = ()) -> tuple[Split, tuple[int, ...]]:
        """The pictures asked for, and where they are; the report's four where none is asked for and the split has them.

        Raises:
            InputError: an id or a file that is not there, or both kinds at once.
        """
        if image:
            if ids:
                raise UsageError("`ids` and `image` exclude each other")
            from foodviz.data import open_files

            files = open_files(image, resize=self.dataset.resize)
            return files, tuple(range(len(files)))
        split = self.split()
        if ids:
            return split, tuple(split.find(str(each)) for each in ids)
        return split, homework.IDS if len(split) > max(homework.IDS) else split.spread(4)

    def photographs(self, split: Split, ids: Sequence[int]) -> Photographs:
        """Pictures of a split with everything that is known of them."""
        from foodviz.analysis.photographs import Photographs

        return Photographs(self, split, self.read(split, ids))

    def read(self, split: Split, ids: Sequence[int]) -> Batch:
        """Pictures at the classifier's input size, on the device, their labels as the model numbers its classes."""
        import torch

        from foodviz.data.batch import read

        batch = read(split, ids, self.classifier.input_size)
        labels = batch.labels
        if (labels >= 0).any():
            order = torch.tensor(self.class_order(split))
            labels = torch.where(labels >= 0, order[labels.clamp_min(0)], -1)
        return dataclasses.replace(batch, images=batch.images.to(self.device), labels=labels.to(self.device))

    def class_order(self, split: Split) -> tuple[int, ...]:
        """For each class of the data its index among the model's."""
        from foodviz.data.class_names import match_classes

        order, remarks = match_classes(split, self.classifier.class_names)
        for remark in remarks:
            self.say(remark)
        return order

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


def open_subject(
    *,
    data: str = "sample",
    split: str | None = None,
    model: str = "sample",
    arch: str | None = None,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    channel_order: Literal["rgb", "bgr"] | None = None,
    normalise: Literal["none", "half", "imagenet", "bytes"] | None = None,
    resize: Literal["antialiased", "plain"] | None = None,
    input_size: int | None = None,
    allow_code: bool = False,
    seed: int = 0,
    rated: bool = True,
    say: Callable[[str], None] = log,
    progress: Progress = silent,
) -> Subject:
    """A model and a data set, ready to be analysed.

    Args:
        data: `sample` for the embedded pictures, else a folder in any layout of Food-11.
        split: any usual name of a split; None for the analysis's own default, mostly training.
        model: `sample` for the bundled one, else a checkpoint file.
        arch: a name, torchvision:<name>, path/net.py:<class> or package.module:<factory>; None to find out.
        device: where to compute; auto takes a GPU where there is one.
        channel_order, normalise, resize, input_size: what the model expects of its pixels; None for what its file says.
        allow_code: let the checkpoint run its code, only for files you made.
        seed: of everything random.
        rated: whether labelled pictures of the data tell how well the model is read.
        say: takes a remark, one line. progress: shows how far a long pass is.

    Raises:
        InputError: no such folder or file; what is wrong inside them shows when it is needed.
    """
    from foodviz.data import open_dataset

    if model != "sample" and not Path(model).expanduser().is_file():
        raise InputError(f"`model` {model}: no such file")
    settings = {
        "data": data,
        "split": split,
        "model": model,
        "arch": arch,
        "device": device,
        "channel_order": channel_order,
        "normalise": normalise,
        "resize": resize,
        "input_size": input_size,
        "allow_code": allow_code,
        "seed": seed,
    }
    dataset = open_dataset(data, resize=resize or "antialiased")
    return Subject(dataset, _rated if rated else _load, settings, seed, once(say), progress)


def _load(subject: Subject) -> Classifier:
    from foodviz.data import FOOD11

    return _remarked(subject, load_model(subject, class_names=FOOD11))


def _rated(subject: Subject) -> Classifier:
    """The model, its architecture decided and its answers checked by labelled pictures of the data."""
    from foodviz.analysis.accuracy_check import chance_warning, labelled_pictures

    split = subject.split()
    pictures = labelled_pictures(subject.dataset, split)
    score = pictures.remembered if pictures else None
    classifier = _remarked(subject, load_model(subject, class_names=split.class_names, score=score))
    if pictures and (subject.settings["model"], subject.settings["data"]) != ("sample", "sample"):
        warning = chance_warning(pictures, classifier)
        if warning:
            subject.say(warning)
    return classifier


def _remarked(subject: Subject, classifier: Classifier) -> Classifier:
    for remark in classifier.origin.guesses:
        subject.say(remark)
    return classifier


def load_model(
    subject: Subject,
    *,
    class_names: Sequence[str] = (),
    preprocessing: Preprocessing | None = None,
    score: Score | None = None,
) -> Classifier:
    """The model that a subject's settings name; arguments as in `models.load`, `preprocessing` wins over settings."""
    from foodviz import models
    from foodviz.memory import keep_freed_memory

    keep_freed_memory()
    settings = subject.settings
    wanted = models.Preprocessing(*(settings[key] for key in ("channel_order", "normalise", "resize", "input_size")))
    return models.load(
        settings["model"],
        arch=settings["arch"],
        device=subject.device,
        class_names=class_names,
        preprocessing=preprocessing or wanted,
        allow_code=settings["allow_code"],
        score=score,
    )
