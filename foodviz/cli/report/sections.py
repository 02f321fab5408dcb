"""The sections of a report: each is a command, run in this process and kept until what it depends on changes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import click

import foodviz
from foodviz import __version__
from foodviz.cache import file_digest
from foodviz.cli.run import COMMAND_LINE, LOADED
from foodviz.cli.spelled import APPEARANCE, spelled_out, typed
from foodviz.errors import InputError
from foodviz.results import write_bytes

SAMPLE_MODEL = Path(str(foodviz.__file__)).with_name("models") / "sample.safetensors"  # found without importing torch
KEPT = "section.json"  # what the page shows of a section, in its folder, with the digest of what it depends on


@dataclass(frozen=True)
class Section:
    """One command of a report.

    Attributes:
        name: its folder, and its anchor in the page.
        command: what draws it.
        words: flags that the report gives it; the rest is the command's defaults and the config's.
        settings: the value of every parameter where a manifest tells them; there are no words then.
    """

    name: str
    command: str
    words: tuple[str, ...] = ()
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Drawn:
    """A section as it came out.

    Attributes:
        command_line: redraws it.
        settings: value of every flag.
        manifest: what the command wrote of itself; empty where it failed.
        shown: what the page shows, as `foodviz.cli.report.shown` gathers it; empty where it failed.
        error: the one line that it failed with, else empty.
    """

    section: Section
    command_line: Sequence[str]
    settings: Mapping[str, Any]
    manifest: Mapping[str, Any]
    shown: Mapping[str, Any]
    error: str = ""


def draw(section: Section, root: click.Context, folder: Path, *, quiet: bool, fresh: bool = False) -> Drawn:
    """Run a section into `folder`, or take it from there where nothing it depends on has changed.

    Args:
        root: context of the group, whose config gives the defaults.
        fresh: run it, whatever the folder holds.
    """
    group = root.command
    assert isinstance(group, click.Group)
    command = group.get_command(root, section.command)
    assert command is not None
    own = {param.name for param in command.params}
    words = list(section.words)
    words += ["--out", str(folder)] if "out" in own else ["--json"]
    words += ["--quiet"] * quiet
    line: list[str] = ["foodviz", section.command, *section.words]
    settings: dict[str, Any] = {}
    try:
        if section.settings is None:
            context = command.make_context(section.command, words, parent=root)
        else:
            context = click.Context(command, info_name=section.command, parent=root)
            given = {"out": str(folder), "quiet": quiet, "json_": "out" not in own}
            context.params = typed(command, section.settings) | {key: given[key] for key in given if key in own}
        settings = dict(context.params)
        line = ["foodviz", section.command, *spelled_out(command, settings, APPEARANCE)]
        digest = _digest(section.command, settings)
        kept = None if fresh else _kept(folder, digest)
        if kept is not None:
            return Drawn(section, line, settings, kept["manifest"], kept["shown"])
        manifest, shown = _run(context, command, line, folder)
    except (InputError, click.ClickException) as error:
        return Drawn(section, line, settings, {}, {}, " ".join(_words(error).split()))
    except Exception as error:  # one broken section must not cost the others
        return Drawn(section, line, settings, {}, {}, f"{type(error).__name__}: {' '.join(str(error).split())}")
    content = {"digest": digest, "manifest": manifest, "shown": shown}
    write_bytes(folder / KEPT, json.dumps(content).encode())
    return Drawn(section, line, settings, manifest, shown)


def _run(
    context: click.Context, command: click.Command, line: list[str], folder: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    from foodviz.cli.report.shown import gather

    (folder / KEPT).unlink(missing_ok=True)
    context.meta[COMMAND_LINE] = line
    context.meta.setdefault(LOADED, {})
    printed = io.StringIO()
    with context, contextlib.redirect_stdout(printed):
        command.invoke(context)
    name = str(command.name)
    if "out" not in context.params:
        folder.mkdir(parents=True, exist_ok=True)
        said = {"command": name, "command_line": shlex.join(line), "settings": context.params}
        said |= json.loads(printed.getvalue())
        write_bytes(folder / f"{name}.json", json.dumps(said, indent=2).encode())
    manifest = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return manifest, gather(name, folder, manifest)


def _words(error: Exception) -> str:
    return error.format_message() if isinstance(error, click.ClickException) else str(error)


def _kept(folder: Path, digest: str) -> dict[str, Any] | None:
    """What was kept under that digest; None where it is something else, damaged, or the pictures are gone."""
    try:
        content: dict[str, Any] = json.loads((folder / KEPT).read_text(encoding="utf-8"))
        files = content["shown"]["files"]
        whole = content["digest"] == digest and all((folder / name).is_file() for name in files)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return content if whole else None


def _digest(command: str, settings: Mapping[str, Any]) -> str:
    """SHA-256 of everything that a section's figures depend on."""
    asked = {key: value for key, value in settings.items() if key not in APPEARANCE}
    files = [settings.get("model"), settings.get("guide"), *settings.get("image", ())]
    files.append(str(settings.get("arch") or "").partition(":")[0])
    depends = {
        "command": command,
        "settings": asked,
        "versions": [__version__, *(metadata.version(name) for name in ("torch", "matplotlib", "numpy"))],
        "files": [_file_digest(str(name)) for name in files if name],
        "pictures": [_pictures(str(settings["data"]), split) for split in _splits(settings)],
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


def _splits(settings: Mapping[str, Any]) -> list[str | None]:
    """Confusion and the checks of a model look at both, whatever the split."""
    return [settings.get("split"), "training", "validation"]


@cache
def _pictures(data: str, split: str | None) -> str:
    from foodviz.data import open_dataset

    try:
        return open_dataset(data).split(split).fingerprint
    except InputError as error:
        return str(error)


def _file_digest(name: str) -> str:
    path = SAMPLE_MODEL if name == "sample" else Path(name).expanduser()
    try:
        return file_digest(path)
    except OSError:
        return ""


def timed(what: str, *, quiet: bool) -> contextlib.AbstractContextManager[None]:
    """Say on stderr what is being done, and how long it took."""
    return contextlib.nullcontext() if quiet else _timed(what)


@contextlib.contextmanager
def _timed(what: str) -> Any:
    click.echo(f"{what} …", err=True)
    begun = time.monotonic()
    yield
    click.echo(f"{what}: {time.monotonic() - begun:.1f} s", err=True)
