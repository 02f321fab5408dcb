"""`foodviz dream`: what a photograph turns into when it climbs what a layer sees in it."""

from pathlib import Path
from typing import Any

import click

from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import option, shared_options


@click.command(cls=GreedyCommand)
@shared_options
@option("--recipe", type=click.Choice(["plain", "octaves"]), default="plain", help="plain: the report's.")
@option("--layer", help="Index or dotted name.  [default: 34, or the last maps]")
@option("--filter", "--filters", "filters", multiple=True, help="Channels to climb, or `all`.  [default: 94]")
@option("--weights", type=float, multiple=True, help="Of the filters, one each.  [default: 1]")
@option("--class", "class_name", help="Climb this class's logit instead of a layer.")
@option("--guide", help="Picture file: climb likeness to what the layer sees there.")
@option("--steps", type=click.IntRange(min=1), help="How many.  [default: 250; octaves: 25 each]")
@option("--every", type=click.IntRange(min=1), default=10, help="Steps between snapshots.")
@option("--lr", type=click.FloatRange(0, min_open=True), help="Step size.  [default: 12; adam 0.01; octaves 0.02]")
@option("--weight-decay", type=click.FloatRange(0, 1), default=1e-4, help="plain: share of the picture taken off.")
@option("--optimizer", type=click.Choice(["sgd", "adam"]), default="sgd", help="plain: how to climb.")
@option("--space", type=click.Choice(["pixels", "model"]), default="pixels", help="plain: where; model: normalised.")
@option("--size", type=click.IntRange(32, 8192), help="Longer side.  [default: the model's; octaves: own or 512]")
@option("--octaves", type=click.IntRange(1, 12), default=4, help="octaves: how many sizes.")
@option("--octave-scale", type=click.FloatRange(1.05, 4), default=1.4, help="octaves: from one size to the next.")
@option("--animate", type=click.Choice(["gif", "webp", "mp4"]), help="Write an animation, too.")
@option("--zoom", type=click.IntRange(min=1), help="octaves: frames of an endless zoom that goes on from the dream.")
@option("--resume", is_flag=True, help="Go on with the dream in --out that was stopped, or is to be longer.")
def dream(**flags: Any) -> None:
    """What a photograph turns into when it climbs what a layer sees in it.

    Without --ids: the report's photograph, 5_9. Without --filter: filter 94 of layer 34, as there.
    """
    output.run("dream", flags, Path(flags["out"]) / "dream-state.npz")
