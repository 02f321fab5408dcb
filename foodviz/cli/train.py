"""`foodviz train`: a classifier from a folder in a Food-11 layout."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foodviz.cli.options import GreedyCommand, option
from foodviz.errors import InputError

if TYPE_CHECKING:
    from foodviz.data import Split
    from foodviz.training.loop import Epoch, Pixels


@click.command(cls=GreedyCommand)
@option("--data", default="sample", help="Folder in a layout of Food-11, or `sample`.")
@option("--arch", default="vgg16_bn-slim", help="Architecture, as in the other commands.")
@option("--out", type=click.Path(dir_okay=False), default="model.safetensors", help="Checkpoint to write.")
@option("--size", type=click.IntRange(16, 1024), default=128, help="Height and width of the input in pixels.")
@option("--epochs", type=click.IntRange(min=1), default=30, help="Passes over the training split.")
@option("--batch-size", type=click.IntRange(min=1), default=64, help="Pictures a step, over all processes.")
@option("--optimizer", type=click.Choice(["adamw", "sgd"]), default="adamw", help="AdamW, or SGD with momentum 0.9.")
@option("--lr", type=float, default=3e-3, help="Highest learning rate; a warm-up leads there, a cosine to zero.")
@option("--weight-decay", type=float, default=0.05, help="Weight decay (5e-4 suits sgd).")
@option("--label-smoothing", type=click.FloatRange(0, 1), default=0.1, help="Share of the target given to all classes.")
@option("--augmentation", type=click.FloatRange(0, 2), default=1.0, help="Strength of the random changes; 0 is none.")
@option("--noise", type=click.FloatRange(0, 1), default=0.0, help="Most Gaussian noise, as a share of the range.")
@option("--start", type=click.Path(dir_okay=False), help="Checkpoint of the same architecture to begin with.")
@option("--start-size", type=click.FloatRange(0.2, 1), default=1.0, help="Share of the input size to begin with.")
@option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", help="Of the forward pass.")
@option("--half", is_flag=True, help="Store the weights as float16.")
@option("--merge-validation", is_flag=True, help="Train on the validation split too, and record it.")
@option("--limit", type=click.IntRange(min=1), help="At most so many pictures of each split, evenly spread.")
@option("--resume", is_flag=True, help="Go on where a stopped training of the same settings was.")
@option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", help="Where to compute.")
@option("--seed", type=int, default=0, help="Seed of weights, order and augmentation.")
@option("--quiet", is_flag=True, help="Print nothing but errors.")
def train(
    data: str,
    arch: str,
    out: str,
    size: int,
    start: str | None,
    precision: str,
    half: bool,
    merge_validation: bool,
    limit: int | None,
    resume: bool,
    device: str,
    quiet: bool,
    **settings: Any,
) -> None:
    """Train a classifier; the best epoch on the validation split is kept in one .safetensors file.

    The file says its architecture, class names, input size, normalisation, recipe, accuracy per epoch, and which
    pictures it was trained on. Under `torchrun --nproc-per-node 2 -m foodviz train …` processes share each batch.
    """
    import torch
    from torch import distributed

    from foodviz import models
    from foodviz.data import open_dataset
    from foodviz.devices import choose_device, choose_precision
    from foodviz.memory import keep_freed_memory
    from foodviz.models import architectures
    from foodviz.models.classifier import Classifier
    from foodviz.models.files.own_format import save
    from foodviz.results import write_atomically
    from foodviz.training.loop import Epoch, Pixels, Recipe, fit

    keep_freed_memory()
    path = Path(out)
    grouped = "WORLD_SIZE" in os.environ and not distributed.is_initialized()
    if grouped:
        distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    leader = not distributed.is_initialized() or distributed.get_rank() == 0
    quiet = quiet or not leader
    place = choose_device(device)
    recipe = Recipe(precision=choose_precision(precision, place), **settings)

    training_split, validation_split = open_dataset(data).split("training"), open_dataset(data).split("validation")
    if not training_split.labelled or not validation_split.labelled:
        raise InputError(f"--data {data}: training needs labels in the training and validation splits")
    training, seen = _load(training_split, size, limit, quiet)
    validation, validation_seen = _load(validation_split, size, limit, quiet)
    if merge_validation:
        both = torch.cat([training.images, validation.images]), torch.cat([training.labels, validation.labels])
        training, seen = Pixels(*both), seen + validation_seen

    torch.manual_seed(recipe.seed)
    classes = training_split.class_names
    mean, std = _statistics(training)
    network = architectures.build(arch, len(classes))
    begun: dict[str, Any] | None = None  # what the checkpoint to begin with says of its own training
    if start:
        first = models.load(start, arch=arch, class_names=classes)
        network.load_state_dict(first.network.state_dict())
        begun = {"file": Path(start).name, "training": first.origin.declared.training}
    network.to(place)
    classifier = Classifier(network, classes, (size, size), mean=mean, std=std).to(place)
    state_path = path.with_name(path.name + ".training")
    state = torch.load(state_path, map_location=place, weights_only=True) if resume and state_path.exists() else None
    history: list[Epoch] = [] if state is None else [Epoch(**entry) for entry in state["history"]]
    best: dict[str, Any] = {} if state is None else state["best"]

    started, bar = time.monotonic(), _Bar(quiet, recipe.epochs, len(history))
    for epoch, reached in fit(classifier, training, validation, recipe, state=state, step=bar.step):
        history.append(epoch)
        if epoch.validation_accuracy >= best.get("accuracy", -1.0):
            weights = {key: value.detach().cpu().clone() for key, value in classifier.network.state_dict().items()}
            best = {"accuracy": epoch.validation_accuracy, "epoch": epoch.epoch, "weights": weights}
        bar.say(epoch)
        if leader:
            reached |= {"history": [vars(entry) for entry in history], "best": best}
            write_atomically(state_path, partial(torch.save, reached))
    if leader:
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
        state_path.unlink(missing_ok=True)
        if not quiet:
            click.echo(f"{path}  epoch {best['epoch']}, validation accuracy {best['accuracy']:.1%}")
    if grouped:
        distributed.destroy_process_group()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # one end in ten aborts where the interpreter takes down what PyTorch's threads still hold


def _load(listing: Split, size: int, limit: int | None, quiet: bool) -> tuple[Pixels, list[str]]:
    """A split's labelled pictures in memory, and the digest of each; unreadable ones are counted and left out."""
    import torch

    from foodviz.cli.progress import progress
    from foodviz.data import spread_ids
    from foodviz.data.batch import batches
    from foodviz.training.loop import Pixels

    ids = listing.labelled_ids if limit is None else spread_ids(listing.labelled_ids, limit)
    skipped: list[str] = []
    images, labels = [], []
    digests: list[str] = []
    stream = batches(listing, ids, (size, size), skipped=skipped.append)
    for batch in progress(stream, f"reading {listing.name}", quiet=quiet, total=-(-len(ids) // 64)):
        images.append(batch.images.mul(255).round().byte())
        labels.append(batch.labels)
        digests += batch.digests
    if skipped and not quiet:
        click.echo(f"left out {len(skipped)} pictures that cannot be read, first {skipped[0]}", err=True)
    if not images:
        raise InputError(f"--data {listing.data}: no labelled picture in {listing.name} can be read")
    return Pixels(torch.cat(images), torch.cat(labels)), digests


def _statistics(training: Pixels) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each colour over evenly spread pictures, for values in [0, 1]."""
    spread = training.images[:: -(-len(training.images) // 1000)].float().div_(255)
    mean, std = spread.mean((0, 2, 3)), spread.std((0, 2, 3))
    return tuple(round(v, 4) for v in mean.tolist()), tuple(max(round(v, 4), 1e-3) for v in std.tolist())


class _Bar:
    """A bar over the steps of an epoch with the time left of the training, and a line after each epoch."""

    def __init__(self, quiet: bool, epochs: int, done: int) -> None:
        self.quiet, self.epochs, self.first, self.done = quiet, epochs, done, done
        self.started = time.monotonic()

    def step(self, done: int, steps: int, loss: float) -> None:
        if not self.quiet and sys.stderr.isatty():
            trained = self.done - self.first + done / steps
            left = (time.monotonic() - self.started) / trained * (self.epochs - self.done - done / steps)
            line = f"epoch {self.done + 1}/{self.epochs}  {done}/{steps}  loss {loss:.3f}  {left / 60:.0f} min left "
            click.echo(f"\r{line}", nl=False, err=True)

    def say(self, epoch: Epoch) -> None:
        self.done = epoch.epoch
        if not self.quiet:
            clear = "\r" if sys.stderr.isatty() else ""
            click.echo(
                f"{clear}epoch {epoch.epoch}/{self.epochs}  loss {epoch.loss:.3f}"
                f"  training {epoch.training_accuracy:.1%}  validation {epoch.validation_accuracy:.1%}"
                f"  {(time.monotonic() - self.started) / 60:.1f} min",
                err=True,
            )
