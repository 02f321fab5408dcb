"""A config file: the same flags as TOML defaults."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from foodviz.errors import InputError, nearest
from foodviz.paths import is_file

_LARGEST = 1 << 20  # bytes
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def read_config(path: Path, ctx: click.Context) -> dict[str, Any]:
    """A TOML file as click's `default_map`.

    Keys at the top are for every command that has such a flag; a table named like a command is for it alone. What the
    command that is run takes from it is of its flags' types and within their limits.

    Raises:
        InputError: no such file, no TOML, a key that no flag answers to, or a value that its flag does not take.
    """
    content = _content(path)
    group = ctx.command
    assert isinstance(group, click.Group)
    commands = {name: _options(group, ctx, name) for name in group.list_commands(ctx)}
    everywhere = sorted(set().union(*commands.values()))
    shared = {key: value for key, value in content.items() if not isinstance(value, dict)}
    for key in shared:
        if key not in everywhere:
            raise InputError(f"{path}: unknown key {key!r}; {nearest(key, [*everywhere, *commands])}")
    for key, value in content.items():
        if isinstance(value, dict) and key not in commands:
            raise InputError(f"{path}: unknown table [{key}]; {nearest(key, commands)}")
    defaults: dict[str, Any] = {}
    for name, options in commands.items():
        own = content.get(name, {})
        for key in own:
            if key not in options:
                raise InputError(f"{path}: [{name}] has no flag {key!r}; {nearest(key, sorted(options))}")
        taken = {key: value for key, value in shared.items() if key in options} | own
        where = {key: f"{path}: [{name}] {key}" if key in own else f"{path}: {key}" for key in taken}
        defaults[name] = {key: _listed(options[key], value, where[key]) for key, value in taken.items()}
        if ctx.invoked_subcommand in (name, "report"):  # a report runs them all
            _check(options, defaults[name], where, ctx)
    return defaults


def _content(path: Path) -> dict[str, Any]:
    try:
        if not is_file(path):  # a pipe is not waited for
            raise InputError(f"`config` {path}: no such file")
        if path.stat().st_size > _LARGEST:
            raise InputError(f"`config` {path}: more than {_LARGEST >> 20} MB, no config")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"`config` {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # not UTF-8, and numbers of thousands of digits, too
        raise InputError(f"`config` {path}: not TOML: {error}") from None


def _options(group: click.Group, ctx: click.Context, name: str) -> dict[str, click.Option]:
    command = group.get_command(ctx, name)
    assert command is not None
    return {param.name: param for param in command.params if isinstance(param, click.Option) and param.name}


def _listed(option: click.Option, value: object, where: str) -> object:
    """The value as the flag takes it: a list where it takes several; one alone is a list of one."""
    several = option.multiple or option.nargs > 1
    values = value if several and isinstance(value, list) else [value]
    if option.nargs > 1 and len(values) != option.nargs:
        raise InputError(f"{where}: must be a list of {option.nargs}")
    wanted = _kind(option)
    for each in values:
        kind = type(each)
        # as on the command line: a text may be a number, a number may be a text
        fine = kind is bool if wanted is bool else kind in (int, str) or (kind is float and wanted is not int)
        if not fine or "\0" in str(each):
            raise InputError(f"{where}: must be {_KINDS[wanted]}{' or a list of such' if option.multiple else ''}")
    return values if several else value


def _kind(option: click.Option) -> type:
    if option.is_flag:
        return bool
    if isinstance(option.type, click.types.IntParamType):
        return int
    return float if isinstance(option.type, click.types.FloatParamType) else str


def _check(
    options: Mapping[str, click.Option], values: Mapping[str, Any], where: Mapping[str, str], ctx: click.Context
) -> None:
    for key, value in values.items():
        try:
            options[key].type_cast_value(ctx, value)
        except click.BadParameter as error:
            raise InputError(f"{where[key]}: {error.message.rstrip('.')}") from None
