"""What a person means by "the layers of a net": each convolution with the norm and the activation right behind it.

Which module hands its output to which is seen by comparing values as they run for one picture of noise: nothing is read
from the network's code.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from foodviz.cache import file_digest
from foodviz.errors import InputError
from foodviz.hooks import watching
from foodviz.models.classifier import Classifier, sources
from foodviz.models.layers import Layer, SurveyedLayer, layer_of, survey
from foodviz.models.layers_with_maps import layer_with_maps

_NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.modules.instancenorm._InstanceNorm)
_EACH_ALONE = (nn.MaxPool2d, nn.AvgPool2d, nn.modules.dropout._DropoutNd, nn.Identity)


@dataclass(frozen=True)
class Unit:
    """A layer whose channels are looked at, and where they come from.

    Attributes:
        layer: whose output is looked at.
        field: pixels in each direction that one value depends on.
        convolution: dotted name of what makes its channels; empty where that is not known.
        fed_by: name of the layer, one of the others, whose channels are the convolution's inputs one by one; empty
            where several are added up, put side by side, or where it reads the picture.
    """

    layer: Layer
    field: int
    convolution: str
    fed_by: str

    @property
    def name(self) -> str:
        return self.layer.name


def units(classifier: Classifier, requested: Sequence[str] = ()) -> list[Unit]:
    """The convolutions in the order they run, each behind its norm and its activation; or the layers asked for.

    Args:
        requested: indices or dotted names of layers with maps; all convolutions whose maps have more than one cell
            without any.

    Raises:
        InputError: no such layer, one without maps, or a network without convolutions.
    """
    rows = survey(classifier)
    known = {row.name: row for row in rows}
    leaves = [row for row in rows if not list(row.module.children()) and len(row.shape) == 3]
    flow = _Flow(classifier, leaves)
    makers = [row for row in leaves if isinstance(row.module, nn.Conv2d) and row.shape[1:] != (1, 1)]
    if requested:
        try:
            found = [layer_with_maps(classifier, each) for each in dict.fromkeys(requested)]
        except InputError as error:
            raise InputError(str(error).replace("`layer`", "`layers`", 1)) from None
        layers = list({layer.name: layer for layer in found}.values())
        layers.sort(key=lambda layer: list(known).index(layer.name))
    else:
        ends = [flow.end_of_unit(row) for row in makers]
        layers = [layer_of(classifier, row.name if row.index is None else str(row.index), row, rows) for row in ends]
    if not layers:
        raise InputError("the network has no convolution whose maps could be shown; `layers` names layers with maps")
    made_by = {layer.name: next((row for row in makers if layer.name in flow.behind(row)), None) for layer in layers}
    return [
        Unit(
            layer,
            known[layer.name].receptive_field or 1,
            row.name if (row := made_by[layer.name]) else "",
            next((other.name for other in layers if row and flow.hands_on(known[other.name], row)), ""),
        )
        for layer in layers
    ]


def identity_up_to(classifier: Classifier, layer: Layer) -> str:
    """SHA-256, hex, of all that a layer's output depends on: weights that only later layers have are of no effect.

    A checkpoint that was trained further in its last layers alone has the same one for all before them.
    """
    names = [row.name for row in survey(classifier)]
    later = [name for name in names[names.index(layer.name) + 1 :] if not _around(name, names)]
    digest = hashlib.sha256(f"{classifier.preprocessing} {classifier.answers.grey}".encode())
    for source in sources(classifier.origin.architecture):
        digest.update(file_digest(source).encode())
    for name, module in classifier.network.named_modules():
        if name not in later:
            digest.update(f"{name} {type(module).__name__} {module.extra_repr()}".encode())
            for key, tensor in (*module._parameters.items(), *module._buffers.items()):
                if tensor is not None:
                    digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
                    digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def _around(name: str, names: Sequence[str]) -> bool:
    """Whether a module holds others, and so has begun before it ended."""
    return any(other.startswith(f"{name}.") for other in names)


class _Flow:
    """Who hands its output to whom, by the values that went in and came out when each module ran first."""

    def __init__(self, classifier: Classifier, leaves: Sequence[SurveyedLayer]) -> None:
        self.leaves = leaves
        self.entered: dict[str, Tensor] = {}
        self.left: dict[str, Tensor] = {}

        def before(name: str, inputs: tuple[object, ...]) -> None:
            if inputs and isinstance(inputs[0], Tensor):
                self.entered.setdefault(name, inputs[0].clone())  # an in-place module writes over it

        def after(name: str, _inputs: tuple[object, ...], output: object) -> None:
            if isinstance(output, Tensor):
                self.left.setdefault(name, output.clone())

        modules = {row.name: row.module for row in leaves}
        handles = [
            module.register_forward_pre_hook(lambda _module, inputs, name=name: before(name, inputs))
            for name, module in modules.items()
        ]
        noise = torch.rand(1, 3, *classifier.input_size, generator=torch.Generator().manual_seed(0))
        try:
            with watching(modules, after), torch.inference_mode():
                classifier(noise.to(classifier.mean.device))
        finally:
            for handle in handles:
                handle.remove()

    def end_of_unit(self, row: SurveyedLayer) -> SurveyedLayer:
        """The activation behind a convolution or behind its norm; else the norm, else itself."""
        norm = next((each for each in self._readers(row) if isinstance(each.module, _NORMS)), row)
        return next((each for each in self._readers(norm) if _activates(each)), norm)

    def behind(self, row: SurveyedLayer) -> set[str]:
        """Names of the convolution, of its norm and of its activation."""
        norm = next((each for each in self._readers(row) if isinstance(each.module, _NORMS)), row)
        return {row.name, norm.name, self.end_of_unit(row).name}

    def hands_on(self, source: SurveyedLayer, reader: SurveyedLayer) -> bool:
        """Whether what the reader takes in is the source's output, each channel for itself, pooled or activated."""
        wanted = self.entered.get(reader.name)
        waiting, done = [source], set()
        while waiting and wanted is not None:
            row = waiting.pop()
            if row.name in done or row.name not in self.left:
                continue
            done.add(row.name)
            if any(_same(value, wanted) for value in (self.left[row.name], self.left[row.name].clamp_min(0))):
                return row is not reader
            waiting += [each for each in self._readers(row) if isinstance(each.module, (*_NORMS, *_EACH_ALONE))]
            waiting += [each for each in self._readers(row) if _activates(each)]
        return False

    def _readers(self, row: SurveyedLayer) -> list[SurveyedLayer]:
        """Modules that take in exactly what this one gives."""
        value = self.left.get(row.name)
        entered = self.entered
        return [
            each
            for each in self.leaves
            if value is not None and each is not row and each.name in entered and _same(entered[each.name], value)
        ]


def _activates(row: SurveyedLayer) -> bool:
    """Whether it is an activation that the forward runs once."""
    return type(row.module).__module__ == "torch.nn.modules.activation" and row.runs == 1 and len(row.shape) == 3


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one, other)
