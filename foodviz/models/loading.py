"""The one place where a file's bytes become a Classifier."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from foodviz.errors import InputError
from foodviz.models import published
from foodviz.models.classifier import Classifier
from foodviz.models.files.normed import put_together
from foodviz.models.files.own_format import declared_by
from foodviz.models.files.weights import Checkpoint, broken, read_checkpoint
from foodviz.models.guess import stack
from foodviz.models.guess.guessed import Guess, Score, guess
from foodviz.models.networks import (
    filled_network,
    recognised_architecture,
    stackable,
    stated_architecture,
    usual_size,
)
from foodviz.models.origin import Declared, Origin
from foodviz.models.preprocessing import (
    LARGEST,
    NORMALISATIONS,
    RESIZES,
    SMALLEST,
    Colours,
    Preprocessing,
    Size,
    size_text,
)
from foodviz.models.trial import first_look
from foodviz.paths import path_of
from foodviz.progress import Progress, silent

SAMPLE = Path(__file__).with_name("sample.safetensors")
_SILENT = Declared()


@dataclass(frozen=True)
class _Requested:
    """What the user says of a checkpoint, and what the file declares of itself."""

    preprocessing: Preprocessing
    class_names: tuple[str, ...]
    declared: Declared


def load(
    model: str = "sample",
    *,
    arch: str | None = None,
    weight_set: str | None = None,
    device: torch.device | str = "cpu",
    class_names: Sequence[str] = (),
    preprocessing: Preprocessing | None = None,
    allow_code: bool = False,
    score: Score | None = None,
    progress: Progress = silent,
) -> Classifier:
    """A checkpoint as a classifier on `device`; all weights fit or nothing is loaded.

    Args:
        model: `sample` for the bundled one, a checkpoint file in any form that `read_checkpoint` takes, or
            `torchvision:<name>` or `timm:<name>` for the weights that these publish, fetched where they are not there.
        arch: a name for `architectures.build` or a text for `stack.build_stack`; without it what the file declares
            holds, else it is guessed from the weights.
        weight_set: which set of weights, where the file holds several: its name or a part of it, `ema` say.
        class_names: names of the classes, where the file declares none and their number fits.
        preprocessing: what the network expects of its pixels, where the user says so.
        allow_code: run code in the file, see `read_checkpoint`.
        score: rates a candidate for the architecture on labelled pictures; used where the weights leave several open.
        progress: shows how far finding the architecture is.

    Raises:
        InputError: no checkpoint, weights that do not fit the architecture, or no architecture can be guessed.
    """
    public = published.named(model)
    path = published.fetch(model) if public else SAMPLE if model == "sample" else path_of(model)
    checkpoint = read_checkpoint(path, allow_code=allow_code, weights=weight_set)
    try:
        declared = published.declared(model) if public else declared_by(checkpoint.metadata)
        requested = _Requested(preprocessing or Preprocessing(), tuple(class_names), declared)
        return _loaded(path, checkpoint, arch, requested, score, progress).to(device)
    except InputError as misfit:
        raise InputError(f"`model` {model}: {misfit}") from misfit


def _loaded(
    path: Path,
    checkpoint: Checkpoint,
    arch: str | None,
    requested: _Requested,
    score: Score | None,
    progress: Progress,
) -> Classifier:
    fault = broken(checkpoint.weights)
    if fault:
        raise InputError(fault)
    wanted = requested.preprocessing.input_size
    if wanted and not all(SMALLEST <= side <= LARGEST for side in wanted):
        raise InputError(f"`input_size` {size_text(wanted)}: it is {SMALLEST} to {LARGEST}")
    declared = requested.declared
    if arch is None:  # a network of one's own makes them anew itself
        whole, parted = put_together(checkpoint.weights)
        said = f"{parted} weights lie in parts, as weight or spectral norm keeps them, and are put together"
        remarks = (*checkpoint.remarks, *([said] if parted else []))
        checkpoint = replace(checkpoint, weights=whole, remarks=remarks)
    name, source, guessed = _architecture(path, checkpoint, arch, requested, score, progress)
    lines = list(checkpoint.remarks)
    network = filled_network(checkpoint, name, lines.append)
    size = _size(network, name, requested)
    origin = Origin(
        form=checkpoint.form,
        architecture=name,
        architecture_from=source,
        guessed=guessed is not None,
        parameters=checkpoint.parameters,
        guesses=(*lines, *(guessed.lines if guessed else ()), *_guesses(name, requested, size)),
        doubts=guessed.doubts if guessed else (),
        tried=guessed.tried if guessed else (),
        declared=declared,
    )
    return _classifier(network, requested, size, origin, path)


def _architecture(
    path: Path,
    checkpoint: Checkpoint,
    arch: str | None,
    requested: _Requested,
    score: Score | None,
    progress: Progress,
) -> tuple[str, str, Guess | None]:
    """Its name, how it is known, in words, and the guess, where it is one."""
    if arch is not None:
        return arch, "given by `arch`", None
    stated = stated_architecture(checkpoint, requested.declared)
    if stated is not None:
        return *stated, None
    recognised = recognised_architecture(path, checkpoint)
    if recognised is not None:
        return *recognised, None

    def make(text: str, pixels: Preprocessing) -> Classifier:
        silent = replace(requested, preprocessing=pixels, declared=_SILENT)
        network = filled_network(checkpoint, text)
        return _classifier(network, silent, _size(network, text, silent))

    weights = stackable(checkpoint.weights)
    guessed = guess(path, checkpoint, weights, requested.preprocessing, make, score, progress)
    return guessed.text, guessed.source, guessed


def reread(
    classifier: Classifier, preprocessing: Preprocessing, *, class_names: Sequence[str] | None = None
) -> Classifier:
    """The same network, its weights shared, with another idea of what it expects of its pixels, or of its classes."""
    mean, std = _normalisation(preprocessing, classifier.origin.declared)
    other = Classifier(
        classifier.network,
        class_names or classifier.class_names,
        preprocessing.input_size or classifier.input_size,
        mean=mean,
        std=std,
        bgr=preprocessing.channel_order == "bgr",
        resize=preprocessing.resize or RESIZES[0],
        origin=classifier.origin,
        answers=classifier.answers,
        file=classifier.file,
    )
    other.channels_last = classifier.channels_last
    return other.to(classifier.mean.device)


def _guesses(name: str, requested: _Requested, size: Size) -> list[str]:
    """What else was assumed and not known, one line each, with what would settle it."""
    lines = []
    pixels, declared = requested.preprocessing, requested.declared
    if declared.input_size is None and not pixels.input_size and not stack.is_stack(name):
        lines.append(f"input size {size[0]}x{size[1]} assumed; `input_size` says otherwise")
    silent = replace(declared, class_names=None) == _SILENT
    if silent and pixels.normalise is None and pixels.channel_order is None:
        lines.append("pixels assumed RGB in [0, 1], not normalised; foodviz inspect finds out")
    return lines


def _size(network: nn.Module, name: str, requested: _Requested) -> Size:
    """Height and width of the pictures: as requested or declared, else what is usual for the network."""
    size = requested.preprocessing.input_size
    if size is None:
        return requested.declared.input_size or usual_size(network, name)
    return size


def _classifier(
    network: nn.Module,
    requested: _Requested,
    size: Size,
    origin: Origin | None = None,
    file: Path | None = None,
) -> Classifier:
    pixels, declared = requested.preprocessing, requested.declared
    answers, classes = first_look(network, size)
    if declared.architecture and declared.class_names and len(declared.class_names) != classes:
        raise InputError(f"its metadata gives {len(declared.class_names)} class_names, its weights {classes} classes")
    names = next(
        (names for names in (declared.class_names or (), requested.class_names) if len(names) == classes),
        tuple(f"class {index}" for index in range(classes)),
    )
    mean, std = _normalisation(pixels, declared)
    bgr = bool(declared.bgr) if pixels.channel_order is None else pixels.channel_order == "bgr"
    return Classifier(
        network,
        names,
        size,
        mean=mean,
        std=std,
        bgr=bgr,
        resize=pixels.resize or RESIZES[0],
        origin=origin,
        answers=answers,
        file=file,
    )


def _normalisation(pixels: Preprocessing, declared: Declared) -> tuple[Colours, Colours]:
    """Mean and standard deviation: the requested ones, else the file's own, else none."""
    if pixels.normalise in NORMALISATIONS:
        return NORMALISATIONS[pixels.normalise]
    if pixels.figures is not None:
        return pixels.figures
    mean, std = NORMALISATIONS["none"]
    return declared.mean or mean, declared.std or std
