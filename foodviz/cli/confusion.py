"""`foodviz confusion`: what the model takes for what over a whole split."""

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
@option("--pair", nargs=2, metavar="TRUE PREDICTED", help="Pictures of one class taken for another, with saliency.")
@option("--duplicates", is_flag=True, help="Look for copies of pictures between the splits of the data.")
def confusion(**flags: Any) -> None:
    """What the model takes for what, how often, and whether it had seen the pictures before.

    Over the validation split unless --split says otherwise. Answers are kept in the cache: a second call, or one after
    a killed run, does not compute them again.
    """
    output.run("confusion", flags)
