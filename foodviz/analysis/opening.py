"""A model and a data set by their names -> the subject of an analysis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from foodviz.analysis.subject import MOST_SEED, Subject, log
from foodviz.errors import InputError, require
from foodviz.paths import is_file, is_folder, path_of
from foodviz.progress import Progress, silent
from foodviz.threads import wait_briefly

if TYPE_CHECKING:
    from foodviz.analysis.accuracy_check import LabelledPictures
    from foodviz.models import Classifier
    from foodviz.models.guess.guessed import Score
    from foodviz.models.guess.rating import Rating


def open_subject(
    *,
    data: str = "sample",
    split: str | None = None,
    model: str = "sample",
    arch: str | None = None,
    weight_set: str | None = None,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    channel_order: Literal["rgb", "bgr"] | None = None,
    normalise: str | Sequence[str | float] | None = None,
    resize: Literal["antialiased", "plain"] | None = None,
    fit: Literal["squash", "crop", "pad"] = "squash",
    input_size: int | str | None = None,
    allow_code: bool = False,
    seed: int = 0,
    rated: bool = True,
    say: Callable[[str], None] = log,
    progress: Progress = silent,
) -> Subject:
    """A model and a data set, ready to be analysed.

    Args:
        data: `sample` for the embedded pictures, else a folder in any layout of Food-11.
        split: any usual name of a split; None for the analysis's own default, mostly training.
        model: `sample` for the bundled one, `torchvision:<name>` or `timm:<name>` for weights that these publish,
            else a checkpoint file.
        arch: a name, torchvision:<name>, timm:<name>, path/net.py:<class> or package.module:<factory>; None to find
            out.
        weight_set: which set of weights, where the file holds several: its name or a part of it, `ema` say.
        device: where to compute; auto takes a GPU where there is one.
        channel_order, resize: what the model expects of its pixels; None for what its file says.
        normalise: none, half, imagenet or bytes; or mean and standard deviation of values in [0, 1], six numbers for
            three channels or two for all.
        fit: how much of a picture is left at the model's size: squash, crop or pad, see `data.pictures.pixels`.
        input_size: height and width in pixels, or both as "180x320"; None for what its file says.
        allow_code: let the checkpoint run its code, only for files you made.
        seed: of everything random.
        rated: whether labelled pictures of the data tell how well the model is read.
        say: takes a remark, one line. progress: shows how far a long pass is.

    Raises:
        InputError: no such folder or file, or no such seed; what is wrong inside them shows when it is needed.
    """
    require(0 <= seed <= MOST_SEED, "seed", seed, f"must be from 0 to {MOST_SEED}")
    from foodviz.data import open_dataset

    wait_briefly()
    if model != "sample" and not model.startswith(("torchvision:", "timm:")) and not is_file(path_of(model)):
        raise InputError(f"`model` {model}: {_no_file(path_of(model))}")
    if input_size is not None:
        from foodviz.models.preprocessing import LARGEST, SMALLEST, size_of

        fine = not isinstance(input_size, bool) and size_of(str(input_size)) is not None
        wanted = f"a whole number from {SMALLEST} to {LARGEST}, or HEIGHTxWIDTH such as 180x320"
        require(fine, "input_size", input_size, wanted)
    wanted_norm = _normalisation(normalise)
    require(fit in ("squash", "crop", "pad"), "fit", fit, "must be squash, crop or pad")
    settings = {
        "data": data,
        "split": split,
        "model": model,
        "arch": arch,
        "weight_set": weight_set,
        "device": device,
        "channel_order": channel_order,
        "normalise": wanted_norm,
        "resize": resize,
        "fit": fit,
        "input_size": input_size,
        "allow_code": allow_code,
        "seed": seed,
    }
    dataset = open_dataset(data, resize=resize or "antialiased", fit=fit)
    return Subject(dataset, _rated if rated else _load, settings, seed, once(say), progress)


def _no_file(path: Path) -> str:
    """Why a path is no checkpoint, and what to give instead."""
    if not is_folder(path):
        return "no such file"
    if is_file(path / "config.json"):
        return (
            "a folder as Hugging Face's transformers saves it, which foodviz does not build; `model` FILE with its "
            "state_dict() and `arch` net.py:net does (docs/api.md has both, eight lines)"
        )
    return "a folder, not a file"


def _normalisation(given: str | Sequence[str | float] | None) -> list[str | float] | None:
    """A name alone, or mean and deviation in numbers, as settings have them; None where nothing is given.

    Raises:
        InputError: it is neither.
    """
    values: list[str | float] = [given] if isinstance(given, str) else list(given or ())
    if not values:
        return None
    from foodviz.models.preprocessing import NORMALISATIONS, figures_of

    fine = values[0] in NORMALISATIONS if len(values) == 1 else figures_of(values) is not None
    wanted = (
        f"one of {', '.join(NORMALISATIONS)}, or mean and deviation of values in [0, 1]: six numbers, or two (values "
        "in 0 to 255 are divided by 255)"
    )
    require(fine, "normalise", " ".join(map(str, values)), wanted)
    return values


def _load(subject: Subject) -> Classifier:
    from foodviz.data.class_names import nameless

    classifier = _remarked(subject, load_model(subject, class_names=_class_names(subject)))
    if nameless(classifier.class_names):
        subject.say(
            "`model` names no classes, so they are numbered from 0; `data` FOLDER with a folder a class names them"
        )
    return classifier


def _class_names(subject: Subject) -> Sequence[str]:
    """What the outputs may be called where no picture's label tells: as the data's classes, or Food-11's by a name."""
    from foodviz.data import FOOD11
    from foodviz.data.class_names import is_food11

    settings = subject.settings
    if settings["data"] != "sample":
        return subject.split().class_names
    named = any(is_food11(str(settings[key])) for key in ("model", "arch"))
    return FOOD11 if named else ()


def _rated(subject: Subject) -> Classifier:
    """The model, its architecture decided and its answers checked by labelled pictures of the data."""
    from foodviz.analysis.accuracy_check import OtherClasses, chance_warning, labelled_pictures

    split = subject.split()
    pictures = labelled_pictures(subject.dataset, split)
    classifier, pictures = load_rated(subject, pictures, split.class_names)
    _remarked(subject, classifier)
    if pictures:
        with suppress(OtherClasses):  # classes that do not match are said where the analysis's own pictures need them
            classifier = pictures.named(classifier, subject.say)
            known = (subject.settings["model"], subject.settings["data"]) == ("sample", "sample")
            warning = None if known else chance_warning(pictures, classifier)
            if warning:
                subject.say(warning)
    return classifier


def load_rated(
    subject: Subject, pictures: LabelledPictures | None, class_names: Sequence[str]
) -> tuple[Classifier, LabelledPictures | None]:
    """The model, its architecture decided by labelled pictures; and these, None where its classes are others."""
    from foodviz.analysis.accuracy_check import OtherClasses
    from foodviz.models.guess.guessed import Score

    if pictures is None:
        return load_model(subject, class_names=class_names), None

    def rate(key: str, make: Callable[[], Classifier]) -> Rating:
        def made() -> Classifier:
            subject.say("finding out the architecture: readings are tried on labelled pictures, and remembered")
            return make()

        return pictures.remembered(key, made)

    try:
        return load_model(subject, class_names=class_names, score=Score(pictures.key, rate)), pictures
    except OtherClasses:
        return load_model(subject, class_names=class_names), None


def _remarked(subject: Subject, classifier: Classifier) -> Classifier:
    for remark in (*classifier.origin.guesses, *classifier.answers.remarks):
        subject.say(remark)
    return classifier


def load_model(
    subject: Subject,
    *,
    class_names: Sequence[str] = (),
    score: Score | None = None,
) -> Classifier:
    """The model that a subject's settings name; arguments as in `models.load`."""
    from foodviz import models
    from foodviz.memory import keep_freed_memory
    from foodviz.models.preprocessing import OWN, figures_of, size_of

    keep_freed_memory()
    settings = subject.settings
    size, normalise = settings["input_size"], settings["normalise"] or (None,)
    figures = figures_of(normalise)
    wanted = models.Preprocessing(
        settings["channel_order"],
        OWN if figures else normalise[0],
        settings["resize"],
        None if size is None else size_of(str(size)),
        figures,
    )
    return models.load(
        settings["model"],
        arch=settings["arch"],
        weight_set=settings["weight_set"],
        device=subject.device,
        class_names=class_names,
        preprocessing=wanted,
        allow_code=settings["allow_code"],
        score=score,
        progress=subject.progress,
    )


def once(say: Callable[[str], None]) -> Callable[[str], None]:
    """The same, each line a single time."""
    heard: set[str] = set()

    def say_it(line: str) -> None:
        if line not in heard:
            heard.add(line)
            say(line)

    return say_it
