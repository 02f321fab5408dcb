"""A classifier from a folder in a Food-11 layout."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from foodviz.analysis.subject import log
from foodviz.distributed import process_group
from foodviz.errors import InputError, require
from foodviz.progress import Progress, silent
from foodviz.results import write_atomically

if TYPE_CHECKING:
    from foodviz.data import Split
    from foodviz.models import Classifier
    from foodviz.training.loop import Epoch as Epoch
    from foodviz.training.loop import PixelStore


@dataclass(frozen=True)
class Watch:
    """What wants to know how a training goes.

    Attributes:
        say: takes a remark. progress: shows how far reading is.
        step: told the steps done in the epoch, the epoch's steps and the loss.
        epoch: told what each epoch gave.
    """

    say: Callable[[str], None] = log
    progress: Progress = silent
    step: Callable[[int, int, float], None] = lambda *_: None
    epoch: Callable[[Epoch], None] = lambda _: None


@dataclass(frozen=True)
class Trained:
    """The checkpoint that a training wrote, its best epoch and that one's validation accuracy in [0, 1]."""

    path: Path
    epoch: int
    accuracy: float


def train(
    watch: Watch | None = None,
    /,
    *,
    data: str = "sample",
    arch: str = "vgg16_bn-slim",
    out: str = "model.safetensors",
    size: int = 128,
    epochs: int = 30,
    batch_size: int = 64,
    optimizer: Literal["adamw", "sgd"] = "adamw",
    lr: float = 3e-3,
    weight_decay: float = 0.05,
    label_smoothing: float = 0.1,
    augmentation: float = 1.0,
    noise: float = 0.0,
    start: str | None = None,
    start_size: float = 1.0,
    precision: Literal["auto", "float32", "bfloat16"] = "auto",
    half: bool = False,
    merge_validation: bool = False,
    limit: int | None = None,
    resume: bool = False,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    seed: int = 0,
) -> Trained | None:
    """Train a classifier; the best epoch on the validation split is kept in one .safetensors file.

    The file says its architecture, class names, input size, normalisation, recipe, accuracy per epoch, and which
    pictures it was trained on. Under torchrun processes share each batch; the first one writes, None for the others.

    Args:
        data: folder in a layout of Food-11, or `sample`.
        arch: as for the other analyses. out: checkpoint to write.
        size: height and width of the input in pixels. start_size: share of it to begin with.
        epochs: passes over the training split. batch_size: pictures a step, over all processes.
        optimizer, lr, weight_decay, label_smoothing, augmentation, noise: see `training.loop.Recipe`.
        start: checkpoint of the same architecture to begin with.
        precision: of the forward pass. half: store the weights as float16.
        merge_validation: train on the validation split too, and record it.
        limit: at most so many pictures of each split, evenly spread.
        resume: go on where a stopped training of the same settings was.

    Raises:
        InputError: data without labels, an architecture that is not there, or a loss that is no longer a number.
    """
    for name, value in {"lr": lr, "weight_decay": weight_decay}.items():
        require(0 <= value < float("inf"), name, value, "a number of at least 0")
    require(bool(out), "out", repr(out), "give the checkpoint to write")

    import torch

    from foodviz.data import open_dataset
    from foodviz.devices import choose_device, choose_precision
    from foodviz.memory import keep_freed_memory
    from foodviz.models.files.own_format import save
    from foodviz.training.loop import Epoch, PixelStore, Recipe, fit

    keep_freed_memory()
    path = Path(out)
    with process_group(device) as leader:
        watch = (watch or Watch()) if leader else Watch(say=lambda _: None)
        computer = choose_device(device)
        recipe = Recipe(
            epochs=epochs,
            batch_size=batch_size,
            optimizer=optimizer,
            lr=lr,
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
            augmentation=augmentation,
            noise=noise,
            start_size=start_size,
            precision=choose_precision(precision, computer, watch.say),
            seed=seed,
        )
        dataset = open_dataset(data)
        splits = dataset.split("training"), dataset.split("validation")
        if not all(split.labelled for split in splits):
            raise InputError(f"`data` {data}: training needs labels in the training and validation splits")
        (training, seen), (validation, validation_seen) = (_in_memory(split, size, limit, watch) for split in splits)
        if merge_validation:
            both = torch.cat([training.images, validation.images]), torch.cat([training.labels, validation.labels])
            training, seen = PixelStore(*both), seen + validation_seen

        torch.manual_seed(seed)
        classifier, begun = _untrained(arch, splits[0].class_names, size, training, start)
        classifier.to(computer)
        kept = path.with_name(path.name + ".training")
        state = torch.load(kept, map_location=computer, weights_only=True) if resume and kept.exists() else None
        history: list[Epoch] = [] if state is None else [Epoch(**entry) for entry in state["history"]]
        best: dict[str, Any] = {} if state is None else state["best"]

        started = time.monotonic()
        for epoch, reached in fit(classifier, training, validation, recipe, state=state, step=watch.step):
            history.append(epoch)
            if epoch.validation_accuracy >= best.get("accuracy", -1.0):
                weights = {key: value.detach().cpu().clone() for key, value in classifier.network.state_dict().items()}
                best = {"accuracy": epoch.validation_accuracy, "epoch": epoch.epoch, "weights": weights}
            watch.epoch(epoch)
            if leader:
                reached |= {"history": [vars(entry) for entry in history], "best": best}
                write_atomically(kept, partial(torch.save, reached))
        if not leader:
            return None
        recorded = {
            "recipe": vars(recipe),
            "epochs": [vars(entry) for entry in history],
            "best_epoch": best["epoch"],
            "data": data,
            "start": begun,
            "merged_validation": merge_validation,
            "seconds": round(time.monotonic() - started),
            "processes": int(os.environ.get("WORLD_SIZE", 1)),
        }
        classifier.network.load_state_dict(best["weights"])
        write_atomically(path, lambda temporary: save(temporary, classifier, arch, recorded, seen, half=half))
        kept.unlink(missing_ok=True)
        return Trained(path, best["epoch"], best["accuracy"])


def _untrained(
    arch: str, class_names: tuple[str, ...], size: int, training: PixelStore, start: str | None
) -> tuple[Classifier, dict[str, Any] | None]:
    """The network to begin with, and what the checkpoint that it is from declares of its own training."""
    from foodviz import models
    from foodviz.models import architectures

    mean, std = _statistics(training)
    network = architectures.build(arch, len(class_names))
    begun: dict[str, Any] | None = None
    if start:
        first = models.load(start, arch=arch, class_names=class_names)
        network.load_state_dict(first.network.state_dict())
        begun = {"file": Path(start).name, "training": first.origin.declared.training}
    return models.Classifier(network, class_names, (size, size), mean=mean, std=std), begun


def _in_memory(split: Split, size: int, limit: int | None, watch: Watch) -> tuple[PixelStore, list[str]]:
    """A split's labelled pictures, and the digest of each; unreadable ones are counted and left out."""
    import torch

    from foodviz.data import spread_ids
    from foodviz.data.batch import batches
    from foodviz.training.loop import PixelStore

    ids = split.labelled_ids if limit is None else spread_ids(split.labelled_ids, limit)
    skipped: list[str] = []
    images, labels = [], []
    digests: list[str] = []
    stream = batches(split, ids, (size, size), skipped=skipped.append)
    for batch in watch.progress(stream, f"reading {split.name}", total=-(-len(ids) // 64)):
        images.append(batch.images.mul(255).round().byte())
        labels.append(batch.labels)
        digests += batch.digests
    if skipped:
        watch.say(f"left out {len(skipped)} pictures that cannot be read, first {skipped[0]}")
    if not images:
        raise InputError(f"`data` {split.data}: no labelled picture in {split.name} can be read")
    return PixelStore(torch.cat(images), torch.cat(labels)), digests


def _statistics(training: PixelStore) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each colour over evenly spread pictures, for values in [0, 1]."""
    spread = training.images[:: -(-len(training.images) // 1000)].float().div_(255)
    mean, std = spread.mean((0, 2, 3)), spread.std((0, 2, 3))
    return tuple(round(v, 4) for v in mean.tolist()), tuple(max(round(v, 4), 1e-3) for v in std.tolist())
