"""Settings as the flags that say them, so that a run can be told and repeated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import click

from foodviz.errors import InputError

# How and where a run appears, not what it shows.
APPEARANCE = frozenset({"out", "quiet", "json_"})


def spelled_out(command: click.Command, settings: Mapping[str, Any], without: Collection[str] = ()) -> list[str]:
    """The flags that bring `command` to these settings; what is at its default is left out.

    Args:
        settings: parameter name -> value, as in a manifest.
        without: names to pass over.

    Raises:
        ValueError: a setting that the command has no flag for.
    """
    flags = {param.name: param for param in command.params if isinstance(param, click.Option)}
    bare = click.Context(command)
    words: list[str] = []
    for name in sorted(settings, key=list(flags).index):
        param, value = flags[name], settings[name]
        default = param.get_default(bare)
        given = value != (default is True) if param.is_flag else _plain(value) not in (None, _plain(default))
        if name in without or not given:
            continue
        flag = max(param.opts, key=len)
        if param.is_flag:
            words.append(flag if value else param.secondary_opts[0])
        elif param.multiple or param.nargs > 1:
            words += [flag, *map(str, value)]
        else:
            words += [f"{flag}={value}"] if str(value).startswith("-") else [flag, str(value)]
    return words


def typed(command: click.Command, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as the command's parameters, each checked by its flag's own type; no parser reads the values.

    A manifest may come from anybody: a value that looks like a flag stays the value of the flag that it is given for.

    Raises:
        InputError: a setting that the command has no flag for, or a value that its flag does not take.
    """
    known = {param.name: param for param in command.params if isinstance(param, click.Option)}
    bare = click.Context(command)
    unknown = next((name for name in settings if name not in known), None)
    if unknown is not None:
        raise InputError(f"a manifest of another version: {command.name} has no flag {unknown!r}")
    values: dict[str, Any] = {}
    for name, param in known.items():
        default = param.get_default(bare)
        given = default if isinstance(default, (str, int, float, tuple)) else None  # else click's word for none
        value = settings.get(str(name), list(given) if isinstance(given, tuple) else given)
        several = param.multiple or param.nargs > 1
        sound = isinstance(value, bool) if param.is_flag else several == isinstance(value, list) or value is None
        try:
            each_of = (value or ()) if several else () if value is None else (value,)
            if not sound or not all(isinstance(each, (str, int, float)) for each in each_of):
                raise click.BadParameter(f"{value!r}")
            values[str(name)] = param.type_cast_value(bare, value or None if several else value)
        except click.BadParameter as error:
            raise InputError(f"the manifest's {name} is none that {command.name} takes: {error.message}") from None
    return values


def _plain(value: Any) -> Any:
    """A value as JSON would give it back; nothing given is None."""
    return list(value) or None if isinstance(value, (tuple, list)) else value
