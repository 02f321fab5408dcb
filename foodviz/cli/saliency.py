"""`foodviz saliency`: which pixels an answer depends on."""

from collections.abc import Sequence
from typing import Any

import click

from foodviz.analysis.saliency import catalogue
from foodviz.cli import output
from foodviz.cli.greedy import GreedyCommand
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


@click.command(cls=GreedyCommand)
@shared_options
@option("--method", type=click.Choice(list(catalogue.METHODS)), default="gradient", help="How to attribute.")
@option("--target", default="label", help="Class to explain: label, predicted, or a class name or number.")
@option("--objective", type=click.Choice(["logit", "probability", "loss"]), default="logit", help="Score explained.")
@option("--reduce", type=click.Choice(["max", "sum", "none"]), help="Over the colours.  [default: max; sum for paths]")
@method_options
@option("--shared-scale", is_flag=True, help="One colour scale for all maps instead of one each.")
def saliency(**flags: Any) -> None:
    """Which pixels the answer depends on.

    Without --ids: the four photographs of the report, ids 57 3207 4707 3784.
    """
    output.run("saliency", flags)
