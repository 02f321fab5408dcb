"""`foodviz layers`: what `--layer` can name."""

import json
from typing import Any

import click

from foodviz import analysis
from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import data_options, model_options, option, picture_options


@click.command(cls=GreedyCommand)
@data_options
@picture_options
@model_options
@option("--json", "json_", is_flag=True, help="Print JSON instead of the table.")
@option("--quiet", is_flag=True, help="No remarks, only the table.")
def layers(json_: bool, **flags: Any) -> None:
    """The layers of a model, in the order they run, as --layer takes them: by index or by name.

    Size is that of the maps, field the pixels that one of their values depends on, dead the share of channels that give
    one and the same value everywhere on the pictures of --ids or --image. Without either, four pictures are looked at.
    """
    result = analysis.layers(output.subject_of(flags), **output.arguments(analysis.layers, flags))
    if json_:
        click.echo(json.dumps(result.facts["layers"], indent=2))
    else:
        output.show(result.lines)
