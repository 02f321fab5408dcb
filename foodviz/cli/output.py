"""A command's flags -> its analysis -> files, and lines on the terminal."""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foodviz import analysis, progress
from foodviz.cli.options import with_flags
from foodviz.distributed import leads, leave, under_torchrun
from foodviz.printable import REMARK, printable
from foodviz.results import ResultFolder

if TYPE_CHECKING:
    from foodviz.analysis import Result, Subject


def run(name: str, flags: Mapping[str, Any], *kept: Path) -> None:
    """Open what the flags name, call the analysis of that name with the rest, write what it gives and say where.

    Of several processes under torchrun the first one writes and speaks.

    Args:
        kept: files that the analysis itself writes while it runs, its arguments after the subject.
    """
    function = getattr(analysis, name)
    ResultFolder(flags["out"], name, line_given()).check()
    result = function(subject_of(flags), *kept, **arguments(function, flags))
    if leads():
        write(result, flags, kept=kept)
    if under_torchrun():
        leave()


def arguments(function: object, flags: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the flags that are keyword arguments of a function."""
    names = [
        name
        for name, each in inspect.signature(function).parameters.items()  # type: ignore[arg-type]
        if each.kind is each.KEYWORD_ONLY
    ]
    return {name: flags[name] for name in names if name in flags}


def subject_of(flags: Mapping[str, Any]) -> Subject:
    """What the shared flags name, with remarks and progress on stderr; nothing slow is done yet."""
    quiet = bool(flags.get("quiet")) or not leads()
    return analysis.open_subject(
        **arguments(analysis.open_subject, flags),
        rated=not flags.get("image"),
        say=(lambda _: None) if quiet else say,
        progress=progress.silent if quiet else progress.bar,
    )


def say(line: str) -> None:
    """A remark for the person at the terminal, on stderr."""
    click.echo(printable(with_flags(line), REMARK), err=True)


def line_given() -> str:
    """The command line as it was typed."""
    return shlex.join(["foodviz", *sys.argv[1:]])


def write(result: Result, flags: Mapping[str, Any], command_line: str | None = None, kept: Sequence[Path] = ()) -> None:
    """The result's files below --out; their paths and its lines on the terminal, or its manifest."""
    folder = result.save(
        flags["out"],
        dpi=flags["dpi"],
        formats=flags.get("format") or ("png",),
        command_line=command_line or line_given(),
    )
    for remark in () if flags["quiet"] else folder.remarks:
        say(remark)
    if flags["json_"]:
        click.echo(folder.paths[-1].read_text(encoding="utf-8"), nl=False)
    elif not flags["quiet"]:
        show_paths([*kept, *folder.paths])
        show(result.lines)


def show(lines: Iterable[str]) -> None:
    """Lines on stdout."""
    for line in lines:
        click.echo(printable(with_flags(line), REMARK))


def show_paths(paths: Iterable[Path]) -> None:
    """Paths on stdout, a line each."""
    for path in paths:
        click.echo(printable(path, REMARK))
