"""`foodviz rerun`: repeat what a manifest tells of."""

import sys

import click

from foodviz import analysis, progress
from foodviz.analysis.report.writing import Writing
from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import option
from foodviz.cli.report import spell
from foodviz.results import folder_of


@click.command(cls=GreedyCommand)
@click.argument("manifest", type=click.Path(dir_okay=False))
@option("--check", is_flag=True, help="Compare the raw values with the first run's, and keep nothing.")
@option("--out", type=click.Path(file_okay=False), default="rerun", help="Folder for the results.")
@option("--allow-code", is_flag=True, help="Let code run that the manifest names (--arch net.py:Class, --allow-code).")
@option("--quiet", is_flag=True, help="Print nothing but errors.")
def rerun(manifest: str, check: bool, out: str, allow_code: bool, quiet: bool) -> None:
    """Repeat the run that MANIFEST tells of: the .json that a command wrote, or the page of a report.

    With --check the raw values are compared: the exit code is 0 where all are identical; else each difference is said,
    and what may be its reason.
    """
    repeated = analysis.rerun(
        manifest,
        Writing(folder_of(out), command_line=output.line_given(), spell=spell()),
        (lambda _: None) if quiet else output.say,
        progress.silent if quiet else progress.bar,
        check=check,
        allow_code=allow_code,
    )
    if repeated.differences:
        reasons = repeated.reasons or ["no reason found: same checkpoint, pictures, versions, device and threads"]
        output.show([*repeated.differences, *(f"  because? {line}" for line in reasons)])
        sys.exit(1)
    if not quiet:
        output.show([f"identical: {repeated.identical} arrays"] if check else [])
        output.show_paths(repeated.paths)
