"""`foodviz activations`: what filters answer to photographs."""

from typing import Any

import click

from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.map_options import choice_options
from foodviz.cli.options import option, shared_options


@click.command(cls=GreedyCommand)
@shared_options
@choice_options
@option("--layer", help="Index or dotted name.  [default: 15, or the last maps]")
@option("--filters", type=click.IntRange(min=0), multiple=True, help="Which.  [default: 7 16 25 36 49]")
@option("--overlay", is_flag=True, help="Lay the maps over the photographs.")
def activations(**flags: Any) -> None:
    """What filters answer to photographs: their feature maps, raw.

    Without --ids: the four photographs of the report, ids 57 3207 4707 3784.
    """
    output.run("activations", flags)
