"""Settings as the flags that say them, so that a run can be told and repeated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import click

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


def _plain(value: Any) -> Any:
    """A value as JSON would give it back; nothing given is None."""
    return list(value) or None if isinstance(value, (tuple, list)) else value
