"""`foodviz filters`: what filters look for."""

from typing import Any

import click

from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import option, shared_options


@click.command(cls=GreedyCommand)
@shared_options
@option("--layer", help="Index or dotted name.  [default: 15, or the last maps]")
@option("--filters", type=click.IntRange(min=0), multiple=True, help="Which.  [default: the five most selective]")
@option("--class", "classes", multiple=True, help="Draw these classes' logits instead of a layer's filters.")
@option("--all", "all_", is_flag=True, help="A contact sheet of the whole layer.")
@option("--only", type=click.Choice(["picture"]), help="Only the drawn pictures.")
@option("--similar", is_flag=True, help="Draw who is like whom, of the asked filters or the layer.")
@option("--recipe", type=click.Choice(["fourier", "maco", "pixel"]), default="fourier", help="How pictures climb.")
@option("--objective", type=click.Choice(["channel", "neuron", "diversity"]), default="channel", help="What climbs.")
@option("--pictures", type=click.IntRange(2, 9), default=4, help="diversity: pictures of each filter.")
@option("--steps", type=click.IntRange(min=1), default=256, help="Of the climb.")
@option(
    "--every", type=click.IntRange(min=1), help="Also draw snapshots so many steps apart and the objective's curve."
)
@option("--lr", type=click.FloatRange(0, min_open=True), help="Step size.  [default: 0.5; maco, pixel 0.1; sgd 12]")
@option("--statistics", type=click.Choice(["data", "imagenet"]), default="data", help="Of colours and spectrum.")
@option("--start", type=click.Choice(["noise", "image", "grey"]), default="noise", help="pixel: where it starts.")
@option("--optimizer", type=click.Choice(["adam", "sgd"]), default="adam", help="pixel: how it climbs.")
@option("--weight-decay", type=click.FloatRange(0, 1), default=1e-4, help="pixel: share of the picture taken off.")
@option("--scan", default="500", help="Pictures of the split to measure filters on, a number or all.")
def filters(**flags: Any) -> None:
    """What filters look for: a drawn picture, photographs that excite them, what they respond to.

    Without --ids: the four photographs of the report, ids 57 3207 4707 3784.
    """
    output.run("filters", flags)
