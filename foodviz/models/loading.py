"""The one place where a file's bytes become a Classifier."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from foodviz.cache import file_digest
from foodviz.errors import InputError
from foodviz.models.classifier import Classifier
from foodviz.models.files.own_format import declared_by
from foodviz.models.files.weights import Checkpoint, broken, read_checkpoint
from foodviz.models.guess import stack
from foodviz.models.guess.candidates import candidates
from foodviz.models.guess.choice import choose
from foodviz.models.guess.rating import Rating
from foodviz.models.networks import certain_architecture, filled_network, stackable, usual_size
from foodviz.models.origin import Declared, Origin, Tried
from foodviz.models.preprocessing import NORMALISATIONS, RESIZES, Colours, Preprocessing
from foodviz.models.trial import class_count
from foodviz.paths import path_of
from foodviz.printable import printable

SAMPLE = Path(__file__).with_name("sample.safetensors")
# Rates, on labelled pictures, the classifier that the second argument makes; the first is what the rating depends on,
# so that it can be remembered.
Score = Callable[[str, Callable[[], Classifier]], Rating]


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
) -> Classifier:
    """A checkpoint as a classifier on `device`; all weights fit or nothing is loaded.

    Args:
        model: `sample` for the bundled one, else a checkpoint file in any form that `read_checkpoint` takes.
        arch: a name for `architectures.build` or a text for `stack.build_stack`; without it what the file declares
            holds, else it is guessed from the weights.
        weight_set: which set of weights, where the file holds several: its name or a part of it, `ema` say.
        class_names: names of the classes, where the file declares none and their number fits.
        preprocessing: what the network expects of its pixels, where the user says so.
        allow_code: run code in the file, see `read_checkpoint`.
        score: rates a candidate for the architecture on labelled pictures; used where the weights leave several open.

    Raises:
        InputError: no checkpoint, weights that do not fit the architecture, or no architecture can be guessed.
    """
    path = SAMPLE if model == "sample" else path_of(model)
    checkpoint = read_checkpoint(path, allow_code=allow_code, weights=weight_set)
    try:
        return _loaded(path, checkpoint, arch, preprocessing or Preprocessing(), tuple(class_names), score).to(device)
    except InputError as misfit:
        raise InputError(f"`model` {model}: {misfit}") from misfit


def _loaded(
    path: Path,
    checkpoint: Checkpoint,
    arch: str | None,
    pixels: Preprocessing,
    class_names: tuple[str, ...],
    score: Score | None,
) -> Classifier:
    fault = broken(checkpoint.weights)
    if fault:
        raise InputError(fault)
    declared = declared_by(checkpoint.metadata)
    requested = _Requested(pixels, class_names, declared)
    tried: list[Tried] = []
    name, source = arch, "given by `arch`"
    if name is None:
        name, source = certain_architecture(checkpoint, declared)
    if name is None:
        name, source, tried = _guessed(checkpoint, requested, score, path)
    remarks = list(checkpoint.remarks)
    network = filled_network(checkpoint, name, remarks.append)
    size = _size(network, name, requested)
    origin = Origin(
        form=checkpoint.form,
        architecture=name,
        architecture_from=source,
        guessed=source.startswith("guessed"),
        parameters=checkpoint.parameters,
        guesses=(*remarks, *_guesses(name, source, tried, requested, size)),
        tried=tuple(tried),
        declared=declared,
    )
    return _classifier(network, requested, size, origin, path)


def reread(
    classifier: Classifier, preprocessing: Preprocessing, *, class_names: Sequence[str] | None = None
) -> Classifier:
    """The same network, its weights shared, with another idea of what it expects of its pixels, or of its classes."""
    mean, std = _normalisation(preprocessing, classifier.origin.declared)
    size = preprocessing.input_size
    other = Classifier(
        classifier.network,
        class_names or classifier.class_names,
        (size, size) if size else classifier.input_size,
        mean=mean,
        std=std,
        bgr=preprocessing.channel_order == "bgr",
        resize=preprocessing.resize or RESIZES[0],
        origin=classifier.origin,
        file=classifier.file,
    )
    other.channels_last = classifier.channels_last
    return other.to(classifier.mean.device)


def _guesses(name: str, source: str, tried: Sequence[Tried], requested: _Requested, size: tuple[int, int]) -> list[str]:
    """What was assumed and not known, one line each, with what would settle it."""
    lines = []
    pixels, declared = requested.preprocessing, requested.declared
    if source.startswith("guessed"):
        lines.append(f"architecture {source}: {name}; `arch` {name!r} pins it")
    lines += [f"  {'chosen' if arch == name else 'against'}: {rating}: {arch}" for rating, arch in tried[:3]]
    if declared.input_size is None and not pixels.input_size and not stack.is_stack(name):
        lines.append(f"input size {size[0]}x{size[1]} assumed; `input_size` says otherwise")
    silent = replace(declared, class_names=None) == Declared()
    if silent and pixels.normalise is None and pixels.channel_order is None:
        lines.append("pixels assumed RGB in [0, 1], not normalised; foodviz inspect finds out")
    return lines


def _size(network: nn.Module, name: str, requested: _Requested) -> tuple[int, int]:
    """Height and width of the pictures: as requested or declared, else what is usual for the network."""
    side = requested.preprocessing.input_size
    if side is None:
        return requested.declared.input_size or usual_size(network, name)
    if not stack.SMALLEST <= side <= stack.LARGEST:
        raise InputError(f"`input_size` {side}: it is {stack.SMALLEST} to {stack.LARGEST}")
    return side, side


def _classifier(
    network: nn.Module,
    requested: _Requested,
    size: tuple[int, int],
    origin: Origin | None = None,
    file: Path | None = None,
) -> Classifier:
    pixels, declared = requested.preprocessing, requested.declared
    classes = class_count(network, size)
    if declared.architecture and declared.class_names and len(declared.class_names) != classes:
        raise InputError(f"its metadata gives {len(declared.class_names)} class_names, its weights {classes} classes")
    names = next(
        (names for names in (declared.class_names or (), requested.class_names) if len(names) == classes),
        tuple(f"class {index}" for index in range(classes)),
    )
    mean, std = _normalisation(pixels, declared)
    bgr = bool(declared.bgr) if pixels.channel_order is None else pixels.channel_order == "bgr"
    resize = pixels.resize or RESIZES[0]
    return Classifier(network, names, size, mean=mean, std=std, bgr=bgr, resize=resize, origin=origin, file=file)


def _normalisation(pixels: Preprocessing, declared: Declared) -> tuple[Colours, Colours]:
    """Mean and standard deviation: the requested ones, else the file's own, else none."""
    if pixels.normalise in NORMALISATIONS:
        return NORMALISATIONS[pixels.normalise]
    if pixels.figures is not None:
        return pixels.figures
    mean, std = NORMALISATIONS["none"]
    return declared.mean or mean, declared.std or std


def _guessed(
    checkpoint: Checkpoint, requested: _Requested, score: Score | None, path: Path
) -> tuple[str, str, list[Tried]]:
    """The likeliest architecture of the weights, decided by labelled pictures where there are some."""
    possible = candidates(stackable(checkpoint.weights))
    if not possible:
        tree = checkpoint.tree
        model = f" of class {printable(getattr(tree, 'origin', type(tree).__name__))}" if tree is not None else ""
        raise InputError(
            f"holds weights{model} of no architecture that foodviz knows and no plain stack of convolutions; give "
            "`arch` path/to/net.py:Class"
        )
    if score is None:
        return possible[0].text, "guessed from the weights: the likeliest of several readings", []
    silent = replace(requested, declared=Declared())

    def make(arch: str) -> Classifier:
        network = filled_network(checkpoint, arch)
        return _classifier(network, silent, _size(network, arch, silent))

    digest, pixels = f"{file_digest(path)} {checkpoint.form}", requested.preprocessing
    tried = choose(possible, lambda each: score(f"{digest} {each.text} {pixels!r}", lambda: make(each.text)))
    return tried[0][1], "guessed from the weights, decided by labelled pictures", tried
