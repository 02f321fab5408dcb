"""The one place where a file's bytes become a Classifier."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from foodviz.cache import file_digest
from foodviz.errors import InputError
from foodviz.models import architectures, fitting, stack, trees
from foodviz.models.checkpoints import Checkpoint, read_checkpoint
from foodviz.models.classifier import Classifier
from foodviz.models.inference import Reading, readings, variants
from foodviz.models.pixels import NORMALISATIONS, Pixels, in_words, normalisation_name
from foodviz.models.rating import Rating, ranked
from foodviz.models.saved import about

SAMPLE = Path(__file__).with_name("sample.safetensors")
# Readings that are tried on pictures: those at least this share as likely as the likeliest, and no more than this.
WORTH_TRYING, MOST_TRIED = 0.01, 16
MOST_TOLD = 8

# Rates, on labelled pictures, the classifier that the second argument makes; the first is what the rating depends on,
# so that it can be remembered.
Score = Callable[[str, Callable[[], Classifier]], Rating]
Tried = tuple[Rating, str]  # of the architecture with this text


def load(
    model: str = "sample",
    *,
    arch: str | None = None,
    device: torch.device | str = "cpu",
    class_names: Sequence[str] = (),
    pixels: Pixels | None = None,
    allow_code: bool = False,
    score: Score | None = None,
) -> Classifier:
    """A checkpoint as a classifier on `device`; all weights fit or nothing is loaded.

    Args:
        model: `sample` for the bundled one, else a checkpoint file in any form that `read_checkpoint` takes.
        arch: a name for `architectures.build` or a text for `stack.build_stack`; without it the file's own word holds,
            else it is told from the weights.
        class_names: names of the classes, where the file does not say them and their number fits.
        pixels: what the network expects of its pixels, where the user says so.
        allow_code: run code in the file, see `read_checkpoint`.
        score: rates a reading of the architecture on labelled pictures; used where the weights leave several open.

    Raises:
        InputError: no checkpoint, weights that do not fit the architecture, or no architecture to be told from them.
    """
    path = SAMPLE if model == "sample" else Path(model).expanduser()
    checkpoint = read_checkpoint(path, allow_code=allow_code)
    pixels = pixels or Pixels()
    said = about(checkpoint.metadata) or {}
    tried: list[Tried] = []
    name, origin = arch, "given by --arch"
    if name is None:
        name, origin = _told(checkpoint, said)
    if name is None:
        name, origin, tried = _inferred(checkpoint, pixels, class_names, device, score, path)
    network, size = _network(checkpoint, name, model)
    facts: dict[str, object] = {
        "architecture": name,
        "architecture_from": origin,
        "guessed": origin.startswith("guessed"),
        "form": checkpoint.form,
        "parameters": checkpoint.parameters,
        "said": said,
    }
    if tried:
        facts["readings_tried"] = [{"arch": arch, **vars(rating)} for rating, arch in tried[:MOST_TOLD]]
    facts["guesses"] = _guesses(name, origin, tried, pixels, said, size)
    return _classifier(
        network, checkpoint, pixels, said, class_names, said.get("input_size") or (size, size), facts, path
    ).to(device)


def reread(classifier: Classifier, pixels: Pixels) -> Classifier:
    """The same network, its weights shared, with another idea of what it expects of its pixels."""
    mean, std = _normalisation(pixels, classifier.facts["said"])  # type: ignore[arg-type]
    size = (pixels.input_size, pixels.input_size) if pixels.input_size else classifier.input_size
    facts = classifier.facts | {"pixels": str(pixels), "resize": pixels.resize or "antialiased"}
    bgr = pixels.channel_order == "bgr"
    other = Classifier(classifier.network, classifier.class_names, size, mean=mean, std=std, bgr=bgr, facts=facts)
    other.file, other.channels_last = classifier.file, classifier.channels_last
    return other.to(classifier.mean.device)


def _guesses(
    name: str, origin: str, tried: Sequence[Tried], pixels: Pixels, said: dict[str, Any], size: int
) -> list[str]:
    """What was assumed and not known, one line each, with what would settle it."""
    lines = []
    if origin.startswith("guessed"):
        lines.append(f"architecture {origin}: {name}; --arch {name!r} pins it")
    lines += [f"  {'chosen' if arch == name else 'against'}: {rating}: {arch}" for rating, arch in tried[:3]]
    if "input_size" not in said and not pixels.input_size and not stack.is_stack(name):
        lines.append(f"input size {size}x{size} assumed; --input-size says otherwise")
    if not said and pixels.normalise is None and pixels.channel_order is None:
        lines.append("pixels assumed RGB in [0, 1], not normalised; foodviz inspect finds out")
    return lines


def declarable(name: str) -> bool:
    """Whether a file or a manifest may name this architecture: one that is built without running anybody's code."""
    return stack.is_stack(name) or architectures.runs_no_code(name)


def _told(checkpoint: Checkpoint, said: dict[str, Any]) -> tuple[str | None, str]:
    """The architecture where the file itself, its weights' names or its pickled modules leave no choice."""
    if "architecture" in said:
        name = str(said["architecture"])
        if not declarable(name):  # a file must not get to choose which code of this machine runs
            raise InputError(f"the file names code as its architecture; if you trust that, say --arch {name}")
        return name, "said by the file"
    known = fitting.known_architecture(checkpoint.weights)
    if known:
        return known, "names and shapes of the weights"
    if checkpoint.tree is not None and trees.runnable(checkpoint.tree) is not None:
        return "pickled", "the pickled modules, in the order they were made"
    return None, ""


def _network(checkpoint: Checkpoint, name: str, model: str) -> tuple[nn.Module, int]:
    """The architecture of that name with the checkpoint's weights, and its usual input size."""
    if name == "pickled":
        tree = checkpoint.tree and trees.runnable(checkpoint.tree)
        size = tree and trees.input_size(tree)
        if not tree or not size:
            raise InputError(f"--model {model}: the pickled model takes pictures of no usual size; give --arch")
        return tree, size
    if stack.is_stack(name):
        size = stack.parse(name)[1]
        return fitting.fill(lambda: stack.build_stack(checkpoint.weights, name)[0], checkpoint.weights, "stack"), size
    classes = fitting.class_count(checkpoint.weights)
    try:
        network = fitting.fill(lambda: fitting.hollow(name, classes), checkpoint.weights, name)
    except InputError as misfit:
        raise InputError(f"--model {model}: nothing was loaded: {misfit}") from misfit
    if fitting.is_hollow(network):
        network = fitting.fill(lambda: architectures.build(name, classes), checkpoint.weights, name)
    return network.eval(), 224 if name.startswith("torchvision:") else 128


def _classifier(
    network: nn.Module,
    checkpoint: Checkpoint,
    pixels: Pixels,
    said: dict[str, Any],
    class_names: Sequence[str],
    size: Sequence[int],
    facts: dict[str, object],
    file: Path | None = None,
) -> Classifier:
    mean, std = _normalisation(pixels, said)
    bgr = bool(said.get("bgr", False)) if pixels.channel_order is None else pixels.channel_order == "bgr"
    height, width = (pixels.input_size, pixels.input_size) if pixels.input_size else size
    classes = fitting.class_count(checkpoint.weights)
    beside = json.loads(checkpoint.metadata.get("class_names", "[]"))
    names = next(
        (tuple(each) for each in (said.get("class_names", ()), beside, class_names) if len(each) == classes),
        tuple(f"class {index}" for index in range(classes)),
    )
    facts |= {
        "pixels": in_words("bgr" if bgr else "rgb", normalisation_name(mean, std), pixels.resize or "antialiased"),
        "resize": pixels.resize or "antialiased",
    }
    return Classifier(network, names, (height, width), mean=mean, std=std, bgr=bgr, facts=facts, file=file)


def _normalisation(pixels: Pixels, said: dict[str, Any]) -> tuple[Sequence[float], Sequence[float]]:
    """Mean and standard deviation: the named ones, else the file's own, else none."""
    mean, std = NORMALISATIONS.get(pixels.normalise or "", NORMALISATIONS["none"])
    if pixels.normalise in NORMALISATIONS:
        return mean, std
    return said.get("mean", mean), said.get("std", std)


def _inferred(
    checkpoint: Checkpoint,
    pixels: Pixels,
    class_names: Sequence[str],
    device: torch.device | str,
    score: Score | None,
    path: Path,
) -> tuple[str, str, list[Tried]]:
    """The likeliest reading of the weights, decided by labelled pictures where there are some."""
    found = readings(checkpoint.weights)
    if not found:
        tree = f" of class {getattr(checkpoint.tree, 'origin', '')}" if checkpoint.tree is not None else ""
        raise InputError(
            f"--model {path}: holds weights{tree} of no architecture that foodviz knows and no plain stack of "
            "convolutions; give --arch path/to/net.py:Class"
        )
    if score is None:
        return found[0].text, "guessed from the weights: the likeliest of several readings", []

    def make(arch: str) -> Classifier:
        network, size = _network(checkpoint, arch, str(path))
        return _classifier(network, checkpoint, pixels, {}, class_names, (size, size), {}).to(device)

    digest = file_digest(path)
    tried = choose(found, lambda reading: score(f"{digest} {reading.text} {pixels!r}", lambda: make(reading.text)))
    return tried[0][1], "guessed from the weights, decided by labelled pictures", tried


def choose(found: Sequence[Reading], rate: Callable[[Reading], Rating]) -> list[Tried]:
    """Every reading worth a try, best first, as `rating.ranked` has it.

    First where the pools and activations stand, with the usual activation; then, for the best two of these, which
    activation and which kind of pool it is; then once more for the best of all.
    """
    rated: dict[str, tuple[Rating, Reading]] = {}

    def order() -> list[tuple[Rating, Reading]]:
        return ranked(rated.values(), lambda reading: reading.plausibility)

    def best(candidates: Sequence[Reading], count: int) -> list[Reading]:
        for reading in candidates:
            if reading.text not in rated:
                rated[reading.text] = rate(reading), reading
        return [reading for _, reading in order()[:count]]

    likely = [reading for reading in found if reading.plausibility >= WORTH_TRYING * found[0].plausibility]
    for structure in best(likely[:MOST_TRIED], 2):
        best(variants(structure), 1)
    best(variants(best([], 1)[0]), 1)
    return [(rating, reading.text) for rating, reading in order()]
