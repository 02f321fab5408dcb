"""What the shared flags mean: the steps that every command has in common."""

from __future__ import annotations

import hashlib
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foodviz.errors import InputError
from foodviz.results import Results

if TYPE_CHECKING:
    import numpy as np
    import torch
    from matplotlib.figure import Figure

    from foodviz.data import Listing
    from foodviz.data.batch import Batch
    from foodviz.models import Classifier

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
        self.results = Results(Path(flags["out"]), command, shlex.join(["foodviz", *sys.argv[1:]]))
        self.results.check()
        self.settings = _settings()

    def say(self, line: str) -> None:
        """A remark for the person at the terminal, on stderr."""
        if not self.quiet:
            click.echo(line, err=True)

    @cached_property
    def listing(self) -> Listing:
        """The split that --data and --split name."""
        from foodviz.data import open_split

        listing = open_split(self.flags["data"], self.flags["split"] or self.default_split)
        if listing.data == "sample":
            self.say("drawn sample pictures, not Food-11; --data FOLDER reads your own")
        return listing

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
        from foodviz.cli.devices import choose_device

        return choose_device(self.flags["device"])

    @cached_property
    def classifier(self) -> Classifier:
        """The model that --model and --arch name, on the device, as it is: `models.speed_up` is the command's choice."""
        self.check()
        from foodviz import models
        from foodviz.memory import keep_freed_memory

        keep_freed_memory()
        names = () if self.flags.get("image") else self.listing.class_names
        return models.load(self.flags["model"], arch=self.flags["arch"], device=self.device, class_names=names)

    @cached_property
    def batch(self) -> Batch:
        """The asked pictures at the classifier's input size, on the device, labels as the model numbers its classes."""
        return self.read(self.ids) if not self.flags.get("image") else self._files()

    def read(self, ids: Sequence[int]) -> Batch:
        """Pictures of the listing, as in `batch`."""
        from foodviz.data.batch import read

        return self.on_device(read(self.listing, ids, self.classifier.input_size))

    def _files(self) -> Batch:
        from foodviz.data.batch import read_files

        return self.on_device(read_files(self.flags["image"], self.classifier.input_size))

    def on_device(self, batch: Batch) -> Batch:
        """The batch on the device, its labels as the model numbers its classes."""
        import dataclasses

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
        from foodviz.cli.classes import match_classes

        order = match_classes(self.listing.class_names, self.classifier.class_names)
        if order != tuple(range(len(order))):
            self.say("classes of the data and of the model stand in another order: matched by name")
        return order

    @cached_property
    def logits(self) -> torch.Tensor:
        """(N, C) logits of the batch."""
        import torch

        with torch.inference_mode():
            return torch.cat([self.classifier(some) for some in self.batch.images.split(16)])

    def targets(self, asked: str) -> torch.Tensor:
        """(N,) the class to explain in each picture: `label` (else predicted), `predicted`, or one class for all."""
        import torch

        from foodviz.cli.classes import find_class

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
        from foodviz.models.saved import seen_digests, was_seen

        said: dict[str, Any] = self.classifier.facts.get("said", {})  # type: ignore[assignment]
        if "trained_on" not in said:
            return ""
        seen = seen_digests(said["trained_on"])
        count = sum(was_seen(seen, digest) for digest in self.batch.digests)
        return f"{count} of {len(self.batch)} images were in the training set"

    def save(
        self, figures: Mapping[str, Figure], arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]
    ) -> None:
        """Write pictures, arrays and last the manifest; print their paths and the table, or the manifest.

        Args:
            figures: by name; "" is the command's own picture.
            arrays: raw values by name.
            facts: what the command alone knows, for the manifest.
        """
        for name, figure in figures.items():
            self.results.figure(figure, dpi=self.flags["dpi"], name=name)
        self.results.arrays(arrays)
        manifest = self.results.manifest({**self._common_facts(), **facts})
        if self.flags["json_"]:
            click.echo(manifest, nl=False)
        elif not self.quiet:
            for path in self.results.paths:
                click.echo(path)
            if "ids" in self.flags:
                for row in _table([picture.row for picture in self.pictures]):
                    click.echo(row)

    def _common_facts(self) -> dict[str, Any]:
        from importlib import metadata

        import torch

        from foodviz import __version__

        names = ("torch", "numpy", "pillow", "matplotlib")
        versions = {name: metadata.version(name) for name in names}
        model = {key: value for key, value in self.classifier.facts.items() if key != "said"}
        facts: dict[str, Any] = {
            "settings": self.settings,
            "seed": self.seed,
            "device": str(self.device),
            "threads": torch.get_num_threads(),
            "versions": {"foodviz": __version__, "python": sys.version.split()[0], **versions},
            "model": {"file": self.flags["model"], **model},
        }
        if "ids" in self.flags:
            facts["pictures"] = [vars(picture) for picture in self.pictures]
            facts["trained_on"] = self.trained_on or None
        if not self.flags.get("image"):
            facts["data"] = {"data": self.listing.data, "split": self.listing.split, "listing": self.listing.digest}
        return facts


@dataclass(frozen=True)
class Picture:
    """What is known of one picture: its place, class and prediction; `label` is None where unlabelled."""

    id: int
    file: str
    label: str | None
    predicted: str
    probability: float
    sha256: str

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of the table on stdout."""
        number = str(self.id) if self.id >= 0 else ""
        return number, self.file, self.label or "unlabelled", "->", f"{self.predicted} {self.probability:.1%}"

    @property
    def caption(self) -> str:
        """Two lines for above a photograph."""
        name = Path(self.file).name
        title = f"{self.id}  {name}" if self.id >= 0 else name
        said = f"{self.label} → {self.predicted}" if self.label else self.predicted
        return f"{title}\n{said} {self.probability:.0%}"


def _settings() -> dict[str, Any]:
    """Every flag's value of the running command, defaults and config included."""
    context = click.get_current_context()
    return {key: list(value) if isinstance(value, tuple) else value for key, value in context.params.items()}


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
