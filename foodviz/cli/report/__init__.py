"""`foodviz report`: every figure by one command, and one page that holds them all."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from foodviz.cli.options import GreedyCommand, data_options, model_options, option, output_options
from foodviz.errors import InputError

NAMES = ("inspect", "saliency", "activations", "filters", "lime", "class", "confusion", "dream")
REPORT_FILTERS = ("7", "16", "25", "36", "49")  # of layer 15, in the report
RECOGNISED = "Rice"  # the class whose signs are summed up unless told otherwise


@click.command(cls=GreedyCommand)
@data_options
@option("--ids", multiple=True, help="Pictures of saliency, maps and LIME.  [default: the report's four]")
@model_options
@output_options
@option("--sections", type=click.Choice(NAMES), multiple=True, help="Only these, in this order.  [default: all]")
@option("--class", "class_name", help="Sum up what this class is recognised by.  [default: Rice, or the first]")
def report(sections: tuple[str, ...], class_name: str | None, **flags: Any) -> None:
    """All figures of the report, and one page that holds them: report.html opens anywhere, without a network.

    Each section is one command of foodviz; a config's tables for the commands hold here, too. What a section depends
    on unchanged, it is taken from its folder below --out instead of drawn again.
    """
    from foodviz.cli.report.page import write_page
    from foodviz.cli.report.sections import Section, draw, timed
    from foodviz.results import ResultFolder

    context = click.get_current_context()
    root = context.parent
    assert root is not None
    _check(flags)
    out = Path(flags["out"])
    given = context.params
    line = shlex.join(["foodviz", *sys.argv[1:]])
    ResultFolder(out, "report", line).check()
    asked = [key for key in flags if context.get_parameter_source(key) is not click.core.ParameterSource.DEFAULT]
    drawn = []
    for number, name in enumerate(sections or NAMES, 1):
        section = Section(name, "lime" if name == "class" else name, _words(root, name, flags, asked, class_name))
        with timed(f"[{number}/{len(sections or NAMES)}] {name}", quiet=flags["quiet"]):
            place = out / "report" / name
            drawn.append(draw(section, _choosing(root) if name == "class" else root, place, quiet=flags["quiet"]))
    finish(write_page(out, line, given, drawn), drawn, json_=flags["json_"], quiet=flags["quiet"])


def finish(paths: Sequence[Path], drawn: Sequence[Any], *, json_: bool, quiet: bool) -> None:
    """Say where the page is.

    Raises:
        InputError: sections failed; the page shows the others.
    """
    if json_:
        click.echo(paths[-1].read_text(encoding="utf-8"), nl=False)
    elif not quiet:
        for path in paths:
            click.echo(path)
    failed = [each for each in drawn if each.error]
    if failed:
        lines = "; ".join(f"{each.section.name}: {each.error}" for each in failed)
        raise InputError(f"{len(failed)} of {len(drawn)} sections failed, the page holds the others: {lines}")


def _check(flags: dict[str, Any]) -> None:
    """Look whether model and data are there, before every section says the same."""
    from foodviz.data import open_dataset

    model = flags["model"]
    if model != "sample" and not Path(model).expanduser().is_file():
        raise InputError(f"--model {model}: no such file")
    listing = open_dataset(flags["data"]).split(flags["split"])
    for each in flags["ids"]:
        listing.find(each)


def _words(
    root: click.Context, name: str, flags: dict[str, Any], asked: Sequence[str], class_name: str | None
) -> tuple[str, ...]:
    """The flags of a section: those given to the report that its command has, too, and what makes it the report's."""
    from foodviz.cli.spelled import APPEARANCE, spelled_out

    group = root.command
    assert isinstance(group, click.Group)
    command = group.get_command(root, "lime" if name == "class" else name)
    assert command is not None
    known = {param.name for param in command.params}
    apart = {*APPEARANCE, "class_name"}
    if name in ("inspect", "confusion"):
        apart.add("split")  # they look at what the model has not seen
    if name in ("dream", "class"):
        apart.add("ids")  # one has a picture of its own, the other chooses them
    words = spelled_out(command, {key: flags[key] for key in asked if key in known - apart})
    if name == "class":
        words += ["--class", class_name or _recognised(flags)]
    if name == "filters":
        configured = (root.default_map or {}).get("filters", {})
        words += [] if "filters" in configured or "layer" in configured else ["--filters", *REPORT_FILTERS]
        words += [] if "similar" in configured else ["--similar"]
    return tuple(words)


def _choosing(root: click.Context) -> click.Context:
    """The same without a config's pictures: the class's are chosen by the command."""
    defaults = dict(root.default_map or {})
    defaults["lime"] = {key: value for key, value in defaults.get("lime", {}).items() if key not in ("ids", "image")}
    return click.Context(root.command, info_name=root.info_name, parent=root, default_map=defaults)


def _recognised(flags: dict[str, Any]) -> str:
    from foodviz.data import open_dataset

    names = open_dataset(flags["data"]).split(flags["split"]).class_names
    return RECOGNISED if RECOGNISED in names else names[0]
