"""What the shared flags mean: the steps that every command has in common."""

from __future__ import annotations

import dataclasses
import hashlib
import shlex
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foodviz.cli.told import Picture, common_facts, settings_of_command, table
from foodviz.errors import InputError
from foodviz.results import ResultFolder

if TYPE_CHECKING:
    import numpy as np
    import torch
    from matplotlib.figure import Figure

    from foodviz.data import Split
    from foodviz.data.batch import Batch
    from foodviz.models import Classifier

# What the commands that run inside another one share, in click's `meta`: the command line that each stands for,
# remarks that were made, classifiers that were loaded.
COMMAND_LINE, SAID, LOADED = "foodviz.command_line", "foodviz.said", "foodviz.loaded"
MODEL_FLAGS = ("model", "arch", "device", "channel_order", "normalise", "resize", "input_size", "allow_code")
REPORT_IDS = (57, 3207, 4707, 3784)  # the four photographs of the report


class Run:
    """One run of one command; what is wrong with its flags shows before torch is imported.

    Args:
        command: its name, the stem of the files it writes.
        split: the split read when none is asked for.
        flags: the values of the shared flags, as click hands them over.
    """

    def __init__(self, command: str, *, default_split: str | None = None, **flags: Any) -> None:
        self.command = command
        self.default_split = default_split
        self.flags = flags
        self.quiet: bool = flags["quiet"]
        self.seed: int = flags["seed"]
        self.shared = click.get_current_context().meta
        line = self.shared.get(COMMAND_LINE, ["foodviz", *sys.argv[1:]])
        self.results = ResultFolder(Path(flags["out"]), command, shlex.join(line))
        self.results.check()
        self.settings = settings_of_command()

    def say(self, line: str) -> None:
        """A remark for the person at the terminal, on stderr; the sections of a report say the same thing once."""
        said = self.shared.setdefault(SAID, set())
        if not self.quiet and line not in said:
            click.echo(line, err=True)
        said.add(line)

    @cached_property
    def listing(self) -> Split:
        """The split that --data and --split name."""
        from foodviz.data import open_dataset

        listing = open_dataset(self.flags["data"]).split(self.flags["split"], default=self.default_split)
        if listing.data == "sample":
            self.say("drawn sample pictures, not Food-11; --data FOLDER reads your own")
        for remark in listing.remarks:
            self.say(remark)
        return dataclasses.replace(listing, resize=self.flags.get("resize") or listing.resize)

    @cached_property
    def ids(self) -> tuple[int, ...]:
        """The ids asked for; else the report's four where the split has them, else four spread evenly."""
        asked: Sequence[str] = self.flags["ids"]
        if asked:
            return tuple(self.listing.find(each) for each in asked)
        return REPORT_IDS if len(self.listing) > max(REPORT_IDS) else self.listing.spread(4)

    def check(self) -> None:
        """Look whether the asked pictures and the checkpoint are there, before anything slow is imported."""
        if self.flags.get("image"):
            if self.flags["ids"]:
                raise click.UsageError("--ids and --image exclude each other")
            missing = next((name for name in self.flags["image"] if not Path(name).expanduser().is_file()), None)
            if missing:
                raise InputError(f"--image {missing}: no such file")
        elif "ids" in self.flags:
            _ = self.ids
        model = self.flags["model"]
        if model != "sample" and not Path(model).expanduser().is_file():
            raise InputError(f"--model {model}: no such file")

    @cached_property
    def device(self) -> torch.device:
        """Where to compute."""
        from foodviz.devices import choose_device

        return choose_device(self.flags["device"])

    @cached_property
    def classifier(self) -> Classifier:
        """The model that --model and --arch name, on the device; `models.fast` is the command's choice."""
        loaded: dict[str, Classifier] | None = self.shared.get(LOADED)
        if loaded is None:
            return self._load()
        key = repr({name: self.flags.get(name) for name in ("data", "split", "image", *MODEL_FLAGS)})
        if key not in loaded:
            loaded[key] = self._load()
        return loaded[key]

    def _load(self) -> Classifier:
        self.check()
        from foodviz import models
        from foodviz.memory import keep_freed_memory

        keep_freed_memory()
        from foodviz.cli.trust import chance_warning, labelled
        from foodviz.data import FOOD11

        files = bool(self.flags.get("image"))
        pictures = None if files else labelled(self.listing)
        classifier = models.load(
            self.flags["model"],
            arch=self.flags["arch"],
            device=self.device,
            class_names=FOOD11 if files else self.listing.class_names,
            preprocessing=models.Preprocessing(
                *(self.flags[key] for key in ("channel_order", "normalise", "resize", "input_size"))
            ),
            allow_code=self.flags["allow_code"],
            score=pictures.remembered if pictures else None,
        )
        for remark in classifier.origin.guesses:
            self.say(remark)
        if pictures and (self.flags["model"], self.flags["data"]) != ("sample", "sample"):
            warning = chance_warning(pictures, classifier)
            if warning:
                self.say(warning)
        return classifier

    @cached_property
    def batch(self) -> Batch:
        """The asked pictures at the classifier's input size, on the device, labels as the model numbers its classes."""
        return self.read(self.ids) if not self.flags.get("image") else self._files()

    def read(self, ids: Sequence[int]) -> Batch:
        """Pictures of the listing, as in `batch`."""
        from foodviz.data.batch import read

        return self.on_device(read(self.listing, ids, self.classifier.input_size))

    def _files(self) -> Batch:
        from foodviz.data import open_files
        from foodviz.data.batch import read

        files = open_files(self.flags["image"], resize=self.flags["resize"] or "antialiased")
        return self.on_device(read(files, range(len(files)), self.classifier.input_size))

    def on_device(self, batch: Batch) -> Batch:
        """The batch on the device, its labels as the model numbers its classes."""
        import torch

        if (batch.labels >= 0).any():
            order = torch.tensor(self.class_order)
            labels = torch.where(batch.labels >= 0, order[batch.labels.clamp_min(0)], -1)
        else:
            labels = batch.labels
        return dataclasses.replace(batch, images=batch.images.to(self.device), labels=labels.to(self.device))

    @cached_property
    def class_order(self) -> tuple[int, ...]:
        """For each class of the data its index among the model's."""
        from foodviz.data.class_names import match_classes

        order, remarks = match_classes(self.listing, self.classifier.class_names)
        for remark in remarks:
            self.say(remark)
        return order

    @cached_property
    def logits(self) -> torch.Tensor:
        """(N, C) logits of the batch."""
        import torch

        # Loaded before: weights made in inference mode take no part in gradients.
        classifier, images = self.classifier, self.batch.images
        with torch.inference_mode():
            return torch.cat([classifier(some) for some in torch.split(images, 16)])

    def targets(self, asked: str) -> torch.Tensor:
        """(N,) the class to explain in each picture: `label` (else predicted), `predicted`, or one class for all."""
        import torch

        from foodviz.data.class_names import find_class

        predicted = self.logits.argmax(1)
        if asked == "predicted":
            return predicted
        if asked == "label":
            unlabelled = self.batch.labels < 0
            if unlabelled.any():
                self.say(f"{int(unlabelled.sum())} of {len(self.batch)} pictures have no label: prediction explained")
            return torch.where(unlabelled, predicted, self.batch.labels)
        return torch.full_like(predicted, find_class(asked, self.classifier.class_names))

    def image_seed(self, digest: str) -> int:
        """A seed for one picture from --seed and its SHA-256: company and order do not matter."""
        return int.from_bytes(hashlib.sha256(f"{self.seed} {digest}".encode()).digest()[:6])

    @cached_property
    def pictures(self) -> list[Picture]:
        """What is known of each picture of the batch, for captions, table and manifest."""
        names = self.classifier.class_names
        best = self.logits.softmax(1).max(1)
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

    @cached_property
    def trained_on(self) -> str:
        """How many of the pictures the model was trained on, in words; empty where the checkpoint does not say."""
        from foodviz.cli.leakage import seen_in_training

        return seen_in_training(self.classifier, self.batch.digests).words

    def save(self, figures: Mapping[str, Figure], arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Write pictures, arrays and last the manifest; print their paths and the table, or the manifest.

        Args:
            figures: by name; "" is the command's own picture.
            arrays: raw values by name.
            facts: what the command alone knows, for the manifest.
        """
        for name, figure in figures.items():
            self.results.figure(figure, dpi=self.flags["dpi"], name=name)
        self.results.arrays(arrays)
        manifest = self.results.manifest({**common_facts(self), **facts})
        if self.flags["json_"]:
            click.echo(manifest, nl=False)
        elif not self.quiet:
            for path in self.results.paths:
                click.echo(path)
            if "ids" in self.flags:
                for row in table([picture.row for picture in self.pictures]):
                    click.echo(row)
