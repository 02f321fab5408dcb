"""`foodviz sample`: the embedded sample data set as files."""

from typing import Any

import click

from foodviz import analysis, progress
from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import option


@click.command(cls=GreedyCommand)
@option("--out", type=click.Path(file_okay=False), required=True, help="Folder for the data set.")
@option("--split", multiple=True, help="Splits to write.  [default: all three]")
@option("--limit", type=click.IntRange(min=1), help="Only the first so many pictures of each class and split.")
@option("--masks", is_flag=True, help="Also write each picture's object mask to <split>_masks/<name>.png.")
@option("--quiet", is_flag=True, help="Print nothing but errors.")
def sample(quiet: bool, **flags: Any) -> None:
    """Write the embedded sample data set as a Food-11 folder.

    Drawn pictures under Food-11's own names and counts: read with --data OUT they have the same ids as the sample.
    With --limit the folder is smaller and its ids are its own.
    """
    written = analysis.sample(progress.silent if quiet else progress.bar, **flags)
    if not quiet:
        output.show(f"{folder}  {count} pictures" for folder, count in written.items())
