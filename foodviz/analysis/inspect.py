"""What a checkpoint is, and proof that it is read right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foodviz.analysis.accuracy_check import FEW, labelled_pictures
from foodviz.analysis.readings import LEAST
from foodviz.analysis.result import Result, settings_of
from foodviz.analysis.subject import check_answers
from foodviz.errors import InputError, require
from foodviz.printable import printable

if TYPE_CHECKING:
    from foodviz.analysis.accuracy_check import LabelledPictures
    from foodviz.analysis.readings import Rated
    from foodviz.analysis.subject import Subject
    from foodviz.models import Classifier


def inspect(subject: Subject, *, count: int = 165, few: int = 33) -> Result:
    """What a checkpoint is, and proof that it is read right.

    The model classifies labelled pictures under every usual reading: RGB and BGR, each normalisation, each resize. The
    one that is right most often is what every other analysis should be told.

    Args:
        count: labelled pictures of the validation split to rate the best readings on.
        few: labelled pictures to rate the likelier readings on; the others are out after a third of the usual number.

    Raises:
        InputError: no such split, or a checkpoint that cannot be read.
    """
    settings = {**subject.settings, **settings_of(inspect, locals())}
    for name, value in (("count", count), ("few", few)):
        require(value >= LEAST, name, value, f"at least {LEAST} pictures")
    split = subject.dataset.split(subject.settings["split"], default="validation")
    pictures = labelled_pictures(subject.dataset, split, count)
    classifier, pictures, ratings = _proven(subject, pictures, few)
    _check_answers(subject, classifier, pictures)
    facts = {
        "weight_set": subject.settings["weight_set"],
        "fit": subject.settings["fit"],
        **_facts(subject.settings["model"], classifier, ratings, pictures),
    }
    return Result("inspect", settings, {}, facts, _lines(facts))


def as_config(facts: Mapping[str, Any]) -> str:
    """The best reading as TOML for `config`.

    Args:
        facts: of the result of `inspect`.

    Raises:
        InputError: the checkpoint's file name cannot be written in TOML.
    """
    from foodviz.models.preprocessing import OWN, size_text

    lines = [f"# Written by foodviz inspect for {_plain(facts['file'])}."]
    lines += [f"# {_plain(facts['verdict'])}"] if "verdict" in facts else []
    lines += [f"model = {_toml(facts['file'])}"]
    lines += [f"weight_set = {_toml(facts['weight_set'])}"] if facts["weight_set"] else []
    if facts["architecture"] != "pickled":
        lines.append(f"arch = {_toml(facts['architecture'])}")
    if facts.get("readings"):
        best = facts["readings"][0]
        chosen = [key for key in ("channel_order", "normalise", "resize") if best[key] != OWN]
        lines += [f"{key} = {_toml(best[key])}" for key in chosen]
        if best["figures"] is not None:  # without figures the file's own hold, unsaid
            lines.append(f"normalise = {[number for figures in best['figures'] for number in figures]}")
    lines += [f"fit = {_toml(facts['fit'])}"] if facts["fit"] != "squash" else []
    size = size_text(tuple(facts["input_size"]))
    return "\n".join([*lines, f"input_size = {size if size.isdecimal() else _toml(size)}", ""])


def _toml(text: str) -> str:
    """A string as TOML has it: as JSON's, without its surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{text!r} is not valid Unicode and cannot be written in a config") from None
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(text: str) -> str:
    """The same for a comment, in one line."""
    return printable(text, 1000)


def _proven(
    subject: Subject, pictures: LabelledPictures | None, few: int
) -> tuple[Classifier, LabelledPictures | None, list[Rated]]:
    """The classifier under the best reading, the pictures that say so, and all readings.

    A guessed architecture was rated together with its pixels and size. Of another the size is rated under the best
    pixels, and then the pixels again.
    """
    from foodviz import models
    from foodviz.analysis.accuracy_check import OtherClasses
    from foodviz.analysis.opening import load_rated
    from foodviz.analysis.readings import rate_readings, rate_sizes

    names = pictures.split.class_names if pictures else ()
    classifier, some = load_rated(subject, pictures.few(FEW) if pictures else None, names)
    if pictures is None or some is None:
        return classifier, None, []
    try:
        classifier = models.channels_last(pictures.named(classifier, subject.say))
        ratings = rate_readings(classifier, pictures, few)
    except OtherClasses as reason:
        subject.say(f"{reason}: labels say nothing of it")
        return classifier, None, []
    size = subject.settings["input_size"]
    if not size and not classifier.origin.guessed and not classifier.origin.declared.input_size:
        sizes = rate_sizes(classifier, ratings[0][1], pictures, few)
        if sizes and sizes[0][1].input_size != classifier.input_size:
            classifier = models.reread(classifier, sizes[0][1])
            ratings = rate_readings(classifier, pictures, few)
    return models.reread(classifier, ratings[0][1]), pictures, ratings


def _check_answers(subject: Subject, classifier: Classifier, pictures: LabelledPictures | None) -> None:
    import torch

    images = torch.full((1, 3, *classifier.input_size), 0.5)
    if pictures is not None:
        images = pictures.pictures(classifier.input_size, classifier.preprocessing.resize or "antialiased")[0][:FEW]
    with torch.inference_mode():
        check_answers(classifier(images.to(subject.device)), subject)


def _facts(
    file: str, classifier: Classifier, ratings: Sequence[Rated], pictures: LabelledPictures | None
) -> dict[str, Any]:
    facts = classifier.facts()
    described: dict[str, Any] = {
        "file": file,
        "sha256": classifier.sha256,
        "form": facts["form"],
        "architecture": facts["architecture"],
        "architecture_from": facts["architecture_from"],
        "parameters": facts["parameters"],
        "classes": list(classifier.class_names),
        "input_size": list(classifier.input_size),
        "guesses": facts["guesses"],
        "remarks": facts["remarks"],
        "architectures_tried": facts.get("readings_tried", []),
    }
    if pictures is not None:
        described["data"] = {"data": pictures.split.data, "split": pictures.split.name, "of": len(pictures.ids)}
        described["commonest_class"] = ratings[0][0].commonest
        described["readings"] = [
            {
                "channel_order": reading.channel_order,
                "normalise": reading.normalise,
                "resize": reading.resize,
                "figures": reading.figures,
                **vars(rating),
            }
            for rating, reading in ratings
        ]
        described["verdict"] = _verdict(ratings)
    return described


def _verdict(ratings: Sequence[Rated]) -> str:
    """Which reading fits best, and by how much: against the best with other colours or another normalisation."""
    rating, best = ratings[0]
    guessing = f"naming the commonest class would be right on {rating.commonest:.1%}"
    if not rating.beats_guessing:
        return (
            f"no reading is right more often than by guessing ({rating.shares} pictures; {guessing}): "
            "trained on other pictures or classes, or the architecture is read wrong"
        )
    other, wrong = next((each, reading) for each, reading in ratings if reading.colours != best.colours)
    resized, plain = next(
        (each, reading)
        for each, reading in ratings
        if reading.colours == best.colours and reading.resize != best.resize
    )
    return f"{best} fits best: {rating}; next {wrong}: {other}; with {plain.resize} resize: {resized}; {guessing}"


def _lines(described: Mapping[str, Any]) -> list[str]:
    classes = described["classes"]
    height, width = described["input_size"]
    lines = [
        f"file          {described['file']}: {described['form']}",
        f"architecture  {described['architecture']} ({described['architecture_from']})",
        f"parameters    {described['parameters']:,}",
        f"classes       {len(classes)}: {', '.join(map(printable, classes[:12]))}{' …' if len(classes) > 12 else ''}",
        f"input         {height}x{width}",
        *(f"guess         {line}" for line in described["guesses"]),
        *(f"answers       {line}" for line in described["remarks"]),
    ]
    if "readings" not in described:
        return [*lines, "no labelled pictures of its classes: nothing proven; --data FOLDER with such labels does it"]
    lines += ["", "log-likelihood: with the confidence of a too sure model taken down"]
    lines += [" right  of   log-likelihood  norms off  colours  normalise  resize"]
    lines += [
        f"{each['accuracy']:6.1%}  {each['pictures']:<4} {each['log_likelihood']:13.3f}  "
        f"{'' if each['misfit'] is None else format(each['misfit'], '.3f'):>9}  {each['channel_order']:7}  "
        f"{each['normalise']:9}  {each['resize']}"
        for each in described["readings"]
    ]
    return [*lines, "", described["verdict"]]
