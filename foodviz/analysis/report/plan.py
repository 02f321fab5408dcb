"""What the sections of a report are: which analysis, of which subject, with which arguments."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from foodviz import homework
from foodviz.analysis.lime import OF_CLASSES, OF_PICTURES
from foodviz.analysis.opening import open_subject
from foodviz.analysis.typed import typed
from foodviz.errors import InputError, nearest

if TYPE_CHECKING:
    from foodviz.analysis.result import Result
    from foodviz.analysis.subject import Subject

# The analysis behind each section, in the page's order.
SECTIONS = {
    "saliency": "saliency",
    "activations": "activations",
    "filters": "filters",
    "lime": "lime",
    "class": "lime",
    "reliance": "reliance",
    "confusion": "confusion",
    "dream": "dream",
    "inspect": "inspect",
}
LABELLED = ("class", "confusion")  # say nothing without labels
UNSEEN = ("inspect", "reliance", "confusion")  # look at what the model has not seen, whatever split the report is of
CHANGED = 132  # pictures that one thing is changed in, unless the table says how many: some seconds instead of minutes


@dataclass(frozen=True)
class Section:
    """One part of a report.

    Attributes:
        name: its folder, and its anchor in the page.
        subject: what it looks at. arguments: of its analysis.
    """

    name: str
    subject: Subject
    arguments: Mapping[str, Any]

    @property
    def command(self) -> str:
        """The analysis's name; of what no report has, the name itself."""
        return SECTIONS.get(self.name, self.name)

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting that its figures depend on, defaults included."""
        names = inspect.signature(analysis_of(self.command)).parameters.values()
        defaults = {each.name: each.default for each in names if each.kind is each.KEYWORD_ONLY}
        settings = {**self.subject.settings, **defaults, **self.arguments}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()}

    def run(self) -> Result:
        """The analysis's answer."""
        return analysis_of(self.command)(self.subject, **self.arguments)


def analysis_of(command: str) -> Callable[..., Result]:
    """The function of that name."""
    function: Callable[..., Result] = getattr(import_module(f"foodviz.analysis.{command}"), command)
    return function


def planned(
    subject: Subject,
    tables: Mapping[str, Mapping[str, Any]],
    names: Sequence[str],
    ids: Sequence[int | str],
    class_name: str | None,
) -> list[Section]:
    """The sections asked for, each with the table of its command and what makes it the report's.

    Args:
        tables: command -> settings that differ from its defaults, its subject's among them.
        names: of SECTIONS; all without any.
        ids: pictures of saliency, maps and LIME.
        class_name: summed up; the report's own, or the first of the data, where None.

    Raises:
        InputError: no such section, or a setting of another type than its analysis takes.
    """
    unknown = next((name for name in names if name not in SECTIONS), None)
    if unknown is not None:
        raise InputError(f"`sections` {unknown}: {nearest(unknown, SECTIONS)}")
    return [
        _section(name, subject, tables.get(SECTIONS[name], {}), ids, class_name)
        for name in dict.fromkeys(names or _possible(subject))
    ]


def _section(
    name: str, subject: Subject, table: Mapping[str, Any], ids: Sequence[int | str], class_name: str | None
) -> Section:
    arguments = typed(analysis_of(SECTIONS[name]), table)
    if ids and name not in ("dream", "class", *UNSEEN):  # one has a picture of its own, the other chooses them
        arguments["ids"] = tuple(ids)
    if name == "class":
        arguments = {key: value for key, value in arguments.items() if key not in ("ids", "image", *OF_PICTURES)}
        arguments["class_name"] = class_name or _recognised(subject)
    if name == "lime":
        arguments = {key: value for key, value in arguments.items() if key not in OF_CLASSES}
    if name == "reliance" and not {"ids", "image"} & arguments.keys():
        arguments.setdefault("limit", CHANGED)
    if name == "filters":
        arguments.setdefault("similar", True)
        if "layer" not in arguments and _has_the_reports_layer(subject):
            arguments.setdefault("filters", homework.FILTERS)
    theirs = {**subject.settings, **typed(open_subject, table)}
    if name in UNSEEN:
        theirs["split"] = table.get("split")
    return Section(name, _looking_at(subject, theirs), arguments)


def _looking_at(subject: Subject, settings: Mapping[str, Any]) -> Subject:
    """The subject itself; another where its settings are others, with the same model where only the split is."""
    if settings == subject.settings:
        return subject
    if {**settings, "split": None} == {**subject.settings, "split": None}:
        return dataclasses.replace(subject, settings=settings, load=lambda _: subject.classifier)
    return open_subject(**settings, say=subject.say, progress=subject.progress)


def _possible(subject: Subject) -> list[str]:
    """The sections that there can be: what needs labels is left out where no split has any, and that is said."""
    if any(split.labelled for split in (subject.split(), *subject.dataset.splits())):
        return list(SECTIONS)
    subject.say(f"left out, as no picture has a label: {' and '.join(LABELLED)}")
    return [name for name in SECTIONS if name not in LABELLED]


def _recognised(subject: Subject) -> str:
    split = subject.split()
    labels = sorted({split.labels[index] for index in split.labelled_ids})
    names = [split.class_names[label] for label in labels] or list(split.class_names)
    return homework.RECOGNISED if homework.RECOGNISED in names else names[0]


def _has_the_reports_layer(subject: Subject) -> bool:
    """Whether the filters of the report's layer are there; a model that cannot be read is named by its section."""
    if subject.settings.get("model") == "sample":  # known without opening it
        return True
    try:
        layer = subject.layer(None, homework.LAYER)
    except InputError:
        return True
    return layer.requested == homework.LAYER and layer.channels > max(homework.FILTERS)
