"""Flags that several commands share, and parameters spelled as flags."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from foodviz.cli.values import Normalisation, Size
from foodviz.results import FORMATS

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


_FLAGS = {"class_name": "--class", "classes": "--class", "all_": "--all", "json_": "--json"}


def flag_of(parameter: str) -> str:
    """The flag that a parameter has in the terminal."""
    return _FLAGS.get(parameter, "--" + parameter.replace("_", "-"))


def with_flags(line: str) -> str:
    """A remark or an error of an analysis with its parameters, which stand in backticks, as flags."""
    return re.sub(r"`([a-z_]+)`", lambda found: flag_of(found[1]), line)


def option(*names: str, **settings: Any) -> Callable[[Decorated], Decorated]:
    """A click option that shows its default."""
    settings.setdefault("show_default", settings.get("default") is not None)
    return click.option(*names, **settings)


def data_options(command: Decorated) -> Decorated:
    """--data, --split: where pictures come from."""
    command = option("--split", help="Split of the data: any usual name.  [default: training]")(command)
    return option("--data", default="sample", help="Folder in a layout of Food-11, or `sample`.")(command)


def picture_options(command: Decorated) -> Decorated:
    """--ids, --image: which pictures."""
    command = option(
        "--image", multiple=True, help="Picture files, folders, patterns in quotes, or @list.txt, instead of ids."
    )(command)
    return option("--ids", multiple=True, help="Ids in the split's listing, or file names such as 0_15.")(command)


def model_options(command: Decorated) -> Decorated:
    """--model, --arch, --device: what is explained; and what the model expects of its pixels."""
    for decorate in reversed(_PIXELS):
        command = decorate(command)
    command = option(
        "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", help="Where to compute."
    )(command)
    command = option(
        "--weight-set", help="Which weights, where the file holds several sets: a name or a part of it: ema."
    )(command)
    command = option(
        "--arch",
        help="Architecture: a name, torchvision:<name>, timm:<name>, path/net.py:<class> or package.module:<factory>.",
    )(command)
    return option(
        "--model",
        default="sample",
        help="Checkpoint file, torchvision:<name> or timm:<name> for published weights, or `sample`.",
    )(command)


_PIXELS = (
    option("--channel-order", type=click.Choice(["rgb", "bgr"]), help="Colours as the model was trained on them."),
    option(
        "--normalise",
        type=Normalisation(),
        multiple=True,
        help="What training did to values in [0, 1]: none, half (mean and deviation 0.5), imagenet, bytes (times 255), "
        "or mean and deviation in numbers, three and three.",
    ),
    option(
        "--fit",
        type=click.Choice(["squash", "crop", "pad"]),
        default="squash",
        help="Whole pictures out of proportion, their middle (resize 256, crop 224), or whole ones with black edges.",
    ),
    option("--resize", type=click.Choice(["antialiased", "plain"]), help="Bilinear with antialiasing, or OpenCV's."),
    option("--input-size", type=Size(), help="Height and width of the model's input in pixels, or HEIGHTxWIDTH."),
    option("--allow-code", is_flag=True, help="Let the checkpoint run its code: only for files you made."),
)


def output_options(command: Decorated) -> Decorated:
    """--seed, --out, --dpi, --quiet, --json: how and where results appear."""
    command = option("--json", "json_", is_flag=True, help="Print the manifest instead of the table.")(command)
    command = option("--quiet", is_flag=True, help="Print nothing but errors.")(command)
    command = option("--dpi", type=click.IntRange(30, 600), default=150, help="Resolution of the pictures.")(command)
    command = option("--out", type=click.Path(file_okay=False), default="results", help="Folder for the results.")(
        command
    )
    return option("--seed", type=int, default=0, help="Seed of everything random.")(command)


def format_option(command: Decorated) -> Decorated:
    """--format: what figures are written as."""
    kinds = click.Choice(FORMATS)
    return option("--format", type=kinds, multiple=True, default=("png",), help="Of the figures, one or several.")(
        command
    )


def shared_options(command: Decorated) -> Decorated:
    """All of the above, for a command that draws pictures of pictures."""
    for decorate in (format_option, output_options, model_options, picture_options, data_options):
        command = decorate(command)
    return command
