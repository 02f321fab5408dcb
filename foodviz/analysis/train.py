"""A classifier from a folder in a Food-11 layout."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from foodviz.analysis.pixel_stores import as_in_training, in_memory, statistics
from foodviz.analysis.subject import log
from foodviz.analysis.training_arguments import check, state_of
from foodviz.analysis.typed import typed
from foodviz.distributed import process_count, process_group
from foodviz.errors import InputError
from foodviz.progress import Progress, silent
from foodviz.results import write_atomically, write_bytes

if TYPE_CHECKING:
    import torch

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
        InputError: a value out of its range, data without labels or with classes that training does not have, an
            architecture that is not there, or a loss that is no longer a number.
    """
    check(typed(_OF, locals()))

    import torch

    from foodviz.data import open_dataset
    from foodviz.devices import choose_device, choose_precision
    from foodviz.memory import keep_freed_memory
    from foodviz.models.files.own_format import save
    from foodviz.models.trial import refusal
    from foodviz.training.loop import Epoch, PixelStore, Recipe, fit, size_at

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
        (training, seen), (validation, validation_seen) = (
            in_memory(split, size, limit, watch.say, watch.progress) for split in splits
        )
        validation = as_in_training(validation, splits[1], splits[0].class_names, watch.say)
        if merge_validation:
            both = torch.cat([training.images, validation.images]), torch.cat([training.labels, validation.labels])
            training, seen = PixelStore(*both), seen + validation_seen

        torch.manual_seed(seed)
        classifier, begun = _untrained(arch, splits[0].class_names, size, training, start)
        for trained_on in ((size, size), size_at((size, size), recipe, 0)):
            if reason := refusal(classifier.network, trained_on):
                raise InputError(f"`size` {size}: `arch` {arch} {reason.partition(';')[0]}")
        classifier.to(computer)
        kept = state_of(out)
        state = _stopped(kept, computer) if resume and kept.exists() else None
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
                write_bytes(kept, _saved(reached))
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
            "processes": process_count(),
        }
        classifier.network.load_state_dict(best["weights"])
        write_atomically(path, lambda temporary: save(temporary, classifier, arch, recorded, seen, half=half))
        kept.unlink(missing_ok=True)
        return Trained(path, best["epoch"], best["accuracy"])


def _saved(state: Mapping[str, Any]) -> bytes:
    """What `torch.save` writes of it, in memory first: where a disk is full PyTorch ends the process."""
    import torch

    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


def _stopped(kept: Path, device: torch.device) -> dict[str, Any]:
    """The state that a stopped training left."""
    import torch

    try:
        state = torch.load(kept, map_location=device, weights_only=True)
        whole = {"recipe", "epoch", "classifier", "optimizer", "history", "best"} <= state.keys()
    except Exception:  # a damaged file can break anywhere
        whole = False
    if not whole:
        raise InputError(f"`resume`: {kept} is damaged, or no stopped training; without `resume` it is not needed")
    return dict(state)


def _untrained(
    arch: str, class_names: tuple[str, ...], size: int, training: PixelStore, start: str | None
) -> tuple[Classifier, dict[str, Any] | None]:
    """The network to begin with, and what the checkpoint that it is from declares of its own training."""
    from foodviz import models
    from foodviz.models import architectures

    mean, std = statistics(training)
    network = architectures.build(arch, len(class_names))
    begun: dict[str, Any] | None = None
    if start:
        try:
            first = models.load(start, arch=arch, class_names=class_names)
        except InputError as error:
            raise InputError(str(error).replace("`model`", "`start`", 1)) from None
        if len(first.class_names) != len(class_names):
            raise InputError(
                f"`start` {start}: it tells {len(first.class_names)} classes apart, the data has {len(class_names)}"
            )
        network.load_state_dict(first.network.state_dict())
        begun = {"file": Path(start).name, "training": first.origin.declared.training}
    return models.Classifier(network, class_names, (size, size), mean=mean, std=std), begun


_OF = train  # inside the function its name may be another's
