"""Flags of commands that draw maps of pictures: which pictures, what hides parts of them, what is measured."""

import click

from foodviz.cli.options import Decorated, option


def hide_option(command: Decorated) -> Decorated:
    """--hide: what hidden parts show."""
    words = "What hidden parts show: mean, blur, grey, picture, noise or a colour; auto: what takes the answer away."
    return option("--hide", default="auto", help=words)(command)


def trust_option(command: Decorated) -> Decorated:
    """--trust: how much is measured of the maps."""
    levels = click.Choice(["none", "quick", "full"])
    return option("--trust", type=levels, default="quick", help="What is measured of the maps.")(command)


def choice_options(command: Decorated) -> Decorated:
    """--class, --errors, --limit: pictures by what they are."""
    limit = click.IntRange(min=1)
    command = option("--limit", type=limit, help="So many pictures, evenly spread.  [default: 20 of those above]")(
        command
    )
    command = option("--errors", is_flag=True, help="Pictures that the model names wrongly.")(command)
    return option("--class", "class_name", help="Pictures with this label.")(command)
