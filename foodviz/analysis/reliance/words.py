"""The effects in plain words, strongest first; what the interval does not carry is said to be none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foodviz.analysis.reliance.summary import Effect, Group, Summary, ranked
from foodviz.analysis.result import table
from foodviz.printable import printable

if TYPE_CHECKING:
    from foodviz.analysis.reliance.pictures import Chosen

_FEW = 4  # pictures of a class: with fewer no change can be told from chance


def sentences(summary: Summary) -> list[str]:
    """What all pictures say, kind by kind, and what each class does."""
    effects = [_of_kind(each, summary.labelled) for each in summary.all.strongest if not each.none]
    return [*effects, *_without(summary), *_of_classes(summary)]


def findings(summary: Summary) -> list[str]:
    """What decides most, that the food be there left aside, and what does not."""
    effects = [each for each in summary.all.strongest if not each.none and each.intervention.kind != "object"]
    return [*(_of_kind(each, summary.labelled) for each in effects[:1]), *_without(summary)]


def _without(summary: Summary) -> list[str]:
    """What no change of which has an effect."""
    kinds = [each.intervention.tested for each in summary.all.strongest if each.none]
    return [f"Nothing that was changed shows that the answers need {' or '.join(kinds)}."] if kinds else []


def lines(summary: Summary, chosen: Chosen) -> list[str]:
    """For the terminal: every intervention with its figures, then the classes, then how it was done."""
    heading = ("when", "keep their name", "change", "95 % interval", "probability", "")
    rows = [_row(each) for each in ranked(summary.all.effects)]
    return [*table([heading, *rows]), "", *_of_classes(summary), *notes(summary, chosen)]


def notes(summary: Summary, chosen: Chosen) -> list[str]:
    """What must be known of how it was done."""
    count, guessed = len(summary.answers.ids), summary.guessed
    if chosen.masks == "none":
        where = "Pictures were changed as a whole: nothing says where the food is."
    elif guessed == count:
        where = "Where the food is was estimated from the colours: look at the masks before you believe the rest."
    elif guessed:
        where = f"Where the food is was estimated in {guessed} of {count} pictures; look at their masks."
    else:
        where = "Food and background are told apart by the masks of the data."
    shares = "of those named rightly before" if summary.labelled else "by the answers to the pictures as they are"
    cut = [each for each in summary.all.effects if each.cut >= 0.05]
    return [
        f"{count:,} pictures, each before and after; shares are {shares}. No effect is shown where the 95 % "
        "interval covers that nothing happens, as with few pictures it often does.",
        where,
        *(
            f"When {each.intervention.words}, {each.cut:.0%} of the changed pixels leave the range of photographs and "
            "are cut."
            for each in cut
        ),
    ]


def _of_kind(effect: Effect, labelled: bool) -> str:
    verb = "need" if effect.change < 0 else "are better without"
    figures = (
        f"{effect.lost:,} of {effect.named:,} {'rightly named ' if labelled else ''}pictures change their answer when "
        f"{effect.intervention.words}"
    )
    low, high = (_points(value) for value in effect.interval)
    change = f"{_points(effect.change)} points, 95 % interval {low} to {high}"
    return f"The answers {verb} {effect.intervention.tested}: {figures} ({change})."


def _of_classes(summary: Summary) -> list[str]:
    """A line a class where there are several, of those with pictures enough to say something."""
    several = summary.classes if len(summary.classes) > 1 else []
    return [_of_class(each) for each in several if len(each.rows) >= _FEW]


def _of_class(group: Group) -> str:
    """The strongest of each kind."""
    strongest = [each for each in group.strongest if not each.none and each.change < 0]
    name, named = printable(group.name), group.named
    if not strongest:
        return f"{name}: nothing that was changed changes more of {named:,} answers than chance may."
    first, *others = (f"when {each.intervention.words}" for each in strongest)
    counts = [f"{each.lost:,}" for each in strongest]
    more = "".join(f", {count} {when}" for count, when in zip(counts[1:], others, strict=True))
    return f"{name}: {counts[0]} of {named:,} change {first}{more}."


def _row(effect: Effect) -> tuple[str, ...]:
    before, after = effect.probability
    low, high = (_points(value) for value in effect.interval)
    return (
        effect.intervention.words,
        f"{effect.kept:,} of {effect.named:,} ({effect.share_kept:.1%})" if effect.named else "–",
        _points(effect.change),
        f"{low} to {high}",
        f"{before:.0%} → {after:.0%}",
        "none shown" if effect.none else effect.intervention.kind,
    )


def _points(share: float) -> str:
    """A change in percentage points, signed."""
    text = f"{100 * share:+.1f}".replace("-", "−")
    return "0.0" if text in ("+0.0", "−0.0") else text
