"""`foodviz inspect`: what a checkpoint is, and proof that it is read right."""

import json
from pathlib import Path
from typing import Any

import click

from foodviz import analysis
from foodviz.analysis.inspect import as_config
from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import data_options, model_options, option
from foodviz.results import check_writable, write_bytes


@click.command(cls=GreedyCommand)
@data_options
@model_options
@option("--count", type=click.IntRange(11), default=165, help="Labelled pictures to rate the best readings on.")
@option("--few", type=click.IntRange(11), default=33, help="Labelled pictures to rate the likelier readings on.")
@option("--save", type=click.Path(dir_okay=False), help="Write the best reading as a config file for --config.")
@option("--json", "json_", is_flag=True, help="Print JSON instead of the table.")
@option("--quiet", is_flag=True, help="Print nothing but errors.")
def inspect(save: str | None, json_: bool, quiet: bool, **flags: Any) -> None:
    """What a checkpoint is, and proof that it is read right.

    The model classifies labelled pictures of the validation split under every usual reading: RGB and BGR, each
    normalisation, each resize. The one that is right most often is what every other command should be told; --save
    writes it down.
    """
    if save is not None:
        check_writable(save, "save")
    result = analysis.inspect(output.subject_of({**flags, "quiet": quiet}), **output.arguments(analysis.inspect, flags))
    if json_:
        click.echo(json.dumps(result.facts, indent=2))
    elif not quiet:
        output.show(result.lines)
    if save is not None:
        write_bytes(Path(save), as_config(result.facts).encode())
        if not (json_ or quiet):
            output.show([f"{save} written: foodviz --config {save} saliency reads the model so"])
