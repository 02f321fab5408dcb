"""`foodviz lime`: which superpixels speak for a class, and what a class is recognised by."""

from typing import Any

import click

from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.map_options import hide_option, trust_option
from foodviz.cli.options import option, shared_options


@click.command(cls=GreedyCommand)
@shared_options
@option("--target", multiple=True, default=("label",), help="Classes to explain: label, predicted, names or numbers.")
@option("--class", "class_name", help="Sum up what this class is recognised by, over many of its pictures.")
@option("--limit", type=click.IntRange(min=1), default=20, help="With --class: so many pictures, evenly spread.")
@option("--samples", default="auto", help="How many; auto: until signs and ranking settle, 1000 at most.")
@option(
    "--design", type=click.Choice(["balanced", "antithetic", "random"]), help="Of the samples.  [default: balanced]"
)
@option("--engine", type=click.Choice(["foodviz", "lime"]), default="foodviz", help="lime: the package itself, random.")
@option("--output", type=click.Choice(["logits", "probabilities"]), default="logits", help="Score explained.")
@option("--segmenter", type=click.Choice(["slic", "quickshift", "felzenszwalb"]), default="slic", help="Cuts pictures.")
@option("--segments", type=int, help="slic: about how many superpixels.  [default: 100]")
@option("--compactness", type=float, help="slic: squareness against colour.  [default: 1]")
@option("--sigma", type=float, help="Blur before cutting.  [default: slic 1, quickshift 0, felzenszwalb 0.8]")
@option("--kernel-size", type=float, help="quickshift: width of its density kernel.  [default: 4]")
@option("--max-distance", type=float, help="quickshift: larger for fewer superpixels.  [default: 200]")
@option("--ratio", type=float, help="quickshift: colour against place, 0 to 1.  [default: 0.2]")
@option("--scale", type=float, help="felzenszwalb: larger for fewer superpixels.  [default: 20]")
@option("--min-size", type=int, help="felzenszwalb: smallest superpixel in pixels.  [default: 60]")
@hide_option
@option("--kernel-width", type=click.FloatRange(0, min_open=True), default=0.25, help="Of the distance kernel.")
@option("--features", type=click.IntRange(min=1), default=11, help="Superpixels in the cut-out, at most.")
@option("--positive-only/--both-signs", default=True, help="Whether the cut-out leaves out what speaks against.")
@option("--precision", type=click.Choice(["float32", "bfloat16", "bf16"]), default="float32", help="Of the samples.")
@trust_option
@option("--shared-scale", is_flag=True, help="One colour scale for all maps instead of one each.")
def lime(**flags: Any) -> None:
    """Which superpixels speak for a class, and which against it.

    Without --ids: the four photographs of the report, ids 57 3207 4707 3784. With --class: what the class is
    recognised by, as one figure.
    """
    output.run("lime", flags)
