"""`foodviz reliance`: what the model relies on."""

from typing import Any

import click

from foodviz.analysis.reliance import CHANGES
from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import option, shared_options

_CHANGES = "Changes: " + ", ".join(CHANGES) + "; background:grey and picture:grey change another region than the food."


@click.command(cls=GreedyCommand, epilog=_CHANGES)
@shared_options
@option("--class", "class_name", help="Only pictures with this label.")
@option("--limit", type=click.IntRange(min=1), help="At most so many pictures, evenly spread.  [default: all]")
@option("--changes", multiple=True, metavar="CHANGE", help="What is changed, see below.  [default: the usual ones]")
@option("--masks", default="auto", help="Where the food is: auto, estimated, none, or a folder of <picture>.png.")
@option("--precision", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", help="Of the forward pass.")
def reliance(**flags: Any) -> None:
    """What the model relies on: the same pictures before and after one thing in them is changed.

    Over the validation split unless --split, --ids or --image say otherwise. Answers are kept in the cache: a second
    call, or one after a killed run, does not compute them again.
    """
    output.run("reliance", flags)
