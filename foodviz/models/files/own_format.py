"""foodviz's own checkpoints: safetensors whose metadata says everything that loading needs.

The metadata key `foodviz` holds JSON: architecture, class names, input size, normalisation, recipe, and the digests of
the pictures it was trained on (the first 6 bytes of each SHA-256, base64). A stranger can write such a file, too:
`declared_by` is the one place where what it says becomes values of known types and sizes.
"""

import base64
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Never

import safetensors.torch

from foodviz.errors import InputError, nearest
from foodviz.models.classifier import Classifier
from foodviz.models.files.text import clean
from foodviz.models.origin import Declared
from foodviz.models.preprocessing import Colours
from foodviz.printable import printable

_DIGEST_BYTES = 6
_MOST_JSON = 16_000_000  # characters: the digests of two million pictures
_MOST_CLASSES = 10_000
_MOST_ARCHITECTURE = 20_000  # characters
_SIDES = (8, 2048)  # smallest and largest input, pixels
_MEANS, _DEVIATIONS = (-1e3, 1e3), (1e-6, 1e6)


def save(
    path: Path,
    classifier: Classifier,
    architecture: str,
    recorded: dict[str, Any],
    seen: Sequence[str],
    *,
    half: bool = False,
) -> None:
    """Write a checkpoint.

    Args:
        architecture: its name for `architectures.build`.
        recorded: how it was trained, any JSON.
        seen: SHA-256 (hex) of every picture it was trained on.
        half: store float16, half the size.
    """
    short = b"".join(sorted(bytes.fromhex(digest)[:_DIGEST_BYTES] for digest in set(seen)))
    facts = {
        "architecture": architecture,
        "class_names": clean_names(classifier.class_names),
        "input_size": classifier.input_size,
        "mean": classifier.mean.flatten().tolist(),
        "std": classifier.std.flatten().tolist(),
        "bgr": classifier.bgr,
        "training": recorded,
        "trained_on": base64.b64encode(short).decode(),
    }
    weights = {
        key: (value.half() if half and value.is_floating_point() else value).contiguous().cpu()
        for key, value in classifier.network.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    # in memory first: where a disk is full safetensors raises an error of its own
    path.write_bytes(safetensors.torch.save(weights, {"foodviz": json.dumps(facts)}))


def seen_digests(encoded: str) -> frozenset[bytes]:
    """The digests that a checkpoint carries, for `was_seen`."""
    content = base64.b64decode(encoded)
    return frozenset(content[i : i + _DIGEST_BYTES] for i in range(0, len(content), _DIGEST_BYTES))


def was_seen(seen: frozenset[bytes], digest: str) -> bool:
    """Whether a picture with this SHA-256 (hex) was trained on."""
    return bytes.fromhex(digest)[:_DIGEST_BYTES] in seen


def clean_names(names: Sequence[str]) -> tuple[str, ...]:
    """Class names as a checkpoint declares them: printable, at most 100 characters, each there once."""
    cleaned: dict[str, None] = {}
    printed = [clean(name) for name in names]
    for index, name in enumerate(printed):
        short = stem = name or _nameless(index, printed)
        number = index
        while short in cleaned:
            short = f"{stem[:80].rstrip()} ({number})"
            number += 1
        cleaned.setdefault(short)
    return tuple(cleaned)


def _nameless(index: int, names: Sequence[str]) -> str:
    """For a class whose name has nothing to print: a name that no other class has."""
    short = f"class {index}"
    while short in names:
        short += "?"
    return short


def declared_by(metadata: Mapping[str, str]) -> Declared:
    """What a checkpoint's metadata declares: what `save` wrote, else class names that a training script left.

    Raises:
        InputError: a field that `save` does not write, or whose value is of the wrong type, length or size.
    """
    if "foodviz" in metadata:
        return _declared(metadata["foodviz"])
    try:
        names = json.loads(metadata.get("class_names", "null"))
        return Declared(class_names=_class_names(names))
    except (ValueError, RecursionError, InputError):  # a stranger's own use of the word
        return Declared()


def _declared(text: str) -> Declared:
    if len(text) > _MOST_JSON:
        _refuse("is longer than any that foodviz writes")
    try:
        content = json.loads(text, parse_constant=lambda _: None)  # a diverged training records NaN
    except (ValueError, RecursionError) as fault:
        _refuse(f"is no JSON ({printable(fault)})")
    if not isinstance(content, dict):
        _refuse("is no JSON object")
    unknown = next((name for name in content if name not in _FIELDS), None)
    if unknown is not None:
        _refuse(f"has a field {printable(unknown)!r} that foodviz does not write; {nearest(unknown, _FIELDS)}")
    return Declared(**{name: _FIELDS[name](value) for name, value in content.items()})


def _refuse(reason: str) -> Never:
    raise InputError(f"its metadata {reason}")


def _architecture(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_ARCHITECTURE:
        _refuse(f"names as architecture no text of 1 to {_MOST_ARCHITECTURE} characters")
    return value


def _class_names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_CLASSES:
        _refuse(f"gives as class_names no list of 1 to {_MOST_CLASSES} names")
    wrong = next((index for index, name in enumerate(value) if not isinstance(name, str) or not name), None)
    if wrong is not None:
        _refuse(f"gives as class_names a list whose item {wrong} is no text")
    cleaned = [clean(name) for name in value]
    twice = next((name for name, count in Counter(cleaned).items() if name and count > 1), None)
    if twice:
        _refuse(f"gives {twice!r} twice among its class_names")
    return tuple(name or _nameless(index, cleaned) for index, name in enumerate(cleaned))


def _input_size(value: object) -> tuple[int, int]:
    match value:
        case [int() as height, int() as width] if all(
            not isinstance(side, bool) and _SIDES[0] <= side <= _SIDES[1] for side in (height, width)
        ):
            return height, width
    _refuse("gives as input_size not two whole numbers from {} to {}".format(*_SIDES))


def _colours(name: str, limits: tuple[float, float]) -> Callable[[object], Colours]:
    def read(value: object) -> Colours:
        match value:
            case [int() | float() as red, int() | float() as green, int() | float() as blue] if all(
                not isinstance(each, bool) and limits[0] <= each <= limits[1] for each in (red, green, blue)
            ):
                return float(red), float(green), float(blue)
        _refuse(f"gives as {name} not three numbers from {limits[0]:g} to {limits[1]:g}")

    return read


def _bgr(value: object) -> bool:
    if not isinstance(value, bool):
        _refuse("gives as bgr neither true nor false")
    return value


def _training(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        _refuse("gives as training no JSON object")
    return value


def _trained_on(value: object) -> str:
    try:
        sound = isinstance(value, str) and len(base64.b64decode(value, validate=True)) % _DIGEST_BYTES == 0
    except ValueError:
        sound = False
    if not sound:
        _refuse("gives as trained_on no digests of pictures")
    return str(value)


_FIELDS: dict[str, Callable[[object], Any]] = {
    "architecture": _architecture,
    "class_names": _class_names,
    "input_size": _input_size,
    "mean": _colours("mean", _MEANS),
    "std": _colours("std", _DEVIATIONS),
    "bgr": _bgr,
    "training": _training,
    "trained_on": _trained_on,
}
