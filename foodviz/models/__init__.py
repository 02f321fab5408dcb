"""The model loader: bytes -> weights, architectures, layer addressing -> Classifier."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch

from foodviz.errors import InputError
from foodviz.models import architectures
from foodviz.models.checkpoints import read_checkpoint
from foodviz.models.classifier import Classifier
from foodviz.models.fold import speed_up
from foodviz.models.layers import Layer, last_maps, resolve
from foodviz.models.saved import about

__all__ = ["Classifier", "Layer", "last_maps", "load", "resolve", "speed_up"]

SAMPLE = Path(__file__).with_name("sample.safetensors")


def load(
    model: str = "sample",
    *,
    arch: str | None = None,
    device: torch.device | str = "cpu",
    class_names: Sequence[str] = (),
) -> Classifier:
    """A checkpoint as a classifier on `device`; all weights fit or nothing is loaded.

    Args:
        model: `sample` for the bundled one, else a checkpoint file.
        arch: its architecture, for a file that does not say it itself.
        class_names: names of the classes, for a file that does not say them.

    Raises:
        InputError: no checkpoint, or weights that do not fit the architecture.
    """
    path = SAMPLE if model == "sample" else Path(model).expanduser()
    checkpoint = read_checkpoint(path)
    said = about(checkpoint.metadata) or {}
    name = arch or said.get("architecture")
    if name is None:
        raise InputError(f"--model {model}: the file does not say its architecture; give --arch")
    names = tuple(said.get("class_names") or class_names)
    network = architectures.build(name, len(names))
    _fill(network, checkpoint.weights, model, name)
    facts = {"architecture": name, "form": checkpoint.form, "sha256": _sha256(path), "said": said}
    size = tuple(said.get("input_size", (128, 128)))
    mean, std = said.get("mean", (0.0, 0.0, 0.0)), said.get("std", (1.0, 1.0, 1.0))
    return Classifier(network, names, size, mean=mean, std=std, bgr=said.get("bgr", False), facts=facts).to(device)


def _fill(network: torch.nn.Module, weights: dict[str, torch.Tensor], model: str, name: str) -> None:
    expected = network.state_dict()
    counters = {key for key in expected if key.endswith("num_batches_tracked")}
    missing = [key for key in expected if key not in weights and key not in counters]
    extra = [key for key in weights if key not in expected]
    wrong = [
        f"{key} {tuple(weights[key].shape)} for {tuple(expected[key].shape)}"
        for key in expected
        if key in weights and weights[key].shape != expected[key].shape
    ]
    faults = [
        f"{len(keys)} {what} ({', '.join(keys[:5])}{', …' if len(keys) > 5 else ''})"
        for what, keys in (("missing", missing), ("unexpected", extra), ("of another shape", wrong))
        if keys
    ]
    if faults:
        raise InputError(f"--model {model}: its weights do not fit {name}, nothing was loaded: {'; '.join(faults)}")
    network.load_state_dict(weights, strict=False)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
