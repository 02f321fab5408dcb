"""Arguments that come from a file: each is checked against what the function says of it, and none is ever parsed."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from foodviz.errors import InputError


def typed(function: Callable[..., object], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are keyword arguments of the function, lists as tuples.

    Raises:
        InputError: a value of another type than the function's signature says.
    """
    checked = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is not parameter.KEYWORD_ONLY or name not in settings:
            continue
        value = settings[name]
        if not _fits(value, _kind(function, parameter.annotation)):
            raise InputError(f"`{name}` {value!r}: must be {parameter.annotation}")
        checked[name] = tuple(value) if isinstance(value, list) else value
    return checked


def _kind(function: Callable[..., object], annotation: Any) -> Any:
    """The annotation itself; it is the package's own text, evaluated where the function was written."""
    return eval(annotation, dict(vars(inspect.getmodule(function)))) if isinstance(annotation, str) else annotation


def _fits(value: object, kind: Any) -> bool:
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, each) for each in inside)
    if origin is Literal:
        return isinstance(value, str) and value in inside
    if origin is tuple and Ellipsis not in inside:
        return (
            isinstance(value, (list, tuple))
            and len(value) == len(inside)
            and all(_fits(each, its) for each, its in zip(value, inside, strict=True))
        )
    if origin in (Sequence, tuple):
        return isinstance(value, (list, tuple)) and all(_fits(each, inside[0]) for each in value)
    if kind is None or kind is types.NoneType:
        return value is None
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return isinstance(value, kind)
