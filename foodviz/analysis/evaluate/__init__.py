"""Which method to believe on this model: methods by measures, over many pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from foodviz.analysis import hiding
from foodviz.analysis.choosing import of_split
from foodviz.analysis.evaluate.measures import MEASURES
from foodviz.analysis.photographs import Photographs
from foodviz.analysis.result import Result, settings_of
from foodviz.errors import InputError, UsageError, require
from foodviz.methods.attribution import catalogue

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foodviz.analysis.evaluate.standings import Standings
    from foodviz.analysis.evaluate.study import Study
    from foodviz.analysis.subject import Subject

# Those that need few passes; LIME, occlusion, RISE and Score-CAM take as long as all of them together, each.
USUAL = (
    "gradient",
    "input-x-gradient",
    "smoothgrad",
    "integrated-gradients",
    "deeplift",
    "lrp",
    "guided-backprop",
    "gradcam",
)


def evaluate(
    subject: Subject,
    *,
    ids: Sequence[int | str] = (),
    class_name: str | None = None,
    errors: bool = False,
    limit: int = 200,
    method: Sequence[str] = (),
    target: str = "predicted",
    objective: Literal["logit", "probability", "loss"] = "logit",
    hide: str = "auto",
) -> Result:
    """Which method's maps to believe on this model, measured on many pictures.

    Of the validation split unless the subject names one. Each method runs with its defaults. What is measured is kept
    in the cache: a killed run goes on.

    Args:
        ids: pictures of the split.
        class_name: pictures with this label instead. errors: those that are named wrongly.
        limit: so many pictures of those, or of the whole split, evenly spread; all where there are fewer.
        method: names as in `saliency`; without any, eight that take few passes, as far as they can serve the model.
        target: class explained in each picture: predicted, label, or one for all by name or number.
        objective: score explained.
        hide: what hidden parts show, as in `lime`.

    Raises:
        InputError: a picture, class or method that is not there, or a method that cannot serve the model.
    """
    settings = {**subject.settings, **settings_of(evaluate, locals())}
    given = (method,) if isinstance(method, str) else tuple(dict.fromkeys(method))
    options = {name: catalogue.chosen(name, {}) for name in given or USUAL}
    require(limit >= 1, "limit", limit, "must be at least 1")
    if ids and (class_name is not None or errors):
        raise UsageError("`ids` name pictures; `class_name` and `errors` choose them: give either")
    how = hiding.hide_of(hide)
    split = subject.split("validation")
    chosen = [split.find(str(each)) for each in ids] if ids else of_split(subject, split, class_name, errors, limit)

    from foodviz.analysis.evaluate.rows import files
    from foodviz.analysis.evaluate.standings import Standings
    from foodviz.analysis.evaluate.study import Study
    from foodviz.analysis.evaluate.words import lines, sentences

    study = Study(subject, split, options, target, objective, how)
    if not given:
        study = _serving(study, chosen)
    measured = study.run(chosen)
    titles = [catalogue.method_of(name).title for name in study.options]
    standings = Standings.of(list(study.options), titles, measured.values, subject.seed)
    if not standings.measures:
        raise InputError(f"`method` {', '.join(study.options)}: nothing could be measured on these pictures")
    left_out = [each.name for each in MEASURES if each.masked and each not in standings.measures]
    if left_out:
        subject.say(f"left out, as no picture has a mask of what it shows: {', '.join(left_out)}, and the mask's row")

    facts = {
        **subject.facts(split),
        "method": list(study.options),
        "options": {name: dict(own) for name, own in study.options.items()},
        "images": len(measured.ids),
        **standings.facts,
        "sentences": sentences(standings),
    }
    return Result(
        "evaluate",
        settings,
        {"ids": measured.ids, "values": standings.values, "means": standings.means, "intervals": standings.intervals},
        facts,
        [*lines(standings), "", *facts["sentences"]],
        facts["sentences"],
        lambda: _figures(standings, facts),
        files=files(study, measured, standings),
    )


def _figures(standings: Standings, facts: Mapping[str, Any]) -> Mapping[str, Figure]:
    from foodviz.render.evaluate import MeasureColumn, standings_figure

    columns = [
        MeasureColumn(
            each.title,
            each.sign > 0,
            standings.means[:, column],
            standings.intervals[:, column],
            standings.leading(column),
            standings.scale(column),
        )
        for column, each in enumerate(standings.measures)
    ]
    figure = standings_figure(
        standings.row_titles,
        len(standings.methods),
        columns,
        title=f"Which method to believe on this model: {facts['images']} pictures",
        notes=[
            *facts["sentences"],
            "Means with 95 % intervals. Green: the best by the measure, and what cannot be told apart from it (paired, "
            "p ≥ 0.05 after Holm). Grey: what knows nothing of the model, the best of it dashed, and the mask.",
        ],
    )
    return {"": figure}


def _serving(study: Study, ids: Sequence[int]) -> Study:
    """The study with those of its methods that can serve the model, tried on the first picture that can be read."""
    from dataclasses import replace

    photographs = _first(study, ids)
    options = {}
    for name, own in study.options.items():
        try:
            (method,) = replace(study, options={name: own}).attributing(photographs)
            method(photographs.images)
        except InputError as reason:
            study.subject.say(f"left out {name}: {reason}")
        else:
            options[name] = own
    return replace(study, options=options)


def _first(study: Study, ids: Sequence[int]) -> Photographs:
    """The first picture that can be read."""
    from foodviz.data.batch import batches

    size = study.subject.classifier.input_size
    for batch in batches(study.split, ids, size, batch_size=1, skipped=lambda _: None):
        return Photographs(study.subject, study.split, study.subject.numbered(study.split, batch))
    raise InputError(f"`data` {study.split.data}: none of these pictures can be read")
