"""The pass: every picture read once, changed in every way, and the answers kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from foodviz.analysis.subject import check_answers
from foodviz.analysis.sweep import Arrays, gather
from foodviz.data.batch import batches
from foodviz.errors import InputError
from foodviz.methods.interventions.catalogue import CHANGES, Intervention, named
from foodviz.methods.interventions.stage import Stage
from foodviz.probabilities import probabilities

if TYPE_CHECKING:
    from torch import Tensor

    from foodviz.analysis.reliance.pictures import Chosen
    from foodviz.data.batch import Batch
    from foodviz.models import Classifier

BATCH = 64  # pictures a forward pass
BATCHES = 2  # a part: some seconds of work
_FIELDS = ("ids", "labels", "targets", "predicted", "confidence", "probability", "cut", "estimated", "digests")


@dataclass(frozen=True)
class PairedAnswers:
    """What a model said of N pictures as they are and after each of I interventions.

    Attributes:
        ids: (N,) places in the split's listing.
        labels: (N,) class index, -1 where it is not known.
        targets: (N,) the label, or where it is not known the answer to the picture as it is.
        predicted: (N, 1 + I) class index; the first column is of the pictures as they are, here and below.
        confidence: (N, 1 + I) its probability. probability: (N, 1 + I) of the target.
        cut: (N, I) share of the changed pixels of which a value had to be cut to [0, 1].
        estimated: (N,) whether where the object is was guessed.
        digests: (N,) SHA-256 of each file, hex.
        skipped: reasons, one for each picture that cannot be read.
    """

    ids: np.ndarray
    labels: np.ndarray
    targets: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    probability: np.ndarray
    cut: np.ndarray
    estimated: np.ndarray
    digests: np.ndarray
    skipped: tuple[str, ...]


def answers(one_pass: Pass) -> PairedAnswers:
    """The answers to all pictures chosen, from the cache where they were given before.

    Raises:
        InputError: no picture can be read, or answers that are no numbers.
    """
    chosen, subject, interventions = one_pass.chosen, one_pass.chosen.subject, one_pass.interventions
    if chosen.split.loose:  # nothing says when such a file changes: its answers are not kept
        tally = _Tally(one_pass)
        for start in range(0, len(chosen.ids), BATCH):
            tally.add(chosen.read(chosen.ids[start : start + BATCH]))
        return PairedAnswers(**tally.arrays(), skipped=())
    done = [f"{each.region} {each.change} {CHANGES[each.change].note}" for each in interventions]
    parts, skipped = gather(
        subject,
        chosen.split,
        chosen.ids,
        subject.classifier.input_size,
        lambda: _Tally(one_pass),
        kind="reliance",
        key=[subject.classifier.identity, subject.device.type, one_pass.precision, *chosen.key, *done],
        batch=BATCH,
        batches=BATCHES,
    )
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in _FIELDS}
    return PairedAnswers(**arrays, skipped=skipped)


@dataclass(frozen=True, eq=False)
class Pass:
    """The model, and all that pictures need to be changed; made when they are first asked for.

    Attributes:
        chosen: the pictures. interventions: what is done to each. precision: of the forward passes.
    """

    chosen: Chosen
    interventions: tuple[Intervention, ...]
    precision: str

    @cached_property
    def _model(self) -> Classifier:
        from foodviz import models

        return models.fast(self.chosen.subject.classifier)

    def logits(self, images: Tensor) -> Tensor:
        """(N, C) float32."""
        model, kind = self._model, images.device.type  # made in float32: what is folded must prove to answer the same
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=self.precision == "bfloat16"):
            logits: Tensor = model(images).float()
        check_answers(logits, self.chosen.subject)
        return logits

    def stage(self, batch: Batch, targets: Tensor) -> tuple[Stage, np.ndarray]:
        """Pictures ready to be changed, and whether each one's mask is a guess.

        Args:
            batch: on the device. targets: (N,) of which another's background must not be.
        """
        seeds = [self.chosen.subject.image_seed(digest) for digest in batch.digests]
        if self.chosen.masks == "none":
            return Stage(batch.images, None, seeds), np.zeros(len(batch), bool)
        masks, guesses = self.chosen.objects(batch.images, batch.ids)
        needs = any(each.change == "other" for each in self.interventions)
        others = self._others(targets.tolist(), seeds) if needs else None
        return Stage(batch.images, torch.from_numpy(masks).to(batch.images.device), seeds, others), guesses

    def _others(self, targets: Sequence[int], seeds: Sequence[int]) -> Tensor:
        """(N, 3, H, W): for each picture one whose class is not its target, chosen by its seed."""
        images, classes = self._backgrounds
        chosen = []
        for target, seed in zip(targets, seeds, strict=True):
            of_others = [place for place, each in enumerate(classes) if each != target] or range(len(classes))
            chosen.append(of_others[seed % len(of_others)])
        return images[chosen]

    @cached_property
    def _backgrounds(self) -> tuple[Tensor, list[int]]:
        """Pictures (K, 3, H, W) whose own food is filled in, and the class of each: its label, else the answer."""
        lenders, size = self.chosen.lenders, self.chosen.subject.classifier.input_size
        found, classes = [], []
        for batch in batches(lenders.split, lenders.ids, size, skipped=self.chosen.subject.say):
            images = batch.images.to(self.chosen.subject.device)
            masks = torch.from_numpy(lenders.objects(images, batch.ids)[0]).to(images.device)
            found.append(Stage(images, masks, [0] * len(batch)).changed(named("gone")).images)
            labels, answered = lenders.labels(batch.ids), self.logits(images).argmax(1).tolist()
            classes += [int(label) if label >= 0 else answer for label, answer in zip(labels, answered, strict=True)]
        if not found:
            raise InputError(f"`data` {lenders.split.data}: no picture can be read that would lend its background")
        return torch.cat(found), classes


class _Tally:
    """The answers to the pictures of one part."""

    def __init__(self, one_pass: Pass) -> None:
        self.one_pass = one_pass
        self.batches: list[Arrays] = []

    def add(self, batch: Batch) -> None:
        self.batches.append(answered(self.one_pass, batch))

    def arrays(self) -> Arrays:
        return {name: np.concatenate([each[name] for each in self.batches]) for name in _FIELDS}


def answered(one_pass: Pass, batch: Batch) -> Arrays:
    """What `PairedAnswers` holds, of one batch."""
    subject = one_pass.chosen.subject
    batch = dataclasses.replace(batch, images=batch.images.to(subject.device))
    labels = one_pass.chosen.labels(batch.ids)
    first = one_pass.logits(batch.images)
    targets = torch.where(torch.from_numpy(labels) >= 0, torch.from_numpy(labels), first.argmax(1).cpu())
    stage, guesses = one_pass.stage(batch, targets)
    logits, cut = [first], []
    for intervention in one_pass.interventions:
        changed = stage.changed(intervention)
        logits.append(one_pass.logits(changed.images))
        cut.append(changed.cut)
    shares = probabilities(subject.classifier, torch.stack(logits, 1).flatten(0, 1)).cpu()
    shares = shares.view(len(batch), len(logits), -1)
    confidence, predicted = shares.max(2)
    return {
        "ids": np.array(batch.ids, np.int64),
        "labels": labels,
        "targets": targets.numpy(),
        "predicted": predicted.numpy(),
        "confidence": confidence.numpy(),
        "probability": shares.gather(2, targets[:, None, None].expand(-1, len(logits), 1))[..., 0].numpy(),
        "cut": torch.stack(cut, 1).float().cpu().numpy(),
        "estimated": guesses,
        "digests": np.array(batch.digests, "U64"),
    }
