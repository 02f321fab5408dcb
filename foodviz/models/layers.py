"""Layer names as people type them, resolved once, and the table of all layers."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from foodviz.errors import InputError, nearest
from foodviz.models.classifier import Classifier
from foodviz.models.receptive import ReceptiveFields
from foodviz.printable import printable
from foodviz.token_maps import layout

# What people mistake for a filter's layer, in words.
_NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm, nn.modules.instancenorm._InstanceNorm)
_POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.LPPool2d, nn.FractionalMaxPool2d)
_DROPOUTS = (nn.modules.dropout._DropoutNd,)

_NUMBER = re.compile(r"-?\d{1,4000}")  # Python refuses to read more digits


@dataclass(frozen=True)
class Layer:
    """A module of a classifier's network, and the maps it gives for one picture of the classifier's input size.

    Attributes:
        requested: what the user typed.
        name: dotted name in the classifier's network.
        kind: the module's class.
        remark: for a norm, a pool or a dropout: that it is one, and after which convolution.
        module: the layer itself, in the classifier that it was resolved in.
    """

    requested: str
    name: str
    kind: str
    channels: int
    height: int
    width: int
    remark: str = ""
    module: nn.Module = field(default_factory=nn.Identity, repr=False, compare=False)

    def of(self, other: Classifier) -> "Layer":
        """The layer of the same name in another classifier of the same architecture, the fast one say."""
        return replace(self, module=other.network.get_submodule(self.name))

    def __str__(self) -> str:
        size = f"{self.channels} channels, {self.height}x{self.width}"
        remark = f" ({self.remark})" if self.remark else ""
        return f"layer {self.requested} = {self.name} {self.kind}, {size}{remark}"


@dataclass(frozen=True)
class SurveyedLayer:
    """A module as it ran for one picture, one use of it.

    Attributes:
        index: the number people call it by; None where it has none.
        name: dotted name in the network.
        shape: of its output, without the batch.
        receptive_field: pixels in each direction that one value of its maps depends on; None without maps.
        runs: how often the forward calls it.
        use: which of these calls this is, from 1.
    """

    index: int | None
    name: str
    module: nn.Module
    shape: tuple[int, ...]
    receptive_field: int | None
    runs: int
    use: int = 1

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.module.parameters())


def stack_name(network: nn.Module) -> str | None:
    """Dotted name of the innermost `nn.Sequential` that holds most of the convolutions, "" for the network itself.

    None where no Sequential holds more than half of them, as in residual nets.
    """
    every = _convolutions(network)
    best = None
    for name, module in network.named_modules():  # outer ones come first
        if isinstance(module, nn.Sequential) and _convolutions(module) * 2 > every:
            best = name if best is None or _convolutions(module) == _convolutions(network.get_submodule(best)) else best
    return best


def _convolutions(module: nn.Module) -> int:
    return sum(isinstance(each, nn.Conv2d) for each in module.modules())


def survey(classifier: Classifier) -> list[SurveyedLayer]:
    """Every module that the forward runs, its first use, in the order they finish.

    Numbered are the children of the main convolution stack; without one, the modules without children as they run.
    """
    return [layer for layer in uses(classifier) if layer.use == 1]


@torch.inference_mode()
def uses(classifier: Classifier) -> list[SurveyedLayer]:
    """The same with every use of every module, from one grey picture of the input size."""
    fields = ReceptiveFields(classifier.input_size[0])
    ran: list[tuple[str, nn.Module, Tensor, int | None]] = []

    def seen(name: str, module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        if isinstance(output, Tensor) and inputs and isinstance(inputs[0], Tensor):
            ran.append((name, module, output, fields.after(module, inputs[0], output)))

    handles = [
        module.register_forward_hook(lambda module, inputs, output, name=name: seen(name, module, inputs, output))
        for name, module in classifier.network.named_modules()
        if name
    ]
    try:
        classifier(torch.full((1, 3, *classifier.input_size), 0.5, device=classifier.mean.device))
    finally:
        for handle in handles:
            handle.remove()
    runs = Counter(name for name, *_ in ran)
    numbers = _numbers(classifier.network, list(runs))
    passed: Counter[str] = Counter()
    rows = []
    for name, module, output, receptive in ran:
        passed[name] += 1
        shape = tuple(output.shape[1:])
        rows.append(SurveyedLayer(numbers.get(name), name, module, shape, receptive, runs[name], passed[name]))
    return rows


def _numbers(network: nn.Module, ran: list[str]) -> dict[str, int]:
    stack = stack_name(network)
    if stack is None:
        leaves = [name for name in ran if not list(network.get_submodule(name).children())]
        return {name: number for number, name in enumerate(leaves)}
    children = [name for name, _ in network.get_submodule(stack).named_children()]
    return {f"{stack}.{child}" if stack else child: number for number, child in enumerate(children)}


def resolve(classifier: Classifier, requested: str) -> Layer:
    """The layer that `15`, `-1`, `cnn.15` or `layer4.1.conv2` means.

    A number is an index in the main convolution stack or, without one, in the order of execution; negative ones count
    from the end.

    Raises:
        InputError: no such layer, or the forward never reaches it.
    """
    rows = {row.name: row for row in survey(classifier)}
    modules = dict(classifier.network.named_modules())
    name = requested
    shown = printable(requested)
    if _NUMBER.fullmatch(requested):
        stack = stack_name(classifier.network)
        by_number = {number: name for name, number in _numbers(classifier.network, list(rows)).items()}
        last = max(by_number, default=-1)
        number = int(requested) if int(requested) >= 0 else last + 1 + int(requested)
        if number not in by_number:
            where = stack or ("the network" if stack == "" else "the network, in the order they run,")
            raise InputError(f"`layer` {shown}: {where} has the layers 0 to {last}; dotted names work, too")
        name = by_number[number]
    if not name or name not in modules:
        raise InputError(f"`layer` {shown}: no such layer; {nearest(shown, [key for key in modules if key])}")
    if name not in rows:
        raise InputError(
            f"`layer` {shown}: the forward pass never reaches {name} ({type(modules[name]).__name__}), or it gives "
            "no tensor; choose a layer that it uses"
        )
    return layer_of(classifier, requested, rows[name], list(rows.values()))


def layer_of(classifier: Classifier, requested: str, row: SurveyedLayer, rows: list[SurveyedLayer]) -> Layer:
    """One of the rows of `survey` as a layer."""
    laid_out = layout(row.shape, classifier.input_size)
    channels, height, width = laid_out[1:] if laid_out else (*row.shape, 1, 1)[:3]
    kind = type(row.module).__name__
    return Layer(requested, row.name, kind, channels, height, width, remark(row, rows), row.module)


def remark(row: SurveyedLayer, rows: list[SurveyedLayer]) -> str:
    """That a norm, a pool or a dropout is one, and after which convolution it stands; empty for anything else."""
    sorts = (("norm", _NORMS), ("pool", _POOLS), ("dropout", _DROPOUTS))
    what = next((word for word, kinds in sorts if isinstance(row.module, kinds)), "")
    if not what:
        return ""
    before = [each.name for each in rows[: rows.index(row)] if isinstance(each.module, nn.Conv2d)]
    return f"a {what} after the convolution {before[-1]}" if before and len(row.shape) == 3 else f"a {what}"


@torch.inference_mode()
def probe(classifier: Classifier, module: nn.Module) -> Tensor:
    """What `module` outputs for one grey picture."""
    outputs: list[Tensor] = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    try:
        classifier(torch.full((1, 3, *classifier.input_size), 0.5, device=classifier.mean.device))
    finally:
        handle.remove()
    if not outputs:
        raise InputError(f"the forward pass never reaches this {type(module).__name__}; choose a layer that it uses")
    return outputs[0]


def convolution_before(classifier: Classifier, layer: Layer) -> str:
    """Dotted name of the last convolution that stands before the layer; empty where none does."""
    before = ""
    for name, module in classifier.network.named_modules():
        if name == layer.name:
            break
        before = name if isinstance(module, nn.Conv2d) else before
    return before


def check_channels(layer: Layer, channels: Sequence[int], parameter: str) -> None:
    """Look whether the layer has these channels, which the parameter of that name gave.

    Raises:
        InputError: one is out of range.
    """
    for channel in channels:
        if not 0 <= channel < layer.channels:
            raise InputError(f"`{parameter}` {channel}: {layer} has the channels 0 to {layer.channels - 1}")
