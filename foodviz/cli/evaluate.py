"""`foodviz evaluate`: which method's maps to believe on this model."""

from typing import Any

import click

from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.map_options import hide_option
from foodviz.cli.options import data_options, model_options, option, output_options
from foodviz.cli.saliency import METHOD


@click.command(cls=GreedyCommand)
@data_options
@option("--ids", multiple=True, help="Ids in the split's listing, or file names such as 0_15.")
@model_options
@output_options
@option("--class", "class_name", help="Pictures with this label.")
@option("--errors", is_flag=True, help="Pictures that the model names wrongly.")
@option("--limit", type=click.IntRange(min=1), default=200, help="So many pictures, evenly spread, at most.")
@option("--method", type=METHOD, multiple=True, help="Which, as in saliency.  [default: eight that take few passes]")
@option("--target", default="predicted", help="Class explained: predicted, label, or a class name or number.")
@option("--objective", type=click.Choice(["logit", "probability", "loss"]), default="logit", help="Score explained.")
@hide_option
def evaluate(**flags: Any) -> None:
    """Which method's maps to believe on this model: methods by measures, with intervals and paired tests.

    Over the validation split unless --split says otherwise. What was measured is kept in the cache: a killed run goes
    on, and processes under torchrun share the pictures.
    """
    output.run("evaluate", flags)
