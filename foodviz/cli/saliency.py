"""`foodviz saliency`: which pixels an answer depends on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from foodviz.analysis.saliency import catalogue
from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
from foodviz.cli.map_options import choice_options, hide_option, trust_option
from foodviz.cli.options import Decorated, flag_of, option, shared_options


def method_options(command: Decorated) -> Decorated:
    """The methods' own flags, as the catalogue lists them."""
    for name, several in reversed(catalogue.options().items()):
        helps = []
        for method, each in several:
            default = "" if each.default is None else f"  [default: {each.default}]"
            helps.append(f"{method}: {each.help}{default}")
        command = click.option(flag_of(name), type=_type([each for _, each in several]), help="; ".join(helps))(command)
    return command


def _type(options: Sequence[catalogue.Option]) -> Any:
    """What a flag takes for any of its methods; the method itself may take less."""
    first = options[0]
    if first.choices:
        return click.Choice(first.choices)
    least, most = min(each.least for each in options), max(each.most for each in options)
    if isinstance(first.default, int):
        return click.IntRange(int(least), int(most))
    return click.FloatRange(least, most) if isinstance(first.default, float) else str


class MethodChoice(click.Choice[str]):
    """A method of the catalogue, or a class of captum's, which the analysis looks up."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if isinstance(value, str) and value.startswith(catalogue.CAPTUM):
            return value
        return super().convert(value, param, ctx)


METHOD = MethodChoice([*catalogue.METHODS, f"{catalogue.CAPTUM}CLASS"])


@click.command(cls=GreedyCommand)
@shared_options
@choice_options
@option("--all", "all_", is_flag=True, help="Every picture of the split, or of those above: maps into a store.")
@option("--half", is_flag=True, help="With --all: maps as float16.")
@option(
    "--method",
    type=METHOD,
    multiple=True,
    default=("gradient",),
    help="One or several, side by side; captum:CLASS runs a class of captum.attr, where captum is installed.",
)
@option("--target", multiple=True, default=("label",), help="Classes to explain: label, predicted, names or numbers.")
@option("--against", help="Why the target and not this class: the difference of the two logits.")
@option("--objective", type=click.Choice(["logit", "probability", "loss"]), default="logit", help="Score explained.")
@option("--reduce", type=click.Choice(["max", "sum", "none"]), help="Over the colours.  [default: max; sum for paths]")
@hide_option
@trust_option
@method_options
@option("--shared-scale", is_flag=True, help="One colour scale for all maps instead of one each.")
@option("--clip", type=float, default=99.5, help="Percentile of a map's values that ends its colours; 100 for all.")
@option("--overlays", is_flag=True, help="Each map as files of its picture's own size, transparent and laid over it.")
@option("--colours", help="A colour map of matplotlib's.  [default: magma; RdBu_r where there are signs]")
@option("--strength", type=click.FloatRange(0, 1, min_open=True), default=0.7, help="How opaque overlays are at most.")
def saliency(**flags: Any) -> None:
    """Which pixels the answer depends on, and how far to believe it.

    Without --ids: the four photographs of the report, ids 57 3207 4707 3784. With --all: the maps of a whole split as
    parts of a store, and a page of thumbnails; a killed run goes on, and processes under torchrun share the pictures.
    """
    output.run("saliency", flags, *([Path(flags["out"]) / "saliency-maps"] if flags["all_"] else []))
