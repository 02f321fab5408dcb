"""The whole net on pages: every layer with all its filters, every class with what it goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from foodviz.analysis.filters.arguments import MOST_STEPS, NOTES, is_whole, scanned_count
from foodviz.analysis.result import Result, settings_of, table
from foodviz.errors import nearest, require

if TYPE_CHECKING:
    from foodviz.analysis.atlas.chapters import Chapter
    from foodviz.analysis.subject import Subject

MOST_MINUTES = 100_000.0


def atlas(
    subject: Subject,
    index: str | Path | None = None,
    *,
    layers: Sequence[str] = (),
    filters: Sequence[int] = (),
    recipe: Literal["fourier", "maco", "pixel"] = "fourier",
    steps: int = 96,
    scan: int | str = "500",
    budget: float | None = None,
) -> Result:
    """The whole net on pages that open from a folder: its layers, all filters of each, its classes.

    What takes long waits in the cache under what it depends on: the same call goes on where a killed one stopped, and
    of a checkpoint that was trained further only what has changed is drawn again.

    Args:
        index: file of the first page, index.html of a folder that takes all others; none are written where None.
        layers: indices or dotted names; every convolution with its norm and activation without any.
        filters: of each layer, those that it has; all without any.
        recipe: how pictures climb, as in `filters`.
        steps: of the climb at most; a picture that no longer gets better is ready sooner.
        scan: pictures of the split to measure filters on, a number or all; the validation split unless the subject
            names one.
        budget: minutes for drawing; what is not drawn then is left out, and the same call goes on.

    Raises:
        InputError: a layer or filter that is not there, or a value out of its range.
    """
    settings = {**subject.settings, **settings_of(atlas, locals())}
    require(recipe in NOTES, "recipe", recipe, nearest(str(recipe), NOTES))
    require(is_whole(steps, 1, MOST_STEPS), "steps", steps, f"give from 1 to {MOST_STEPS}")
    for number in filters:
        require(is_whole(number, 0), "filters", number, "give numbers from 0 on")
    if budget is not None:
        require(0 <= budget <= MOST_MINUTES, "budget", budget, f"give minutes from 0 to {MOST_MINUTES:g}")
    count = scanned_count(scan)

    from foodviz.analysis.atlas.chapters import Source, layers_of
    from foodviz.analysis.atlas.classes import classes_of
    from foodviz.analysis.atlas.crops import Photographed
    from foodviz.analysis.atlas.drawing import draw

    source = Source.of(subject, layers, tuple(dict.fromkeys(filters)), count)
    seconds = None if budget is None else 60 * budget
    jobs = source.jobs()
    drawn = draw(subject, jobs, recipe, steps, seconds)
    photographed = Photographed(subject, source.split)
    chapters = list(layers_of(source, drawn[:-1], photographed))
    of_classes = classes_of(source, chapters, drawn[-1], photographed)
    missing = sum(len(job.channels) for job in jobs) - sum(len(batch.dead) for each in drawn for batch in each)
    if missing:
        subject.say(f"{missing} pictures are not drawn: the `budget` is spent; the same command goes on")

    facts = {
        **subject.facts(source.split),
        "scan": {"photographs": source.photographs, "asked": count or "all"},
        "layers": [chapter.facts for chapter in chapters],
        "classes": [each.name for each in of_classes],
        "not_drawn": missing,
    }
    if index is not None:
        from foodviz.analysis.atlas.writing import write_pages

        how = f"{recipe}, {NOTES[recipe]}; at most {steps} steps, seed {subject.seed}."
        facts["bytes"] = write_pages(Path(index), source, chapters, of_classes, how)
    arrays = {f"{chapter.slug} {name}": values for chapter in chapters for name, values in chapter.arrays().items()}
    return Result("atlas", settings, arrays, facts, _lines(chapters, facts))


def _lines(chapters: Sequence[Chapter], facts: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            chapter.facts["layer"].partition(" (")[0],
            f"{chapter.facts['filters']} filters",
            f"{chapter.facts['drawn']} drawn",
            f"{chapter.facts['dead']} dead",
            f"{chapter.facts['doubled']} doubled",
        )
        for chapter in chapters
    ]
    size = [f"{facts['bytes'] / 1e6:.1f} MB in all"] if "bytes" in facts else []
    return [*table(rows), *size]
