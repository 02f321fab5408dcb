"""foodviz's own checkpoints: safetensors whose metadata says everything that loading needs.

The metadata key `foodviz` holds JSON: architecture, class names, input size, normalisation, recipe, and the digests of
the pictures it was trained on (the first 6 bytes of each SHA-256, base64).
"""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from foodviz.models.classifier import Classifier
from foodviz.models.origin import Declared

_DIGEST_BYTES = 6


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
        "class_names": classifier.class_names,
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
    save_file(weights, path, metadata={"foodviz": json.dumps(facts)})


def seen_digests(encoded: str) -> frozenset[bytes]:
    """The digests that a checkpoint carries, for `was_seen`."""
    content = base64.b64decode(encoded)
    return frozenset(content[i : i + _DIGEST_BYTES] for i in range(0, len(content), _DIGEST_BYTES))


def was_seen(seen: frozenset[bytes], digest: str) -> bool:
    """Whether a picture with this SHA-256 (hex) was trained on."""
    return bytes.fromhex(digest)[:_DIGEST_BYTES] in seen


def declared_by(metadata: Mapping[str, str]) -> Declared:
    """What a checkpoint's metadata declares: what `save` wrote, else class names that a training script left."""
    content: dict[str, Any] = json.loads(metadata["foodviz"]) if "foodviz" in metadata else {}
    if "class_names" not in content and "class_names" in metadata:
        content["class_names"] = json.loads(metadata["class_names"])
    for name in ("class_names", "input_size", "mean", "std"):
        if name in content:
            content[name] = tuple(content[name])
    return Declared(**content)
