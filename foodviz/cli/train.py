"""`foodviz train`: a classifier from a folder in a Food-11 layout."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from foodviz import analysis, progress
from foodviz.analysis.train import Watch
from foodviz.analysis.training_arguments import MOST_BATCH, MOST_DECAY, MOST_EPOCHS, MOST_LR
from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import option
from foodviz.distributed import leave, under_torchrun

if TYPE_CHECKING:
    from foodviz.analysis.train import Epoch


@click.command(cls=GreedyCommand)
@option("--data", default="sample", help="Folder in a layout of Food-11, or `sample`.")
@option("--arch", default="vgg16_bn-slim", help="Architecture, as in the other commands.")
@option("--out", type=click.Path(dir_okay=False), default="model.safetensors", help="Checkpoint to write.")
@option("--size", type=click.IntRange(16, 1024), default=128, help="Height and width of the input in pixels.")
@option("--epochs", type=click.IntRange(1, MOST_EPOCHS), default=30, help="Passes over the training split.")
@option("--batch-size", type=click.IntRange(1, MOST_BATCH), default=64, help="Pictures a step, over all processes.")
@option("--optimizer", type=click.Choice(["adamw", "sgd"]), default="adamw", help="AdamW, or SGD with momentum 0.9.")
@option("--lr", type=click.FloatRange(0, MOST_LR), default=3e-3, help="Highest; a warm-up leads there, a cosine to 0.")
@option("--weight-decay", type=click.FloatRange(0, MOST_DECAY), default=0.05, help="Weight decay (5e-4 suits sgd).")
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
def train(quiet: bool, **flags: Any) -> None:
    """Train a classifier; the best epoch on the validation split is kept in one .safetensors file.

    The file says its architecture, class names, input size, normalisation, recipe, accuracy per epoch, and which
    pictures it was trained on. Under `torchrun --nproc-per-node 2 -m foodviz train …` processes share each batch.
    """
    bar = _Bar(flags["epochs"])
    watch = Watch(output.say, progress.bar, bar.step, bar.say) if not quiet else Watch(lambda _: None)
    trained = analysis.train(watch, **flags)
    if trained and not quiet:
        output.show([f"{trained.path}  epoch {trained.epoch}, validation accuracy {trained.accuracy:.1%}"])
    if under_torchrun():
        leave()


class _Bar:
    """A bar over the steps of an epoch with the time left of the training, and a line after each epoch."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.trained, self.done = epochs, 0.0, 0
        self.started = time.monotonic()

    def step(self, done: int, steps: int, loss: float) -> None:
        self.trained += 1 / steps
        if progress.watched():
            left = (time.monotonic() - self.started) / self.trained * (self.epochs - self.done - done / steps)
            line = f"epoch {self.done + 1}/{self.epochs}  {done}/{steps}  loss {loss:.3f}  {left / 60:.0f} min left "
            click.echo(f"\r{line}", nl=False, err=True)

    def say(self, epoch: Epoch) -> None:
        self.done = epoch.epoch
        clear = "\r" if progress.watched() else ""
        click.echo(
            f"{clear}epoch {epoch.epoch}/{self.epochs}  loss {epoch.loss:.3f}"
            f"  training {epoch.training_accuracy:.1%}  validation {epoch.validation_accuracy:.1%}"
            f"  {(time.monotonic() - self.started) / 60:.1f} min",
            err=True,
        )
