"""What a report comes to, in a few sentences with their figures; each leads to its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from foodviz.analysis.report.sections import DrawnSection

READING = "inspect"  # the section on how the checkpoint was read, the page's last
ORDER = ("reliance", "confusion", "saliency", "lime", "class")  # what is found by others comes behind


class Finding(NamedTuple):
    """A sentence, the section that shows it, and whether it casts doubt on the rest."""

    sentence: str
    section: str
    warns: bool = False


def findings(drawn: Sequence[DrawnSection]) -> list[Finding]:
    """Doubts about the model first, then what each section found, last whether it had been trained on the pictures."""
    remarks = dict.fromkeys(line for each in drawn for line in each.manifest.get("model", {}).get("remarks", ()))
    found = [Finding(line, READING, True) for line in remarks]
    for each in sorted(drawn, key=lambda each: _place(each.section.name)):
        found += [Finding(line, each.section.name) for line in each.page.get("findings", ())]
    return [*found, *_leaks(drawn)]


def _place(section: str) -> int:
    return ORDER.index(section) if section in ORDER else len(ORDER)


def _leaks(drawn: Sequence[DrawnSection]) -> list[Finding]:
    """Whether the model had been trained on what it is measured on, and on the pictures that are explained."""
    known = {each.section.name: each.manifest["trained_on"] for each in drawn if each.manifest.get("trained_on")}
    if not known:
        return [Finding("The checkpoint does not say which pictures it was trained on.", READING)]
    found = []
    if measured := known.pop("confusion", ""):
        alarming = not measured.startswith(("0 of ", "accuracy "))
        found.append(Finding(f"Pictures that it is measured on: {measured}.", "confusion", alarming))
    found += [Finding(f"Pictures that are explained: {line}.", name) for name, line in list(known.items())[:1]]
    return found
