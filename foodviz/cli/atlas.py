"""`foodviz atlas`: the whole net on pages."""

from pathlib import Path
from typing import Any

import click

from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import data_options, model_options, option, output_options


@click.command(cls=GreedyCommand)
@data_options
@model_options
@output_options
@option("--layers", multiple=True, help="Indices or dotted names.  [default: every convolution]")
@option("--filters", type=click.IntRange(min=0), multiple=True, help="Of each layer.  [default: all]")
@option("--recipe", type=click.Choice(["fourier", "maco", "pixel"]), default="fourier", help="How pictures climb.")
@option("--steps", type=click.IntRange(min=1), default=96, help="Of a climb at most; what is ready sooner stops.")
@option("--scan", default="500", help="Pictures of the split to measure filters on, a number or all.")
@option("--budget", type=click.FloatRange(0), help="Minutes for drawing; the same command goes on afterwards.")
def atlas(**flags: Any) -> None:
    """The whole net on pages: atlas/index.html below --out opens from disk or from any server.

    A page for each layer with all its filters: drawn, with photographs that excite them, what they answer to and what
    feeds them; a page for each class. Measured on the validation split unless --split says otherwise. What is drawn is
    kept in the cache: a killed run goes on, and a changed checkpoint draws again only what has changed.
    """
    output.run("atlas", flags, Path(flags["out"]) / "atlas" / "index.html")
