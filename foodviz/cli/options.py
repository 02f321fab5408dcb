"""Flags that several commands share, and `--ids 57 3207` for repeatable ones."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from foodviz.errors import InputError

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class GreedyCommand(click.Command):
    """A command whose repeatable flags take several values at once, `--ids 57 3207` or `--ids 57,3207`.

    click refuses nargs=-1 on options, so each value gets a flag of its own before click parses them.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        repeatable = {flag for param in self.params if param.multiple for flag in param.opts}
        spelled_out: list[str] = []
        flag = None
        values = 0
        for arg in args:
            name, equals, value = arg.partition("=")
            if arg.startswith("--") and equals and name in repeatable:
                flag, values = name, 1
                spelled_out += [part for piece in _pieces(value) for part in (flag, piece)]
            elif arg.startswith("-") and not _negative(arg):
                if flag and not values:
                    spelled_out.append(flag)  # nothing followed it: click says so
                flag, values = (arg, 0) if arg in repeatable else (None, 0)
                if not flag:
                    spelled_out.append(arg)
            elif flag:
                spelled_out += [part for piece in _pieces(arg) for part in (flag, piece)]
                values += 1
            else:
                spelled_out.append(arg)
        if flag and not values:
            spelled_out.append(flag)
        return super().parse_args(ctx, spelled_out)


_FLAGS = {"class_name": "--class", "classes": "--class", "all_": "--all", "json_": "--json"}


def flag_of(parameter: str) -> str:
    """The flag that a parameter has in the terminal."""
    return _FLAGS.get(parameter, "--" + parameter.replace("_", "-"))


def spelled(line: str) -> str:
    """A remark or an error of an analysis with its parameters, which stand in backticks, as flags."""
    return re.sub(r"`([a-z_]+)`", lambda found: flag_of(found[1]), line)


def number_or(word: str, asked: str, least: int, otherwise: str) -> int | None:
    """A flag's whole number, or None for the word that it also takes.

    Raises:
        InputError: neither, or less than `least`; `otherwise` says so, with {} for what was asked.
    """
    if asked == word:
        return None
    if not asked.isdecimal() or int(asked) < least:
        raise InputError(otherwise.format(asked))
    return int(asked)


def _pieces(value: str) -> list[str]:
    return [piece for piece in value.split(",") if piece] or [value]


def _negative(arg: str) -> bool:
    """Whether an argument that begins with a dash is a number, as in `--layer -1`."""
    return arg[1:].replace(".", "", 1).isdecimal()


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
    command = option("--image", multiple=True, help="Picture files instead of ids.")(command)
    return option("--ids", multiple=True, help="Ids in the split's listing, or file names such as 0_15.")(command)


def model_options(command: Decorated) -> Decorated:
    """--model, --arch, --device: what is explained; and what the model expects of its pixels."""
    for decorate in reversed(_PIXELS):
        command = decorate(command)
    command = option(
        "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", help="Where to compute."
    )(command)
    command = option(
        "--arch", help="Architecture: a name, torchvision:<name>, path/net.py:<class> or package.module:<factory>."
    )(command)
    return option("--model", default="sample", help="Checkpoint file, or `sample`.")(command)


_PIXELS = (
    option("--channel-order", type=click.Choice(["rgb", "bgr"]), help="Colours as the model was trained on them."),
    option(
        "--normalise",
        type=click.Choice(["none", "half", "imagenet", "bytes"]),
        help="What training did to values in [0, 1]: nothing, mean and deviation 0.5, ImageNet's, or times 255.",
    ),
    option("--resize", type=click.Choice(["antialiased", "plain"]), help="Bilinear with antialiasing, or OpenCV's."),
    option("--input-size", type=click.IntRange(8, 2048), help="Height and width of the model's input in pixels."),
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


def shared_options(command: Decorated) -> Decorated:
    """All of the above, for a command that draws pictures of pictures."""
    for decorate in (output_options, model_options, picture_options, data_options):
        command = decorate(command)
    return command
