"""`foodviz embedding`: which pictures a layer answers alike."""

from typing import Any

import click

from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import data_options, format_option, model_options, option, output_options


@click.command(cls=GreedyCommand)
@data_options
@model_options
@output_options
@format_option
@option("--layer", help="Index or dotted name, of maps or not.  [default: the last maps]")
@option("--method", type=click.Choice(["tsne", "pca"]), default="tsne", help="How answers become two numbers.")
@option("--limit", type=click.IntRange(12, 10_000), default=1000, help="So many pictures, evenly spread.")
@option("--perplexity", type=click.FloatRange(1, 1000), default=30.0, help="tsne: neighbours that count, about.")
def embedding(**flags: Any) -> None:
    """Which pictures a layer answers alike: its answers in two dimensions, coloured by class.

    Over the validation split unless --split says otherwise. A csv names each point.
    """
    output.run("embedding", flags)
