"""What a model relies on: one thing in its pictures changed at a time, and the answers that change counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from foodviz.analysis.result import OnDemand, Result, settings_of
from foodviz.errors import require
from foodviz.methods.interventions import catalogue
from foodviz.methods.interventions.catalogue import CHANGES

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from foodviz.analysis.subject import Subject

__all__ = ["CHANGES", "reliance"]

Precision = Literal["auto", "float32", "bfloat16"]


def reliance(
    subject: Subject,
    *,
    ids: Sequence[int | str] = (),
    image: Sequence[str] = (),
    class_name: str | None = None,
    limit: int | None = None,
    changes: Sequence[str] = (),
    masks: str = "auto",
    precision: Precision = "auto",
) -> Result:
    """What the model relies on: the same pictures before and after one change at a time.

    Over the validation split unless the subject names one. Answers are kept in the cache: a second call, or one after
    a killed run, does not compute them again.

    Args:
        ids: only these pictures, of the training split unless the subject names one. image: picture files instead.
        class_name: only pictures with this label, by its name or number.
        limit: at most so many pictures, evenly spread.
        changes: names of the catalogue (`foodviz.methods.interventions.catalogue`), such as `grey`, or with the region
            that is changed, `background:grey`; the usual ones without any.
        masks: where the food is. `auto`: the data's masks, else estimated from the colours, which is said; `estimated`;
            `none`: pictures are changed as a whole; else a folder of masks, `<stem>.png` for each picture.
        precision: of the forward passes; `auto` is bfloat16 where the processor has units for it.

    Raises:
        InputError: no such picture, class, change or folder.
    """
    settings = {**subject.settings, **settings_of(reliance, locals())}
    require(precision in ("auto", "float32", "bfloat16"), "precision", precision, "must be auto, float32 or bfloat16")
    from foodviz.analysis.reliance.pictures import chosen

    interventions = catalogue.known(changes, masked=masks != "none")
    pictures = chosen(subject, ids, image, class_name, limit, masks)

    from foodviz.analysis.confusion.summary import write_rows
    from foodviz.analysis.reliance import words
    from foodviz.analysis.reliance.passes import Pass, answers
    from foodviz.analysis.reliance.summary import Summary
    from foodviz.devices import choose_precision

    possible = choose_precision(precision, subject.device, subject.say)
    one_pass = Pass(pictures, tuple(interventions), possible)
    summary = Summary(answers(one_pass), interventions, subject.classifier.class_names, subject.seed)

    def draw() -> Mapping[str, Figure]:
        from foodviz.analysis.reliance.figures import makers

        return OnDemand(makers(one_pass, summary))

    files: Mapping[str, Callable[[Path], object]] = {
        "reliance.csv": lambda path: write_rows(path, summary.effect_rows),
        "reliance-pictures.csv": lambda path: write_rows(path, summary.picture_rows(pictures.split.names)),
    }
    return Result(
        "reliance",
        settings,
        summary.arrays,
        {**subject.facts(pictures.split), **summary.facts},
        words.lines(summary, pictures),
        words.sentences(summary),
        draw,
        files=files,
        findings=words.findings(summary),
    )
