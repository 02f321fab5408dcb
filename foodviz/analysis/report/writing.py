"""The report: its sections one after the other, then the page."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foodviz.analysis.opening import open_subject
from foodviz.analysis.report.page import write_page
from foodviz.analysis.report.plan import planned
from foodviz.analysis.report.sections import Spell, draw, timed
from foodviz.analysis.result import settings_of
from foodviz.results import ResultFolder

if TYPE_CHECKING:
    from foodviz.analysis.subject import Subject


def as_call(command: str, settings: Mapping[str, Any]) -> str:
    """What repeats an analysis in a notebook."""
    opening = inspect.signature(open_subject).parameters
    unsaid = ("None", "False", "[]")  # 0 is none of them
    given = {name: value for name, value in settings.items() if repr(value) not in unsaid and name != "dpi"}
    subject, own = (
        ", ".join(f"{name}={value!r}" for name, value in given.items() if (name in opening) is of_subject)
        for of_subject in (True, False)
    )
    return f"foodviz.{command}(foodviz.open_subject({subject}), {own})"


@dataclass(frozen=True)
class Writing:
    """Where a report goes and how.

    Attributes:
        out: folder for the page; the sections' own files go to `report` below.
        dpi: resolution of the pictures.
        command_line: what made the report, for the page.
        spell: gives the line that repeats a section.
        tables: command -> settings that differ from its defaults, as a config file has them.
    """

    out: Path = Path("results")
    dpi: int = 150
    command_line: str = ""
    spell: Spell = as_call
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """A report as it was written.

    Attributes:
        paths: of the page and of its manifest.
        manifest: what the page holds.
        failures: section -> the line that it failed with; the page holds the others.
        sections: how many there are.
    """

    paths: Sequence[Path]
    manifest: Mapping[str, Any]
    failures: Mapping[str, str]
    sections: int


def report(
    subject: Subject,
    writing: Writing | None = None,
    /,
    *,
    ids: Sequence[int | str] = (),
    sections: Sequence[str] = (),
    class_name: str | None = None,
) -> Report:
    """All figures of the report, and one page that holds them: report.html opens anywhere, without a network.

    Each section is one analysis. What a section depends on unchanged, it is taken from its folder instead of drawn
    again.

    Args:
        writing: where it goes and how.
        ids: pictures of saliency, maps and LIME; the report's four without any.
        sections: only these, in this order; all without any.
        class_name: sum up what this class is recognised by; the report's own, or the first, where None.

    Raises:
        InputError: no such section or picture, or a folder that cannot be written to.
    """
    writing = writing or Writing()
    settings = {**subject.settings, **settings_of(report, locals()), "dpi": writing.dpi}
    ResultFolder(writing.out, "report", writing.command_line).check()
    for each in ids:  # what every section would say is said once
        subject.dataset.split(subject.settings["split"]).find(str(each))
    plan = planned(subject, writing.tables, sections, ids, class_name)
    drawn = []
    for number, section in enumerate(plan, 1):
        with timed(subject.say, f"[{number}/{len(plan)}] {section.name}"):
            folder = writing.out / "report" / section.name
            drawn.append(draw(section, folder, dpi=writing.dpi, spell=writing.spell))
    paths, manifest = write_page(writing.out, writing.command_line, settings, drawn)
    return Report(paths, manifest, {each.section.name: each.error for each in drawn if each.error}, len(drawn))
