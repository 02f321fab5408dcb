"""`foodviz report`: every figure by one command, and one page that holds them all."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from foodviz import analysis
from foodviz.analysis.report.plan import SECTIONS
from foodviz.analysis.report.sections import Spell
from foodviz.analysis.report.writing import Writing
from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.options import data_options, model_options, option, output_options
from foodviz.cli.replay import line_for
from foodviz.errors import InputError
from foodviz.results import folder_of


@click.command(cls=GreedyCommand)
@data_options
@option("--ids", multiple=True, help="Pictures of saliency, maps and LIME.  [default: the report's four]")
@model_options
@output_options
@option("--sections", type=click.Choice(list(SECTIONS)), multiple=True, help="Only these, in order.  [default: all]")
@option("--class", "class_name", help="Sum up what this class is recognised by.  [default: Rice, or the first]")
def report(**flags: Any) -> None:
    """All figures of the report, and one page that holds them: report.html opens anywhere, without a network.

    Each section is one command of foodviz; a config's tables for the commands hold here, too. What a section depends
    on unchanged, it is taken from its folder below --out instead of drawn again.
    """
    subject = output.subject_of(flags)
    writing = Writing(folder_of(flags["out"]), flags["dpi"], output.line_given(), spell(), tables())
    written = analysis.report(subject, writing, **output.arguments(analysis.report, flags))
    if flags["json_"]:
        click.echo(written.paths[-1].read_text(encoding="utf-8"), nl=False)
    elif not flags["quiet"]:
        output.show_paths(written.paths)
    if written.failures:
        sections: dict[str, list[str]] = {}  # that failed with each line: often one for all
        for name, line in written.failures.items():
            sections.setdefault(line, []).append(name)
        lines = "; ".join(f"{', '.join(names)}: {line}" for line, names in sections.items())
        count = f"{len(written.failures)} of {written.sections} sections failed"
        raise InputError(f"{count}, the page holds the others: {lines}")


def spell() -> Spell:
    """Gives the command line that redraws a section."""
    return partial(line_for, _group())


def _group() -> click.Group:
    group = click.get_current_context().find_root().command
    assert isinstance(group, click.Group)
    return group


def tables() -> dict[str, dict[str, Any]]:
    """The config's tables for the sections' commands, each value of its flag's type; the report's own flags win."""
    context = click.get_current_context()
    line = click.core.ParameterSource.COMMANDLINE
    given = {name for name in context.params if context.get_parameter_source(name) is line}
    given -= {"ids", "class_name"}  # are not for every section; the plan knows for which
    given_tables: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(SECTIONS.values()):
        command = _group().get_command(context, name)
        assert command is not None
        params = {param.name: param for param in command.params}
        table = (context.find_root().default_map or {}).get(name, {})
        given_tables[name] = {
            key: params[key].type_cast_value(context, value) for key, value in table.items() if key not in given
        }
    return given_tables
