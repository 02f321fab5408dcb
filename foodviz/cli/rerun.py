"""`foodviz rerun`: repeat what a manifest tells of."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import click

from foodviz.cli.options import GreedyCommand, option
from foodviz.cli.report import NAMES as SECTIONS
from foodviz.errors import InputError

REPEATABLE = ("inspect", "saliency", "activations", "filters", "lime", "confusion", "dream")


class _Embedded(HTMLParser):
    """The texts of a page's scripts that are marked as its manifest; comments and attributes hold none."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and dict(attrs).get("id") == "manifest"
        if self._inside:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data


@click.command(cls=GreedyCommand)
@click.argument("manifest", type=click.Path(dir_okay=False))
@option("--check", is_flag=True, help="Compare the raw values with the first run's, and keep nothing.")
@option("--out", type=click.Path(file_okay=False), default="rerun", help="Folder for the results.")
@option("--allow-code", is_flag=True, help="Let code run that the manifest names (--arch net.py:Class, --allow-code).")
@option("--quiet", is_flag=True, help="Print nothing but errors.")
def rerun(manifest: str, check: bool, out: str, allow_code: bool, quiet: bool) -> None:
    """Repeat the run that MANIFEST tells of: the .json that a command wrote, or the page of a report.

    With --check the raw values are compared: the exit code is 0 where all are identical; else each difference is said,
    and what may be its reason.
    """
    path = Path(manifest)
    told = read_manifest(path)
    sections = told["sections"] if told["command"] == "report" else [{"name": told["command"], "manifest": told}]
    for each in sections:
        _refuse(each["manifest"], allow_code)

    from foodviz.cli.report.sections import Section, draw, timed
    from foodviz.cli.spelled import APPEARANCE

    group = click.get_current_context().find_root().command
    assert isinstance(group, click.Group)
    drawn = []
    with tempfile.TemporaryDirectory() if check else nullcontext(out) as folder:
        for each in sections:
            command = group.get_command(click.Context(group), each["manifest"]["command"])
            assert command is not None
            settings = each["manifest"]["settings"]
            settings = {key: settings[key] for key in settings if key not in {*APPEARANCE, "save", "resume"}}
            section = Section(each["name"], str(command.name), settings=settings)
            place = Path(folder) / "report" / section.name if told["command"] == "report" else Path(folder)
            with timed(f"{section.command} of {path}", quiet=quiet), click.Context(group) as root:
                drawn.append(draw(section, root, place, quiet=quiet, fresh=True))
        if check:
            _compare(path, sections, drawn, Path(folder), quiet=quiet)
            return
    if told["command"] == "report":
        from foodviz.cli.report import finish
        from foodviz.cli.report.page import write_page

        paths = write_page(Path(out), str(told["command_line"]), told["settings"], drawn)
        finish(paths, drawn, json_=False, quiet=quiet)
    elif drawn[0].error:
        raise InputError(drawn[0].error)
    elif not quiet:
        click.echo(f"{out}/{told['command']}.json")


def read_manifest(path: Path) -> dict[str, Any]:
    """A manifest from its file or from the page that holds it.

    Raises:
        InputError: no such file, no manifest, or of a command that cannot be repeated.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or 'not text'})") from None
    embedded = _Embedded(text).texts if text.lstrip().startswith("<") else [text]
    if len(embedded) > 1:
        raise InputError(f"{path}: a page with {len(embedded)} manifests, which foodviz never writes")
    try:
        told = json.loads("".join(embedded))
        inner = [each["manifest"] for each in told["sections"]] if told["command"] == "report" else [told]
        sound = all(isinstance(each["settings"], dict) and each["command"] in REPEATABLE for each in inner)
        # a name becomes a folder
        names = [each["name"] for each in told.get("sections", [])]
        sound &= len(set(names)) == len(names) and set(names) <= set(SECTIONS)
    except (ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        raise InputError(f"{path}: no manifest of a foodviz command that can be repeated")
    return dict(told)


def _refuse(manifest: Mapping[str, Any], allow_code: bool) -> None:
    """A manifest may come from anybody: it must not choose which code of this machine runs."""
    from foodviz.models.loading import declarable

    settings = manifest["settings"]
    arch = str(settings.get("arch") or "")
    runs_code = bool(arch) and arch != "pickled" and not declarable(arch)
    if (settings.get("allow_code") or runs_code) and not allow_code:
        what = f"--arch {arch}" if runs_code else "--allow-code"
        raise InputError(f"the manifest asks for {what}, which runs code; if you trust that, say --allow-code")


def _compare(path: Path, sections: list[dict[str, Any]], drawn: list[Any], folder: Path, *, quiet: bool) -> None:
    """Say whether every array is what it was.

    Raises:
        SystemExit: with code 1 where something differs.
    """
    from foodviz.manifest import array_digests, differences, reasons

    lines: list[str] = []
    same = 0
    why: dict[str, None] = {}
    paged = "arrays" in sections[0]
    for each, new in zip(sections, drawn, strict=True):
        where = Path("report") / each["name"] if paged else Path()
        if new.error:
            if new.error != each.get("error"):
                lines.append(f"{each['name']}: fails now: {new.error}")
            continue
        name = f"{new.section.command}.npz"
        old_values, new_values = _arrays(path.parent / where / name), _arrays(folder / where / name)
        old = each["arrays"] if paged else array_digests(old_values)
        if not paged and not old and new_values:
            raise InputError(f"{path.parent / name}: not there to compare with")
        found = differences(old, array_digests(new_values), old_values, new_values)
        same += len(old) - len(found)
        lines += [f"{each['name']}: {line}" for line in found]
        if found:
            why |= dict.fromkeys(reasons(each["manifest"], new.manifest))
    if not lines:
        if not quiet:
            click.echo(f"identical: {same} arrays")
        return
    for line in lines:
        click.echo(line)
    for line in why or {"no reason found: same checkpoint, pictures, versions, device and threads": None}:
        click.echo(f"  because? {line}")
    sys.exit(1)


def _arrays(path: Path) -> dict[str, Any]:
    import numpy as np

    if not path.is_file():
        return {}
    with np.load(path) as content:
        return {name: content[name] for name in content.files}
