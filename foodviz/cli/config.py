"""A config file: the same flags as TOML defaults."""

import tomllib
from pathlib import Path
from typing import Any

import click

from foodviz.errors import InputError, nearest


def read_config(path: Path, ctx: click.Context) -> dict[str, Any]:
    """A TOML file as click's `default_map`.

    Keys at the top are for every command that has such a flag; a table named like a command is for it alone.

    Raises:
        InputError: no such file, no TOML, or a key that no flag answers to.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"--config {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"--config {path}: not TOML: {error}") from None
    group = ctx.command
    assert isinstance(group, click.Group)
    commands = group.list_commands(ctx)
    flags = {}
    for name in commands:
        command = group.get_command(ctx, name)
        assert command is not None
        flags[name] = {param.name for param in command.params if isinstance(param, click.Option) and param.name}
    everywhere = sorted(set().union(*flags.values()))
    shared = {key: value for key, value in content.items() if not isinstance(value, dict)}
    for key in shared:
        if key not in everywhere:
            raise InputError(f"{path}: unknown key {key!r}; {nearest(key, [*everywhere, *commands])}")
    defaults: dict[str, Any] = {}
    for name, known in flags.items():
        own = content.get(name, {})
        for key in own:
            if key not in known:
                raise InputError(f"{path}: [{name}] has no flag {key!r}; {nearest(key, sorted(known))}")
        defaults[name] = {key: value for key, value in shared.items() if key in known} | own
    for key, value in content.items():
        if isinstance(value, dict) and key not in commands:
            raise InputError(f"{path}: unknown table [{key}]; {nearest(key, commands)}")
    return defaults
