"""Repeat what a manifest tells of, and compare."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.analysis.manifests import read_manifest
from foodviz.analysis.opening import open_subject
from foodviz.analysis.report.plan import Section, analysis_of
from foodviz.analysis.report.sections import DrawnSection, draw, timed
from foodviz.analysis.report.writing import Writing
from foodviz.analysis.subject import log
from foodviz.analysis.typed import typed
from foodviz.errors import InputError
from foodviz.paths import is_file
from foodviz.progress import Progress, silent
from foodviz.results import ResultFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

_LARGEST = 4 << 30  # bytes of raw values, unpacked
# Settings of a run that are not taken over: where files went, and a dream's state that is somewhere else.
_OTHERS = ("dpi", "resume")


@dataclass(frozen=True)
class Repeated:
    """What a repetition came to.

    Attributes:
        paths: of what was written; empty for a comparison.
        identical: arrays that are what they were.
        differences: a line for each that is not. reasons: what may be why.
    """

    paths: Sequence[Path] = ()
    identical: int = 0
    differences: Sequence[str] = ()
    reasons: Sequence[str] = ()


def rerun(
    manifest: str,
    writing: Writing | None = None,
    say: Callable[[str], None] = log,
    progress: Progress = silent,
    /,
    *,
    check: bool = False,
    allow_code: bool = False,
) -> Repeated:
    """Repeat a run with the settings that its manifest tells, each checked and none of them parsed.

    Args:
        manifest: the .json that an analysis wrote, or the page of a report.
        writing: where the results go.
        say: takes a remark. progress: shows how far a long pass is.
        check: compare the raw values with the first run's, and keep nothing.
        allow_code: let code run that the manifest names (an architecture in a file, a checkpoint's own code).

    Raises:
        InputError: no manifest of foodviz's, one of another version, or one that would run code.
    """
    path, writing = Path(manifest), writing or Writing(Path("rerun"))
    first = read_manifest(path)
    paged = first["command"] == "report"
    parts = first["sections"] if paged else [{"name": first["command"], "manifest": first}]
    sections = [_section(path, each, allow_code, say, progress) for each in parts]
    if not check:
        ResultFolder(writing.out, first["command"], writing.command_line).check()
    drawn = []
    with tempfile.TemporaryDirectory() if check else nullcontext(str(writing.out)) as out:
        for section, each in zip(sections, parts, strict=True):
            folder = Path(out) / "report" / section.name if paged else Path(out)
            dpi = each["manifest"]["settings"].get("dpi", writing.dpi)
            with timed(say, f"{section.command} of {path}"):
                drawn.append(draw(section, folder, dpi=dpi, spell=writing.spell, fresh=True))
        if check:
            return _compared(path, parts, drawn, Path(out))
    if paged:
        from foodviz.analysis.report.page import write_page

        paths, _ = write_page(writing.out, str(first["command_line"]), first["settings"], drawn)
    elif drawn[0].error:
        raise InputError(drawn[0].error)
    else:
        paths = [writing.out / f"{first['command']}.json"]
    return Repeated(paths)


def _section(
    path: Path, part: Mapping[str, Any], allow_code: bool, say: Callable[[str], None], progress: Progress
) -> Section:
    """One run of the manifest, ready to be repeated; it may come from anybody and must not choose what code runs."""
    settings, command = part["manifest"]["settings"], part["manifest"]["command"]
    function = analysis_of(command)
    arguments, opening = typed(function, settings), typed(open_subject, settings)
    unknown = next((key for key in settings if key not in {*arguments, *opening, *_OTHERS}), None)
    if unknown is not None:
        raise InputError(f"{path}: of another version, {command} has no setting {unknown!r} ")
    _refuse_code(opening, allow_code)
    arguments.pop("resume", None)
    subject = open_subject(**opening, rated=not arguments.get("image"), say=say, progress=progress)
    return Section(part["name"], subject, arguments)


def _refuse_code(opening: Mapping[str, Any], allow_code: bool) -> None:
    """And what would be fetched: a manifest names neither."""
    from foodviz.models import published
    from foodviz.models.networks import declarable

    model = str(opening.get("model"))
    if published.named(model) and not is_file(published.place(model)):
        raise InputError(f"the manifest asks for {model}, which would be fetched; open it once with `model` {model}")
    arch = opening.get("arch")
    runs_code = bool(arch) and not declarable(str(arch))
    if (opening.get("allow_code") or runs_code) and not allow_code:
        what = f"`arch` {arch}" if runs_code else "`allow_code`"
        raise InputError(f"the manifest asks for {what}, which runs code; if you trust that, say `allow_code`")


def _compared(path: Path, parts: Sequence[Mapping[str, Any]], drawn: Sequence[DrawnSection], folder: Path) -> Repeated:
    """Whether every array is what it was."""
    from foodviz.manifest import array_digests, differences, reasons

    lines: list[str] = []
    same = 0
    why: dict[str, None] = {}
    paged = "arrays" in parts[0]
    for each, new in zip(parts, drawn, strict=True):
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
        apart = differences(old, array_digests(new_values), old_values, new_values)
        same += len(old) - len(apart)
        lines += [f"{each['name']}: {line}" for line in apart]
        if apart:
            why |= dict.fromkeys(reasons(each["manifest"], new.manifest))
    return Repeated((), same, lines, list(why))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """What a file of raw values holds; nothing where there is none.

    Raises:
        InputError: it is damaged, or holds something else than arrays.
    """
    import zipfile

    import numpy as np

    if not is_file(path):
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(each.file_size for each in archive.infolist()) > _LARGEST:
                raise ValueError("no run writes as much")
        with np.load(path, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        if not all(isinstance(values, np.ndarray) for values in arrays.values()):
            raise ValueError("NumPy gives the bytes of what is no array")
    except Exception:  # a damaged file can break anywhere in zip, zlib and NumPy
        raise InputError(f"{path}: damaged, or no raw values that foodviz wrote") from None
    return arrays
