"""Settings -> the command line that brings a command to them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import click


def flags_for(command: click.Command, settings: Mapping[str, Any]) -> list[str]:
    """The flags that bring `command` to these settings; what is at its default is left out.

    Args:
        settings: parameter name -> value, as in a manifest; those that are no flag of the command's are passed over.
    """
    flags = {param.name: param for param in command.params if isinstance(param, click.Option)}
    bare = click.Context(command)
    words: list[str] = []
    for name in sorted(flags.keys() & settings.keys(), key=list(flags).index):
        param, value = flags[name], settings[str(name)]
        default = param.get_default(bare)
        given = value != (default is True) if param.is_flag else _plain(value) not in (None, _plain(default))
        if not given:
            continue
        flag = max(param.opts, key=len)
        if param.is_flag:
            words.append(flag if value else param.secondary_opts[0])
        elif param.multiple or param.nargs > 1:
            words += [flag, *map(str, value)]
        else:
            words += [f"{flag}={value}"] if str(value).startswith("-") else [flag, str(value)]
    return words


def line_for(group: click.Group, name: str, settings: Mapping[str, Any]) -> str:
    """The same as one line for the shell."""
    command = group.get_command(click.Context(group), name)
    assert command is not None
    return shlex.join(["foodviz", name, *flags_for(command, settings)])


def _plain(value: Any) -> Any:
    """A value as JSON would give it back; nothing given is None."""
    return list(value) or None if isinstance(value, (tuple, list)) else value
